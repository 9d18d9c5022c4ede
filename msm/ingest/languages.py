"""Languages of subtitles and sound tracks: their codes and names, and how their texts look in old encodings.

Codes of ISO 639-1 stand for all others, so that `eng`, `en-US` and `English` are one language.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LATIN = ("cp1252", "mac_roman", "cp850")
CENTRAL = ("cp1250", "iso8859_2", "cp852")
CYRILLIC = ("cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic")


@dataclass(frozen=True)
class Language:
    """A language that subtitles are written in.

    names      codes and names, lower case; the first is the code of ISO 639-1
    encodings  in which its texts are met, the commonest first
    letters    letters beyond ASCII, the commonest first
    words      some of its commonest words
    """

    names: tuple[str, ...]
    encodings: tuple[str, ...]
    letters: str
    words: frozenset[str]


def _language(names: str, encodings: tuple[str, ...], letters: str, words: str) -> Language:
    return Language(tuple(names.split()), encodings, letters, frozenset(words.split()))


LANGUAGES = (
    _language(
        "en eng english",
        LATIN,
        "éñèïçöüâê",
        "the you i to a and it is that of in what we this me my he don't on for your no have i'm are be do know was not with",
    ),
    _language(
        "fr fre fra french français francais vf vff",
        LATIN,
        "éèàêçùîôâûœïëæÿü",
        "de je est pas le vous la tu que un il et à ne les ce en on ça une ai pour des moi qui nous mais me dans où du très au",
    ),
    _language(
        "de ger deu german deutsch",
        LATIN,
        "üäößé",
        "ich sie das ist du nicht die und es der wir zu ein er in mir mit ja was wie den auf mich dass so hier für nein wo von",
    ),
    _language(
        "es spa spanish español espanol castellano latino",
        LATIN,
        "áóéíñúü",
        "de que no a la el y es en lo un por me una te los qué se con para mi está si su pero sí las yo tu esto del dónde nos",
    ),
    _language(
        "it ita italian italiano",
        LATIN,
        "èàòùéìíî",
        "che non di è la il un a per in una mi sono ho ma lo ha le si ti i cosa con se io come ci questo più qui sì no perché",
    ),
    _language(
        "pt por portuguese português portugues pob pb brazilian",
        LATIN,
        "ãáéçóíêâõúàôü",
        "que não o de a é você e eu um para se me do da uma os em isso por com ele bem no as mas te está sim na até à",
    ),
    _language(
        "nl dut nld dutch nederlands",
        LATIN,
        "ëéïöèüê",
        "ik je het de dat is een niet en wat van we in ze op te hij zijn er maar me die heb voor met als ben was mijn dit hier",
    ),
    _language(
        "sv swe swedish svenska",
        LATIN,
        "äåöé",
        "jag det är du inte att en och har vi på i för han vad med mig som här om dig var den så till kan de ska ett men där då",
    ),
    _language(
        "da dan danish dansk",
        LATIN,
        "øåæé",
        "jeg det er du ikke at en og har vi på i for han hvad med mig som her om dig den så til kan de skal et men der",
    ),
    _language(
        "no nor nb nob nn nno norwegian norsk bokmål",
        LATIN,
        "åøæéòô",
        "jeg det er du ikke at en og har vi på i for han hva med meg som her om deg den så til kan de skal et men der",
    ),
    _language(
        "fi fin finnish suomi",
        LATIN,
        "äöåšž",
        "on ei se että ja minä mitä olen hän sinä ole nyt mutta tämä kun niin en oli hyvä joka mikä kanssa ovat sen",
    ),
    _language(
        "is ice isl icelandic íslenska",
        LATIN,
        "áíðþéöúóæý",
        "ég er að það þú ekki og við í þetta hann en á mér hvað til með um ertu var hér vera hún svo",
    ),
    _language(
        "ca cat catalan català",
        LATIN,
        "àéèóòíçúïü",
        "que no de la el i és a en un per una què ho em et amb és els les si bé però jo això",
    ),
    _language(
        "pl pol polish polski",
        CENTRAL,
        "ęłżąóśćźń",
        "nie to się w co na i z jest że do jak mnie a tak o mi ale ja ty mam go dla czy tu za jestem był no już po",
    ),
    _language(
        "cs cze ces czech čeština cesky český",
        CENTRAL,
        "íáéěčřýšžůúďťňó",
        "to je a se že na co v ne si jsem tak do mi s ale jak já ty o jsi tady mám jo už ho jsme když ten na kde pak",
    ),
    _language(
        "sk slo slk slovak slovenčina slovensky",
        CENTRAL,
        "áíéčžšúýťľňôďäóĺŕ",
        "to je a sa že na čo v nie si som tak do mi s ale ako ja ty o tu mám áno už ho sme keď ten kde",
    ),
    _language(
        "hu hun hungarian magyar",
        CENTRAL,
        "éáöóőüíúű",
        "a nem az és hogy ez van egy de azt mi meg is itt én el vagy csak ha már jól mit te ott most nekem volt kell igen ne",
    ),
    _language(
        "ro rum ron romanian română romana",
        CENTRAL,
        "ăşțîţșâé",
        "nu să de a o și că şi este e în la un mă ce cu pe te am ai asta mi dar din se eu pentru ce da ești unde nu",
    ),
    _language(
        "hr hrv croatian hrvatski bs bos bosnian scr",
        CENTRAL,
        "čšžćđ",
        "je da ne se to u što na sam si i ti za bi mi ja li me su ovo kako od nije ali smo s ako tko gdje samo dobro kao",
    ),
    _language(
        "sr srp scc serbian srpski",
        ("cp1250", "cp1251", "iso8859_2", "iso8859_5"),
        "čšžćđаиоенрсуткјвдмплгзбцшћжчљњђхџф",
        "je da ne se to u šta na sam si i ti za bi mi ja li me su ovo kako је да не се то у шта на сам си и ти за би ми ја ово како",
    ),
    _language(
        "sl slv slovenian slovene slovenščina",
        CENTRAL,
        "čšžćđ",
        "je da ne se to v kaj na sem si in ti za bi mi jaz me so kako od ni ali smo s če kje samo dobro kot",
    ),
    _language(
        "sq alb sqi albanian shqip",
        LATIN,
        "ëç",
        "të e një në që për nuk do është dhe më ka kjo si me ti unë po nga jam mirë",
    ),
    _language(
        "et est estonian eesti",
        ("cp1257", "iso8859_15"),
        "äõöüšž",
        "on ei ma see ja sa et mis ta oli ole kui ka mida mu me siin nii aga hea",
    ),
    _language(
        "lv lav latvian latviešu",
        ("cp1257", "iso8859_13"),
        "āīēšūņķļžģčō",
        "ir es un ka tu nav ko tas man viņš par kas no bet mēs vai ar jūs labi te",
    ),
    _language(
        "lt lit lithuanian lietuvių",
        ("cp1257", "iso8859_13"),
        "ėšųūįžąčę",
        "ir aš tai kad ne tu su į yra kaip ar man mes tik jis bet čia ką mano iš savo labas kur",
    ),
    _language(
        "tr tur turkish türkçe turkce",
        ("cp1254", "iso8859_9", "cp857"),
        "ıüşğçöİâ",
        "bir bu ne ve ben için o da çok mi de evet var hayır iyi sen değil bana seni gibi mı ama daha beni nasıl şey kadar burada",
    ),
    _language(
        "vi vie vietnamese tiếng",
        ("cp1258",),
        "đàăâươôáảãạêéèìíòóùúýỳ",
        "tôi là không anh có cô gì và một em đã của đi đó ta này với cho được đang chúng ông",
    ),
    _language(
        "ru rus russian русский",
        CYRILLIC,
        "оеаинтсрвлкмдпуяызбйьчхжцюшщэфъё",
        "не что я в и ты это на а он мы с как у меня мне да но все за вы так тебя нет есть бы по его она там где был",
    ),
    _language(
        "uk ukr ua ukrainian українська",
        ("cp1251", "koi8_u", "cp1125", "iso8859_5", "mac_cyrillic"),
        "оаніирвтесклудмпзяьбгйчхцїюшжщєфґ",
        "не що я в і ти це на а він ми з як у мене мені та але все за ви так тебе ні є до його де був що",
    ),
    _language(
        "be bel belarusian беларуская",
        CYRILLIC,
        "анеоіырскдтуўявлпмзцьйгбхчэшюжфё",
        "не што я ў і ты гэта на а ён мы з як у мяне мне але ўсё за вы так цябе",
    ),
    _language(
        "bg bul bulgarian български",
        ("cp1251", "iso8859_5", "cp866", "mac_cyrillic"),
        "аиоентрсвлкдпмзгяъубчцйжщхшюфь",
        "не да се на е в аз това и ти за ли какво си от ме с съм но ще го как те че мен къде има са беше",
    ),
    _language(
        "mk mac mkd macedonian македонски",
        ("cp1251", "iso8859_5"),
        "аоеитнрсвкдлпмузјгбчшцќжѓхфњљѕџ",
        "не да се на е во јас тоа и ти за што си од ме со сум но ќе го како те дека",
    ),
    _language(
        "el gre ell greek ελληνικά",
        ("cp1253", "iso8859_7", "cp737"),
        "ατοιενρσκηπςυμλίόάγέδήωχθύφβξώζψϊΐϋ",
        "να το είναι δεν και η ο που με τι για μου θα τα σε από του την σου ναι της τον έχω μας αυτό όχι εδώ στο",
    ),
    _language(
        "he heb iw hebrew עברית",
        ("cp1255", "iso8859_8", "cp862"),
        "יוהלרבתמאשנעםדקחפסכגטצןזךףץ",
        "לא את אני זה אתה מה הוא לי על כן של היא אבל הם יש עם אם רק כל שלי איך לך טוב אנחנו",
    ),
    _language(
        "ar ara arabic العربية",
        ("cp1256", "iso8859_6", "cp720"),
        "اليمونرتبةعدسفهكقأحجشطصىخإزذضثغئءظؤآ",
        "أن لا من في ما هذا أنا على هل إلى لقد أنت كان يا ذلك لم نعم هو عن لك هذه كنت كل",
    ),
    _language(
        "fa per fas persian farsi فارسی",
        ("cp1256",),
        "ايیردنهومتبسلکكشزفگعخقجآپحطصچئضغظثژذء",
        "من به که رو از تو این اون با است را در بود نه يه هم ما اين چي شما آره خوب",
    ),
    _language(
        "th tha thai ไทย",
        ("cp874",),
        "านรอกเ่งมย้ลวดัทสตะปิบีคหุแจพชขไใำ์โู็ผถณซศธภึืฟษฉญฝๆฮฐฆฎ",
        "",
    ),
    _language(
        "id ind indonesian bahasa", LATIN, "é", "aku kau yang tidak ini itu dan di ada apa kita untuk akan dia dengan"
    ),
    _language(
        "ms may msa malay melayu", LATIN, "é", "saya awak yang tidak ini itu dan di ada apa kita untuk akan dia dengan"
    ),
    _language("hi hin hindi हिन्दी", (), "", ""),
    _language("ta tam tamil தமிழ்", (), "", ""),
    _language("te tel telugu తెలుగు", (), "", ""),
    _language("bn ben bengali বাংলা", (), "", ""),
    _language("eu baq eus basque euskara", LATIN, "ñ", "da ez eta zer bat zen du hau nik bai"),
    _language("gl glg galician galego", LATIN, "áóéíñú", "que non de a o e é un unha me para con si"),
    _language("ja jpn jp japanese 日本語", ("cp932", "euc_jp"), "", ""),
    _language("ko kor kr korean 한국어", ("cp949", "johab"), "", ""),
    _language(
        "zh chi zho cn chs sc zhs hans zh-hans chinese simplified 简体 简体中文 简 中文",
        ("gb18030", "big5hkscs"),
        "",
        "",
    ),
    _language(
        "zh-hant cht tc zht hant tw hk traditional 繁體 繁體中文 繁体 繁",
        ("big5hkscs", "gb18030"),
        "",
        "",
    ),
)
BY_NAME = {name: language for language in LANGUAGES for name in language.names}


def language_of(name: str | None) -> Language | None:
    """The language of a code or a name, such as en, eng, en-US, pt_BR or English; None where it is unknown."""
    plain = unicodedata.normalize("NFC", name or "").casefold().replace("_", "-").strip()
    if plain in ("zh-tw", "zh-hk", "zh-mo") or plain.startswith(("zh-hant", "chi-hant")):
        return BY_NAME["zh-hant"]
    if plain in BY_NAME:
        return BY_NAME[plain]
    return BY_NAME.get(plain.split("-")[0]) if re.fullmatch(r"[a-z]{2,3}(-\w{2,8})+", plain) else None


def code_of(name: str | None) -> str:
    """The code of ISO 639-1 where the language is known, else the name itself, lower case; empty for none."""
    known = language_of(name)
    return known.names[0] if known else (name or "").casefold().strip()


def same_language(one: str | None, other: str | None) -> bool:
    """Whether two names mean one language; both scripts of Chinese are one."""
    return bool(code_of(one)) and code_of(one).removesuffix("-hant") == code_of(other).removesuffix("-hant")
