"""How much a text reads like a language: its letters, their case, its punctuation and its commonest words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from msm.ingest.languages import LANGUAGES, Language

TYPOGRAPHY = "’‘“”„«»‹›…–—¿¡°♪♫ºª´·€£¶§\u00a0\u00ad\u200e\u200f\u200c、。，！？：；「」『』（）《》〈〉・～ー…‥—─．"
COMMON_HAN = (
    "的一是不了人我在有他這这為为之大来來以個个中上们們你好说說要就出会會可也那得于着下自年过過后後作里裡用道行所然家"
    "事成方多经經么麼去法学如都同现現当當没沒动動面起看定天分还還进進小其些主样樣理心她本前开開但因只从從想实實什点點"
    "知问問再见見很吧吗嗎呢啊哪儿兒今晚信船明早请請谢謝对對真等给給回让讓别別话話已老太先生最爱愛怎叫做找死女把被"
)
COMMON_HANGUL = (
    "이다에의는로하을가고지서한은기으년대사시를리도인스일나어요아그해네니습까거게들내자만수있없여우말라면안제무저못했었세든"
    "당신뭐왜야히마것좀오주할구돼러을알보예게전른봐죠때더"
)
DISORDER = (
    re.compile(
        r"[^\W\d_][^\w\s\x00-\x7f’·“”‘、-〗！-･\u0300-\u036f\u064b-\u0652\u200c\u200d\u0e31-\u0e4e][^\W\d_]"
    ),  # a symbol between letters; not vowel signs, nor the punctuation of languages without spaces
    re.compile("(?:^|[^ก-๎])[ัิ-ฺ็-๎]|[เ-ไ](?:[^ก-ฮ]|$)"),  # a vowel sign of Thai without its consonant
    re.compile("ς[α-ω]"),  # the final sigma of Greek inside a word
)
LATIN_SCRIPT = frozenset(
    la.names[0] for la in LANGUAGES if la.letters and unicodedata.name(la.letters[0]).startswith("LATIN")
)
HAN, HANGUL = frozenset(COMMON_HAN), frozenset(COMMON_HANGUL)


@dataclass(frozen=True)
class Sample:
    """A text that was decoded on trial, counted once and compared with many languages."""

    beyond: Counter[str]  # characters beyond ASCII
    words: Counter[str]
    share_beyond: float  # of its letters, those beyond ASCII
    disorder: float

    @classmethod
    def of(cls, text: str) -> Sample:
        beyond = Counter(c for c in text if ord(c) > 127)
        words = Counter(re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text))
        letters = sum(map(str.isalpha, text))
        disorder = min(1.0, _disorder(text, words) / max(1, beyond.total()))
        lower = Counter(word.casefold().replace("’", "'") for word in words.elements())
        return cls(beyond, lower, sum(n for c, n in beyond.items() if c.isalpha()) / max(1, letters), disorder)


def plausibility(sample: Sample, language: Language) -> float:
    """About 1 for a text of the language, about 0 or less for one that was decoded wrongly."""
    if not sample.beyond:
        return 0.0
    letters = _ranks(language)
    fits = sum(n * _fit(c, language.names[0], letters) for c, n in sample.beyond.items())
    fit = fits / sample.beyond.total() - 2 * sample.disorder
    if (sample.share_beyond > 0.5) if language.names[0] in LATIN_SCRIPT else (sample.share_beyond < 0.1):
        return fit - 1  # accents are not most of the letters; nor is a letter here and there one of another script
    known = sum(n for word, n in sample.words.items() if word in language.words)
    return fit + 1.5 * known / max(1, sample.words.total())


def _ranks(language: Language) -> dict[str, float]:
    """The weight of each letter, from 1 for the commonest to 0.4."""
    count = max(1, len(language.letters))
    return {c: 1 - 0.6 * i / count for i, c in enumerate(language.letters)}


def _fit(c: str, code: str, letters: dict[str, float]) -> float:
    if c in TYPOGRAPHY:
        return 0.9 if c == "\u00a0" else 0.5
    lower = c.casefold() if len(c.casefold()) == 1 else c
    if lower in letters or c in letters:
        return letters.get(lower) or letters[c]
    if code in ("ja", "ko", "zh", "zh-hant"):
        return _east_asian(c, code)
    if code == "vi" and unicodedata.combining(c):
        return 0.9
    return -1.0 if c.isalpha() else -4.0 if unicodedata.category(c) in ("Cc", "Cn", "Co") or c == "\ufffd" else -1.5


def _east_asian(c: str, code: str) -> float:
    at = ord(c)
    kana, hangul, han = 0x3040 <= at < 0x3100, 0xAC00 <= at < 0xD7A4, 0x4E00 <= at < 0xA000
    if code == "ja":
        return 1.0 if kana else 0.5 if han else -1.0
    if code == "ko":
        return (1.0 if c in HANGUL else 0.5 if _is_in(c, "euc_kr") else -0.5) if hangul else -0.5 if han else -1.0
    return (1.0 if c in HAN else 0.35 if _is_in(c, "gb2312" if code == "zh" else "big5") else 0.0) if han else -1.0


def _is_in(c: str, encoding: str) -> bool:
    """Whether a character is one of the commoner ones, which the older and smaller encodings hold."""
    try:
        return len(c.encode(encoding)) == 2  # a rare syllable in EUC-KR is spelled out
    except UnicodeEncodeError:
        return False


def _disorder(text: str, words: Counter[str]) -> int:
    """What hardly any language has: small letters before capitals, symbols between letters, words of two alphabets."""
    shifts = sum(a.islower() and b.isupper() and not (a + b).isascii() for a, b in pairwise(text))
    mixed = sum(n for word, n in words.items() if re.search("[A-Za-z]", word) and re.search("[\u0370-\u0fff]", word))
    return shifts + mixed + sum(len(pattern.findall(text)) for pattern in DISORDER)
