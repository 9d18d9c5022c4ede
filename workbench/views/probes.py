"""Frozen probes as a table, a picture and a sentence: what the context adds to a shot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.formatting import count, number, plain
from workbench.views.report import Reports

COLUMNS = {  # kind of embedding → (label, marker)
    "raw": ("raw", "diamond"),
    "alone": ("shot alone", "circle-open"),
    "contextual": ("in its title", "circle"),
}
FAMILIES = {  # what a reader chooses → probes of msm.evaluation.probes
    "Read off by a line": ("linear", "boundary", "number"),
    "Vote of the neighbours": ("knn",),
    "Search": ("retrieval",),
}
MEASURES = {
    "ap_macro": "AP, mean of the classes",
    "ap_micro": "AP, all together",
    "ap": "AP",
    "f1": "F1",
    "miou": "mIoU of the scenes",
    "kendall_tau": "Kendall's τ",
    "accuracy": "accuracy",
    "map": "mAP",
    "r1": "found at once",
    "r5": "found among 5",
    "r10": "found among 10",
    "median_rank": "median rank",
}


def probes_table(reports: Reports) -> pd.DataFrame:
    """A row a (run, task, kind of embedding, measure).

    run, task (in words), label, of, at, probe, column (raw, alone, contextual, cls, chance), measure, value, primary
    (the measure to look at first), low, high (of the primary one)
    """
    rows = []
    for run, evaluation in reports.items():
        for task in evaluation.get("probes", {}).get("tasks", []):
            if "skipped" in task:
                continue
            about = {k: task[k] for k in ("label", "of", "at", "probe")}
            for column, scores in {**task["columns"], "chance": task["chance"]}.items():
                for measure, value in scores.items():
                    primary = measure == task["measure"]
                    spread = (task.get("intervals") or {}).get(column) if primary else None
                    rows.append(
                        {"run": run, "task": task_words(task), **about, "column": column, "measure": measure}
                        | {"value": value, "primary": primary}
                        | {k: (spread or {}).get(k, np.nan) for k in ("low", "high")}
                    )
    columns = ["run", "task", "label", "of", "at", "probe", "column", "measure", "value", "primary", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def task_words(task: dict[str, Any]) -> str:
    """What is asked, e.g. "tone", "genre of the title, from a shot", "where a scene begins"."""
    label = str(task["label"]).replace("_", " ")
    if task["probe"] == "boundary":
        return "where a scene begins"
    if label == "scene" and task.get("kind") == "scenes":
        return "shots of the same scene"
    if task["of"] == "title":
        return f"{label} of the title, from {'one shot' if task['at'] == 'shot' else 'all its shots'}"
    return label


def probes_wide(table: pd.DataFrame) -> pd.DataFrame:
    """The same for reading: a row a (task, measure), a column a kind of embedding, for one run.

    table  rows of `probes_table`
    """
    wide = table.pivot_table(
        index=["task", "probe", "measure"], columns="column", values="value", sort=False, observed=True
    ).reset_index()
    wide["measure"] = wide["measure"].map(MEASURES).fillna(wide["measure"])
    order = ["task", "probe", "measure", "chance", *[c for c in (*COLUMNS, "cls") if c in wide]]
    return wide[order]


def probes_figure(table: pd.DataFrame, run: str) -> go.Figure:
    """A row a task: raw, alone and in the title as points on one line, chance as a tick; 95 % of title draws as whiskers.

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
        tickvals=y, ticktext=[plain(t) for t in wide.index], range=[len(wide) - 0.4, -0.6], automargin=True,
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
    """From raw to in-its-title: blue where the context helps, grey where it does not."""
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
        customdata=[plain(t) for t in values.index], cliponaxis=False,
        hovertemplate="%{customdata}: %{x:.3f}<extra>" + name + "</extra>",
    )  # fmt: skip


def _whiskers(chosen: pd.DataFrame, tasks: pd.Index, column: str) -> dict | None:
    """Of the contextual embedding alone: three on one line cannot be told apart."""
    if column != "contextual":
        return None
    rows = chosen[chosen["column"] == column].drop_duplicates("task").set_index("task").reindex(tasks)
    up, down = (rows["high"] - rows["value"]).clip(lower=0), (rows["value"] - rows["low"]).clip(lower=0)
    return {"type": "data", "array": up, "arrayminus": down, "color": palette.MODEL, "thickness": 1, "width": 0}


def probes_sentence(probes: dict[str, Any]) -> str:
    """For how many labels context helps a line to read them, for how many it does harm."""
    linear = [t for t in probes["tasks"] if "skipped" not in t and t["probe"] in FAMILIES["Read off by a line"]]
    told = [t["differences"].get("contextual - raw", {}) for t in linear]
    helped = sum(d.get("low", -1.0) > 0 for d in told)
    harmed = sum(d.get("high", 1.0) < 0 for d in told)
    if not linear:
        return "No label of this catalog allows a probe."
    parts = [f"the title around a shot makes {helped} easier to read than the raw embedding"]
    parts += [f"{harmed} harder"] if harmed else []
    rest = len(linear) - helped - harmed
    parts += [f"at {rest} no difference is seen"] if rest else []
    return f"Of {count(len(linear), 'question')} asked of the labels, {', '.join(parts)}."


def skipped_sentences(probes: dict[str, Any]) -> list[str]:
    """Why some labels have no numbers, and what is particular about some that do."""
    said = [t["skipped"] for t in probes["tasks"] if "skipped" in t]
    said += [f"{t['label']}: {t['note']}." for t in probes["tasks"] if "note" in t]
    return list(dict.fromkeys(said))


def best_gain(table: pd.DataFrame, run: str) -> str:
    """The task that gains most from the context, e.g. "pattern (0.61 → 0.85)"; empty where none does."""
    chosen = table[table["primary"] & (table["run"] == run) & table["probe"].isin(FAMILIES["Read off by a line"])]
    if chosen.empty:
        return ""
    wide = chosen.pivot_table(index="task", columns="column", values="value", sort=False, observed=True)
    gain = wide["contextual"] - wide["raw"]
    if gain.max() <= 0:
        return ""
    task = gain.idxmax()
    return f"{task} ({number(wide.loc[task, 'raw'])} → {number(wide.loc[task, 'contextual'])})"
