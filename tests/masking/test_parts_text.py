"""Hidden modalities of single shots as text: parsed, written, and refused where the title has no such shot."""

from __future__ import annotations

import pytest

from msm.data.ranges import MOST_NAMED
from msm.errors import InputError
from msm.masking.parts import format_parts, parse_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", {}),
        ("audio", {"audio": None}),
        ("audio:3-5", {"audio": [3, 4, 5]}),
        ("audio:3-5;video:9", {"audio": [3, 4, 5], "video": [9]}),
        ("audio:9;audio:2-3", {"audio": [2, 3, 9]}),
        ("audio:9;audio", {"audio": None}),
    ],
)
def test_the_text_names_modalities_and_their_shots(text, parts):
    assert parse_parts(text, 10) == parts
    assert parse_parts(format_parts(parts), 10) == parts


@pytest.mark.parametrize("text", ["audio:10", "audio:3-10", "audio:", ":3", "audio:x"])
def test_a_shot_that_the_title_lacks_is_refused(text):
    with pytest.raises(InputError):
        parse_parts(text, 10)


def test_the_text_has_no_spaces_so_that_it_stays_short_in_an_address():
    assert format_parts({"audio": [3, 5, 6], "video": None}) == "audio:3,5-6;video"


def test_all_parts_together_name_as_many_shots_as_a_list_may_and_not_one_more():
    half = MOST_NAMED // 2
    parts = parse_parts(f"audio:0-{half - 1};video:0-{half - 1}")
    assert sum(len(shots or ()) for shots in parts.values()) == MOST_NAMED
    with pytest.raises(InputError, match="name fewer"):
        parse_parts(f"audio:0-{half - 1};video:0-{half}")
