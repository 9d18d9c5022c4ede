"""Curves of trainings: validation scores, measures of each step, and collapse gauges.

`runs` is {name of a run: what msm.runs.monitor.Tail reads of it} everywhere, the run in question first. `colors` are those of the
table of runs (`workbench.views.run_colors`); without them the compared runs get colours in turn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from msm.runs.monitor import Measured
from workbench.views import palette
from workbench.views.formatting import escape_plotly
from workbench.views.line_ends import End, label_ends, margin_for
from workbench.views.run_colors import DASHES, Colors, Style, run_styles

MOST_RUNS = 6
BEST_BASELINE = "◆ best baseline"
LONGEST_NAME = 22  # of a run, at the end of its line
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


def progress_curve(runs: Runs, *, colors: Colors | None = None) -> go.Figure:
    """Plot centred cosine on validation titles over the steps, a line a run, with the best baseline of each."""
    figure = go.Figure()
    styles = run_styles(runs, colors)
    ends = [_baseline(figure, *found) for found in zip(DASHES, _baselines(runs, styles), strict=False)]
    for name, measured in runs.items():
        rows = measured.validations
        if not len(rows):
            continue
        color, dash = styles[name]
        figure.add_trace(
            go.Scatter(
                x=rows["step"], y=rows["centred_cosine"].round(4), name=escape_plotly(name), cliponaxis=False,
                mode="lines+markers" if len(rows) <= 60 else "lines",
                line={"color": color, "width": 2.5, "dash": dash}, marker={"size": 6},
                customdata=np.stack([rows["baseline"], 100 * rows["skill"]], axis=1),
                hovertemplate=f"{escape_plotly(name)}, step %{{x}}<br>%{{y:.3f}} against %{{customdata[0]:.3f}}"
                "<br>skill %{customdata[1]:.0f} %<extra></extra>",
            )
        )  # fmt: skip
        ends.append(_end(rows, "centred_cosine", name, color))
    label_ends(figure, ends, _last_step(runs), 360)
    figure.update_layout(**_layout(360, right=margin_for(ends, least=150)))
    figure.update_xaxes(title="training step", rangemode="tozero", zeroline=False)
    figure.update_yaxes(title="centred cosine, validation", zeroline=False, tickformat=".2f")
    return figure


def _baselines(runs: Runs, styles: Mapping[str, Style]) -> list[tuple[str, float]]:
    """(label, centred cosine) of the best baseline; several, with the names of their runs, where runs have different ones."""
    of_runs: dict[tuple[str, float], list[str]] = {}
    for run, measured in runs.items():
        if len(measured.validations):
            last = measured.validations.iloc[-1]
            of_runs.setdefault((str(last["baseline_name"]), round(float(last["baseline"]), 4)), []).append(run)
    found = []
    for (_, level), named in of_runs.items():
        label = BEST_BASELINE
        if len(of_runs) > 1:
            words = [f"<span style='color:{styles[r].color}'>{escape_plotly(_short(r))}</span>" for r in named]
            label += f" of {words[0]}{f' and {len(words) - 1} more' if len(words) > 1 else ''}"
        found.append((label, level))
    return found


def _baseline(figure: go.Figure, dash: str, found: tuple[str, float]) -> End:
    label, level = found
    line = {"color": palette.BASELINE, "width": 2, "dash": dash}
    figure.add_hline(y=level, line=line, name=label, showlegend=True)
    return End(None, level, label, palette.BASELINE)


def loss_curve(runs: Runs, *, smooth: int = 1, colors: Colors | None = None) -> go.Figure:
    """Plot the loss of each step, faint, and its mean over `smooth` steps."""
    return step_curve(runs, "loss", smooth=smooth, colors=colors)


def step_curve(runs: Runs, measure: str, *, smooth: int = 1, colors: Colors | None = None) -> go.Figure:
    """Plot one measure of the steps (a key of STEP_MEASURES), a line a run.

    smooth  window of the moving average in steps; above one, the first run also shows its single steps, faint
    """
    figure = go.Figure()
    ends: list[End] = []
    for name, style in run_styles(runs, colors).items():
        steps = runs[name].steps[["step", measure]].dropna()
        if not len(steps):
            continue
        if smooth > 1 and name == next(iter(runs)):
            few = thinned(steps, MOST_POINTS)
            figure.add_trace(_line(few, measure, "", Style(style.color, "solid"), width=1.0, opacity=0.3))
        line = thinned(smoothed(steps, measure, smooth), MOST_POINTS)
        figure.add_trace(_line(line, measure, name, style, width=2.0))
        ends.append(_end(line, measure, name, style.color))
    _name_runs(figure, ends, runs)
    figure.update_xaxes(title="training step", rangemode="tozero", zeroline=False)
    figure.update_yaxes(title=STEP_MEASURES[measure], zeroline=False, rangemode=_from_zero(measure))
    return figure


def _from_zero(measure: str) -> str:
    return "normal" if measure == "loss" else "tozero"


def _line(
    rows: pd.DataFrame, measure: str, name: str, style: Style, *, width: float, opacity: float = 1.0
) -> go.Scatter:
    prefix = f"{escape_plotly(name)}, " if name else ""
    return go.Scatter(
        x=rows["step"], y=rows[measure], mode="lines" if len(rows) > 1 else "markers", name=escape_plotly(name), opacity=opacity,
        line={"color": style.color, "width": width, "dash": style.dash}, showlegend=bool(name),
        hovertemplate=f"{prefix}step %{{x}}: %{{y:.4g}}<extra></extra>" if name else None,
        hoverinfo=None if name else "skip",
    )  # fmt: skip


def gauge_curve(runs: Runs, gauge: str, alarm: float, *, colors: Colors | None = None) -> go.Figure:
    """Plot RankMe or the mean cosine of random pairs of contextual embeddings at each validation.

    alarm  threshold of a collapse: below it for RankMe, above it for the cosine
    """
    figure = go.Figure()
    ends: list[End] = []
    below = gauge == "rankme"
    for name, style in run_styles(runs, colors).items():
        rows = runs[name].validations[["step", gauge]].dropna()
        if not len(rows):
            continue
        figure.add_trace(_line(rows, gauge, name, style, width=2.0))
        ends.append(_end(rows, gauge, name, style.color))
    figure.add_hline(y=alarm, line={"color": palette.OTHER, "width": 1.5, "dash": "dot"})
    figure.add_annotation(
        x=1, xref="paper", y=alarm, text="collapse " + ("below" if below else "above"), showarrow=False,
        xanchor="right", yanchor="bottom" if below else "top", font={"size": 12, "color": palette.OTHER},
    )  # fmt: skip
    _name_runs(figure, ends, runs)
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


def _name_runs(figure: go.Figure, ends: list[End], runs: Runs) -> None:
    """Name each of several runs at the end of its line."""
    several = ends if len(runs) > 1 else []
    label_ends(figure, several, _last_step(runs), 230)
    figure.update_layout(**_layout(230, right=margin_for(several) if several else 16))


def _end(rows: pd.DataFrame, column: str, name: str, color: str) -> End:
    return End(int(rows["step"].iloc[-1]), float(rows[column].iloc[-1]), escape_plotly(_short(name)), color)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _last_step(runs: Runs) -> int:
    return max((measured.step or 1 for measured in runs.values()), default=1)


def _layout(height: int, right: int) -> dict[str, object]:
    """`uirevision` keeps a viewer's zoom while the lines grow, as long as no range is given that grows with them."""
    margin = {"l": 64, "r": right, "t": 14, "b": 46}
    return {"template": "none", "height": height, "margin": margin, "showlegend": False, "uirevision": "training"}
