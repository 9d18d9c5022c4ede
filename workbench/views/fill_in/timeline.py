"""The cosine timeline: the scores of the model and of the best baseline at each hidden shot."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from msm import baselines
from workbench.views import palette
from workbench.views.formatting import clock

MEASURES = {
    "centred_cosine": ("best_baseline", "centred cosine to the real shot"),
    "cosine": ("best_baseline_cosine", "raw cosine to the real shot"),
}
HEIGHT = 300
CROWDED = 400  # hidden shots above which the points become small


def timeline(
    table: pd.DataFrame, best_baseline_name: str, *, duration_s: float = math.nan, measure: str = "centred_cosine"
) -> go.Figure:
    """Plot two points for each hidden shot, model and best baseline, joined by a line in the colour of the better one.

    table     a row a hidden shot: shot, start_s, num_shots, and the two columns of the measure:
              centred_cosine with best_baseline, or cosine with best_baseline_cosine
    duration_s  end of the time axis; without times in the catalog the axis counts shots
    """
    baseline_column, axis_title = MEASURES[measure]
    timed = bool(len(table)) and bool(table["start_s"].notna().all())
    x = table["start_s" if timed else "shot"].to_numpy(dtype=float)
    model, baseline = table[measure].to_numpy(), table[baseline_column].to_numpy()
    figure = go.Figure(
        [
            _joins(x, model, baseline, model >= baseline, palette.MODEL),
            _joins(x, model, baseline, model < baseline, palette.BASELINE),
            _points(x, baseline, table, palette.BASELINE, baselines.best_label(best_baseline_name), "diamond-open"),
            _points(x, model, table, palette.MODEL, "Model", "circle"),
        ]
    )
    figure.update_layout(_layout(axis_title, best_baseline_name))
    figure.update_xaxes(**_x_axis(table, duration_s, timed))
    low = min([0.0, *model[np.isfinite(model)], *baseline[np.isfinite(baseline)]])
    figure.update_yaxes(range=[low - 0.05, 1.08])
    return figure


def _joins(x: np.ndarray, a: np.ndarray, b: np.ndarray, chosen: np.ndarray, color: str) -> go.Scatter:
    """One trace for all the lines of a colour: pairs of points with a gap after each."""
    gap = np.full(int(chosen.sum()), np.nan)
    xs = np.stack([x[chosen], x[chosen], gap], axis=1).ravel()
    ys = np.stack([a[chosen], b[chosen], gap], axis=1).ravel()
    return go.Scatter(x=xs, y=ys, mode="lines", line={"color": color, "width": 1.5}, opacity=0.55, hoverinfo="skip")


def _points(x: np.ndarray, y: np.ndarray, table: pd.DataFrame, color: str, name: str, symbol: str) -> go.Scatter:
    size = 8 if len(table) <= CROWDED else 4
    return go.Scatter(
        x=x,
        y=np.round(y, 4),
        mode="markers",
        name=name,
        marker={"color": color, "size": size, "symbol": symbol, "line": {"width": 1.5, "color": color}},
        customdata=table["shot"],
        hovertemplate=f"shot %{{customdata}}: %{{y:.2f}}<extra>{name}</extra>",
    )


def _layout(axis_title: str, best_baseline_name: str) -> dict:
    """The truth is a line at 1; the names of model and baseline stand above the plot in their colours, instead of a legend."""
    names = (
        f"<span style='color:{palette.MODEL}'>● Model</span>    "
        f"<span style='color:{palette.BASELINE}'>◇ {baselines.best_label(best_baseline_name)}</span>"
    )
    return {
        "template": "none",
        "height": HEIGHT,
        "margin": {"l": 56, "r": 12, "t": 30, "b": 44},
        "showlegend": False,
        "hovermode": "closest",
        "yaxis": {"title": {"text": axis_title}, "zeroline": True},
        "shapes": [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "line": {"color": palette.TRUTH}}
        ],
        "annotations": [
            _note(names, x=0, xanchor="left", y=1.0, yref="paper", font={"size": 14}),
            _note("the real shot", x=1, xanchor="right", y=1.0, yref="y", font={"color": palette.TRUTH, "size": 13}),
        ],
    }


def _note(text: str, **place: object) -> dict:
    return {"text": text, "xref": "paper", "yanchor": "bottom", "showarrow": False, **place}


def _x_axis(table: pd.DataFrame, duration_s: float, timed: bool) -> dict:
    if not timed:
        return _shot_axis(int(table["num_shots"].max()) if len(table) else 1)
    return _time_axis(duration_s if math.isfinite(duration_s) else float(table["start_s"].max()))


def _time_axis(end_s: float) -> dict:
    ticks = time_ticks(end_s)
    title = {"text": "time in the title (mm:ss)" if end_s < 3600 else "time in the title (h:mm:ss)"}
    pad = 0.01 * end_s
    return {"title": title, "range": [-pad, end_s + pad], "tickvals": ticks, "ticktext": [clock(t) for t in ticks]}


def _shot_axis(num_shots: int) -> dict:
    pad = 0.01 * num_shots
    return {"title": {"text": "shot"}, "range": [-pad - 0.5, num_shots - 0.5 + pad], "rangemode": "tozero"}


def time_ticks(end_s: float, most: int = 10) -> list[float]:
    """Round times from 0 to the end, at most `most`."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
    step = next((s for s in steps if end_s / s <= most), steps[-1])
    return [float(t) for t in range(0, int(end_s) + 1, step)]
