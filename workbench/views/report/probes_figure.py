"""Frozen probes as a figure: raw embedding, shot alone, shot in its title."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.formatting import escape_plotly
from workbench.views.report.probes import COLUMNS


def probes_figure(table: pd.DataFrame, run: str) -> go.Figure:
    """Plot a row a task: raw, alone and in the title as points, chance as a tick, error bars of 95 % over titles.

    table  columns run, task, probe, column, value, primary, low, high
    """
    chosen = table[table["primary"] & (table["run"] == run)]
    wide = chosen.pivot_table(index="task", columns="column", values="value", sort=False, observed=True)
    wide = wide.iloc[np.argsort(-(wide["contextual"] - wide["raw"]).to_numpy(), kind="stable")]
    y = np.arange(len(wide))
    figure = go.Figure(_gap_lines(wide, y))
    figure.add_trace(
        _marks(
            wide["chance"], y, "chance", {"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": palette.OTHER}}
        )
    )
    for column, (label, symbol) in COLUMNS.items():
        color = palette.OTHER if column == "raw" else palette.MODEL
        mark = {
            "symbol": symbol,
            "size": 9 if column == "raw" else 11,
            "color": color,
            "line": {"color": color, "width": 2},
        }
        figure.add_trace(_marks(wide[column], y, label, mark, _whiskers(chosen, wide.index, column)))
    names = "   ".join(
        f"<span style='color:{palette.OTHER if c == 'raw' else palette.MODEL}'>{s} {label}</span>"
        for (c, (label, _)), s in zip(COLUMNS.items(), "◆○●", strict=True)
    )
    figure.update_layout(
        template="none",
        height=34 * len(wide) + 96,
        margin={"l": 8, "r": 16, "t": 34, "b": 48},
        showlegend=False,
        annotations=[
            {
                "text": f"{names}    <span style='color:{palette.OTHER}'>| chance</span>",
                "xref": "paper",
                "yref": "paper",
            }
            | {"x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "showarrow": False, "font": {"size": 14}}
        ],
    )
    low = min(0.0, float(wide.to_numpy().min()))
    figure.update_xaxes(title=_axis(chosen), range=[low - 0.02, 1.03], zeroline=False)
    figure.update_yaxes(
        tickvals=y, ticktext=[escape_plotly(t) for t in wide.index], range=[len(wide) - 0.4, -0.6], automargin=True,
        ticksuffix="  ", showgrid=False, zeroline=False,
    )  # fmt: skip
    return figure


def _axis(chosen: pd.DataFrame) -> str:
    probes = set(chosen["probe"])
    if probes <= {"knn"}:
        return "accuracy"
    if probes <= {"retrieval"}:
        return "mean average precision"
    return "average precision (numbers: Kendall's τ)" if "number" in probes else "average precision"


def _gap_lines(wide: pd.DataFrame, y: np.ndarray) -> list[go.Scatter]:
    """Lines from raw to contextual: blue where context helps, grey where it does not."""
    lines = []
    for better, color in ((True, palette.MODEL), (False, palette.OTHER)):
        rows = (wide["contextual"] > wide["raw"]).to_numpy() == better
        gap = np.full(int(rows.sum()), np.nan)
        xs = np.stack([wide["raw"].to_numpy()[rows], wide["contextual"].to_numpy()[rows], gap], axis=1).ravel()
        line = {"color": color, "width": 3}
        lines.append(
            go.Scatter(
                x=xs,
                y=np.stack([y[rows], y[rows], gap], axis=1).ravel(),
                mode="lines",
                line=line,
                opacity=0.35,
                hoverinfo="skip",
            )
        )
    return lines


def _marks(values: pd.Series, y: np.ndarray, name: str, marker: dict, whiskers: dict | None = None) -> go.Scatter:
    return go.Scatter(
        x=values.round(4), y=y, mode="markers", name=name, marker=marker, error_x=whiskers,
        customdata=[escape_plotly(t) for t in values.index], cliponaxis=False,
        hovertemplate="%{customdata}: %{x:.3f}<extra>" + name + "</extra>",
    )  # fmt: skip


def _whiskers(chosen: pd.DataFrame, tasks: pd.Index, column: str) -> dict | None:
    """Error bars of the contextual embedding alone: three on one line could not be distinguished."""
    if column != "contextual":
        return None
    rows = chosen[chosen["column"] == column].drop_duplicates("task").set_index("task").reindex(tasks)
    up, down = (rows["high"] - rows["value"]).clip(lower=0), (rows["value"] - rows["low"]).clip(lower=0)
    return {"type": "data", "array": up, "arrayminus": down, "color": palette.MODEL, "thickness": 1, "width": 0}
