"""The selection as a value: a link holds it, a notebook reads it, and nothing in a link can break it."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import Catalog, InputError
from msm.data.selection import LONGEST, Selection, read_shots, rows_of_shots, shots_of_rows, write_shots

IDS = st.text(st.characters(exclude_categories=("C",), exclude_characters="/"), min_size=1, max_size=12)
SHOTS = st.dictionaries(IDS, st.sets(st.integers(0, 400), min_size=1, max_size=20), max_size=6).map(
    lambda d: tuple((k, tuple(sorted(v))) for k, v in d.items())
)


@settings(max_examples=80, deadline=None)
@given(SHOTS, st.sets(st.integers(0, 99)), IDS)
def test_what_goes_into_a_link_comes_out_of_it(shots, hidden, title):
    chosen = Selection(title=title, run="mine", hidden=tuple(sorted(hidden)), shots=shots, catalog="other")

    assert Selection.from_query(chosen.to_query()) == chosen


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 24)))
def test_rows_and_shots_by_title_say_the_same(rows):
    import pandas as pd

    titles = pd.DataFrame({"title_id": ["a", "b", "c"], "first_shot": [0, 7, 12], "num_shots": [7, 5, 13]})
    assert rows_of_shots(shots_of_rows(rows, titles), titles).tolist() == sorted(rows)


def test_shots_are_written_short_and_by_title_so_that_they_outlive_other_titles(tiny_catalog):
    chosen = Selection.of_rows([3, 4, 5, 9], tiny_catalog.titles)

    assert chosen.to_query() == {"shots": "train-0:3-5;train-1:2"}


def test_a_notebook_reads_a_link_and_gets_the_rows_of_the_shots(tiny_catalog):
    chosen = Selection.from_link("http://localhost:8501/map?title=test-0&hidden=1,3&shots=test-0:4;train-1:0-1")
    table = chosen.table(tiny_catalog)

    assert (chosen.title, chosen.hidden, chosen.run) == ("test-0", (1, 3), None)
    assert table["row"].tolist() == [7, 8, 20]
    assert table[["title_id", "shot"]].to_numpy().tolist() == [["train-1", 0], ["train-1", 1], ["test-0", 4]]
    assert table.iloc[2]["text"] == tiny_catalog["test-0"].shots["text"][4]
    assert Selection().table(tiny_catalog).empty


def test_a_long_lasso_lies_in_a_file_that_the_link_names(tmp_path):
    shots = tuple((f"title-{i}", tuple(range(i % 3, 200, 2))) for i in range(30))
    text = write_shots(shots, tmp_path / "deep" / "folder")

    assert len(text) == 17 and len(write_shots(shots)) > LONGEST
    assert read_shots(text, tmp_path / "deep" / "folder") == shots
    assert write_shots(shots, tmp_path / "deep" / "folder") == text
    assert len(list((tmp_path / "deep" / "folder").iterdir())) == 1


def test_of_long_lassos_the_newest_are_kept_and_one_that_is_still_used_is_new(tmp_path, monkeypatch):
    monkeypatch.setattr("msm.data.selection.MOST_FILES", 3)
    lassos = [(("title", tuple(range(i, 2000, 2))),) for i in range(6)]
    written = []
    for age, lasso in enumerate(lassos[:3]):
        written.append(write_shots(lasso, tmp_path))
        os.utime(tmp_path / f"{written[-1][1:]}.txt", (1000 + age, 1000 + age))
    assert write_shots(lassos[0], tmp_path) == written[0]  # looked at again
    written.append(write_shots(lassos[3], tmp_path))

    assert {f"@{p.stem}" for p in tmp_path.iterdir()} == {written[0], written[2], written[3]}
    with pytest.raises(InputError, match="not kept here any more"):
        read_shots(written[1], tmp_path)


def test_a_file_that_is_damaged_gone_or_elsewhere_is_not_believed(tmp_path):
    shots = (("title", tuple(range(0, 2000, 2))),)
    text = write_shots(shots, tmp_path)
    path = tmp_path / f"{text[1:]}.txt"
    path.write_text("title:1-9")
    with pytest.raises(InputError, match="damaged"):
        read_shots(text, tmp_path)
    path.unlink()
    with pytest.raises(InputError, match="not kept here any more"):
        read_shots(text, tmp_path)
    for wrong in ("@../../secret", "@" + "g" * 16, "@"):
        with pytest.raises(InputError, match="not the name of a selection"):
            read_shots(wrong, tmp_path)


@pytest.mark.parametrize("text", ["x", ":3", "a:", "a:3-1", "a:1e9", "a:99999999", ";", "a:1;;b:2"])
def test_what_is_no_selection_is_refused_in_a_sentence_or_is_empty(text):
    try:
        assert read_shots(text) in ((), (("a", ()),))
    except InputError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("shots", "said"), [((("gone", (1,)),), "not in this catalog"), ((("test-0", (6,)),), "no shot 6")]
)
def test_shots_that_the_catalog_lacks_are_named(tiny_catalog: Catalog, shots, said):
    with pytest.raises(InputError, match=said):
        Selection(shots=shots).rows(tiny_catalog.titles)


def test_rows_are_whole_numbers_in_order(tiny_catalog):
    rows = Selection.of_rows([9, 3, 3], tiny_catalog.titles).rows(tiny_catalog.titles)

    assert rows.dtype == np.int64 and rows.tolist() == [3, 9]
