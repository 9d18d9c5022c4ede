"""Tables of docs/findings.md: ablations, the best recipe of each real set, scaling curves."""

from __future__ import annotations

import re
from statistics import mean
from typing import Any

from benchmarks.figures.results import ABLATIONS, SETS, best_baseline, read, read_json

HEADS = {
    "best": "set | training shots | best baseline | its rank | `mediafm`, larger budget | its rank | `neighbour` | its rank "
    "| lead over the baseline (95 %) | on these very titles",
    "cells": " | test | difference to the base (95 %) | answer | median rank | validation",
}


def header(cells: str) -> list[str]:
    return [f"| {cells} |".replace("|  |", "| |"), "| --- " * (cells.count("|") + 1) + "|"]


def interval(found: dict[str, float], mean: str = "difference") -> str:
    """A difference with its 95 % interval, where it has one."""
    if found["low"] is None:
        return f"{found[mean]:+.3f}"
    return f"{found[mean]:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"


def ablation(name: str) -> str:
    """The commands of an ablation and a row for each cell, the best first."""
    table = read_json(ABLATIONS / f"{name}.json")
    split = table["split"]
    done = sorted((c for c in table["cells"] if c.get(split)), key=lambda c: -c[split]["centred_cosine"])
    measured_on = name.partition("-")[2]
    baseline = best_baseline(measured_on) if measured_on in SETS else done[0][split]["best_baseline"]
    last = f"| best baseline | {baseline['centred_cosine']:.3f} | | | {baseline['median_rank']:.1%} | |"
    rows = [cell_row(cell, split, table["base"]["recipe"]) for cell in done]
    return "\n".join([*commands(table), "", *header(HEADS["cells"]), *rows, last])


def cell_row(cell: dict[str, Any], split: str, base: str) -> str:
    measured, versus = cell[split], cell.get("vs_base")
    name = f"`{cell['name']}`" if versus else f"`{base}` (base)"
    difference, answer = (interval(versus), versus["answer"]) if versus else ("–", "–")
    return (
        f"| {name} | {measured['centred_cosine']:.3f} | {difference} | {answer} "
        f"| {measured['median_rank']:.1%} | {cell['validation']['centred_cosine']:.3f} |"
    )


def commands(table: dict[str, Any]) -> list[str]:
    """The commands that train every cell with all seeds, whatever the seeds of the commands that were given."""
    seeds = f"--seeds {table['seeds']}"
    return [f"    {c}" for c in dict.fromkeys(re.sub(r"--seeds \d+", seeds, c) for c in table["commands"])]


def best() -> str:
    """A row for each real set: the best baseline, `mediafm` at its larger budget, `neighbour`."""
    return "\n".join([*header(HEADS["best"]), *(best_row(name, read("best")[name]) for name in SETS)])


def best_row(name: str, found: dict[str, Any]) -> str:
    same = found["lead"].get("same_titles")
    same_titles = f"{same[0]:+.3f} to {same[1]:+.3f}" if same else "–"
    pairs = (found["baseline"], found["mediafm"])
    others = " | ".join(f"{p['centred_cosine']:.3f} | {p['median_rank']:.1%}" for p in pairs)
    own = found["neighbour"]
    return (
        f"| {name} | {found['train_shots']:,} | {others} | **{own['centred_cosine']:.3f}** | {own['median_rank']:.1%} "
        f"| {interval(found['lead'])} | {same_titles} |"
    )


def current() -> str:
    """The command, and a row for each real set: kriging, `neighbour` as it is now, and its lead over titles and trainings."""
    found = dict(read("current"))
    command = found.pop("command")
    head = header(
        "set | training shots | test titles | best baseline | its rank | `neighbour` | its rank | lead (95 %)"
    )
    return "\n".join([f"    {command}", "", *head, *(current_row(n, e) for n, e in found.items())])


def current_row(name: str, found: dict[str, Any]) -> str:
    pairs = (found["baseline"], found["neighbour"])
    scores = " | ".join(f"{p['centred_cosine']:.3f} | {p['median_rank']:.1%}" for p in pairs)
    return f"| {name} | {found['train_shots']:,} | {found['num_titles']} | {scores} | {interval(found['lead'])} |"


def scaling(name: str) -> str:
    """The command of a scaling curve and a row for each number of training shots, means over the seeds."""
    entry = read("scaling")["sets"][name]
    command = entry["command"].replace("CATALOG", f"catalogs/{name}")
    points = entry["points"]
    rows = [scaling_row([p for p in points if p["asked"] == n]) for n in sorted({p["asked"] for p in points})]
    head = header("training shots | best baseline | `mediafm` | `neighbour`")
    return "\n".join([f"    {command}", "", *head, *rows])


def scaling_row(points: list[dict[str, Any]]) -> str:
    def over_seeds(key: str, recipe: str = "") -> float:
        return mean(p[key] for p in points if recipe in ("", p["recipe"]))

    own = (over_seeds("centred_cosine", "mediafm"), over_seeds("centred_cosine", "neighbour"))
    best_baseline = f"{over_seeds('best_baseline'):.3f}"
    return f"| {over_seeds('train_shots'):,.0f} | {best_baseline} | {own[0]:.3f} | {own[1]:.3f} |"
