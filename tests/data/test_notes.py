"""Notes beside a catalog: written by many at once, kept when titles are added, exported as tables."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from msm import Catalog, InputError
from msm.data.joining import append_titles
from msm.data.notes import LONGEST, add_note, list_notes, notes_table, remove_note, save_notes
from tests.cli.test_cli import msm
from tests.conftest import tiny_titles


def test_many_people_write_at_once_and_no_note_is_lost(tiny_catalog):
    def write(person: int) -> None:
        mine = [add_note(tiny_catalog, "test-0", n % 6, f"note {n}", author=f"p{person}") for n in range(10)]
        remove_note(tiny_catalog.path, mine[0].id)
        list_notes(tiny_catalog.path)

    with ThreadPoolExecutor(8) as people:
        list(people.map(write, range(8)))

    found = list_notes(tiny_catalog.path)
    assert sorted((n.author, n.text) for n in found) == [(f"p{p}", f"note {n}") for p in range(8) for n in range(1, 10)]
    assert [n.shot for n in found] == sorted(n.shot for n in found)
    assert not [p for p in (tiny_catalog.path / "notes").iterdir() if p.suffix != ".json"]


def test_a_note_does_not_change_the_catalog_and_stays_when_titles_are_added(tiny_catalog):
    before = tiny_catalog.fingerprint
    add_note(tiny_catalog, "train-0", 2, "Why surprising?")
    assert Catalog.open(tiny_catalog.path).fingerprint == before

    more = next(tiny_titles(tiny_catalog.modalities, seed=1))
    more = type(more)(**{**vars(more), "title_id": "another"})
    grown = append_titles(tiny_catalog, [more], {})
    assert "another" in grown and [n.text for n in list_notes(grown.path)] == ["Why surprising?"]


@pytest.mark.parametrize(
    ("title", "shot", "text", "wrong"),
    [
        ("test-0", 6, "x", "has no shot 6; its shots are 0 to 5"),
        ("test-0", -1, "x", "has no shot -1"),
        ("nobody", None, "x", "has no title 'nobody'"),
        ("test-0", 0, " \n ", f"a note has 1 to {LONGEST} characters; this has 0"),
        ("test-0", 0, "x" * (LONGEST + 1), f"this has {LONGEST + 1}"),
    ],
)
def test_a_note_on_nothing_or_without_words_is_refused(tiny_catalog, title, shot, text, wrong):
    with pytest.raises(InputError, match=wrong):
        add_note(tiny_catalog, title, shot, text)
    assert list_notes(tiny_catalog.path) == []


def test_a_file_that_is_no_note_is_passed_over_and_no_path_is_removed(tiny_catalog):
    note = add_note(tiny_catalog, "test-0", None, "About it all")
    folder = tiny_catalog.path / "notes"
    (folder / "broken.json").write_text("{")
    (folder / "wrong.json").write_text(json.dumps({"title_id": "test-0", "text": 3, "written": 1}))
    assert list_notes(tiny_catalog.path) == [note]
    with pytest.raises(InputError, match="is no note"):
        remove_note(tiny_catalog.path, "../catalog")
    assert (tiny_catalog.path / "catalog.json").exists()


def test_the_export_names_title_shot_and_times_and_holds_no_formulas(tiny_catalog, tmp_path, capsys):
    add_note(tiny_catalog, "test-0", None, "The whole of it")
    add_note(tiny_catalog, "test-0", 4, "=1+1", author="Ann")
    for ending in ("csv", "parquet"):
        assert msm("notes", tiny_catalog.path, "--out", tmp_path / f"notes.{ending}") == 0
    csv, parquet = pd.read_csv(tmp_path / "notes.csv"), pd.read_parquet(tmp_path / "notes.parquet")
    assert parquet["note"].tolist() == ["The whole of it", "=1+1"] and csv["note"].tolist()[1] == "'=1+1"
    shots = tiny_catalog["test-0"].shots
    assert parquet["start_s"].iloc[1] == shots["start_s"].iloc[4] and parquet["shot"].isna().tolist() == [True, False]
    assert parquet.drop(columns="note").equals(notes_table(tiny_catalog).drop(columns="note"))
    with pytest.raises(InputError, match="must end in"):
        save_notes(parquet, tmp_path / "notes.xlsx")


def test_notes_are_written_listed_and_removed_on_the_command_line(tiny_catalog, capsys):
    path = tiny_catalog.path
    assert msm("notes", path, "--title", "test-0", "--shot", 1, "--add", "Why\nthis?", "--author", "Ann") == 0
    assert "Why this?" in capsys.readouterr().out
    assert msm("notes", path, "--json") == 0
    (note,) = json.loads(capsys.readouterr().out)["notes"]
    assert (note["title_id"], note["shot"], note["note"], note["author"]) == ("test-0", 1, "Why\nthis?", "Ann")
    assert msm("notes", path, "--add", "x") == 2 and "--add needs --title" in capsys.readouterr().err
    assert msm("notes", path, "--shot", 1) == 2 and msm("notes", path, "--remove", "nope") == 2
    capsys.readouterr()
    assert msm("notes", path, "--remove", note["id"]) == 0 and capsys.readouterr().out == "no notes\n"
