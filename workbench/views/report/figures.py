"""Figures of evaluation reports.

Each takes `reports`, {name of a run: content of its evaluation.json}, the run in question first. A run by itself is blue; compared runs have
the colours of the table of runs (`colors`), without them colours in turn, and different markers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.formatting import escape_plotly, modality_label, number
from workbench.views.report.reports import PARTS, Reports
from workbench.views.report.tables import part_table, predictors_table, titles_table
from workbench.views.run_colors import Colors, Style, run_styles

COLORS = {"model": palette.MODEL, "best": palette.BASELINE, "other": palette.OTHER}
SYMBOLS = ("circle", "square", "triangle-up", "cross", "star", "hexagon")
SIGNS = ("●", "■", "▲", "✚", "★", "⬢")
OPEN_SIGNS = ("○", "□")
MOST_ROWS = 30  # titles that get a row each
LONGEST_NAME = 34


def predictors_figure(reports: Reports, *, colors: Colors | None = None) -> go.Figure:
    """Plot a row a predictor, runs first: centred cosine with its 95 % interval."""
    table = predictors_table(reports)
    y = np.arange(len(table))
    names = _run_names(reports)
    labels = [names.get(r.name, "Model") if r.kind == "model" else r.label for r in table.itertuples()]
    figure = go.Figure()
    of_runs = run_styles(reports, colors)
    marks = [of_runs[r.name].color if r.kind == "model" else COLORS[r.kind] for r in table.itertuples()]
    for i, row in enumerate(table.itertuples()):
        figure.add_shape(
            type="line", x0=0, x1=row.centred_cosine, y0=i, y1=i, opacity=0.35, line={"color": marks[i], "width": 3}
        )
        if np.isfinite(row.low):
            figure.add_shape(
                type="line", x0=row.low, x1=row.high, y0=i, y1=i, line={"color": marks[i], "width": 7}, opacity=0.45
            )
    symbols = [SYMBOLS[i % len(SYMBOLS)] for i in range(len(reports))] + ["diamond"] * (len(table) - len(reports))
    figure.add_trace(
        go.Scatter(
            x=table["centred_cosine"].round(4), y=y, mode="markers", cliponaxis=False,
            marker={"color": marks, "size": 12, "symbol": symbols},
            customdata=np.stack([table["low"], table["high"]], axis=1).round(3),
            hovertemplate="%{x:.3f} (95 %: %{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
        )
    )  # fmt: skip
    end = np.nanmax([table["high"].to_numpy(), table["centred_cosine"].to_numpy()], axis=0)
    for i, row in enumerate(table.itertuples()):
        figure.add_annotation(
            x=end[i], y=i, text=f"<b>{number(row.centred_cosine)}</b>", showarrow=False, xanchor="left", xshift=12,
            font={"color": marks[i], "size": 14},
        )  # fmt: skip
    figure.update_layout(
        template="none", height=38 * len(table) + 70, margin={"l": 8, "r": 24, "t": 8, "b": 48}, showlegend=False
    )
    low = min(0.0, float(np.nanmin([table["centred_cosine"].min(), table["low"].min()])))
    figure.update_xaxes(title="centred cosine (1 = exact)", range=[low - 0.01, 1.0], zeroline=False)
    figure.update_yaxes(
        tickvals=y, ticktext=labels, range=[len(table) - 0.5, -0.5], automargin=True, ticksuffix="  ", showgrid=False, zeroline=False,
    )  # fmt: skip
    return figure


def part_figure(reports: Reports, part: str, *, colors: Colors | None = None) -> go.Figure:
    """Plot model and best baseline by one part (distance, position, ratio, modality or part).

    The best baseline is drawn once where it is the same for all runs, otherwise one for each, with the run's marker, open. The error bars of the model are the interval of its difference to the baseline.
    """
    table = part_table(reports, part)
    places = list(dict.fromkeys(table["place"]))
    styles = run_styles(reports, colors)
    ordered = part in ("distance", "ratio")
    figure = go.Figure()
    for name, symbol, own in _best_baselines(table, reports, places):
        figure.add_trace(_line(places, own["best_baseline"], palette.BASELINE, symbol, name, ordered, own))
    for run, symbol in zip(reports, SYMBOLS * len(reports), strict=False):
        own = table[table["run"] == run].set_index("place").reindex(places)
        color = styles[run].color
        trace = _line(places, own["centred_cosine"], color, symbol, _run_names(reports)[run], ordered, own)
        spread = {"array": own["high"] - own["difference"], "arrayminus": own["difference"] - own["low"]}
        trace.update(error_y={"type": "data", "color": color, "thickness": 1.5, "width": 4, **spread})
        trace.update(line={"dash": styles[run].dash})
        figure.add_trace(trace)
    figure.update_layout(
        template="none", height=320, margin={"l": 56, "r": 16, "t": 34, "b": 52}, showlegend=False,
        annotations=[_names_above(reports, styles, apart=len(figure.data) > len(reports) + 1)],
    )  # fmt: skip
    if not ordered:
        figure.update_layout(scattermode="group", scattergap=0.7)
    pad = 0.4 if len(places) > 1 else 0.8
    names = [modality_label(p) for p in places] if part in ("modality", "part") else places
    ticks = [escape_plotly(name) for name in names]
    figure.update_xaxes(
        title=PARTS[part][1], range=[-pad, len(places) - 1 + pad], tickvals=list(range(len(places))), ticktext=ticks,
        showgrid=False, zeroline=False,
    )  # fmt: skip
    whiskers = [table["centred_cosine"] + table[end] - table["difference"] for end in ("low", "high")]
    values = np.concatenate([table["centred_cosine"], table["best_baseline"], *whiskers])
    low, top = min(0.0, float(np.nanmin(values))), float(np.nanmax(values))
    figure.update_yaxes(title="centred cosine", range=[low - 0.02, min(1.02, top + 0.08)], zeroline=True)
    return figure


def _best_baselines(table: pd.DataFrame, reports: Reports, places: list[str]) -> list[tuple[str, str, pd.DataFrame]]:
    """(name, symbol, rows by place) of the best baseline: one where all runs have the same, otherwise one a run."""
    found = [table[table["run"] == run].set_index("place").reindex(places) for run in reports]
    first = found[0]["best_baseline"].to_numpy(dtype=float)
    if all(np.allclose(own["best_baseline"].to_numpy(dtype=float), first, atol=1e-3, equal_nan=True) for own in found):
        return [("best baseline", "diamond", found[0])]
    names = _run_names(reports)
    return [
        (f"best baseline of {names[run]}", f"{symbol}-open", own)
        for run, symbol, own in zip(reports, SYMBOLS * len(reports), found, strict=False)
    ]


def _line(
    places: list[str], values: pd.Series, color: str, symbol: str, name: str, ordered: bool, own: pd.DataFrame
) -> go.Scatter:
    hidden = [f"{int(n)} hidden shots" if np.isfinite(n) else "" for n in own["num_hidden"].astype(float)]
    return go.Scatter(
        x=list(range(len(places))), y=values.round(4), mode="lines+markers" if ordered else "markers", name=name,
        line={"color": color, "width": 2}, marker={"color": color, "size": 10, "symbol": symbol}, cliponaxis=False,
        customdata=hidden, hovertemplate="%{y:.3f}, %{customdata}<extra>" + name + "</extra>",
    )  # fmt: skip


def titles_figure(reports: Reports) -> go.Figure:
    """Plot the titles of the first run, model against best baseline; customdata[0] of a point is its title_id.

    Up to MOST_ROWS titles have a row each, the largest difference on top; more are points, above the diagonal where the
    model is better.
    """
    table = titles_table(reports)
    table = table[table["run"] == next(iter(reports))].sort_values("difference", ascending=False, ignore_index=True)
    return _title_rows(table) if len(table) <= MOST_ROWS else _title_dots(table)


def _title_rows(table: pd.DataFrame) -> go.Figure:
    y = np.arange(len(table))
    ahead = (table["difference"] > 0).to_numpy()
    figure = go.Figure()
    for rows, color in ((ahead, palette.MODEL), (~ahead, palette.BASELINE)):
        gap = np.full(int(rows.sum()), np.nan)
        ends = np.stack([table["best_baseline"][rows], table["centred_cosine"][rows], gap], axis=1).ravel()
        line = {"color": color, "width": 3}
        figure.add_trace(
            go.Scatter(
                x=ends,
                y=np.stack([y[rows], y[rows], gap], axis=1).ravel(),
                mode="lines",
                line=line,
                opacity=0.35,
                hoverinfo="skip",
            )
        )
    figure.add_trace(_title_marks(table, table["best_baseline"], y, palette.BASELINE, "diamond", 10))
    figure.add_trace(_title_marks(table, table["centred_cosine"], y, palette.MODEL, "circle", 13))
    figure.update_layout(
        template="none", height=34 * len(table) + 96, margin={"l": 8, "r": 16, "t": 34, "b": 48}, showlegend=False,
        annotations=[legend_above(_model_and_baseline({"Model": palette.MODEL}), 14)], clickmode="event+select",
    )  # fmt: skip
    low = min(0.0, table["best_baseline"].min(), table["centred_cosine"].min())
    figure.update_xaxes(title="centred cosine (1 = exact)", range=[low - 0.02, 1.02], zeroline=False)
    names = [escape_plotly(n if len(n) <= LONGEST_NAME else f"{n[: LONGEST_NAME - 1]}…") for n in table["name"]]
    figure.update_yaxes(
        tickvals=y, ticktext=names, range=[len(table) - 0.4, -0.6], automargin=True, ticksuffix="  ", showgrid=False, zeroline=False,
    )  # fmt: skip
    return figure


def _title_dots(table: pd.DataFrame) -> go.Figure:
    both = np.r_[table["best_baseline"], table["centred_cosine"]]
    low, high = both.min() - 0.04, min(1.02, both.max() + 0.04)
    figure = go.Figure()
    for rows, color in ((table["difference"] > 0, palette.MODEL), (table["difference"] <= 0, palette.BASELINE)):
        figure.add_trace(
            _title_marks(table[rows], table["best_baseline"][rows], table["centred_cosine"][rows], color, "circle", 9)
        )
    figure.update_layout(
        template="none", height=460, margin={"l": 56, "r": 24, "t": 12, "b": 52}, showlegend=False, clickmode="event+select",
        annotations=[
            _corner("the model is ahead", palette.MODEL, 0.02, 0.98, "left", "top"),
            _corner("the baseline is ahead", palette.BASELINE, 0.98, 0.02, "right", "bottom"),
        ],
        shapes=[{"type": "line", "x0": low, "y0": low, "x1": high, "y1": high, "line": {"color": palette.OTHER, "dash": "dot"}}],
    )  # fmt: skip
    figure.update_xaxes(title="best baseline: centred cosine", range=[low, high], zeroline=False)
    figure.update_yaxes(title="model: centred cosine", range=[low, high], zeroline=False)
    return figure


def _title_marks(table: pd.DataFrame, x: pd.Series, y: Any, color: str, symbol: str, size: int) -> go.Scatter:
    custom = table[["title_id", "name", "centred_cosine", "best_baseline", "difference"]].copy()
    custom["name"] = [escape_plotly(n) for n in custom["name"]]
    return go.Scatter(
        x=x.round(4), y=y, mode="markers", cliponaxis=False, customdata=custom.to_numpy(),
        marker={"color": color, "size": size, "symbol": symbol, "opacity": 0.9},
        hovertemplate="%{customdata[1]}<br>model %{customdata[2]:.2f}, baseline %{customdata[3]:.2f} "
        "(%{customdata[4]:+.2f})<extra></extra>",
    )  # fmt: skip


def _corner(text: str, color: str, x: float, y: float, xanchor: str, yanchor: str) -> dict:
    place = {"xref": "paper", "yref": "paper", "x": x, "y": y, "xanchor": xanchor, "yanchor": yanchor}
    return {"text": text, "showarrow": False, "font": {"color": color, "size": 14}, **place}


def _run_names(reports: Reports) -> dict[str, str]:
    """The names of runs in a figure: "Model" for a single run."""
    return {run: "Model" if len(reports) == 1 else escape_plotly(run) for run in reports}


def _names_above(reports: Reports, styles: Mapping[str, Style], *, apart: bool) -> dict:
    named = {name: styles[run].color for run, name in _run_names(reports).items()}
    return legend_above(_model_and_baseline(named, apart=apart), 14)


def _model_and_baseline(named: Mapping[str, str], *, apart: bool = False) -> str:
    """The key: each run in its colour, and the best baseline.

    named  name of a run → colour
    apart  whether each run has a best baseline of its own, with the run's marker
    """
    signs = [SIGNS[i % len(SIGNS)] for i in range(len(named))]
    runs = [f"<span style='color:{c}'>{s} {n}</span>" for s, (n, c) in zip(signs, named.items(), strict=True)]
    sign = f"{OPEN_SIGNS[0]}{OPEN_SIGNS[1]}" if apart else "◆"
    baseline = f"{sign} {'their best baselines' if apart else 'best baseline'}"
    return "   ".join([*runs, f"<span style='color:{palette.BASELINE}'>{baseline}</span>"])


def legend_above(text: str, size: int) -> dict:
    """An annotation above the plot that takes the place of a legend."""
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "yshift": 4}
    return {"text": text, "showarrow": False, "font": {"size": size}, **place}
