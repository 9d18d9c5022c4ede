"""Titles are who they are: by what their file holds and where it lies, and not by its name alone."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog
from msm.data.schema import SOURCE_COLUMNS
from msm.ingest import IngestOptions, TitleFacts, ingest
from msm.ingest.identity import PIECE, Register, Source

QUICK = IngestOptions(media=False)
AGAIN = IngestOptions(media=False, replace=True)


def ids(catalog: Path) -> list[str]:
    return list(Catalog.open(catalog).titles["title_id"])


def vectors_of(catalog: Path) -> dict[str, np.ndarray]:
    return {title.title_id: title.embeddings for title in Catalog.open(catalog)}


@pytest.mark.parametrize("together", [True, False])
def test_two_films_of_one_name_are_two_titles(put, tmp_path, together):
    films = [put(0, "s1/ep1.mp4"), put(1, "s2/ep1.mp4"), put(2, "other/s2/ep1.mp4"), put(3, "s1/Ep1.mkv")]
    for batch in [films] if together else [[film] for film in films]:
        assert not ingest(batch, tmp_path / "catalog", QUICK).failed
    assert ids(tmp_path / "catalog") == ["ep1", "s2-ep1", "other-s2-ep1", "s1-ep1"]
    names = list(Catalog.open(tmp_path / "catalog").titles["name"])
    assert names == ["ep1", "s2 / ep1", "other / s2 / ep1", "s1 / Ep1"]  # people can tell them apart too


def test_long_names_that_differ_at_the_end_are_two_titles(put, tmp_path):
    name = "Introduction to the history of moving pictures and of those who made them, Lecture "
    films = [put(0, f"{name}01.mp4"), put(1, f"{name}02.mp4"), put(2, f"again/{name}02.mp4")]
    assert not ingest(films, tmp_path / "catalog", QUICK).failed
    found = ids(tmp_path / "catalog")
    assert len(set(found)) == 3 and max(map(len, found)) <= 60
    assert found[0] == "introduction-to-the-history-of-moving-pictures-and-of-those"  # as ever
    assert found[1].endswith("lecture-02") and found[1].startswith("introduction-to-the-history")


@pytest.mark.parametrize("form", ["composed", "decomposed"])
def test_a_name_in_either_form_of_unicode_is_one_id(put, tmp_path, form):
    name = {"composed": "Am\u00e9lie.mp4", "decomposed": "Ame\u0301lie.mp4"}[form]
    ingest([put(0, name)], tmp_path / "catalog", QUICK)
    assert ids(tmp_path / "catalog") == ["amelie"]


def test_the_same_film_is_skipped_wherever_it_lies_and_said_so(put, tmp_path):
    path, film = tmp_path / "catalog", put(0, "one/film.mp4")
    ingest([film], path, QUICK)
    copy = put(0, "two/another name.mp4")
    os.utime(copy, (0, 0))
    film.unlink()
    report = ingest([copy], path, QUICK)
    assert (report.added, report.skipped, report.failed) == ([], ["film"], {})
    assert report.notes == [f"{copy}: there already as title 'film'; --replace makes it anew"]
    assert ids(path) == ["film"]


def test_a_film_that_is_named_twice_goes_in_once(put, tmp_path):
    first, copy = put(0, "a.mp4"), put(0, "b.mp4")
    report = ingest([first, first, copy], tmp_path / "catalog", QUICK)
    assert (report.added, report.skipped, report.failed) == (["a"], ["a", "a"], {})
    assert f"the same film as {first}" in report.notes[1]


def test_replace_replaces_only_its_own(put, tmp_path):
    path = tmp_path / "catalog"
    ingest([put(0, "s1/ep1.mp4"), put(1, "s2/ep1.mp4")], path, QUICK)
    before = vectors_of(path)
    third = ingest([put(2, "s3/ep1.mp4")], path, AGAIN)
    assert third.added == ["s3-ep1"]
    second = ingest([put(3, "s2/ep1.mp4")], path, AGAIN)  # another film where the second was
    assert second.added == ["s2-ep1"]
    after = vectors_of(path)
    assert list(after) == ["ep1", "s2-ep1", "s3-ep1"]
    np.testing.assert_array_equal(after["ep1"], before["ep1"])
    assert not np.array_equal(after["s2-ep1"], before["s2-ep1"])
    moved = put(0, "elsewhere/renamed.mp4")
    assert ingest([moved], path, AGAIN).added == ["ep1"]
    assert Catalog.open(path).titles["source"].tolist()[0] == str(moved)


def test_a_file_that_changed_is_its_title_still(put, tmp_path):
    path = tmp_path / "catalog"
    ingest([put(0, "film.mp4")], path, QUICK)
    assert ingest([put(1, "film.mp4")], path, QUICK).skipped == ["film"]


def test_the_same_relative_path_in_another_folder_is_another_film(put, tmp_path, monkeypatch):
    for number, folder in enumerate(("s1", "s2")):
        put(number, f"{folder}/ep1.mp4")
        monkeypatch.chdir(tmp_path / folder)
        ingest(["ep1.mp4"], "../catalog", AGAIN)
    titles = Catalog.open(tmp_path / "catalog").titles
    assert titles["title_id"].tolist() == ["ep1", "s2-ep1"]
    assert titles["source"].tolist() == ["ep1.mp4", "ep1.mp4"]  # as they were given


def test_an_id_that_was_given_is_kept_for_its_film(put, tmp_path):
    path = tmp_path / "catalog"
    named = IngestOptions(media=False, facts=TitleFacts(title_id="ep1"))
    ingest([put(0, "a.mp4")], path, named)
    other = put(1, "b.mp4")
    assert "title 'ep1' is another film" in ingest([other], path, named).failed[other]
    assert ingest([other], path, IngestOptions(media=False, facts=named.facts, replace=True)).added == ["ep1"]
    put(2, "ep1.mp4").with_suffix(".json").write_text('{"title_id": "mine"}', encoding="utf-8")
    report = ingest([put(3, "s/mine.mp4"), tmp_path / "ep1.mp4"], path, QUICK)
    assert report.added == ["s-mine", "mine"]


def test_an_unreadable_film_takes_no_id_from_the_next(put, tmp_path):
    broken = tmp_path / "film.mp4"
    broken.write_text("no film", encoding="utf-8")
    report = ingest([broken, put(0, "s/film.mp4")], tmp_path / "catalog", QUICK)
    assert report.added == ["film"] and list(report.failed) == [broken]


def test_a_title_of_an_older_catalog_is_known_by_its_id(put, tmp_path):
    path, film = tmp_path / "catalog", put(0, "film.mp4")
    ingest([film], path, QUICK)
    titles = pd.read_parquet(path / "titles.parquet")
    titles.drop(columns=list(SOURCE_COLUMNS)).to_parquet(path / "titles.parquet")
    other = put(1, "s/film.mp4")
    assert ingest([other], path, QUICK).skipped == ["film"]
    named = IngestOptions(media=False, facts=TitleFacts(title_id="film"))
    assert ingest([put(3, "any.mp4")], path, named).skipped == ["film"]
    assert ingest([other, put(2, "new.mp4")], path, AGAIN).added == ["film", "new"]
    assert Catalog.open(path).titles["source"].tolist() == [str(other), str(tmp_path / "new.mp4")]


def test_where_a_film_lies_is_no_label_and_changes_no_fingerprint(put, tmp_path):
    first, second = put(0, "one/film.mp4"), put(0, "two/film.mp4")
    os.utime(second, (0, 0))
    for name, film in (("a", first), ("b", second)):
        ingest([film], tmp_path / name, QUICK)
    a, b = Catalog.open(tmp_path / "a"), Catalog.open(tmp_path / "b")
    assert set(SOURCE_COLUMNS) <= set(a.titles) and not set(SOURCE_COLUMNS) & set(a.title_labels)
    assert a.titles["source_mtime"].tolist() != b.titles["source_mtime"].tolist()
    assert a.fingerprint == b.fingerprint
    assert a.titles["source_size"].tolist() == [first.stat().st_size]


def test_titles_without_a_file_may_stand_beside_titles_with_one(put, tmp_path):
    path = tmp_path / "catalog"
    ingest([put(0, "a.mp4")], path, QUICK)
    titles = pd.read_parquet(path / "titles.parquet").drop(columns=list(SOURCE_COLUMNS))
    titles.to_parquet(path / "titles.parquet")
    ingest([put(1, "b.mp4")], path, QUICK)
    ingest([put(2, "c.mp4")], path, QUICK)
    found = Catalog.open(path)
    found.validate()
    assert found.titles["source_hash"].isna().tolist() == [True, False, False]
    assert found.titles["source_size"].tolist()[1:] == [(tmp_path / f"{n}.mp4").stat().st_size for n in "bc"]


@pytest.mark.parametrize("where", [0, PIECE // 2, 5 * PIECE // 2, 5 * PIECE - 1])
def test_a_hash_reads_the_beginning_the_middle_and_the_end(tmp_path, where):
    content = bytearray(5 * PIECE)
    (tmp_path / "a").write_bytes(content)
    content[where] = 1
    (tmp_path / "b").write_bytes(content)
    (tmp_path / "longer").write_bytes(bytes(5 * PIECE + 1))
    hashes = {Source.of(tmp_path / name).hash for name in ("a", "b", "longer")}
    assert len(hashes) == 3


def test_every_film_gets_an_id_of_its_own_however_many_share_a_name():
    register = Register()
    names = [Path("/x" * depth) / "a.mp4" for depth in range(1, 4) for _ in range(4)]
    found = [
        register.decide(name, Source(path="", size=0, mtime=0, hash=str(i), place=str(i)), "", replace=False).title_id
        for i, name in enumerate(names)
    ]
    assert len(set(found)) == len(names) and found[0] == "a"
