"""Tasks as figures: the inputs of a probe side by side, and the score by the number of labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.formatting import escape_plotly
from workbench.views.line_ends import End, label_ends, legend_above
from workbench.views.tasks.tables import INPUTS, MEASURES, best_input, tasks_table

MARKS = {  # kind of embedding → (colour, symbol)
    "raw": (palette.OTHER, "diamond"),
    "neighbours": (palette.BASELINE, "diamond"),
    "alone": (palette.MODEL, "circle-open"),
    "contextual": (palette.MODEL, "circle"),
}
DASHES = {"raw": "dot", "neighbours": "dash", "alone": "dot", "contextual": "solid"}
ROW_PX, CURVE_PX = 46, 320


def tasks_figure(report: dict[str, Any], probe: str) -> go.Figure:
    """Plot a row a label: each input of one probe as a point, chance as a tick, whiskers of 95 % over titles.

    report  of msm.evaluation.tasks.report; probe: linear, attentive or retrieval
    """
    table = tasks_table(report)
    table = table[table["probe"] == probe]
    labels = list(dict.fromkeys(table["label"]))
    wide = table.pivot_table(index="label", columns="column", values="value", sort=False).reindex(labels)
    y = np.arange(len(labels))
    figure = go.Figure(_gaps(wide, y, best_input(report)))
    tick = {"symbol": "line-ns", "size": 14, "line": {"width": 2, "color": palette.OTHER}}
    figure.add_trace(_points(wide["chance"], y, labels, "chance", tick, None))
    for kind in report["inputs"]:
        color, symbol = MARKS[kind]
        mark = {"symbol": symbol, "size": 11, "color": color, "line": {"color": color, "width": 2}}
        figure.add_trace(_points(wide[kind], y, labels, INPUTS[kind], mark, _whiskers(table, labels, kind, report)))
    figure.update_layout(
        template="none",
        height=ROW_PX * len(labels) + 116,
        margin={"l": 8, "r": 16, "t": 34, "b": 48},
        legend=legend_above(),
    )
    low = min(0.0, float(np.nanmin(wide.to_numpy())))
    measures = ", ".join(dict.fromkeys(MEASURES[m] for m in table["measure"]))
    figure.update_xaxes(title=measures, range=[low - 0.02, 1.03], zeroline=False)
    figure.update_yaxes(
        tickvals=y, ticktext=[escape_plotly(t) for t in labels], range=[len(labels) - 0.4, -0.6], automargin=True,
        ticksuffix="  ", showgrid=False, zeroline=False,
    )  # fmt: skip
    return figure


def _points(
    values: pd.Series, y: np.ndarray, labels: list[str], name: str, mark: dict, whiskers: dict | None
) -> go.Scatter:
    return go.Scatter(
        x=values.round(4), y=y, mode="markers", name=name, marker=mark, error_x=whiskers, cliponaxis=False,
        customdata=[escape_plotly(t) for t in labels],
        hovertemplate="%{customdata}: %{x:.3f}<extra>" + name + "</extra>",
    )  # fmt: skip


def _gaps(wide: pd.DataFrame, y: np.ndarray, best: str) -> list[go.Scatter]:
    """Lines from the shot to what it is compared with: blue where that is better, grey where not."""
    lines = []
    for better, color in ((True, palette.MODEL if best == "contextual" else palette.BASELINE), (False, palette.OTHER)):
        rows = (wide[best] > wide["raw"]).to_numpy() == better
        gap = np.full(int(rows.sum()), np.nan)
        xs = np.stack([wide["raw"].to_numpy()[rows], wide[best].to_numpy()[rows], gap], axis=1).ravel()
        ys = np.stack([y[rows], y[rows], gap], axis=1).ravel()
        line = {"color": color, "width": 4}
        lines.append(go.Scatter(x=xs, y=ys, mode="lines", line=line, opacity=0.3, hoverinfo="skip", showlegend=False))
    return lines


def _whiskers(table: pd.DataFrame, labels: list[str], kind: str, report: dict[str, Any]) -> dict | None:
    """Error bars of the input that the others are compared with: four on one line could not be distinguished."""
    if kind != best_input(report):
        return None
    rows = table[table["column"] == kind].set_index("label").reindex(labels)
    up, down = (rows["high"] - rows["value"]).clip(lower=0), (rows["value"] - rows["low"]).clip(lower=0)
    return {"type": "data", "array": up, "arrayminus": down, "color": MARKS[kind][0], "thickness": 1, "width": 0}


def spread_of(point: dict[str, Any]) -> dict[str, float]:
    """The interval by title of a point of a curve; of an older report, or of too few titles, its worst and best draw."""
    return point.get("interval") or point


def curve_figure(task: dict[str, Any]) -> go.Figure:
    """Plot the score of linear probes by the number of labels, a line an input; the band is the interval by title of the last one.

    task  an entry of a report, with `curve`
    """
    curve = task["curve"]
    sizes, figure, ends = curve["sizes"], go.Figure(), []
    best = "contextual" if "contextual" in curve["columns"] else "neighbours"
    band = [spread_of(p) for p in curve["columns"][best]]
    figure.add_trace(
        go.Scatter(
            x=[*sizes, *sizes[::-1]], y=[*(p["high"] for p in band), *(p["low"] for p in band[::-1])], fill="toself",
            fillcolor=MARKS[best][0], opacity=0.12, line={"width": 0}, mode="lines", hoverinfo="skip", showlegend=False,
        )
    )  # fmt: skip
    for kind, points in curve["columns"].items():
        color, means = MARKS[kind][0], [round(p["mean"], 4) for p in points]
        spreads = [f"{s['low']:.3f} to {s['high']:.3f}" for s in map(spread_of, points)]
        figure.add_trace(
            go.Scatter(
                x=sizes, y=means, mode="lines+markers", name=INPUTS[kind], cliponaxis=False,
                line={"color": color, "width": 2.5, "dash": DASHES[kind]}, marker={"size": 6},
                customdata=spreads, hovertemplate="%{x} labels: %{y:.3f} (%{customdata})<extra>" + INPUTS[kind] + "</extra>",
            )
        )  # fmt: skip
        ends.append(End(None, means[-1], INPUTS[kind], color))
    label_ends(figure, ends, sizes[-1], CURVE_PX)
    figure.update_layout(
        template="none", height=CURVE_PX, margin={"l": 56, "r": 170, "t": 16, "b": 48}, showlegend=False
    )
    figure.update_xaxes(
        title="labels that the probe is given", type="log", tickvals=sizes, zeroline=False, showgrid=False
    )
    figure.update_yaxes(title=MEASURES[curve["measure"]], zeroline=False, nticks=6)
    return figure
