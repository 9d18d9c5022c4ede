"""The table of tasks: each label against the shot alone and against copying, won, lost or not told."""

from __future__ import annotations

from typing import Any

from benchmarks.figures.results import read

MEASURES = {"ap_macro": "macro AP", "ap": "AP", "kendall_tau": "Kendall's τ"}
COLUMNS = ("raw", "neighbours", "alone", "contextual")


def tasks() -> str:
    """The table of benchmarks/results/tasks.json, after its command."""
    found = read("tasks")
    return f"    {found['command']}\n\n{tasks_table(found)}"


def tasks_table(found: dict[str, Any]) -> str:
    head = (
        "label | measure, titles scored | chance | run | shot | shot and neighbours | model, shot alone | model, in context "
        "| context − shot (95 %) | context − neighbours (95 %)"
    )
    lines = [f"| {head} |", f"|{' --- |' * 10}"]
    for name, entry in found["tasks"].items():
        for recipe, measured in entry["runs"].items():
            lines.append(row(name, entry, recipe, measured["probes"][0]))
    return "\n".join(lines)


def row(name: str, entry: dict[str, Any], recipe: str, probe: dict[str, Any]) -> str:
    measure = probe["measure"]
    scores = [f"{probe['columns'][k][measure]:.3f}" for k in COLUMNS]
    data, label = name.split("/")
    number, how = entry["num_titles"], entry["scored_on"]
    where = how if how == "test titles" else f"titles in {how.removesuffix(' of titles')}"
    about = f"{MEASURES[measure]}, {number} {where}"
    spreads = [told(probe["differences"][f"contextual - {k}"]) for k in ("raw", "neighbours")]
    chance = f"{probe['chance'][measure]:.3f}"
    return (
        f"| {data}: {label.replace('_', ' ')} | {about} | {chance} | `{recipe}` | {' | '.join([*scores, *spreads])} |"
    )


def told(difference: dict[str, Any]) -> str:
    """The difference with its interval, and the verdict in bold where there is one."""
    spread = f" ({difference['low']:+.3f} to {difference['high']:+.3f})" if "low" in difference else ""
    verdict = difference["verdict"]
    return f"{difference['mean']:+.3f}{spread}: {verdict if verdict == 'not told' else f'**{verdict}**'}"
