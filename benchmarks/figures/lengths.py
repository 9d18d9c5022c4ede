"""The tables of what the lengths of shots tell: a table a set, a row a predictor, a column a way of hiding."""

from __future__ import annotations

from typing import Any

from benchmarks.figures.results import read


def lengths() -> str:
    """The tables of benchmarks/results/lengths.json, after their command."""
    found = read("lengths")
    return f"    {found['command']}\n\n{lengths_tables(found)}"


def lengths_tables(document: dict[str, Any]) -> str:
    """The tables alone, in the order of the sets."""
    lines: list[str] = []
    for name, ways in document["sets"].items():
        first = next(iter(ways.values()))
        lines += [f"| {name} | {' | '.join(ways)} |", f"| --- |{' --- |' * len(ways)}"]
        for what in (k for k in first if k != "gain"):
            cells = (f"{m[what]['mean']:.3f}" for m in ways.values())
            lines.append(f"| {what} | {' | '.join(cells)} |")
        for what in first["gain"]:
            cells = (_gain(m["gain"][what]) for m in ways.values())
            lines.append(f"| {what.replace(' - ', ' over ')} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def _gain(found: dict[str, Any]) -> str:
    interval = "" if found.get("low") is None else f" ({found['low']:+.3f} to {found['high']:+.3f})"
    return f"{found['mean']:+.3f}{interval}"
