"""A library is brought at once: folders of films, and manifests that name them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, TitleFacts, ingest, plan
from msm.ingest.library import find_videos

QUICK = IngestOptions(media=False)


def written(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def with_manifest(path: Path) -> IngestOptions:
    return IngestOptions(media=False, manifest=path)


def tree(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.lstat().st_mtime_ns for p in sorted(folder.rglob("*"))}


def test_a_folder_of_nested_folders_goes_in_whole(put, tmp_path):
    for number, name in enumerate(["s1/ep1.mp4", "s1/ep2.MKV", "s2/ep1.mp4", "ep1.mp4"]):
        put(number, f"films/{name}")
    put(0, "films/.hidden/x.mp4"), put(0, "films/s1/._ep1.mp4")
    written(tmp_path / "films" / "s1" / "notes.txt", "no film")
    report = ingest([tmp_path / "films"], tmp_path / "films" / "catalog", IngestOptions())
    assert (report.added, report.failed, report.notes) == (["ep1", "s1-ep1", "ep2", "s2-ep1"], {}, [])
    again = ingest([tmp_path / "films"], tmp_path / "films" / "catalog", IngestOptions())  # its copies are no films
    assert (again.added, again.skipped) == ([], report.added)


def test_samples_and_trailers_are_left_out_of_a_folder_and_said_so(put, tmp_path):
    left_out = ["film-sample.mkv", "Sample/film.mkv", "film-trailer.mp4", "trailers/one.mp4", "sample.avi"]
    kept = ["The Sample.mp4", "sampled.mp4", "Trailer Park.mp4"]
    for name in left_out + kept:
        put(0, f"films/{name}")
    found = find_videos([tmp_path / "films"])
    assert sorted(p.name for p in found.videos) == sorted(kept)
    assert sorted(note.split(": left out")[0] for note in found.notes) == sorted(
        str(tmp_path / "films" / n) for n in left_out
    )
    named = tmp_path / "films" / "sample.avi"
    assert find_videos([named]).videos == [named]


def test_links_to_folders_are_followed_once(put, tmp_path):
    put(0, "disk/a.mp4")
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "more").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "round").symlink_to(tmp_path / "films")
    assert [p.name for p in find_videos([tmp_path / "films"]).videos] == ["a.mp4"]


def test_a_folder_without_films_is_named_and_the_others_go_in(put, tmp_path):
    (tmp_path / "empty").mkdir()
    report = ingest([tmp_path / "empty", put(0, "a.mp4")], tmp_path / "catalog", QUICK)
    assert report.added == ["a"]
    assert report.failed == {tmp_path / "empty": f"{tmp_path / 'empty'} is a folder without a video in it"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_manifest_in_csv_gives_facts_and_labels(put, tmp_path, separator, encoding):
    put(0, "films/a.mp4"), put(1, "films/b.mp4")
    put(0, "words/x.mp4").with_suffix(".srt").write_text("1\n00:00:00,0 --> 00:00:00,400\nHello\n")
    rows = [
        ["path", "title_id", "name", "split", "synopsis", "tags", "subtitles", "year", "code", "share"],
        [
            "films/a.mp4",
            "first",
            '"Film, the ""A"""',
            "val",
            "Two\nlines",
            "sea| storm",
            "words/x.srt",
            "1999",
            "007",
            "",
        ],
        ["films/b.mp4", "", "", "test", "", "", "", "2001", "12", "0.5"],
        [""] * 10,
    ]
    rows[1][4] = '"Two\nlines"'
    manifest = written(tmp_path / "m.csv", *(separator.join(row) for row in rows), encoding=encoding)
    assert ingest([], tmp_path / "catalog", with_manifest(manifest)).added == ["first", "b"]
    titles = Catalog.open(tmp_path / "catalog").titles.set_index("title_id")
    first, second = titles.loc["first"], titles.loc["b"]
    assert (first["name"], first["split"], first["synopsis"]) == ('Film, the "A"', "validation", "Two\nlines")
    assert (first["tags"], first["year"], first["code"], second["share"]) == ("sea|storm", 1999, "007", 0.5)
    assert (second["name"], second["split"], second["year"], second["code"]) == ("b", "test", 2001, "12")
    assert list(Catalog.open(tmp_path / "catalog")["first"].shots["text"]) == ["Hello"]


def test_a_manifest_in_json_lines_gives_facts_and_labels(put, tmp_path):
    film = put(0, "a.mp4")
    film.with_suffix(".json").write_text(
        '{"name": "Sidecar", "labels": {"genre": "noir", "year": 1}}', encoding="utf-8"
    )
    row = {"path": "a.mp4", "tags": ["sea", "storm"], "labels": {"year": 1999}, "seen": True, "split": None}
    manifest = written(tmp_path / "m.jsonl", json.dumps(row), "")
    ingest([], tmp_path / "catalog", with_manifest(manifest))
    title = next(iter(Catalog.open(tmp_path / "catalog")))
    assert (title.name, title.row["tags"], title.row["genre"]) == ("Sidecar", "sea|storm", "noir")
    assert (title.row["year"], bool(title.row["seen"])) == (1999, True)  # the manifest is over the sidecar


BAD_CSV = {
    "no column path": (["file,split", "a.mp4,test"], "line 1 has no column 'path'"),
    "a column twice": (["path,year,year", "a.mp4,1,2"], "line 1: column 'year' is there twice"),
    "a column without a name": (["path,,year", "a.mp4,1,2"], "line 1: a column has no name"),
    "too many cells": (["path,split", "a.mp4,test", "", "a.mp4,test,1"], "line 4: it has 3 cells, but line 1 has 2"),
    "too few cells": (["path,split", "a.mp4"], "line 2: it has 1 cells, but line 1 has 2"),
    "an open quotation": (["path,name", 'a.mp4,"b'], "line 2 is not readable as CSV"),
    "no path": (["path,split", ",test"], "line 2: path is missing"),
    "another split": (["path,split", "a.mp4,exam"], "line 2: a.mp4: split is 'exam'"),
    "an id that is none": (["path,title_id", "a.mp4,../up"], "line 2: title id '../up' cannot be used"),
    "an id twice": (["path,title_id", "a.mp4,x", "b.mp4,x"], "line 3: title_id 'x' stands in line 2 too"),
    "a column of the format": (["path,duration_s", "a.mp4,3"], "line 2: a label cannot be called 'duration_s'"),
    "two bad rows": (["path,split", ",test", "a.mp4,exam"], "line 2: path is missing; line 3: a.mp4: split is 'exam'"),
    "many bad rows": (["path,split", *[",test"] * 9], "line 6: path is missing; and 4 more"),
    "nothing": ([""], "line 1 has no column 'path'"),
    "no films": (["path,split"], "names no film"),
    "no text": (["path\0,split"], "is no text"),
}
BAD_JSON = {
    "no JSON": (['{"path": "a.mp4"}', "", "{"], "line 3: it is not readable as JSON"),
    "no number": (['{"path": "a.mp4", "x": NaN}'], "line 1: it is not readable as JSON: NaN"),
    "no object": (['{"path": "a.mp4"}', "[1]"], "line 2: it must be an object"),
    "no path": (['{"name": "a"}'], "line 1: path is missing"),
    "a path of another kind": (['{"path": 3}'], "line 1: path is 3, but must be text"),
    "an id of another kind": (['{"path": "a.mp4", "title_id": 3}'], "line 1: title_id is 3, but must be text"),
    "tags of another kind": (['{"path": "a.mp4", "tags": [1]}'], "line 1: tags is [1], but must be words"),
    "a label of another kind": (['{"path": "a.mp4", "x": [1]}'], "line 1: x is [1], but must be a text or a number"),
    "labels of another kind": (
        ['{"path": "a.mp4", "labels": 1}'],
        "line 1: it must be an object, and labels an object",
    ),
    "a label twice": (['{"path": "a.mp4", "x": 1, "labels": {"x": 2}}'], "line 1: 'x' stands in labels"),
    "labels of two kinds": (
        ['{"path": "a.mp4", "x": 1}', '{"path": "b.mp4", "x": "b"}'],
        "line 2: x is 'b', but line 1 has a number",
    ),
}


@pytest.mark.parametrize(("lines", "sentence"), [*BAD_CSV.values(), *BAD_JSON.values()], ids=[*BAD_CSV, *BAD_JSON])
def test_a_bad_row_of_a_manifest_is_named_before_any_film_is_read(put, tmp_path, lines, sentence):
    put(0, "a.mp4")
    manifest = written(tmp_path / "m.csv", *lines)
    before = tree(tmp_path)
    with pytest.raises(InputError) as refused:
        ingest([], tmp_path / "catalog", with_manifest(manifest))
    assert str(refused.value).startswith(str(manifest)) and sentence in str(refused.value)
    assert "\n" not in str(refused.value) and tree(tmp_path) == before


def test_a_manifest_that_is_not_utf_8_names_the_line(tmp_path):
    manifest = written(tmp_path / "m.csv", "path,name", "a.mp4,caf\u00e9", encoding="latin-1")
    with pytest.raises(InputError, match="line 2 is not UTF-8"):
        ingest([], tmp_path / "catalog", with_manifest(manifest))


@pytest.mark.parametrize("column", ["path", "subtitles"])
def test_a_file_of_a_manifest_that_is_missing_stops_no_other(put, tmp_path, column):
    put(0, "a.mp4"), put(1, "b.mp4")
    row = {"path": "a.mp4", "subtitles": "", **{column: "nowhere.x"}}
    manifest = written(tmp_path / "m.csv", "path,subtitles", "b.mp4,", ",".join(row.values()))
    report = ingest([], tmp_path / "catalog", with_manifest(manifest))
    assert report.added == ["b"]
    assert list(report.failed.values()) == [f"{manifest}, line 3: {tmp_path / 'nowhere.x'} is missing"]


@pytest.mark.parametrize(("on_disk", "named"), [("Ame\u0301lie", "Am\u00e9lie"), ("Am\u00e9lie", "Ame\u0301lie")])
def test_a_manifest_names_a_file_in_either_form_of_unicode(put, tmp_path, on_disk, named):
    put(0, f"{on_disk}.mp4")
    manifest = written(tmp_path / "m.csv", "path", f"{named}.mp4")
    assert ingest([], tmp_path / "catalog", with_manifest(manifest)).added == ["amelie"]


def test_a_manifest_and_films_go_in_together(put, tmp_path):
    manifest = written(tmp_path / "m.csv", "path", "b.mp4")
    put(1, "b.mp4")
    assert ingest([put(0, "a.mp4")], tmp_path / "catalog", with_manifest(manifest)).added == ["a", "b"]


def test_facts_of_one_film_are_not_given_to_two(put, tmp_path):
    put(0, "films/a.mp4"), put(1, "films/b.mp4")
    with pytest.raises(InputError, match="for one video at a time"):
        ingest([tmp_path / "films"], tmp_path / "c", IngestOptions(facts=TitleFacts(name="One")))


def test_nothing_to_read_is_said(tmp_path):
    with pytest.raises(InputError, match="no film is named"):
        ingest([], tmp_path / "catalog", QUICK)


def test_a_dry_run_lists_what_would_be_done_and_writes_nothing(put, tmp_path):
    path = tmp_path / "catalog"
    old, new, twin = put(0, "old.mp4"), put(1, "new.mp4"), put(2, "s/old.mp4")
    bad = written(tmp_path / "bad.mp4", "no film")
    new.with_suffix(".srt").write_text("1\n00:00:00,0 --> 00:00:00,400\nHello\n")
    ingest([old], path, QUICK)
    before = tree(tmp_path)
    planned = plan([old, new, twin, bad], path, QUICK)
    text = planned.as_text()
    assert tree(tmp_path) == before
    found = [(row["action"], row["title_id"], row["subtitles"]) for row in planned.as_dict()["films"]]
    assert found == [
        ("skip", "old", None),
        ("add", "new", str(new.with_suffix(".srt"))),
        ("add", "s-old", None),
        ("refuse", None, None),
    ]
    assert all(str(film) in text for film in (old, new, twin, bad))
    assert "there already as title 'old'" in text and "2 to add, 1 to skip, 1 to refuse; nothing was written" in text
    assert planned.refused == [f"{bad} is not readable as a video: Invalid data found when processing input"]
    assert ingest([old, new, twin, bad], path, QUICK).added == ["new", "s-old"]  # as was planned
    again = plan([old, new], path, IngestOptions(media=False, replace=True)).as_dict()["films"]
    assert [row["action"] for row in again] == ["replace", "replace"]
