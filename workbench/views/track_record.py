"""The default recipe on several sets, trained three times on each: model against best baseline, won or lost."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.views.wording import baseline_label, number

SETS = {
    "sample": "Stories without pictures, 80 titles",
    "scene_shots": "Real films and documentaries",
    "screenplays": "Film scripts, scene by scene",
    "series": "Episodes of two series, dialogue",
}


def track_record(measured: dict[str, Any]) -> pd.DataFrame:
    """A row a set: Set, Outcome, Training shots, Model, Best baseline, which is, Difference, 95 % interval.

    measured  {"sets": {name: {"train_shots", "model": {"centred_cosine"}, "baselines": {name: {"centred_cosine"}},
              "best_baseline", "difference": {"mean", "low", "high"}}}}, as benchmarks/against_baselines.py writes it
    """
    rows = []
    for name, entry in measured.get("sets", {}).items():
        best, difference = entry["best_baseline"], entry["difference"]
        rows.append(
            {
                "Set": SETS.get(name, name),
                "Outcome": outcome(difference),
                "Training shots": entry["train_shots"],
                "Model": entry["model"]["centred_cosine"],
                "Best baseline": entry["baselines"][best]["centred_cosine"],
                "which is": baseline_label(best),
                "Difference": difference["mean"],
                "95 % interval": f"{number(difference['low'], 3)} to {number(difference['high'], 3)}",
            }
        )
    return pd.DataFrame(rows)


def outcome(difference: dict[str, float]) -> str:
    """What three trainings allow to say: the model wins or loses only where the interval excludes zero."""
    if difference["low"] > 0:
        return "the model wins"
    return "copying wins" if difference["high"] < 0 else "no difference seen"


def track_record_sentence(table: pd.DataFrame) -> str:
    """table: the columns Set and Outcome of `track_record`."""
    won, lost = (list(table.loc[table["Outcome"] == o, "Set"]) for o in ("the model wins", "copying wins"))
    parts = [f"wins on {len(won)} of {len(table)} sets" if won else "wins on none of the sets"]
    if lost:
        parts.append(f"on {len(lost)} a weighted copy of the visible shots does better")
    return f"Trained three times on each, the plain recipe {'; '.join(parts)}."
