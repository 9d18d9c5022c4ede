"""The tables of docs/why.md, from benchmarks/results/why.json."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from benchmarks.figures.results import read


def why(part: str) -> str:
    """The table of one part, after its command."""
    found = read("why")
    return f"    {found['command']} --parts {part}\n\n{TABLES[part](found[part])}"


def context(found: dict[str, Any]) -> str:
    reaches = list(next(iter(found.values()))["neighbour"])
    gains = [f"{a} to {b}" for a, b in pairwise(reaches)]
    lines = [_head("set (shots, titles)", "title's mean", "predictor", *reaches, *(f"gain {g}" for g in gains))]
    for name, entry in found.items():
        for predictor in ("kriging", "neighbour"):
            means = [f"{entry[predictor][r]['mean']:.3f}" for r in reaches]
            spread = [_signed(entry["gain"][predictor][r]) for r in reaches[1:]]
            who = f"{name} ({entry['shots']}, {entry['titles']})"
            lines.append(_row(who, f"{entry['title mean']['mean']:.3f}", f"`{predictor}`", *means, *spread))
    return "\n".join(lines)


def metadata(found: dict[str, Any]) -> str:
    columns = ("own", "none", "another title's", "trained without")
    others = columns[1:]
    lines = [_head("set", "hidden", *columns, *(f"own − {c}" for c in others))]
    for name, ratios in found.items():
        for ratio, entry in ratios.items():
            gains = [_signed(entry["gain"][f"own - {c}"]) for c in others]
            lines.append(_row(name, ratio, *(f"{entry[c]['mean']:.3f}" for c in columns), *gains))
    return "\n".join(lines)


def call_backs(found: dict[str, Any]) -> str:
    lines = [
        _head("set, label (hidden shots, titles)", "far shots with it", "predictor", "hiding them costs", "hiding others costs", "difference")
    ]  # fmt: skip
    for name, entry in found.items():
        for predictor in ("kriging", "neighbour"):
            costs = [_signed(entry[predictor][k], digits=4) for k in ("same", "other", "same - other")]
            who = f"{name}, {entry['label']} ({entry['shots']}, {entry['titles']})"
            lines.append(_row(who, f"{entry['far_shots']:.0f}", f"`{predictor}`", *costs))
    return "\n".join(lines)


def ceiling(found: dict[str, Any]) -> str:
    kinds = ("neighbour", "scene", "4 most alike", "1 most alike")
    names = ("gain of `neighbour`", "told the scenes", "oracle: 4 shots most alike", "oracle: the shot most alike")
    lines = [_head("set", "noise, share of variance", "cosine without it", "kriging", *names)]
    for name, entry in found.items():
        noise, oracles = entry["noise"], entry["oracles"]
        gains = [_signed(oracles["gain"][k]) if k in oracles["gain"] else "–" for k in kinds]
        first = f"{noise['noise_share']:.0%}", f"{noise['ceiling']:.3f}", f"{oracles['kriging']['mean']:.3f}"
        lines.append(_row(name, *first, *gains))
    return "\n".join(lines)


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "context": context,
    "metadata": metadata,
    "call_backs": call_backs,
    "ceiling": ceiling,
}


def _head(*cells: str) -> str:
    return f"{_row(*cells)}\n|{' --- |' * len(cells)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _signed(entry: dict[str, float], digits: int = 3) -> str:
    return f"{entry['mean']:+.{digits}f} ({entry['low']:+.{digits}f} to {entry['high']:+.{digits}f})"
