"""`make test` runs the suite in parts, the second and third of them on named paths: every test is in one of them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
MAKEFILE = (REPO / "Makefile").read_text(encoding="utf-8")
LEFT_OUT = ("browser", "notebook", "alone", "tool")  # by the first part, which has no paths


def paths_of(variable: str) -> list[Path]:
    named = re.search(rf"^{variable} := (.+)$", MAKEFILE, re.MULTILINE)
    assert named, variable
    return [REPO / word for word in shlex.split(named[1])]


@pytest.mark.parametrize("marker", ["browser", "alone", "tool"])
def test_every_test_with_a_marker_stands_where_its_part_looks(marker):
    marked = [p for p in (REPO / "tests").rglob("test_*.py") if f"mark.{marker}" in p.read_text(encoding="utf-8")]
    places = paths_of(f"{marker.upper()}_TESTS")

    assert [p for p in marked if not any(p.is_relative_to(place) for place in places)] == []
    assert [place for place in places if not any(p.is_relative_to(place) for p in marked)] == []


def test_the_parts_leave_no_test_out():
    chosen = re.findall(r"\$\(PARTS\)(?: \$\(MORE\))? -m (\"[^\"]+\"|\S+)", MAKEFILE)
    first, *others = (c.strip('"') for c in chosen)

    assert first == " and ".join(f"not {name}" for name in LEFT_OUT)
    assert [name for part in others for name in part.split(" or ")] == [*LEFT_OUT]
