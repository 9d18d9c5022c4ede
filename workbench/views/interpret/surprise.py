"""The surprise curve: the distance between each shot and its prediction, with scene starts and peaks marked."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from msm import baselines
from msm.interpret.surprise import PeaksAtScenes
from workbench.views import palette
from workbench.views.fill_in.timeline import time_ticks
from workbench.views.formatting import clock, number
from workbench.views.line_ends import legend_above

HEIGHT = 260
MANY = 1000  # shots above which a curve is drawn by WebGL


def surprise_figure(table: pd.DataFrame, peaks: np.ndarray, *, duration_s: float = math.nan) -> go.Figure:
    """Plot the surprise of the model and of a baseline over the film; a dotted line where a scene starts, a ring on each peak.

    table   columns shot, start_s, surprise, copy_surprise, baseline, starts_scene (None where unknown)
    peaks   shots to mark
    """
    timed = bool(table["start_s"].notna().all())
    x = table["start_s" if timed else "shot"].to_numpy(dtype=float)
    line = go.Scattergl if len(table) > MANY else go.Scatter
    baseline = baselines.best_label(str(table["baseline"].iloc[0]))
    hover = "shot %{customdata}: %{y:.2f}"
    figure = go.Figure(
        [
            line(
                x=x,
                y=table["copy_surprise"].round(4),
                mode="lines",
                line={"color": palette.BASELINE, "width": 1},
                opacity=0.6,
                name=baseline,
                customdata=table["shot"],
                hovertemplate=f"{hover}<extra>{baseline}</extra>",
            ),
            line(
                x=x,
                y=table["surprise"].round(4),
                mode="lines",
                line={"color": palette.MODEL, "width": 2.5},
                name="Model",
                customdata=table["shot"],
                hovertemplate=f"{hover}<extra>model</extra>",
            ),
            go.Scatter(
                x=x[peaks],
                y=table["surprise"].to_numpy()[peaks],
                mode="markers",
                marker={"size": 11, "color": "rgba(0,0,0,0)", "line": {"color": palette.MODEL, "width": 2.5}},
                hoverinfo="skip",
                showlegend=False,
            ),
        ]
    )
    high = float(np.nanmax(table[["surprise", "copy_surprise"]].to_numpy())) + 0.08
    starts = x[table["starts_scene"].fillna(False).to_numpy(dtype=bool)]
    figure.add_trace(_ticks(starts, high))
    figure.update_layout(
        template="none",
        height=HEIGHT,
        margin={"l": 56, "r": 12, "t": 30, "b": 44},
        legend={**legend_above(), "traceorder": "reversed"},
        hovermode="x",
    )
    figure.update_yaxes(title="surprise", range=[0, high], zeroline=True)
    figure.update_xaxes(**_x_axis(x, duration_s, timed))
    return figure


def _ticks(starts: np.ndarray, high: float) -> go.Scatter:
    """One trace for all the vertical lines."""
    gap = np.full(len(starts), np.nan)
    xs = np.stack([starts, starts, gap], axis=1).ravel()
    ys = np.tile([0.0, high, np.nan], len(starts))
    line = {"color": palette.HIDDEN, "width": 1, "dash": "dot"}
    name, is_there = "a scene starts", len(starts) > 0
    return go.Scatter(
        x=xs, y=ys, mode="lines", line=line, opacity=0.7, hoverinfo="skip", name=name, showlegend=is_there
    )


def _x_axis(x: np.ndarray, duration_s: float, timed: bool) -> dict:
    if not timed:
        return {"title": {"text": "shot"}, "range": [-0.5, len(x) - 0.5]}
    end = duration_s if math.isfinite(duration_s) else float(x.max())
    ticks = time_ticks(end)
    unit = "mm:ss" if end < 3600 else "h:mm:ss"
    labels = [clock(t) for t in ticks]
    return {"title": {"text": f"time in the title ({unit})"}, "range": [0, end], "tickvals": ticks, "ticktext": labels}


def surprise_sentence(found: PeaksAtScenes | None, table: pd.DataFrame) -> str:
    """How many peaks stand at a change of scene, before or after the cut; without scene labels, where the highest peak is."""
    if found is None:
        top = table.loc[table["shot"] > 0].nlargest(1, "surprise").iloc[0]
        where = clock(float(top["start_s"])) or f"shot {int(top['shot'])}"
        return f"The model is most surprised at {where}."
    if found.count == 1:
        stands = "stands" if found.beside else "does not stand"
        return f"The most surprising shot {stands} at the change of scene."
    shares = f"{found.beside} of the {found.count} most surprising shots stand at a change of scene"
    return (
        f"{shares}, where a blind pick would put {number(found.beside_by_chance, 1)}; {found.opening} of them open one."
    )


def how_sentence(
    passes: int, num_shots: int, *, exact: bool, rho: float | None = None, faster: float | None = None
) -> str:
    """How the curve was computed; with both forms computed, how far they agree."""
    if exact and rho is not None:
        times = f", {faster:.0f} times faster" if faster else ""
        return f"Exact: every shot hidden alone. The fast form ranks the shots nearly alike (Spearman {number(rho)}{times})."
    if exact:
        return "Exact: every shot hidden alone."
    return f"Fast form: every {passes}th shot hidden together, {passes} passes instead of {num_shots}."
