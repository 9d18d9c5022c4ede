"""What-if comparisons: two fill-ins of the same hidden shots, and the score by the amount of visible context."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from msm import baselines
from workbench.views import palette
from workbench.views.fill_in.verdict import FEW, LEAST_GAP, clear_difference, moments
from workbench.views.formatting import count, number, percent

HEIGHT = 300


def pair_sentence(table: pd.DataFrame, other: pd.DataFrame, name: str, other_name: str) -> str:
    """Which of two fill-ins of the same hidden shots is better, as a sentence.

    table, other  a row a hidden shot, the same shots: shot, centred_cosine
    name          of the first predictor, e.g. "the run mediafm"; other_name of the second
    """
    gap = table["centred_cosine"] - other["centred_cosine"]
    mean, other_mean = float(table["centred_cosine"].mean()), float(other["centred_cosine"].mean())
    numbers = f"({number(mean)} against {number(other_mean)})"
    moment = moments(table["shot"])
    hidden = count(len(table), "hidden shot")
    if len(np.unique(moment)) < FEW:
        if abs(mean - other_mean) < LEAST_GAP:
            return f"{_upper(name)} and {other_name} came equally near {numbers}; {hidden} are too few to measure."
        better, worse = (name, other_name) if mean > other_mean else (other_name, name)
        numbers = f"({number(max(mean, other_mean))} against {number(min(mean, other_mean))})"
        return f"{_upper(better)} came nearer than {worse} {numbers}, but {hidden} are too few to measure."
    sign = clear_difference(gap, moment)
    if not sign:
        return f"No difference to speak of between {name} and {other_name} on {hidden} {numbers}."
    better, worse = (name, other_name) if sign > 0 else (other_name, name)
    numbers = f"({number(max(mean, other_mean))} against {number(min(mean, other_mean))})"
    return f"{_upper(better)} comes nearer to the truth than {worse} on {hidden} {numbers}."


def context_sentence(table: pd.DataFrame) -> str:
    """How many visible shots on each side the model needs for its full score.

    table  a row a reach: reach, centred_cosine, the last row has the widest context
    """
    last = table.iloc[-1]
    enough = table[table["centred_cosine"] >= last["centred_cosine"] - LEAST_GAP].iloc[0]
    shots = count(int(enough["reach"]), "visible shot")
    if enough["reach"] >= last["reach"]:
        return f"The model is still gaining with {shots} on each side: {_climb(table)}."
    return f"With {shots} on each side the model comes as near as with all that it could see: {_climb(table)}."


def context_figure(table: pd.DataFrame) -> go.Figure:
    """Plot model and best baseline over the number of visible shots on each side, with the skill at each point.

    table  a row a reach: reach, centred_cosine, best_baseline, best_baseline_name, skill
    """
    x = [str(r) for r in table["reach"]]
    best = [baselines.term(n) for n in table["best_baseline_name"]]
    figure = go.Figure(
        [
            _line(x, table["best_baseline"], palette.BASELINE, best, "diamond-open"),
            _line(x, table["centred_cosine"], palette.MODEL, ["Model"] * len(x), "circle"),
        ]
    )
    names = (
        f"<span style='color:{palette.MODEL}'>● Model</span>    "
        f"<span style='color:{palette.BASELINE}'>◇ Best baseline from the same shots</span>"
    )
    notes = [_note(names, 0, 1, xref="paper", yref="paper", xanchor="left", font={"size": 14})]
    top = table[["centred_cosine", "best_baseline"]].max(axis=1)
    for place, (height, skill) in enumerate(zip(top, table["skill"], strict=True)):
        text = f"skill {percent(skill)}"
        notes.append(_note(text, place, float(height), yshift=10, font={"size": 12}))
    figure.update_layout(
        template="none",
        height=HEIGHT,
        margin={"l": 56, "r": 12, "t": 34, "b": 44},
        showlegend=False,
        annotations=notes,
    )
    figure.update_xaxes(title="visible shots on each side", type="category")
    figure.update_yaxes(
        title="centred cosine to the real shot", range=[min(0.0, float(top.min()) - 0.05), 1], zeroline=True
    )
    return figure


def _line(x: list[str], y: pd.Series, colour: str, names: list[str], symbol: str) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y.round(4),
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"symbol": symbol, "size": 9},
        customdata=names,
        hovertemplate="%{customdata}: %{y:.2f}<extra></extra>",
    )


def _note(text: str, x: float, y: float, **place: object) -> dict:
    return {"text": text, "x": x, "y": y, "yanchor": "bottom", "showarrow": False, **place}


def _climb(table: pd.DataFrame) -> str:
    first, last = float(table["centred_cosine"].iloc[0]), float(table["centred_cosine"].iloc[-1])
    return f"{number(first)} with {int(table['reach'].iloc[0])}, {number(last)} with {int(table['reach'].iloc[-1])}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
