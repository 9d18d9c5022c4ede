"""Hidden modalities of single shots as text: parsed, written, and refused where the title has no such shot."""

from __future__ import annotations

import pytest

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
