"""The encoding of a subtitle file: its mark, else UTF-8, else what reads most like a language.

charset-normalizer proposes encodings by the disorder that each would leave. Subtitles are short, and several
encodings leave little of it, so that the alphabet and the commonest words of a language decide between them.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass, replace

from charset_normalizer import from_bytes

from msm.errors import InputError
from msm.ingest.languages import LANGUAGES, Language, language_of
from msm.ingest.subtitles.plausibility import Sample, plausibility

MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
ESCAPES = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$", "iso2022_jp_2"), (b"\x1b(J", "iso2022_jp_2"))
SAMPLE = 1 << 14  # bytes that are judged
LONGEST_LOOK = 1 << 22  # bytes that they are taken from
FEWEST_WHOLE = 0.75  # of the bytes beyond ASCII: so many in whole sequences, and the text is UTF-8 with damage
LEAST_PLAUSIBLE = 0.35
EXPECTED = 0.4  # in favour of the language that the text should be in, whose name may be wrong all the same


@dataclass(frozen=True)
class Decoded:
    """A text, the encoding it was in, and how many of its bytes could not be read."""

    text: str
    encoding: str
    num_bad: int = 0


def decode(raw: bytes, language: str | None = None, encoding: str | None = None) -> Decoded:
    """The text of a file.

    language  a code or a name, which narrows what is tried
    encoding  the one to use; InputError where it is unknown or does not fit
    """
    if encoding:
        return _insisted(raw, encoding)
    for mark, marked in MARKS:
        if raw.startswith(mark):
            return _replacing(raw, marked)
    found = _unmarked_wide(raw) or _escaped(raw) or _utf8(raw)
    return found or _legacy(raw, language_of(language))


def check_encoding(name: str) -> None:
    """InputError for an encoding that Python does not know, or that is none of text."""
    try:
        "a".encode(codecs.lookup(name).name)
    except (LookupError, ValueError, UnicodeError):
        raise InputError(
            f"--subtitles-encoding is {name!r}, which is no known encoding; such are utf-8, cp1251, gb18030, shift_jis"
        ) from None


def _insisted(raw: bytes, encoding: str) -> Decoded:
    check_encoding(encoding)
    decoded = _replacing(raw, encoding)
    if decoded.num_bad > max(3, len(raw) // 50):
        raise InputError(f"it is not in the encoding {encoding}: {decoded.num_bad} of its bytes do not fit")
    return decoded


def _replacing(raw: bytes, encoding: str) -> Decoded:
    text = raw.decode(encoding, "replace")
    return Decoded(text.replace("\ufeff", ""), encoding, text.count("\ufffd"))


def _unmarked_wide(raw: bytes) -> Decoded | None:
    """UTF-16 and UTF-32 without a mark: clock times make every second byte, or three of four, zero."""
    head = raw[:4096]
    if head.count(0) < len(head) // 8:
        return None
    zeros = [head[place::4].count(0) / max(1, len(head[place::4])) for place in range(4)]
    for encoding, empty, full in (
        ("utf-32-le", (2, 3), (0,)),
        ("utf-32-be", (0, 1), (3,)),
        ("utf-16-le", (1, 3), (0, 2)),
        ("utf-16-be", (0, 2), (1, 3)),
    ):
        most_full = max(zeros[i] for i in full)
        if min(zeros[i] for i in empty) > (0.9 if "32" in encoding else 0.2) and most_full < 0.1:
            return _replacing(raw, encoding)
    return None


def _escaped(raw: bytes) -> Decoded | None:
    for escape, encoding in ESCAPES:
        if escape in raw and (raw.isascii() or encoding == "iso2022_jp_2"):
            return _replacing(raw, encoding)
    return None


def _utf8(raw: bytes) -> Decoded | None:
    """UTF-8, also where a few bytes are damaged: other encodings hardly ever look like it."""
    decoded = _replacing(raw, "utf-8")
    whole = sum(len(c.encode()) for c in decoded.text if ord(c) > 127 and c != "\ufffd")
    beyond = sum(byte > 127 for byte in raw)
    return decoded if not beyond or not decoded.num_bad or whole > FEWEST_WHOLE * beyond else None


def _legacy(raw: bytes, language: Language | None) -> Decoded:
    sample = _sample(raw)
    score, encoding = _most_plausible(sample, language)
    if score < LEAST_PLAUSIBLE:
        best = from_bytes(sample).best()
        encoding = best.encoding if best is not None else "cp1252"
    decoded = _replacing(raw, encoding)
    return replace(decoded, text=unicodedata.normalize("NFC", decoded.text))  # Vietnamese was written decomposed


def _most_plausible(sample: bytes, expected: Language | None) -> tuple[float, str]:
    """The best score of any language in any of its encodings, and that encoding."""
    samples: dict[str, Sample | None] = {}
    scored = []
    for language in LANGUAGES:
        for rank, encoding in enumerate(language.encodings):
            if encoding not in samples:
                samples[encoding] = _on_trial(sample, encoding)
            tried = samples[encoding]
            if tried is not None:
                score = plausibility(tried, language) - _rarity(encoding, rank)
                scored.append((score + EXPECTED * (language is expected), encoding))
    return max(scored, key=lambda s: s[0], default=(0.0, "cp1252"))


def _rarity(encoding: str, rank: int) -> float:
    """What speaks against an encoding beforehand: those of DOS and of old Macintoshes are rare in subtitles."""
    return 0.02 * rank + {"cp850": 0.15, "cp852": 0.1, "mac_roman": 0.1, "mac_cyrillic": 0.03}.get(encoding, 0.0)


def _on_trial(sample: bytes, encoding: str) -> Sample | None:
    text = sample.decode(encoding, "replace")
    return Sample.of(text) if text.count("\ufffd") <= len(text) // 50 else None


def _sample(raw: bytes) -> bytes:
    """Lines with bytes beyond ASCII, which alone tell encodings apart, then others with words, for their language."""
    beyond, ascii_words = [], []
    for line in re.split(rb"[\r\n]+", raw[:LONGEST_LOOK]):
        if not line.isascii():
            beyond.append(line)
        elif b":" not in line and re.search(rb"[a-z]", line):  # neither clock times nor headers
            ascii_words.append(line)
    return b"\n".join(beyond)[:SAMPLE] + b"\n" + b"\n".join(ascii_words)[: SAMPLE // 2]
