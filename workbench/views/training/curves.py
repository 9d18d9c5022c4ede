"""Curves of trainings: validation scores, measures of each step, and collapse gauges.

`runs` is {name of a run: what msm.runs.monitor.Tail reads of it} everywhere; the run in question comes first and is solid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from msm import baselines
from msm.runs.monitor import Measured
from workbench.views import palette
from workbench.views.formatting import escape_plotly
from workbench.views.line_ends import End, label_ends

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MOST_RUNS = len(DASHES)
MOST_POINTS = 600  # of a line; longer ones are averaged down
STEP_MEASURES = {
    "loss": "loss",
    "lr": "learning rate",
    "grad_norm": "gradient norm",
    "shots_per_s": "shots a second",
}
GAUGES = {
    "rankme": "effective rank (RankMe)",
    "pair_cosine": "mean pairwise cosine",
}
Runs = Mapping[str, Measured]


def progress_curve(runs: Runs) -> go.Figure:
    """Plot centred cosine on validation titles over the steps, a line a run, with the best baseline."""
    figure = go.Figure()
    ends: list[End] = []
    for name, level in _baselines(runs):
        figure.add_hline(y=level, line={"color": palette.BASELINE, "width": 2, "dash": "solid"})
        ends.append(End(None, level, f"◆ {baselines.everyday_label(name).lower()}", palette.BASELINE))
    for dash, (name, measured) in zip(DASHES, runs.items(), strict=False):
        rows = measured.validations
        if not len(rows):
            continue
        figure.add_trace(
            go.Scatter(
                x=rows["step"], y=rows["centred_cosine"].round(4), name=escape_plotly(name), cliponaxis=False,
                mode="lines+markers" if len(rows) <= 60 else "lines",
                line={"color": palette.MODEL, "width": 2.5, "dash": dash}, marker={"size": 6},
                customdata=np.stack([rows["baseline"], 100 * rows["skill"]], axis=1),
                hovertemplate=f"{escape_plotly(name)}, step %{{x}}<br>%{{y:.3f}} against %{{customdata[0]:.3f}}"
                "<br>skill %{customdata[1]:.0f} %<extra></extra>",
            )
        )  # fmt: skip
        ends.append(_end(rows, "centred_cosine", name))
    label_ends(figure, ends, _last_step(runs), 360)
    figure.update_layout(**_layout(360, right=190))
    figure.update_xaxes(title="training step", rangemode="tozero", zeroline=False)
    figure.update_yaxes(title="centred cosine on validation titles", zeroline=False, tickformat=".2f")
    return figure


def _baselines(runs: Runs) -> list[tuple[str, float]]:
    """(name, centred cosine) of the best baseline; several where runs were validated on different titles."""
    found: dict[tuple[str, float], None] = {}
    for measured in runs.values():
        if len(measured.validations):
            last = measured.validations.iloc[-1]
            found[str(last["baseline_name"]), round(float(last["baseline"]), 4)] = None
    return list(found)


def loss_curve(runs: Runs, *, smooth: int = 1) -> go.Figure:
    """Plot the loss of each step, faint, and its mean over `smooth` steps."""
    return step_curve(runs, "loss", smooth=smooth)


def step_curve(runs: Runs, measure: str, *, smooth: int = 1) -> go.Figure:
    """Plot one measure of the steps (a key of STEP_MEASURES), a line a run.

    smooth  window of the moving average in steps; above one, the first run also shows its single steps, faint
    """
    figure = go.Figure()
    ends: list[End] = []
    for dash, (name, measured) in zip(DASHES, runs.items(), strict=False):
        steps = measured.steps[["step", measure]].dropna()
        if not len(steps):
            continue
        if smooth > 1 and dash == "solid":
            few = thinned(steps, MOST_POINTS)
            figure.add_trace(_line(few, measure, "", palette.MODEL, "solid", width=1.0, opacity=0.3))
        line = thinned(smoothed(steps, measure, smooth), MOST_POINTS)
        figure.add_trace(_line(line, measure, name, palette.MODEL, dash, width=2.0))
        ends.append(_end(line, measure, name))
    label_ends(figure, ends if len(runs) > 1 else [], _last_step(runs), 230)
    figure.update_layout(**_layout(230, right=110 if len(runs) > 1 else 16))
    figure.update_xaxes(title="training step", rangemode="tozero", zeroline=False)
    figure.update_yaxes(title=STEP_MEASURES[measure], zeroline=False, rangemode=_from_zero(measure))
    return figure


def _from_zero(measure: str) -> str:
    return "normal" if measure == "loss" else "tozero"


def _line(
    rows: pd.DataFrame, measure: str, name: str, color: str, dash: str, *, width: float, opacity: float = 1.0
) -> go.Scatter:
    prefix = f"{escape_plotly(name)}, " if name else ""
    return go.Scatter(
        x=rows["step"], y=rows[measure], mode="lines", name=escape_plotly(name), opacity=opacity,
        line={"color": color, "width": width, "dash": dash},
        hovertemplate=f"{prefix}step %{{x}}: %{{y:.4g}}<extra></extra>" if name else None,
        hoverinfo=None if name else "skip",
    )  # fmt: skip


def gauge_curve(runs: Runs, gauge: str, alarm: float) -> go.Figure:
    """Plot RankMe or the mean cosine of random pairs of contextual embeddings at each validation.

    alarm  threshold of a collapse: below it for RankMe, above it for the cosine
    """
    figure = go.Figure()
    ends: list[End] = []
    below = gauge == "rankme"
    for dash, (name, measured) in zip(DASHES, runs.items(), strict=False):
        rows = measured.validations[["step", gauge]].dropna()
        if not len(rows):
            continue
        figure.add_trace(_line(rows, gauge, name, palette.MODEL, dash, width=2.0))
        ends.append(_end(rows, gauge, name))
    figure.add_hline(y=alarm, line={"color": palette.OTHER, "width": 1.5, "dash": "dot"})
    figure.add_annotation(
        x=1, xref="paper", y=alarm, text="collapse " + ("below" if below else "above"), showarrow=False,
        xanchor="right", yanchor="bottom" if below else "top", font={"size": 12, "color": palette.OTHER},
    )  # fmt: skip
    label_ends(figure, ends if len(runs) > 1 else [], _last_step(runs), 230)
    figure.update_layout(**_layout(230, right=110 if len(runs) > 1 else 16))
    figure.update_xaxes(title="training step", rangemode="tozero", zeroline=False)
    figure.update_yaxes(title=GAUGES[gauge], zeroline=False, rangemode="tozero")
    if not below:
        figure.update_yaxes(range=[min(0.0, *(e.y for e in ends)) - 0.02, 1.02])
    return figure


def smoothed(rows: pd.DataFrame, measure: str, steps: int) -> pd.DataFrame:
    """The mean over the last `steps` rows; fewer at the start."""
    if steps <= 1:
        return rows
    return rows.assign(**{measure: rows[measure].rolling(steps, min_periods=1).mean()})


def thinned(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most about `most` rows, each the mean of as many in a row; the last row stays as it is."""
    width = math.ceil(len(rows) / most)
    if width <= 1:
        return rows
    values = rows.to_numpy(dtype=float)
    starts = np.arange(0, len(values), width)
    counts = np.diff(np.append(starts, len(values)))
    means = np.add.reduceat(values, starts, axis=0) / counts[:, None]
    means[-1] = values[-1]
    return pd.DataFrame(means, columns=rows.columns)


def _end(rows: pd.DataFrame, column: str, name: str) -> End:
    return End(int(rows["step"].iloc[-1]), float(rows[column].iloc[-1]), escape_plotly(name), palette.MODEL)


def _last_step(runs: Runs) -> int:
    return max((measured.step or 1 for measured in runs.values()), default=1)


def _layout(height: int, right: int) -> dict[str, object]:
    """`uirevision` keeps a viewer's zoom while the lines grow, as long as no range is given that grows with them."""
    margin = {"l": 64, "r": right, "t": 14, "b": 46}
    return {"template": "none", "height": height, "margin": margin, "showlegend": False, "uirevision": "training"}
