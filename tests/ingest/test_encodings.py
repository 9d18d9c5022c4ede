"""The encoding of subtitles is found: any language in any encoding in which it is met."""

from __future__ import annotations

import unicodedata

import pytest

from msm.errors import InputError
from msm.ingest.subtitles import open_subtitles
from msm.ingest.subtitles.encoding import decode
from tests.ingest.dialogue import DIALOGUE, ENCODINGS, UNICODE, encoded, srt

GRID = [(language, encoding) for language, encodings in ENCODINGS.items() for encoding in encodings]


@pytest.mark.parametrize(("language", "encoding"), GRID)
def test_legacy_encodings_are_found_with_and_without_the_language(language, encoding):
    lines = DIALOGUE[language].splitlines()
    for first, count in ((0, 5), (0, len(lines)), (len(lines) - 5, 5)):
        raw = encoded(srt(lines[first : first + count]), encoding)
        right = unicodedata.normalize("NFC", raw.decode(encoding))
        for hint in (language, None):
            assert decode(raw, hint).text == right, (first, count, hint)


# without Macintosh Cyrillic, which differs from Windows-1251 in capitals alone: three lines can have too few
@pytest.mark.parametrize(("language", "encoding"), [cell for cell in GRID if cell[1] != "mac_cyrillic"])
def test_three_lines_are_enough_where_the_language_is_known(language, encoding):
    raw = encoded(srt(DIALOGUE[language].splitlines()[3:6]), encoding)
    assert decode(raw, language).text == unicodedata.normalize("NFC", raw.decode(encoding))


@pytest.mark.parametrize("language", DIALOGUE)
def test_unicode_is_found_with_and_without_a_mark_whatever_the_hint(language):
    text = srt(DIALOGUE[language].splitlines()[:4])
    for encoding in UNICODE:
        for hint in (language, "ru", None):
            assert decode(text.encode(encoding), hint).text == text


@pytest.mark.parametrize(("language", "encoding"), [("ru", "cp1251"), ("fr", "cp1252"), ("ja", "shift_jis")])
def test_a_wrong_hint_does_no_harm(language, encoding):
    text = srt(DIALOGUE[language].splitlines())
    for hint in ("th", "el", "ko", "nonsense", "en"):
        assert decode(text.encode(encoding), hint).text == text


@pytest.mark.parametrize("language", DIALOGUE)
@pytest.mark.parametrize("damage", [b"\xff", b"\xe9", b"\xfe\xff", b"\x80"])
def test_a_bad_byte_in_utf8_spoils_its_place_alone(language, damage):
    lines = DIALOGUE[language].splitlines()
    raw = srt(lines).encode()
    place = raw.index(lines[1].encode())
    found = decode(raw[:place] + damage + raw[place:], None)
    assert found.encoding == "utf-8" and found.num_bad >= 1
    assert found.text.replace("\ufffd", "") == srt(lines)


ENGLISH = ["Hello – don’t you know it?", "I said “no”… and you?", "It costs £5 in the café.", "Nothing else."]


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "utf-8", "utf-16-le"])
def test_a_few_signs_among_english_words_are_read_right(encoding):
    assert decode(srt(ENGLISH).encode(encoding)).text == srt(ENGLISH)


def test_an_encoding_that_is_insisted_on_is_used(tmp_path):
    path = tmp_path / "a.srt"
    path.write_bytes(srt(["Привет, как дела?"]).encode("koi8_r"))
    assert open_subtitles(path, encoding="koi8-r").lines[0].text == "Привет, как дела?"
    assert open_subtitles(path, encoding="cp1251").lines[0].text != "Привет, как дела?"


@pytest.mark.parametrize(
    ("encoding", "sentence"),
    [("klingon", "no known encoding"), ("rot13", "no known encoding"), ("ascii", "do not fit")],
)
def test_an_encoding_that_does_not_exist_or_fit_is_refused(tmp_path, encoding, sentence):
    path = tmp_path / "a.srt"
    path.write_bytes(srt(["Привет, как дела?"]).encode("cp1251"))
    with pytest.raises(InputError, match=sentence):
        open_subtitles(path, encoding=encoding)
