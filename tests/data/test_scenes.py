"""Scenes are read alike from every kind of label, and an unknown scene is never a scene."""

import numpy as np
import pandas as pd
import pytest

from msm.data.scenes import UNKNOWN, position_in_scene, scene_numbers, scenes_of_titles

KINDS = {
    "int": pd.Series([3, 3, -1, 7, 3]),
    "float": pd.Series([3.0, 3.0, np.nan, 7.0, 3.0]),
    "negative float": pd.Series([3.0, 3.0, -1.0, 7.0, 3.0]),
    "nullable int": pd.Series([3, 3, None, 7, 3], dtype="Int64"),
    "text": pd.Series(["a", "a", "", "b", "a"]),
    "text with None": pd.Series(["a", "a", None, "b", "a"], dtype=object),
    "text with blanks": pd.Series(["a", " a", "  ", "b", "a"]),
    "numbers as text": pd.Series(["3", "3", "-1", "7", "3"]),
    "decimals as text": pd.Series(["3.0", "3.0", "-1.0", "7.0", "3.0"]),
    "categorical text": pd.Series(["a", "a", None, "b", "a"], dtype="category"),
    "categorical numbers": pd.Series([3, 3, -1, 7, 3], dtype="category"),
    "arrow text": pd.Series(["a", "a", None, "b", "a"], dtype="string"),
    "mixed": pd.Series([3, 3, float("nan"), "b", 3], dtype=object),
}

STARTS = {
    "int": pd.Series([1, 0, 0, 1, 1]),
    "int8": pd.Series([1, 0, 0, 1, 1], dtype=np.int8),
    "bool": pd.Series([True, False, False, True, True]),
    "bool with None": pd.Series([True, False, None, True, True], dtype=object),
    "nullable bool": pd.Series([True, False, None, True, True], dtype="boolean"),
    "float": pd.Series([1.0, 0.0, np.nan, 1.0, 1.0]),
    "text": pd.Series(["1", "0", "", "1", "1"]),
    "words": pd.Series(["True", "False", "False", "True", "True"]),
    "categorical": pd.Series([1, 0, 0, 1, 1], dtype="category"),
    "unknown marked -1": pd.Series([1, 0, -1, 1, 1]),
    "first shot not marked": pd.Series([0, 0, 0, 1, 1]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_scene_is_no_scene_whatever_the_label_is_made_of(kind):
    numbers = scene_numbers(pd.DataFrame({"scene": KINDS[kind]}))

    assert numbers.tolist() == [0, 0, UNKNOWN, 1, 2] and numbers.dtype == np.int64


@pytest.mark.parametrize("kind", STARTS)
def test_scenes_are_counted_where_only_their_first_shots_are_marked(kind):
    numbers = scene_numbers(pd.DataFrame({"scene_start": STARTS[kind]}))

    assert numbers.tolist() == [0, 0, 0, 1, 2] and numbers.dtype == np.int64


@pytest.mark.parametrize(
    "shots",
    [
        pd.DataFrame({"tone": ["calm", "calm"]}),
        pd.DataFrame({"scene": [-1, -1]}),
        pd.DataFrame({"scene": [None, None]}, dtype=object),
        pd.DataFrame({"scene": ["", "-1"]}),
        pd.DataFrame({"scene_start": [np.nan, np.nan]}),
    ],
)
def test_no_scene_is_known_where_no_label_has_a_value(shots):
    assert scene_numbers(shots).tolist() == [UNKNOWN, UNKNOWN]


def test_scene_start_is_read_before_scene_and_scene_where_a_title_has_no_start():
    both = pd.DataFrame({"scene_start": [1, 0, 1], "scene": ["a", "b", "b"]})

    assert scene_numbers(both).tolist() == [0, 0, 1]
    assert scene_numbers(both.assign(scene_start=np.nan)).tolist() == [0, 1, 1]


def test_no_shots_have_no_scenes():
    assert scene_numbers(pd.DataFrame({"scene": []})).tolist() == []
    assert scene_numbers(pd.DataFrame({"scene_start": []})).tolist() == []


def test_positions_follow_the_scenes_and_unknown_ones_have_none():
    scene = np.array([0, 0, 0, UNKNOWN, 1, 2, 2])

    assert position_in_scene(scene).tolist() == ["first", "middle", "last", "", "only", "first", "last"]


def test_scenes_of_two_titles_never_share_a_number():
    shots = pd.DataFrame({"scene": ["a", "b", "a", "", "a"]})

    assert scenes_of_titles(shots, [2, 3]).tolist() == [0, 1, 2, UNKNOWN, 3]
    assert scenes_of_titles(pd.DataFrame({"tone": [1, 2]}), [1, 1]).tolist() == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    "marks",
    [
        pd.Series([1, 0, 0, 1, 0]),
        pd.Series([0.0, np.nan, 1.0, -1.0, 2.0]),
        pd.Series([True, False, True, False, False]),
        pd.Series([0, None, 1, -1, 2], dtype="Int64"),
        pd.Series([0.5, None, 1, 0, 2], dtype="Float64"),
        pd.Series([None, False, True, False, True], dtype="boolean"),
    ],
    ids=lambda marks: str(marks.dtype),
)
def test_marks_that_are_numbers_are_read_as_the_same_marks_in_words(marks):
    words = marks.astype(object).where(marks.notna(), None).map(str, na_action="ignore")
    found = scene_numbers(pd.DataFrame({"scene_start": marks}))
    assert found.tolist() == scene_numbers(pd.DataFrame({"scene_start": words})).tolist()
    assert found.max() > 0
