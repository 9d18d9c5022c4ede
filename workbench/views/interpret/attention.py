"""Attention from one hidden shot by layer, described as attention and not as an explanation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.formatting import number, percent
from workbench.views.interpret.influence import film_axis, place_in_words

LOOKED_AT = "looked at"  # label of the arcs
NOT_WHY = "Attention is where the model looks, not what its answer rests on"
ROW, AROUND = 26, 56  # pixels of a layer, and of everything around the layers
LEVELS = 12  # of the colour scale


def attention_sentence(table: pd.DataFrame, starts: np.ndarray) -> str:
    """The visible shot of the highest attention, compared with uniform attention.

    table   a row a visible shot: shot, offset, attention
    starts  (N,) seconds
    """
    if not len(table) or table["attention"].sum() <= 0:
        return "There is no visible shot that the model could look at."
    best = table.loc[table["attention"].idxmax()]
    times = float(best["attention"] / table["attention"].mean())
    most = f"the model looks most at {place_in_words(best, starts)}"
    if times < 1.5:
        return f"From this hidden shot {most}, but hardly more than at any other: it looks everywhere alike."
    return f"From this hidden shot {most}: {_percent(best['attention'])} of its look, {number(times, 0)} times a visible shot’s usual share."


def attention_words(shares: Sequence[float], layer: str, rho: float | None) -> str:
    """The caption: shares of attention, and the rank correlation with leave one out.

    shares  of attention to visible shots, hidden shots, and [CLS] with [GLOBAL]
    layer   its name, "" for the mean of all layers
    rho     Spearman's correlation with leave one out over the visible shots; None where leave one out was not computed
    """
    visible, hidden, title = (_percent(share) for share in shares)
    of = layer.capitalize() if layer else "All layers"
    caption = f"{of}, mean of the heads: {visible} of the look goes to visible shots, {hidden} to hidden ones, {title} to the title’s own two tokens."
    if rho is None or not math.isfinite(rho):
        return f"{caption} {NOT_WHY}; that is what “Leave one out” asks."
    agree = (
        "hardly agree"
        if abs(rho) < 0.3
        else "disagree"
        if rho < 0
        else "agree in part"
        if rho < 0.7
        else "largely agree"
    )
    return f"{caption} {NOT_WHY}: over the visible shots here it and “Leave one out” {agree} (Spearman {number(rho)})."


def attention_figure(
    weights: np.ndarray,
    layers: Sequence[str],
    seen: np.ndarray,
    shot: int,
    starts: np.ndarray,
    *,
    duration_s: float = math.nan,
) -> go.Figure:
    """A heatmap with a row a layer over the film: the attention of one hidden shot to each visible one.

    weights  (V, L) of the visible shots `seen` (V,), the mean over the heads of each layer; hidden shots stay empty
    shot     the hidden shot
    starts   (N,) seconds
    """
    timed = bool(np.isfinite(starts).all())
    x = starts if timed else np.arange(len(starts), dtype=float)
    end = duration_s if timed and math.isfinite(duration_s) else x[-1] + 1
    share = np.full((len(layers), len(starts)), np.nan)
    share[:, seen] = weights.T
    figure = go.Figure(
        go.Heatmap(
            x=np.r_[x, max(end, x[-1] + 1e-3)],
            y=list(layers),
            z=np.sqrt(share),  # so that small shares can be distinguished
            customdata=np.broadcast_to(np.arange(len(starts)), share.shape),
            text=[[_percent(v) if np.isfinite(v) else "" for v in row] for row in share],
            hovertemplate="shot %{customdata}, %{y}: %{text}<extra></extra>",
            colorscale=_scale(),
            zmin=0,
            showscale=False,
            hoverongaps=False,
        )
    )
    right = x[shot + 1] if shot + 1 < len(x) else end
    figure.add_vrect(x[shot], right, fillcolor=palette.HIDDEN, opacity=0.8, line_width=0)
    figure.update_layout(
        template="none", height=AROUND + ROW * len(layers), margin={"l": 76, "r": 12, "t": 4, "b": 44}, showlegend=False
    )
    figure.update_xaxes(**film_axis(starts, duration_s), showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False)
    return figure


def _scale() -> list[tuple[float, str]]:
    """From transparent to the colour of the model, for light and dark pages."""
    red, green, blue = bytes.fromhex(palette.MODEL[1:])
    return [(k / LEVELS, f"rgba({red},{green},{blue},{0.04 + 0.96 * k / LEVELS:.2f})") for k in range(LEVELS + 1)]


def _percent(share: float) -> str:
    return percent(share, 0 if share >= 0.0995 or share == 0 else 1)
