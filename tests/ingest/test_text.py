"""Lines of subtitles: which file they come from, what is read of them, which shot they go to."""

from __future__ import annotations

import os

import numpy as np
import pytest

from msm.errors import InputError
from msm.ingest.subtitles import Line, read_subtitles, sidecar_subtitles, text_of_shots

SRT = "1\n00:00:01,000 --> 00:00:02,500\n{\\an8}<i>Où</i> est\nle café ?\n\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Emo>Où est\nle café &amp; ?\n"
ASS = """[Script Info]
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.50,0:00:00.90,Default,,0,0,0,,never said
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\i1}Où{\\i0} est\\Nle café ?
"""


@pytest.mark.parametrize(("name", "contents"), [("a.srt", SRT), ("a.vtt", VTT.replace(" &amp;", "")), ("a.ass", ASS)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_format_and_encoding_says_the_same(tmp_path, name, contents, encoding):
    (tmp_path / name).write_bytes(contents.encode(encoding))
    assert read_subtitles(tmp_path / name) == [Line(1.0, 2.5, "Où est le café ?")]


def test_entities_are_words(tmp_path):
    (tmp_path / "a.vtt").write_text(VTT, encoding="utf-8")
    assert read_subtitles(tmp_path / "a.vtt")[0].text == "Où est le café & ?"


@pytest.mark.parametrize(
    ("beside", "chosen"),
    [
        (["film.srt", "film.en.vtt"], "film.srt"),
        (["film.de.srt", "film.en.vtt"], "film.en.vtt"),
        (["film.fr.ass", "film.de.srt"], "film.de.srt"),
        (["film2.srt", "films.en.srt", "other.srt", "film.txt"], None),
    ],
)
def test_subtitles_beside_a_film_are_found(tmp_path, beside, chosen):
    for name in ["film.mp4", *beside]:
        (tmp_path / name).touch()
    found = sidecar_subtitles(tmp_path / "film.mp4")
    assert (found.name if found else None) == chosen


def test_a_line_goes_to_one_shot_the_one_it_overlaps_most():
    starts, ends = np.array([0.0, 2.0, 5.0]), np.array([2.0, 5.0, 6.0])
    lines = [Line(4.9, 7, "last"), Line(1.5, 3, "second"), Line(1, 3, "first of two alike"), Line(8, 9, "too late")]
    assert text_of_shots(lines, starts, ends) == ["first of two alike", "second", "last"]


def test_a_film_of_words_is_no_subtitle(tmp_path):
    """A file of 65 MB, of which the disk holds nothing, is refused before it is read."""
    (tmp_path / "a.srt").touch()
    os.truncate(tmp_path / "a.srt", 65 * 2**20)
    with pytest.raises(InputError, match="larger than 64 MB"):
        read_subtitles(tmp_path / "a.srt")


def test_a_tag_without_an_end_is_what_was_said(tmp_path):
    said = "1\n00:00:00,100 --> 00:00:00,900\nI <3 you,   <b>a < b</b> and <i\n"
    (tmp_path / "a.srt").write_text(said, encoding="utf-8")
    assert read_subtitles(tmp_path / "a.srt")[0].text == "I <3 you, a < b and <i"
