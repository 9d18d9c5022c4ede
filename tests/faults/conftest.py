"""What the fault tests have to tell at the end: kills survived, inputs tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

Count = Callable[[str, int], None]


@pytest.fixture
def count(record_property) -> Count:
    """`count("kills survived", 2)`: the sums of all tests stand under the last line of pytest."""
    return lambda what, number: record_property(f"count: {what}", number)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    sums: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, number in report.user_properties:
                    if name.startswith("count: "):
                        sums[name.removeprefix("count: ")] += int(number)
    if sums:
        terminalreporter.section("faults")
        for what, number in sums.items():
            terminalreporter.write_line(f"{number:8,} {what}")
