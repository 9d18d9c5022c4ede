"""The model compared with every baseline over many titles, as a table, a figure and a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from msm import baselines
from workbench.views import palette
from workbench.views.formatting import number

CLEAR = 0.01  # centred cosine; smaller differences are called a draw


def comparison_table(evaluation: dict[str, Any]) -> pd.DataFrame:
    """A row a predictor, best first: name, label, kind (model | best | other), centred_cosine, cosine, median_rank.

    evaluation  the content of evaluation.json
    """
    entries = {"model": evaluation, **evaluation["baselines"]}
    rows = [
        {"name": name, "label": "Model" if name == "model" else baselines.term(name)}
        | {k: np.nan if e.get(k) is None else float(e[k]) for k in ("centred_cosine", "cosine", "median_rank")}
        for name, e in entries.items()
    ]
    table = pd.DataFrame(rows).sort_values("centred_cosine", ascending=False, ignore_index=True)
    best = table.loc[table["name"] != "model", "name"].iloc[0]
    kinds = {"model": "model", best: "best"}
    return table.assign(kind=[kinds.get(name, "other") for name in table["name"]])


def comparison_figure(table: pd.DataFrame) -> go.Figure:
    """Plot a bar a predictor, the best on top, with its centred cosine at the end.

    table  columns label, kind, centred_cosine, best first
    """
    colors = {"model": palette.MODEL, "best": palette.BASELINE, "other": palette.OTHER}
    bars = go.Bar(
        x=table["centred_cosine"].round(4),
        y=table["label"],
        orientation="h",
        name="predictors",
        marker={"color": [colors[k] for k in table["kind"]]},
        text=[number(c) for c in table["centred_cosine"]],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure = go.Figure(bars)
    low = min(0.0, float(table["centred_cosine"].min()))
    figure.update_layout(
        template="none", height=40 * len(table) + 60, margin={"l": 8, "r": 40, "t": 8, "b": 44}, bargap=0.45
    )
    figure.update_xaxes(title="centred cosine (1 = restored exactly)", range=[low, 1])
    figure.update_yaxes(autorange="reversed", automargin=True, ticksuffix="  ", showgrid=False)
    return figure


def comparison_sentence(evaluation: dict[str, Any]) -> str:
    """Whether the model or the best baseline is better on average."""
    best = str(evaluation["best_baseline"])
    model, baseline = float(evaluation["centred_cosine"]), float(evaluation["baselines"][best]["centred_cosine"])
    deed, numbers = baselines.action(best), f"({number(max(model, baseline))} against {number(min(model, baseline))})"
    if abs(model - baseline) < CLEAR:
        return f"Over all these titles the model comes about as near to the truth as {deed}, no nearer {numbers}."
    if model > baseline:
        return f"Over all these titles the model comes nearer to the truth than {deed}, the best of the baselines {numbers}."
    return (
        f"Over all these titles {deed} comes nearer to the truth than the model {numbers}: here it is better to copy."
    )
