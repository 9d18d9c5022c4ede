"""Tables of docs/findings.md: ablations, `neighbour` on each real set, scaling curves."""

from __future__ import annotations

import json
import re
from statistics import mean
from typing import Any

from benchmarks.figures.results import ABLATIONS, SETS, best_baseline, read, read_json
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe

EARLIER = ", earlier form"  # of a row whose preset has changed since
HEADS = {
    "cells": " | test | difference to the base (95 %) | answer | median rank | validation",
    "current": "set | training shots | test titles | best baseline | its rank | `mediafm`, larger budget | its rank | `neighbour` "
    "| its rank | lead of `neighbour` (95 %)",
    "parts": "set | hidden | `known_modalities` | `neighbour` | its lead | 95 % over titles, each training",
}


def header(cells: str) -> list[str]:
    return [f"| {cells} |".replace("|  |", "| |"), "| --- " * (cells.count("|") + 1) + "|"]


def interval(found: dict[str, float], mean: str = "difference") -> str:
    """A difference with its 95 % interval."""
    return f"{found[mean]:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"


def ablation(*names: str) -> str:
    """The commands of an ablation and a row for each cell, the best first.

    Further names are ablations with the same base; their cells take the place of those of the same name.
    """
    tables = [read_json(ABLATIONS / f"{name}.json") for name in names]
    split, base = tables[0]["split"], tables[0]["base"]
    cells = {cell["name"]: cell for table in tables for cell in table["cells"] if cell.get(split)}
    done = sorted(cells.values(), key=lambda c: -c[split]["centred_cosine"])
    measured_on = names[0].partition("-")[2]
    baseline = best_baseline(measured_on) if measured_on in SETS else done[0][split]["best_baseline"]
    last = f"| best baseline | {baseline['centred_cosine']:.3f} | | | {baseline['median_rank']:.1%} | |"
    rows = [cell_row(cell, split, base) for cell in done]
    asked = dict.fromkeys(command for table in tables for command in commands(table))
    return "\n".join([*asked, "", *header(HEADS["cells"]), *rows, last])


def cell_row(cell: dict[str, Any], split: str, base: dict[str, Any]) -> str:
    measured, versus = cell[split], cell.get("vs_base")
    earlier = EARLIER if versus and is_earlier(cell, base) else ""
    name = f"`{cell['name']}`{earlier}" if versus else f"`{base['recipe']}` (base)"
    difference, answer = (interval(versus), versus["answer"]) if versus else ("–", "–")
    return (
        f"| {name} | {measured['centred_cosine']:.3f} | {difference} | {answer} "
        f"| {measured['median_rank']:.1%} | {cell['validation']['centred_cosine']:.3f} |"
    )


def is_earlier(cell: dict[str, Any], base: dict[str, Any]) -> bool:
    """Whether the preset of a cell has changed since it was trained, so that its command trains another recipe today."""
    changes = {key: value for key, value in cell["changes"].items() if key != "recipe"}
    settings = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in changes.items()]
    now = preset(cell["changes"].get("recipe", base["recipe"])).with_settings([*base["settings"], *settings])
    return Recipe.from_dict(cell["recipe"]) != now


def commands(table: dict[str, Any]) -> list[str]:
    """The commands that train every cell with all seeds, whatever the seeds of the commands that were given."""
    seeds = f"--seeds {table['seeds']}"
    return [f"    {c}" for c in dict.fromkeys(re.sub(r"--seeds \d+", seeds, c) for c in table["commands"])]


def current() -> str:
    """The command, and a row for each real set: kriging, `mediafm` at its larger budget, `neighbour`, its lead over titles and trainings."""
    found = dict(read("current"))
    command = found.pop("command")
    return "\n".join([f"    {command}", "", *header(HEADS["current"]), *(current_row(n, e) for n, e in found.items())])


def current_row(name: str, found: dict[str, Any]) -> str:
    own, pairs = found["neighbour"], (found["baseline"], found["mediafm"])
    others = " | ".join(f"{p['centred_cosine']:.3f} | {p['median_rank']:.1%}" if p else "– | –" for p in pairs)
    return (
        f"| {name} | {found['train_shots']:,} | {found['num_titles']} | {others} "
        f"| **{own['centred_cosine']:.3f}** | {own['median_rank']:.1%} | {interval(found['lead'])} |"
    )


def parts() -> str:
    """A row for each modality of a real set, hidden alone: the baseline that is told the rest, `neighbour`, and its lead."""
    rows = [
        part_row(n, part, e)
        for n, found in read("current").items()
        if n != "command"
        for part, e in found["by_part"].items()
    ]
    return "\n".join([*header(HEADS["parts"]), *rows])


def part_row(name: str, part: str, found: dict[str, Any]) -> str:
    intervals = ", ".join(f"{d['low']:+.3f} to {d['high']:+.3f}" for d in found["of_each"])
    return (
        f"| {name} | {part} | {found['baseline']:.3f} | {found['neighbour']:.3f} | {found['lead']:+.3f} | {intervals} |"
    )


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
