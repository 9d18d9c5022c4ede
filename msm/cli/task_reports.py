"""The report of `msm probe` as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msm.cli.tables import text_table

MEASURES = {
    "ap_macro": "AP, mean of classes",
    "ap": "AP",
    "kendall_tau": "Kendall's tau",
    "map": "mAP",
}
INPUTS = {
    "raw": "shot",
    "neighbours": "shot + neighbours",
    "alone": "model, shot alone",
    "contextual": "model, in context",
}


def tasks_as_text(report: dict[str, Any], saved: Path | None) -> str:
    """A table with a line a probe, the labels that context saves, and what was left out."""
    inputs = report["inputs"]
    rows, after = [], []
    for task in report["tasks"]:
        if "skipped" in task:
            after.append(task["skipped"])
            continue
        for probe in task["probes"]:
            if "skipped" in probe:
                after.append(probe["skipped"])
                continue
            measure = probe["measure"]
            difference = next(iter(probe["differences"].values()))
            rows.append(
                [task["label"], task["of"], probe["probe"], MEASURES[measure], f"{probe['chance'][measure]:.3f}"]
                + [f"{probe['columns'][k][measure]:.3f}" for k in inputs]
                + [_spread(difference), difference["verdict"]]
            )
        after += _about(task)
    labels = report["labels"]
    against = "in context - shot" if "contextual" in inputs else "neighbours - shot"
    header = ["label", "of", "probe", "measure", "chance", *(INPUTS[k] for k in inputs), f"{against} (95 %)", ""]
    lines = [text_table(header, rows)] if rows else []
    lines += ["", *dict.fromkeys(after)]
    if labels["unplaced"]:
        lines += [f"{labels['unplaced']} of {labels['marks']} marks have no place in the catalog:"]
        lines += [f"  {p}" for p in labels["problems"]]
    return "\n".join([*lines, *([f"saved as {saved}"] if saved else [])])


def _spread(difference: dict[str, Any]) -> str:
    if "low" not in difference:
        return f"{difference['mean']:+.3f}"
    return f"{difference['mean']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f})"


def _about(task: dict[str, Any]) -> list[str]:
    """What a task was scored on, and the labels that the context saves."""
    sentence = (
        f"{task['label']}: scored on {task['num_scored']} examples of {task['num_titles']} titles ({task['scored_on']})"
    )
    if task["few_titles"]:
        sentence += "; so few titles make intervals too narrow"
    lines = [sentence + "."]
    lines += _curve(task)
    found = [s for s in task.get("curve", {}).get("savings", []) if "raw" in s["needs"]]
    if found:
        most = task["curve"]["sizes"][-1]
        halfway = found[len(found) // 2]
        needs = halfway["needs"]["raw"]
        told = f"about {needs}" if needs is not None else f"more than {most}"
        lines.append(
            f"{task['label']}: with {halfway['labels']} labels in context, the shot alone needs {told} for the same score."
        )
    return lines


def _curve(task: dict[str, Any]) -> list[str]:
    """The few-shot curve as a table, a line a number of labels, with the interval by title of each point."""
    if not (curve := task.get("curve")):
        return []
    columns = curve["columns"]
    rows = [[str(size), *(_point(columns[k][i]) for k in columns)] for i, size in enumerate(curve["sizes"])]
    header = ["labels", *(INPUTS[k] for k in columns)]
    return [
        f"{task['label']}: {MEASURES[curve['measure']]} by the number of labels, with the interval over titles",
        text_table(header, rows),
    ]


def _point(point: dict[str, Any]) -> str:
    spread = point.get("interval")
    return f"{point['mean']:.3f}" + (f" ({spread['low']:.3f} to {spread['high']:.3f})" if spread else "")
