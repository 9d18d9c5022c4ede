"""Results of recipes on several data sets, three trainings each: model against best baseline."""

from __future__ import annotations

from typing import Any

import pandas as pd

from msm import baselines
from workbench.views.formatting import count, escape_markdown, grouped, number

SETS = {
    "sample": "Stories without pictures, 80 titles",
    "scene_shots": "Real films and documentaries",
    "screenplays": "Film scripts, scene by scene",
    "series": "Episodes of two series, dialogue",
}


def track_record(measured: dict[str, Any]) -> pd.DataFrame:
    """A row a (data set, recipe): Set, Recipe, Outcome, Training shots, Model, Best baseline, which is, Difference, 95 % interval.

    measured  sets  name → {train_shots, model: {centred_cosine}, baselines: {name: {centred_cosine}}, best_baseline,
                    difference: {mean, low, high}}, of `mediafm`, as benchmarks/against_baselines.py writes it
              best  name → table of an ablation whose base is the best known recipe
    """
    rows = []
    for name, entry in measured.get("sets", {}).items():
        best = entry["best_baseline"]
        model, baseline = (e["centred_cosine"] for e in (entry["model"], entry["baselines"][best]))
        rows.append(_row(name, "mediafm", entry["train_shots"], model, baseline, best, entry["difference"]))
    for name, table in measured.get("best", {}).items():
        base = table["cells"][0]
        there, lead = base[table["split"]], base["vs_baseline"]
        best, difference = _restated(there, {**lead, "mean": lead["difference"]}, measured.get("sets", {}).get(name))
        scores = there["centred_cosine"], best["centred_cosine"]
        rows.append(
            _row(name, base["recipe"]["name"], table["catalog"]["train_shots"], *scores, best["name"], difference)
        )
    table = pd.DataFrame(rows)
    order = {label: i for i, label in enumerate(SETS.values())}
    return (
        table if table.empty else table.sort_values("Set", key=lambda s: s.map(order), kind="stable", ignore_index=True)
    )


def _restated(
    there: dict[str, Any], lead: dict[str, Any], entry: dict[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The best baseline of an ablation's base and its lead; against the best of today, without an interval, if that is better."""
    best = there["best_baseline"]
    if entry is None or entry["baselines"][entry["best_baseline"]]["centred_cosine"] <= best["centred_cosine"] + 1e-6:
        return best, lead
    today = {"name": entry["best_baseline"], **entry["baselines"][entry["best_baseline"]]}
    return today, {"mean": there["centred_cosine"] - today["centred_cosine"], "low": None, "high": None}


def _row(
    name: str, recipe: str, shots: int, model: float, baseline: float, best: str, difference: dict[str, Any]
) -> dict[str, Any]:
    low = difference["low"]
    return {
        "Set": SETS.get(name, name),
        "Recipe": recipe,
        "Outcome": outcome(difference),
        "Training shots": shots,
        "Model": model,
        "Best baseline": baseline,
        "which is": baselines.term(best),
        "Difference": difference["mean"],
        "95 % interval": "–" if low is None else f"{number(low, 3)} to {number(difference['high'], 3)}",
    }


def outcome(difference: dict[str, Any]) -> str:
    """Who wins: the model or copying only where the interval of the difference excludes zero."""
    if difference["low"] is None:
        return "not told without an interval"
    if difference["low"] > 0:
        return "the model wins"
    return "the baseline wins" if difference["high"] < 0 else "no difference seen"


def track_record_words(table: pd.DataFrame) -> pd.DataFrame:
    """`track_record` as text for display: numbers with fixed digits, Markdown escaped."""
    signs = table["Difference"].map(lambda d: "+" if d > 0 else "")
    return table.assign(
        **{c: table[c].map(lambda value: number(value, 3)) for c in ("Model", "Best baseline")},
        Difference=signs + table["Difference"].map(lambda d: number(d, 3)),
        **{"Training shots": table["Training shots"].map(grouped)},
    ).map(escape_markdown)


def track_record_sentence(table: pd.DataFrame) -> str:
    """On how many data sets each recipe wins, as a sentence.

    table  columns Recipe and Outcome of `track_record`
    """
    parts = []
    for recipe, rows in table.groupby("Recipe", sort=False):
        won, lost = ((rows["Outcome"] == o).sum() for o in ("the model wins", "the baseline wins"))
        who = "the published recipe" if recipe == "mediafm" else f"our `{recipe}`"
        tried = count(len(rows), "set")
        sentence = f"{who} wins on " + (f"all {tried}" if won == len(rows) > 1 else f"{won or 'none'} of {tried}")
        parts.append(sentence + (f", and on {lost} the best prediction without a model does better" if lost else ""))
    return f"Trained three times on each, {'; '.join(parts)}."
