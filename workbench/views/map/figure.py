"""A map as a Plotly figure, for notebooks and for three-dimensional maps on the page."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.formatting import escape_plotly
from workbench.views.map.component_data import OTHERS, UNKNOWN

MOST_POINTS = 50_000  # more are drawn as a density, whose size does not depend on their number
DENSITY_BINS = 300
HEIGHT = 620


def map_figure(table: pd.DataFrame, values: pd.Series | None = None, *, chosen: Iterable[int] = ()) -> go.Figure:
    """Plot a point a row, coloured by a label; a density above MOST_POINTS.

    table   x, y, and z for three dimensions; title_id; optional shot
    values  of a label, a row a point: the ten most frequent have colours
    chosen  points to ring
    """
    if len(table) > MOST_POINTS and "z" not in table:
        return _styled(go.Figure([_density(table)]))
    figure = go.Figure(_traces(table, values))
    ringed = table.iloc[list(chosen)]
    if len(ringed) and "z" not in table:
        ring = {"symbol": "circle-open", "size": 11, "color": palette.MODEL, "line": {"width": 2}}
        figure.add_trace(
            go.Scattergl(x=ringed["x"], y=ringed["y"], mode="markers", marker=ring, hoverinfo="skip", name="chosen")
        )
    return _styled(figure)


def _traces(table: pd.DataFrame, values: pd.Series | None) -> list[go.Scattergl | go.Scatter3d]:
    if values is None:
        return [_points(table, "", palette.OTHER)]
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > len(palette.CATEGORIES):
        trace = _points(table, str(values.name or ""), palette.OTHER)
        bar = {"title": {"text": escape_plotly(values.name or "")}, "thickness": 12}
        trace.update(
            marker={"color": values.to_numpy(), "colorscale": list(palette.RAMP), "showscale": True, "colorbar": bar}
        )
        return [trace]
    words = values.astype(object).where(values.notna(), "").astype(str).reset_index(drop=True)
    counts = words[words != ""].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    named = list(counts.index[: len(palette.CATEGORIES)])
    rest = ~words.isin(named)
    traces = (
        [_points(table[rest.to_numpy()], OTHERS if len(counts) > len(named) else UNKNOWN, palette.OTHER)]
        if rest.any()
        else []
    )
    for value, colour in zip(named, palette.CATEGORIES, strict=False):
        traces.append(_points(table[(words == value).to_numpy()], value, colour))
    return traces


def _points(table: pd.DataFrame, name: str, colour: str) -> go.Scattergl | go.Scatter3d:
    solid = "z" in table
    rows = table.get("row", table.index)
    shot = table["shot"].astype(str) if "shot" in table else pd.Series("", index=table.index)
    custom = np.stack([rows, table["title_id"].map(escape_plotly), shot], axis=1)
    kind = go.Scatter3d if solid else go.Scattergl
    places = {axis: table[axis] for axis in ("x", "y", *(["z"] if solid else []))}
    size = (2.5 if solid else 5) if len(table) > 2000 else (4 if solid else 7)
    return kind(
        **places,
        mode="markers",
        name=escape_plotly(name),
        marker={"color": colour, "size": size, "opacity": 0.8},
        customdata=custom,
        hovertemplate="%{customdata[1]} %{customdata[2]}<extra>%{fullData.name}</extra>",
    )


def _density(table: pd.DataFrame) -> go.Heatmap:
    counts, x, y = np.histogram2d(table["x"], table["y"], bins=DENSITY_BINS)
    shown = np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan).T
    scale = list(palette.RAMP)
    bar = {"title": {"text": "points, log10"}, "thickness": 12}
    return go.Heatmap(x=x[:-1], y=y[:-1], z=shown, colorscale=scale, colorbar=bar, hoverinfo="skip")


def _styled(figure: go.Figure) -> go.Figure:
    bare = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_layout(
        template="none", height=HEIGHT, margin={"l": 0, "r": 0, "t": 0, "b": 0},
        legend={"itemsizing": "constant", "orientation": "h", "y": -0.02}, dragmode="lasso" if not _solid(figure) else "orbit",
        scene={f"{a}axis": {"title": "", "showticklabels": False} for a in "xyz"},
    )  # fmt: skip
    figure.update_xaxes(**bare)
    figure.update_yaxes(**bare, scaleanchor="x")
    return figure


def _solid(figure: go.Figure) -> bool:
    return any(isinstance(trace, go.Scatter3d) for trace in figure.data)
