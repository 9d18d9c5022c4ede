"""The scaling curve: model and best baseline by the number of training shots."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.formatting import grouped
from workbench.views.line_ends import End, label_ends

HEIGHT = 340
DASHES = ("solid", "dot", "dash", "longdash")


def scaling_table(entry: dict[str, Any]) -> pd.DataFrame:
    """A row a (recipe, requested number of training shots), means over seeds: train_shots, centred_cosine, best_baseline.

    entry  one set of benchmarks/results/scaling.json. Whole titles are drawn, so seeds differ slightly in their number of shots
    """
    points = pd.DataFrame(entry["points"])
    columns = ["train_shots", "centred_cosine", "best_baseline"]
    means = points.groupby(["recipe", "asked"], sort=True)[columns].mean().reset_index()
    # The same number for all recipes, whichever seeds are finished.
    means["train_shots"] = means.groupby("asked")["train_shots"].transform("mean").round().astype(int)
    return means


def scaling_figure(table: pd.DataFrame) -> go.Figure:
    """Plot a line a recipe and one for the best baseline over training shots, on a logarithmic axis.

    table  from `scaling_table`
    """
    figure = go.Figure()
    baseline = table.groupby("train_shots")["best_baseline"].mean()
    ends = [_line(figure, baseline.index, baseline, "best baseline", palette.BASELINE, "solid")]
    for dash, (recipe, own) in zip(DASHES, table.groupby("recipe", sort=False), strict=False):
        ends.append(_line(figure, own["train_shots"], own["centred_cosine"], str(recipe), palette.MODEL, dash))
    label_ends(figure, ends, 1, HEIGHT)
    figure.update_layout(template="none", height=HEIGHT, margin={"l": 64, "r": 110, "t": 12, "b": 48}, showlegend=False)
    shots = sorted(table["train_shots"].unique())
    figure.update_xaxes(
        type="log",
        title="training shots",
        tickvals=shots,
        ticktext=[_short(n) for n in shots],
        tickangle=0,
        zeroline=False,
    )
    figure.update_yaxes(title="centred cosine on test titles", zeroline=False, tickformat=".2f")
    return figure


def _short(shots: int) -> str:
    """541, 2k, 100k: exact numbers of neighbouring points would overlap on a narrow screen; the hover text has them."""
    return f"{shots / 1000:.0f}k" if shots >= 1000 else str(shots)


def _line(figure: go.Figure, x: Any, y: Any, name: str, color: str, dash: str) -> End:
    x, y = list(x), list(y)
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines+markers",
            line={"color": color, "dash": dash, "width": 2.5},
            marker={"size": 7},
            name=name,
            hovertemplate=f"{name}<br>%{{x:,}} training shots: %{{y:.3f}}<extra></extra>",
        )
    )
    return End(None, y[-1], name, color)


def scaling_sentence(name: str, table: pd.DataFrame) -> str:
    """The number of training shots from which each recipe is ahead of the best baseline, as a sentence."""
    parts = []
    for recipe, own in table.groupby("recipe", sort=False):
        own = own.sort_values("train_shots")
        ahead = (own["centred_cosine"] > own["best_baseline"]).to_numpy()
        shots = own["train_shots"].to_numpy()
        if not ahead[-1]:
            parts.append(f"{recipe} stays behind the best baseline up to {grouped(shots[-1])} training shots")
        elif ahead.all():
            parts.append(f"{recipe} is ahead from the least that was tried, {grouped(shots[0])} training shots")
        else:
            last_behind = int((~ahead).nonzero()[0][-1])
            parts.append(
                f"{recipe} goes ahead between {grouped(shots[last_behind])} and {grouped(shots[last_behind + 1])}"
            )
    return f"{name}: " + "; ".join(parts) + "."
