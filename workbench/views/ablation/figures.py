"""An ablation as figures and a table: the effect of each value of a hyperparameter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from msm.ablation.progress import stopped_early
from workbench.views import palette
from workbench.views.ablation.sentences import SIGNIFICANT, cell_label, signed, value_label
from workbench.views.formatting import escape_plotly

ROW_PX, LEAST = 50, 0.01  # height of a row in pixels; least half-width of the x axis in centred cosine
OWN_SCALE = 4.0  # a hyperparameter with effects this many times the median gets an axis of its own


def hyperparameter_figure(table: dict[str, Any], key: str) -> go.Figure:
    """Plot a row a value: mean difference to the base with its 95 % interval, and a dot a seed.

    table  the content of table.json
    key    of a hyperparameter in it
    """
    parameter = next(k for k in table["knobs"] if k["key"] == key)
    effects = [e for e in parameter["effects"] if "difference" in e]
    rows = _rows(key, parameter["reference"], effects)
    figure = go.Figure([t for e in effects for t in _effect_traces(e, rows[_label(key, e["value"])])])
    reference = _label(key, parameter["reference"])
    figure.add_trace(_base(rows[reference]))
    reach = axis_reach(table, key)
    figure.update_layout(_layout(len(rows), table, parameter, reach))
    names = [_name(name, row, is_base=name == reference) for name, row in rows.items()]
    words = [_word(e, rows[_label(key, e["value"])]) for e in effects]
    figure.update_layout(annotations=[*figure.layout.annotations, *names, *words])
    figure.update_xaxes(
        range=[-reach, reach], title=_axis_title(effects), zeroline=False, nticks=5, tickformat="+.3~f", tickangle=0
    )
    figure.update_yaxes(
        tickvals=[row - 0.5 for row in range(1, len(rows))],
        showticklabels=False,
        range=[len(rows) - 0.5, -0.5],
        zeroline=False,
    )
    return figure


def search_figure(table: dict[str, Any]) -> go.Figure:
    """Plot a dot a trial of a search, its score on validation titles, and the best so far as a line; a hollow dot a trial that was
    stopped early, with its last score.

    table  the content of table.json, with its `search`
    """
    trials = pd.DataFrame(table["search"]["trials"]).dropna(subset=["score"]).sort_values("number")
    cells = {c["name"]: escape_plotly(cell_label(c)) for c in table["cells"]}
    numbers, pruned = trials["number"] + 1, trials["state"] == "pruned"
    best = trials["score"].where(~pruned).cummax().ffill()
    figure = go.Figure(
        [
            go.Scatter(
                x=numbers,
                y=trials["score"],
                mode="markers",
                marker={
                    "color": palette.MODEL,
                    "size": 8,
                    "symbol": ["circle-open" if early else "circle" for early in pruned],
                },
                text=[
                    cells.get(name, "") + ("<br>stopped early" if early else "")
                    for name, early in zip(trials["cell"], pruned, strict=True)
                ],
                hovertemplate="trial %{x}: %{y:.3f}<br>%{text}<extra></extra>",
            ),
            go.Scatter(x=numbers, y=best, mode="lines", line={"color": palette.MODEL, "shape": "hv"}, hoverinfo="skip"),
        ]
    )
    figure.update_layout(showlegend=False, height=260, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    figure.update_xaxes(title="trial (hollow: stopped early)" if pruned.any() else "trial", tickformat="d")
    figure.update_yaxes(title="centred cosine on validation titles")
    return figure


def axis_reach(table: dict[str, Any], key: str) -> float:
    """Half the width of a figure's x axis: the same for all hyperparameters, except for far larger effects."""
    extents = {k["key"]: _extent(k) for k in table["knobs"]}
    usual = float(np.median(list(extents.values())))
    shared = max(e for e in extents.values() if e <= OWN_SCALE * usual)
    return 1.12 * max(LEAST, extents[key] if extents[key] > shared else shared)


def has_own_scale(table: dict[str, Any], key: str) -> bool:
    """Whether the x axis of this hyperparameter is wider than those of the others."""
    return axis_reach(table, key) > min(axis_reach(table, k["key"]) for k in table["knobs"])


def _extent(parameter: dict[str, Any]) -> float:
    ends = [e.get(part) for e in parameter["effects"] for part in ("low", "high", "difference")]
    ends += [d for e in parameter["effects"] for d in e.get("by_seed", [])]
    return max((abs(e) for e in ends if e is not None), default=LEAST)


def _rows(key: str, reference: Any, effects: list[dict[str, Any]]) -> dict[str, int]:
    """label → row: numbers in order with the base among them, words in the order of their effect."""
    values = [reference, *(e["value"] for e in effects)]
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        ordered = sorted(values)
    else:
        ordered = [reference, *(e["value"] for e in sorted(effects, key=lambda e: -e["difference"]))]
    return {_label(key, v): i for i, v in enumerate(ordered)}


def _label(key: str, value: Any) -> str:
    return value_label(key, value)


def _color(effect: dict[str, Any]) -> str:
    return palette.MODEL if effect["answer"] in SIGNIFICANT else palette.OTHER


def _effect_traces(effect: dict[str, Any], row: int) -> list[go.Scatter]:
    color, traces = _color(effect), []
    if effect.get("low") is not None:
        traces.append(
            go.Scatter(
                x=[effect["low"], effect["high"]],
                y=[row, row],
                mode="lines",
                hoverinfo="skip",
                line={"color": color, "width": 3},
            )
        )
    seeds = effect["by_seed"]
    traces.append(
        go.Scatter(
            x=seeds,
            y=[row + 0.27] * len(seeds),
            mode="markers",
            marker={"color": color, "size": 6, "symbol": "circle-open", "line": {"width": 1.5}},
            hovertemplate="one seed: %{x:+.4f}<extra></extra>",
        )
    )
    traces.append(
        go.Scatter(
            x=[effect["difference"]],
            y=[row],
            mode="markers",
            marker={"color": color, "size": 12},
            hovertemplate=f"{effect['answer']}: %{{x:+.4f}}<extra></extra>",
        )
    )
    return traces


def _base(row: int) -> go.Scatter:
    marker = {"color": palette.OTHER, "size": 10, "symbol": "square-open", "line": {"width": 2}}
    return go.Scatter(x=[0.0], y=[row], mode="markers", marker=marker, hovertemplate="base<extra></extra>")


def _name(name: str, row: int, *, is_base: bool) -> dict:
    """The value of a row, above its interval: a column of names would leave a telephone no room for the intervals."""
    text = escape_plotly(name) + (" (base)" if is_base else "")
    return {"text": text, "x": 0, "xanchor": "left", "font": {"size": 13}, **_above(row)}


def _above(row: int) -> dict:
    return {"xref": "paper", "y": row - 0.3, "yanchor": "middle", "showarrow": False}


def _word(effect: dict[str, Any], row: int) -> dict:
    """At the right end of a row, above its interval: the answer and its number."""
    sure = effect["answer"] in SIGNIFICANT
    text = f"<b>{effect['answer']}</b> {signed(effect['difference'])}" if sure else effect["answer"]
    font = {"size": 13, "color": _color(effect)}
    return {"text": text, "x": 1, "xanchor": "right", "font": font, **_above(row)}


def _layout(num_rows: int, table: dict[str, Any], parameter: dict[str, Any], reach: float) -> dict:
    lines = [_line(0.0, palette.OTHER, "solid")]
    notes: list[dict] = []
    gap = _baseline_gap(table, parameter)
    if gap is not None:
        inside = abs(gap) < reach
        if inside:
            lines.append(_line(gap, palette.BASELINE, "dot"))
        arrow = "" if inside else " →" if gap > 0 else "← "
        text = f"best baseline {signed(gap)}"
        text = f"{arrow}{text}" if arrow.startswith("←") else f"{text}{arrow}"
        place = gap if inside else float(np.copysign(reach, gap))
        anchor = "center" if inside and abs(gap) < 0.6 * reach else "right" if gap > 0 else "left"
        notes.append(
            {"text": text, "x": place, "xref": "x", "xanchor": anchor, "y": 1, "yref": "paper", "yanchor": "bottom",
             "showarrow": False, "font": {"size": 12, "color": palette.BASELINE}}
        )  # fmt: skip
    return {
        "template": "none",
        "height": ROW_PX * num_rows + 96,
        "margin": {"l": 8, "r": 8, "t": 26, "b": 58},
        "showlegend": False,
        "shapes": lines,
        "annotations": notes,
    }


def _line(x: float, color: str, dash: str) -> dict:
    line = {"color": color, "width": 1.5, "dash": dash}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line, "layer": "below"}


def _baseline_gap(table: dict[str, Any], parameter: dict[str, Any]) -> float | None:
    """Best baseline minus base; None where zero is not the base, or the cells have other baselines."""
    lead = table["cells"][0]["vs_baseline"].get("difference")
    plain_effects = all(
        e.get("of", "centred cosine") == "centred cosine" and e["pairs"] <= 1 for e in parameter["effects"]
    )
    return -lead if lead is not None and plain_effects else None


def _axis_title(effects: list[dict[str, Any]]) -> str:
    of = next((e["of"] for e in effects), "centred cosine")
    return f"← worse       better →<br>difference in {of}"


def cells_table(table: dict[str, Any]) -> pd.DataFrame:
    """A row a cell: Cell, a column a hyperparameter, Centred cosine, Difference, From, To, Answer, Skill, Rank, Lead, its From and To,
    Validation, Seeds, Best step. NaN where it is not known."""
    rows = []
    for cell in table["cells"]:
        measured, base, lead = cell.get(table["split"], {}), cell["vs_base"], cell["vs_baseline"]
        rank = measured.get("median_rank")
        rows.append(
            {
                "Cell": cell_label(cell),
                "Centred cosine": measured.get("centred_cosine"),
                "Difference": base.get("difference"),
                "From": base.get("low"),
                "To": base.get("high"),
                "Answer": "base" if not cell["changes"] else stopped_early(cell) or base.get("answer", "not known yet"),
                "Skill": measured.get("skill"),
                "Rank": None if rank is None else 100 * rank,
                "Lead": lead.get("difference"),
                "Lead from": lead.get("low"),
                "Lead to": lead.get("high"),
                "Validation": cell.get("validation", {}).get("centred_cosine"),
                "Seeds": len(cell["seeds"]),
                "Best step": cell.get("best_step"),
            }
        )
    table_ = pd.DataFrame(rows)
    numbers = [c for c in table_ if c not in ("Cell", "Answer", "Seeds")]
    return table_.astype(dict.fromkeys(numbers, float))
