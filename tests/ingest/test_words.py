"""Where the words of a film come from, and that trouble with what stands beside it never costs the film."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest
from msm.ingest.encode_title import TitleJob
from msm.ingest.metadata import facts_of
from msm.ingest.report import FilmReport
from msm.ingest.tracks import TrackChoice
from msm.ingest.words import WordChoice
from tests.ingest.conftest import Scene, write_film
from tests.ingest.dialogue import srt


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Path:
    """`film.mp4`, two shots of a second."""
    return write_film(tmp_path_factory.mktemp("short") / "film.mp4", [Scene(0), Scene(1)])


@pytest.fixture
def film(short, tmp_path) -> Path:
    (tmp_path / "film.mp4").hardlink_to(short)
    return tmp_path / "film.mp4"


def said(film: Path, **choices: object) -> tuple[list[str], FilmReport]:
    """The text of each shot, and the film's row of the report."""
    report = ingest([film], film.parent / "catalog", IngestOptions(media=False, **choices))  # type: ignore[arg-type]
    assert report.failed == {}
    (title,) = Catalog.open(film.parent / "catalog")
    return list(title.shots["text"]), report.films[0]


def test_the_report_says_where_the_words_came_from(film):
    film.with_name("film.ru.srt").write_bytes(srt(["Привет, как дела?", "Позже"]).encode("cp1251"))
    text, row = said(film)
    assert text == ["Привет, как дела?", ""]
    assert (row.words, row.encoding, row.lines, row.warnings) == ("film.ru.srt", "cp1251", 1, [])


@pytest.mark.parametrize("damage", [b"\x00\x01\x02" * 50, b"nothing of the kind", b"", b"<!DOCTYPE html><html></html>"])
def test_a_damaged_sidecar_is_a_warning_and_the_next_one_is_read(film, damage):
    film.with_suffix(".srt").write_bytes(damage)
    text, row = said(film)
    assert text == ["", ""] and row.words == ""
    (warning,) = row.warnings
    assert f"{film.with_suffix('.srt')} is not readable as subtitles" in warning
    film.with_name("film.de.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:00.900\nMoin\n", encoding="utf-8")
    text, row = said(film, replace=True)
    assert text == ["Moin", ""] and row.words == "film.de.vtt" and row.warnings == [warning]


def test_subtitles_that_lie_beside_the_film_in_time_are_a_warning(film):
    film.with_suffix(".srt").write_text("1\n01:00:00,000 --> 01:00:01,000\nLate\n", encoding="utf-8")
    text, row = said(film)
    assert text == ["", ""] and row.lines == 0
    assert row.warnings == ["no line of film.srt falls into a shot of the film"]


def test_bad_bytes_are_counted_in_a_warning(film):
    film.with_suffix(".srt").write_bytes(srt(["Привет, как дела?"]).encode().replace(b"?", b"\xff?"))
    text, row = said(film)
    assert text[0] == "Привет, как дела\ufffd?" and row.encoding == "utf-8"
    assert "1 characters cannot be read as utf-8" in row.warnings[0]


def test_an_encoding_that_is_insisted_on_holds_for_sidecars(film):
    film.with_suffix(".srt").write_bytes(srt(["Привет"]).encode("koi8_r"))
    assert said(film, subtitles_encoding="koi8-r")[0] == ["Привет", ""]
    with pytest.raises(InputError, match="no known encoding"):
        IngestOptions(subtitles_encoding="klingon")


TRANSCRIPTS = {
    "whisper": {"text": "Hello", "segments": [{"id": 0, "start": 0.1, "end": 0.8, "text": " Hello"}], "language": "en"},
    "whisper.cpp": {"transcription": [{"offsets": {"from": 100, "to": 800}, "text": " Hello"}], "params": {}},
    "transformers": {"text": "Hello", "chunks": [{"timestamp": [0.1, None], "text": " Hello"}]},
    "a list": [{"start": 0.1, "end": 0.8, "text": "Hello"}],
}


@pytest.mark.parametrize("kind", TRANSCRIPTS)
def test_a_transcript_beside_a_film_is_read(film, kind):
    film.with_suffix(".json").write_text(json.dumps(TRANSCRIPTS[kind]), encoding="utf-8")
    text, row = said(film)
    assert "".join(text) == "Hello" and row.words == "film.json" and row.warnings == []


@pytest.mark.parametrize(
    "foreign",
    ['{"text": "no segments"}', "[]", "[1, 2]", '{"streams": [], "format": {}}', "{", '"a text"', "12", '{"segments": [{"a": 1}]}',
     '{"id": "x", "title": "A", "tags": [], "duration": 3, "formats": [], "channel": "", "uploader": ""}'],
)  # fmt: skip
def test_json_of_another_program_is_passed_over_with_a_warning(film, foreign):
    film.with_suffix(".json").write_text(foreign, encoding="utf-8")
    text, row = said(film)
    assert text == ["", ""] and "passed over" in row.warnings[0] and str(film.with_suffix(".json")) in row.warnings[0]


def test_subtitles_come_before_a_transcript_and_forced_ones_after_it(film):
    film.with_suffix(".json").write_text(json.dumps(TRANSCRIPTS["whisper"]), encoding="utf-8")
    film.with_name("film.forced.srt").write_text(srt(["A sign"]), encoding="utf-8")
    assert said(film)[0][0] == "Hello"
    film.with_name("film.fr.srt").write_text(srt(["Bonjour"]), encoding="utf-8")
    assert said(film, replace=True)[0][0] == "Bonjour"


def test_a_title_made_with_other_choices_of_words_is_made_again(film):
    def job(**choices: object) -> TitleJob:
        words = WordChoice(**choices)  # type: ignore[arg-type]
        return TitleJob(
            video=film,
            facts=facts_of(film),
            subtitles=None,
            encoders="descriptors",
            media=False,
            folder=film,
            words=words,
        )

    made = [
        job(),
        job(tracks=TrackChoice(language="de")),
        job(tracks=TrackChoice(audio_track=2)),
        job(tracks=TrackChoice(subtitle_track=1)),
        job(encoding="cp1251"),
    ]
    assert len({json.dumps(j.made_from) for j in made}) == len(made)
    film.with_name("film.en.sdh.srt").write_text(srt(["Hello"]), encoding="utf-8")
    assert job().made_from != made[0].made_from | {"files": []} and len(job().made_from["files"]) == 2


@pytest.mark.parametrize("name", ["cp1251", "gb18030", "big5"])
def test_given_cases_in_old_encodings_are_read(film, cases, name):
    first = {"cp1251": "Привет, как дела?", "gb18030": "你好，你在这里做什么？", "big5": "你好，你在這裡做什麼？"}
    film.with_suffix(".srt").write_bytes((cases / "legacy_charsets" / f"{name}.srt").read_bytes())
    text, row = said(film)
    assert text[0] == first[name] and row.lines == 1 and row.warnings == []


@pytest.mark.parametrize("name", ["empty", "notsubs", "sjis", "utf8_onebad", "cr"])
def test_given_cases_of_damaged_sidecars_let_the_film_in(film, cases, name):
    right = {"sjis": "こんにちは、元気ですか？", "utf8_onebad": "Привет, как ", "cr": "Hello there"}.get(name, "")
    film.with_suffix(".srt").write_bytes((cases / "sidecar_refuses_film" / f"{name}.srt").read_bytes())
    text, row = said(film)
    assert text[0].startswith(right) and bool(text[0]) == bool(right)
    assert bool(row.warnings) == (name in ("empty", "notsubs", "utf8_onebad"))


def test_the_given_drawing_is_no_words(film, cases):
    film.with_suffix(".ass").write_bytes((cases / "ass_drawing" / "draw.ass").read_bytes())
    assert said(film)[0] == ["", "Hello there"]


def test_the_given_transcript_is_read(film, cases):
    film.with_suffix(".json").write_bytes((cases / "whisper_json" / "whisper.json").read_bytes())
    assert said(film)[0] == ["Hello there", ""]
