"""The table of runs as a page shows it, and its hyperparameters against skill as parallel coordinates.

`table` is what `msm.runs.table.runs_table` returns, or some of its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from msm.recipes.hyperparameters import hyperparameters
from msm.runs.table import varied
from workbench.views import palette
from workbench.views.ablation.sentences import hyperparameter_label, value_label
from workbench.views.run_colors import Colors

LABELS = {
    "name": "Run", "sweep": "Sweep", "recipe": "Recipe", "state": "State", "steps": "Training steps", "step": "Step", "loss": "Loss",
    "skill": "Skill", "centred_cosine": "Centred cosine", "baseline": "Best baseline", "best_baseline": "Name of the best baseline",
    "best_step": "Best step", "rankme": "Effective rank (RankMe)", "pair_cosine": "Mean pairwise cosine", "test_skill": "Test skill",
    "updated": "Last update", "tags": "Tags", "note": "Note", "archived": "Archived",
}  # fmt: skip
MARK = "●"  # heading of the column with the colour of a run
MOST_AXES = 8
_SHARES, _NUMBERS = ("skill", "test_skill"), ("centred_cosine", "baseline", "pair_cosine", "loss")


def column_label(column: str) -> str:
    """The heading of a column: a term, or the name of a hyperparameter, which is its key where it has no other."""
    return LABELS.get(column) or hyperparameter_label(column)


def all_columns(table: pd.DataFrame) -> list[str]:
    """The columns that a page offers: those with a heading, then every hyperparameter."""
    return [*LABELS, *(p.key for p in hyperparameters() if p.key in table and p.key not in LABELS)]


def shown_table(table: pd.DataFrame, columns: Sequence[str], colors: Colors) -> Any:
    """These columns with their headings, the first the colour of each run; a pandas Styler, as `st.dataframe` takes it."""
    shown = pd.DataFrame({MARK: [MARK] * len(table)})
    for column in columns:
        label = column_label(column)
        shown[label if label not in shown else f"{label} ({column})"] = _readable(table[column], column)
    marks = [f"color: {colors.get(name, palette.OTHER)}" for name in table["name"]]
    return shown.style.apply(lambda _: marks, axis=0, subset=[MARK])


def column_formats(columns: Sequence[str]) -> dict[str, str]:
    """Heading → format of the numeric columns."""
    formats = (
        dict.fromkeys(_SHARES, "%.0f %%")
        | dict.fromkeys(_NUMBERS, "%.3f")
        | dict.fromkeys(("best_step", "step", "rankme"), "%.0f")
    )
    return {column_label(column): formats[column] for column in columns if column in formats}


def _readable(values: pd.Series, column: str) -> pd.Series:
    if column == "tags":
        return values.map(" ".join)
    if column == "archived":
        return values.map({True: "archived", False: ""})
    return 100 * values if column in _SHARES else values


def axes(table: pd.DataFrame) -> list[str]:
    """The hyperparameters that `parallel_figure` draws: those in which runs with a skill differ."""
    return [key for key in varied(table[table["skill"].notna()]) if key != "seed"][:MOST_AXES]


def parallel_figure(table: pd.DataFrame) -> go.Figure:
    """Plot parallel coordinates: an axis a hyperparameter in which the runs differ, the last one their skill, a line a run.

    Lines are coloured by skill. A range dragged along an axis keeps the runs inside it.
    """
    known = table[table["skill"].notna()]
    skill = 100 * known["skill"].to_numpy(dtype=float)
    low, high = (float(skill.min()), float(skill.max())) if len(skill) else (0.0, 1.0)
    pad = max(1.0, 0.05 * (high - low))
    dimensions = [_axis(known[key], key) for key in axes(table)]
    dimensions.append(
        {"label": "Skill, %", "name": "skill", "values": skill.round(2), "range": [low - pad, high + pad]}
    )
    scale = [[i / (len(palette.RAMP) - 1), color] for i, color in enumerate(palette.RAMP)]
    line = {"color": skill, "colorscale": scale, "cmin": low - pad, "cmax": high + pad}
    figure = go.Figure(go.Parcoords(dimensions=dimensions, line=line, labelangle=-18, labelside="top"))
    figure.update_layout(
        template="none", height=340, uirevision=" ".join(axes(table)), margin={"l": 60, "r": 44, "t": 88, "b": 24}
    )
    return figure


def _axis(values: pd.Series, key: str) -> dict[str, Any]:
    """A number on its scale, logarithmic over two decades and more; words and switches at equal distances."""
    label = hyperparameter_label(key)
    named = {"label": label, "name": key}
    numbers = pd.to_numeric(values, errors="coerce") if values.dtype != bool else pd.Series(dtype=float)
    if len(numbers) and numbers.notna().all():
        least, most = float(numbers.min()), float(numbers.max())
        if least > 0 and most / least >= 100:
            ticks = sorted(set(numbers))
            logs = {"tickvals": np.log10(ticks), "ticktext": [f"{t:g}" for t in ticks]} if len(ticks) <= 8 else {}
            return {**named, "label": f"{label} (log)", "values": np.log10(numbers), **logs}
        return {**named, "values": numbers}
    words = sorted({value_label(key, value) for value in values})
    places = [words.index(value_label(key, value)) for value in values]
    return {**named, "values": places, "tickvals": list(range(len(words))), "ticktext": words}
