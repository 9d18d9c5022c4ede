"""Which files beside a film are its subtitles, and which of several is taken."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from msm.ingest.subtitles import sidecar_subtitles, sidecars_of


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


KNOWN = {  # name beside film.mp4 → language, partial, hearing impaired
    "film.srt": ("", False, False),
    "FILM.SRT": ("", False, False),
    "film.en.srt": ("en", False, False),
    "film.eng.vtt": ("en", False, False),
    "film.English.srt": ("en", False, False),
    "film (English).srt": ("en", False, False),
    "film [eng].srt": ("en", False, False),
    "film_en.srt": ("en", False, False),
    "film-en.srt": ("en", False, False),
    "film English.srt": ("en", False, False),
    "film.en-US.srt": ("en", False, False),
    "film.pt-BR.srt": ("pt", False, False),
    "film.pt_BR.ass": ("pt", False, False),
    "film.zh-Hans.srt": ("zh", False, False),
    "film.zh-TW.srt": ("zh-hant", False, False),
    "film.chs.srt": ("zh", False, False),
    "film.Français.srt": ("fr", False, False),
    "film.Simplified Chinese.srt": ("zh", False, False),
    "film.en.sdh.srt": ("en", False, True),
    "film.en.hi.srt": ("en", False, True),
    "film.hi.en.srt": ("en", False, True),
    "film.hi.srt": ("hi", False, False),
    "film.en.cc.srt": ("en", False, True),
    "film.sdh.srt": ("", False, True),
    "film.forced.srt": ("", True, False),
    "film.en.forced.srt": ("en", True, False),
    "film.Forced.eng.srt": ("en", True, False),
    "film.commentary.en.srt": ("en", True, False),
    "film.de.default.srt": ("de", False, False),
    "film.en.2.srt": ("en", False, False),
    "film.track3.eng.srt": ("en", False, False),
    "film.translated.srt": ("", False, False),
    "film.ttml": ("", False, False),
    "film.mp4.srt": ("", False, False),
    "film.mp4.en.vtt": ("en", False, False),
    "Subs/film.en.srt": ("en", False, False),
    "Subs/2_English.srt": ("en", False, False),
    "Subs/film/3_French.srt": ("fr", False, False),
}


@pytest.mark.parametrize("name", KNOWN)
def test_names_that_players_know_are_found(tmp_path, name):
    (sidecar,) = sidecars_of(made(tmp_path, "film.mp4", name) / "film.mp4")
    assert sidecar.path == tmp_path / name
    assert (sidecar.language, sidecar.partial, sidecar.hearing_impaired) == KNOWN[name]


@pytest.mark.parametrize(
    "name",
    ["film2.srt", "film 2.srt", "film.part2.srt", "film.2.srt", "films.srt", "filmen.srt", "other.srt", "film.txt",
     "film_2019.srt", "afilm.srt", "film.s01e02.en.srt", "Subs/film2.srt", "folder/film.srt"],
)  # fmt: skip
def test_subtitles_of_another_film_are_not_taken(tmp_path, name):
    assert sidecars_of(made(tmp_path, "film.mp4", "film2.mp4", name) / "film.mp4") == []


def test_each_film_has_its_own_where_one_name_begins_another(tmp_path):
    films = ["film.mp4", "film.en.mp4", "film.part2.mkv", "film 2.mp4", "film.extended.mp4"]
    made(tmp_path, *films, *(f"{Path(name).stem}.srt" for name in films), "film.extended.de.srt")
    for name in films:
        assert sidecars_of(tmp_path / name)[0].path.stem == Path(name).stem
    assert [s.path.name for s in sidecars_of(tmp_path / "film.mp4")] == ["film.srt"]


@pytest.mark.parametrize(("film", "words"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
@pytest.mark.parametrize("stem", ["café", "Ångström", "Việt Nam", "パリ", "각"])
def test_composed_and_decomposed_names_are_the_same(tmp_path, film, words, stem):
    video, sidecar = unicodedata.normalize(film, f"{stem}.mp4"), unicodedata.normalize(words, f"{stem}.en.srt")
    assert sidecar_subtitles(made(tmp_path, video, sidecar) / video) == tmp_path / sidecar


def test_the_pictures_of_a_dvd_are_no_text_and_microdvd_of_the_same_suffix_is(tmp_path):
    made(tmp_path, "film.mp4", "film.en.sub", "film.en.idx", "film.de.sub")
    assert [s.path.name for s in sidecars_of(tmp_path / "film.mp4")] == ["film.de.sub"]


ORDER = [
    "film.srt", "film.sdh.srt", "film.en.srt", "film.en.vtt", "film.en.sdh.srt", "film.de.srt", "film.fr.srt",
    "film.translated.srt", "film.forced.srt", "film.en.forced.srt", "film.de.commentary.srt",
]  # fmt: skip


def test_dialogue_comes_first_then_no_language_english_and_others(tmp_path):
    made(tmp_path, "film.mp4", *ORDER)
    assert [s.path.name for s in sidecars_of(tmp_path / "film.mp4")] == ORDER


@pytest.mark.parametrize("wanted", ["de", "ger", "deu", "German", "de-AT", "Deutsch"])
def test_the_wanted_language_comes_first_whatever_it_is_called(tmp_path, wanted):
    made(tmp_path, "film.mp4", *ORDER)
    names = [s.path.name for s in sidecars_of(tmp_path / "film.mp4", wanted)]
    assert names[0] == "film.de.srt" and names[1] == "film.srt"
    assert names.index("film.de.commentary.srt") > names.index("film.translated.srt")
