"""The geometry of embedding clouds over the steps of a training, as a table and a figure."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.report.figures import legend_above


def geometry_table(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a (step, cloud): step, of (contextual | predictions | truth), rankme, pair_cosine, deviation, alarm.

    lines  of metrics.jsonl
    """
    rows = []
    for line in lines:
        geometry: dict[str, Any] = (line.get("validation") or {}).get("geometry") or {}
        for cloud in (c for c in ("contextual", "predictions", "truth") if c in geometry):
            rows.append({"step": line["step"], "of": cloud, **geometry[cloud], "alarm": geometry.get("alarm")})
    return pd.DataFrame(rows, columns=["step", "of", "rankme", "pair_cosine", "deviation", "alarm"])


def geometry_figure(lines: list[dict[str, Any]], measure: str) -> go.Figure:
    """Plot one measure of geometry over training steps, for contextual embeddings, predictions and the real shots.

    lines    of metrics.jsonl
    measure  rankme, pair_cosine or deviation
    """
    table = geometry_table(lines)
    clouds = {
        "contextual": (palette.MODEL, "solid", "in its title"),
        "predictions": (palette.MODEL, "dot", "predictions"),
        "truth": (palette.TRUTH, "solid", "real shots"),
    }
    titles = {
        "rankme": "effective rank (RankMe)",
        "pair_cosine": "mean pairwise cosine",
        "deviation": "deviation of a column",
    }
    figure = go.Figure()
    for cloud, (color, dash, name) in clouds.items():
        rows = table[table["of"] == cloud]
        figure.add_trace(
            go.Scatter(
                x=rows["step"], y=rows[measure].round(4), mode="lines+markers" if len(rows) < 40 else "lines", name=name,
                line={"color": color, "dash": dash, "width": 2}, marker={"size": 6, "color": color},
                hovertemplate="step %{x}: %{y:.3g}<extra>" + name + "</extra>", cliponaxis=False,
            )
        )  # fmt: skip
    names = "   ".join(
        f"<span style='color:{c}'>{'┄' if d == 'dot' else '━'} {n}</span>" for c, d, n in clouds.values()
    )
    figure.update_layout(
        template="none", height=260, margin={"l": 56, "r": 16, "t": 46, "b": 48}, showlegend=False,
        annotations=[legend_above(names, 13)],
    )  # fmt: skip
    figure.update_xaxes(title="training step", rangemode="tozero")
    figure.update_yaxes(title=titles[measure], rangemode="tozero")
    return figure
