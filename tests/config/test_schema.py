"""What msgspec finds wrong with a JSON file becomes one sentence with the key, its value, and what it must be."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from msm.config.schema import Count, Number, Text, check
from msm.errors import InputError


class Part(Struct, forbid_unknown_fields=True):
    name: Text
    size: Annotated[int, Meta(ge=1, description="a width")] = 1


class Whole(Struct):
    kind: Literal["flat", "ivf"]
    rows: Count
    parts: list[Part]
    scores: dict[str, Number] = {}
    best: Part | None = None
    note: str = ""
    choice: str | list[int] | None = None
    labels: Annotated[str | list[float] | dict[str, Count], Meta(description="labels")] = ""
    span: tuple[int, str] | Part | None = None


GOOD = {"kind": "flat", "rows": 2, "parts": [{"name": "a"}], "scores": {"x": 1}, "best": None}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"rows": -3}, "rows is -3, but must be a whole number from 0 on"),
        ({"rows": 2.0}, "rows is 2.0, but must be a whole number from 0 on"),
        ({"rows": True}, "rows is True, but must be a whole number from 0 on"),
        ({"kind": "tree"}, "kind is 'tree', but must be one of flat, ivf"),
        ({"parts": 4}, "parts is 4, but must be a list"),
        ({"parts": [{"name": "a"}, {}]}, "parts[1].name is missing"),
        ({"parts": [{"name": "", "size": 1}]}, "parts[0].name is '', but must be text"),
        ({"parts": [{"name": "a", "size": 0}]}, "parts[0].size is 0, but must be a width"),
        ({"parts": [{"name": "a", "colour": 1}]}, "parts[0].colour is not a known key"),
        ({"parts": ["a"]}, "parts[0] is 'a', but must be an object"),
        ({"scores": {"x": 1.0, "y": "high"}}, "scores.y is 'high', but must be a number"),
        ({"scores": {"x": float("nan")}}, "scores.x is nan, but must be a number"),
        ({"scores": {"x": 10**400}}, f"scores.x is {10**400}, but must be a number"),
        ({"best": 3}, "best is 3, but must be an object or null"),
        ({"best": {"name": 3}}, "best.name is 3, but must be text"),
        ({"note": None}, "note is None, but must be text"),
        ({"choice": [1, "a"]}, "choice[1] is 'a', but must be a whole number"),
        ({"labels": [1.0, "a"]}, "labels[1] is 'a', but must be a number"),
        ({"labels": {"x": -1}}, "labels.x is -1, but must be a whole number from 0 on"),
        ({"labels": None}, "labels is None, but must be labels"),
        ({"span": [1, 2]}, "span[1] is 2, but must be text"),
        ({"span": {"name": 2}}, "span.name is 2, but must be text"),
    ],
)
def test_the_sentence_names_the_key_the_value_and_what_it_must_be(changes, expected):
    with pytest.raises(InputError) as refused:
        check(Whole, {**GOOD, **changes}, "index.json")
    assert str(refused.value) == str(InputError(f"index.json: {expected}"))


def test_a_missing_key_and_a_file_that_holds_no_object_are_named():
    with pytest.raises(InputError, match=r"^index\.json: rows is missing$"):
        check(Whole, {k: v for k, v in GOOD.items() if k != "rows"}, "index.json")
    with pytest.raises(InputError, match="the content is 3, but must be an object"):
        check(Whole, 3, "index.json")


def test_what_fits_is_returned_as_the_struct():
    whole = check(Whole, {**GOOD, "more": 1}, "index.json")
    assert whole.parts[0] == Part(name="a") and whole.scores == {"x": 1.0}
