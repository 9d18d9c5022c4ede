"""What the fault tests have to tell at the end: kills survived, inputs tried. tests/conftest.py adds it up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Count = Callable[[str, int], None]


@pytest.fixture
def count(record_property) -> Count:
    """`count("kills survived", 2)`: the sums of all tests stand under the last line of pytest."""
    return lambda what, number: record_property(f"count: {what}", number)
