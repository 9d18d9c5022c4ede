"""The influence of visible shots on the prediction of one hidden shot, as arcs and a sentence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.fill_in.timeline import time_ticks
from workbench.views.formatting import clock, number

METHODS = {
    "leave_one_out": "Leave one out: each visible shot is hidden too, and the prediction made again.",
    "gradient": "Gradient × input: one pass backwards, a first-order estimate of the same; it need not agree.",
}
SHORT = {"leave_one_out": "Leave one out", "gradient": "Gradient × input"}
HELPED, MISLED = "helped", "misled"  # labels of positive and negative influence
MOST_ARCS = 24
LEAST_SHARE = 0.04  # of the strongest influence, below which no arc is drawn
LEAST_INFLUENCE = 0.005  # centred cosine, below which influence is not reported
HEIGHT = 210
CURVE_POINTS = 24


def strongest(table: pd.DataFrame, count: int = MOST_ARCS, *, by: str = "influence") -> pd.DataFrame:
    """The shots of the strongest influence, in order, without negligible ones.

    table  a row a visible shot: shot, and the column `by`
    """
    size = table[by].abs()
    kept = table[(size > LEAST_SHARE * size.max()) & (size > 0)] if len(table) else table
    return kept.reindex(kept[by].abs().sort_values(ascending=False, kind="stable").index)[:count]


def influence_arcs(table: pd.DataFrame, shot: int, *, by: str = "influence") -> list[tuple[int, int, float]]:
    """Arcs for the filmstrip, from each influential shot to the hidden one: (from, to, weight in −1 … 1).

    table  a row a visible shot: shot, and the column `by`
    """
    top = strongest(table, by=by)
    largest = top[by].abs().max() if len(top) else 1.0
    return [(int(s), shot, round(float(w / largest), 3)) for s, w in zip(top["shot"], top[by], strict=True)]


def place_in_words(best: pd.Series, starts: np.ndarray) -> str:
    """`the one at 01:05, 2 shots before`; best: a row with shot and offset, starts: (N,) seconds."""
    away = int(best["offset"])
    side = f"{abs(away)} {'shot' if abs(away) == 1 else 'shots'} {'before' if away < 0 else 'after'}"
    time = clock(float(starts[int(best["shot"])]))
    return f"the one at {time}, {side}" if time else f"the one {side}"


def influence_sentence(table: pd.DataFrame, shot: int, starts: np.ndarray) -> str:
    """Which visible shot helped most and by how much, as a sentence.

    table   a row a visible shot: shot, offset, influence
    starts  (N,) seconds
    """
    if not len(table) or table["influence"].max() < LEAST_INFLUENCE:
        return "No single shot mattered: without any one of them the model would have come about as near."
    best = table.loc[table["influence"].idxmax()]
    where, lost = place_in_words(best, starts), number(best["influence"])
    return f"The shot that helped most is {where}: without it the model would be {lost} farther off."


def influence_figure(table: pd.DataFrame, shot: int, starts: np.ndarray, *, duration_s: float = math.nan) -> go.Figure:
    """Plot arcs from influential shots to the hidden one; negative influence hangs below the film.

    table  a row a visible shot: shot, influence
    """
    timed = bool(np.isfinite(starts).all())
    x = starts if timed else np.arange(len(starts), dtype=float)
    top = strongest(table)
    largest = top["influence"].abs().max() if len(top) else 1.0
    figure = go.Figure()
    angle = np.linspace(0, np.pi, CURVE_POINTS)
    for r in top.itertuples():
        a, b, share = x[int(r.shot)], x[shot], float(r.influence / largest)
        colour = palette.MODEL if share > 0 else palette.OTHER
        height = np.sign(share) * (0.25 + 0.75 * abs(b - a) / max(np.ptp(x), 1e-9))
        figure.add_trace(
            go.Scatter(
                x=(a + b) / 2 + (a - b) / 2 * np.cos(angle),
                y=height * np.sin(angle),
                mode="lines",
                line={"color": colour, "width": 1 + 5 * abs(share)},
                opacity=0.35 + 0.6 * abs(share),
                hovertemplate=f"shot {int(r.shot)}: {r.influence:+.3f}<extra></extra>",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=[x[shot]],
            y=[0],
            mode="markers",
            marker={"color": palette.HIDDEN, "size": 13, "symbol": "square"},
            hovertemplate=f"shot {shot}, hidden<extra></extra>",
        )
    )
    figure.update_layout(template="none", height=HEIGHT, margin={"l": 12, "r": 12, "t": 8, "b": 44}, showlegend=False)
    figure.update_yaxes(visible=False)
    figure.update_xaxes(**film_axis(starts, duration_s))
    return figure


def film_axis(starts: np.ndarray, duration_s: float = math.nan) -> dict[str, Any]:
    """An x axis over the whole film: in time where all (N,) starts are known, otherwise in shots."""
    timed = bool(np.isfinite(starts).all())
    end = duration_s if timed and math.isfinite(duration_s) else float(starts.max() if timed else len(starts) - 1)
    ticks = time_ticks(end) if timed else None
    return {
        "title": f"time in the title ({'mm:ss' if end < 3600 else 'h:mm:ss'})" if timed else "shot",
        "range": [-0.01 * end, 1.01 * end],
        "zeroline": False,
        "tickvals": ticks,
        "ticktext": None if ticks is None else [clock(t) for t in ticks],
    }
