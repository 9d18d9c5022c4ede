"""Frozen probes as tables and sentences: what the context adds to a shot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.views.formatting import count, number
from workbench.views.report.reports import Reports

COLUMNS = {  # kind of embedding → (label, marker)
    "raw": ("raw", "diamond"),
    "alone": ("shot alone", "circle-open"),
    "contextual": ("in its title", "circle"),
}
FAMILIES = {  # name of a group → probes of msm.evaluation.probes
    "Linear probe": ("linear", "boundary", "number"),
    "kNN": ("knn",),
    "Retrieval": ("retrieval",),
}
MEASURES = {
    "ap_macro": "AP (macro)",
    "ap_micro": "AP (micro)",
    "ap": "AP",
    "f1": "F1",
    "miou": "mIoU",
    "kendall_tau": "Kendall's τ",
    "accuracy": "accuracy",
    "map": "mAP",
    "r1": "R@1",
    "r5": "R@5",
    "r10": "R@10",
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
    """The name of a task, e.g. "tone", "genre of the title, from one shot", "where a scene begins"."""
    label = str(task["label"]).replace("_", " ")
    if task["probe"] == "boundary":
        return "where a scene begins"
    if label == "scene" and task.get("kind") == "scenes":
        return "shots of the same scene"
    if task["of"] == "title":
        return f"{label} of the title, from {'one shot' if task['at'] == 'shot' else 'all its shots'}"
    return label


def probes_wide(table: pd.DataFrame) -> pd.DataFrame:
    """`probes_table` of one run in wide form: a row a (task, measure), a column a kind of embedding.

    table  rows of `probes_table`
    """
    wide = table.pivot_table(
        index=["task", "probe", "measure"], columns="column", values="value", sort=False, observed=True
    ).reset_index()
    wide["measure"] = wide["measure"].map(MEASURES).fillna(wide["measure"])
    order = ["task", "probe", "measure", "chance", *[c for c in (*COLUMNS, "cls") if c in wide]]
    return wide[order]


def probes_sentence(probes: dict[str, Any]) -> str:
    """For how many labels context improves linear probes, and for how many it makes them worse."""
    linear = [t for t in probes["tasks"] if "skipped" not in t and t["probe"] in FAMILIES["Linear probe"]]
    differences = [t["differences"].get("contextual - raw", {}) for t in linear]
    helped = sum(d.get("low", -1.0) > 0 for d in differences)
    harmed = sum(d.get("high", 1.0) < 0 for d in differences)
    if not linear:
        return "No label of this catalog allows a probe."
    parts = [f"the title around a shot makes {helped} easier to read than the raw embedding"]
    parts += [f"{harmed} harder"] if harmed else []
    rest = len(linear) - helped - harmed
    parts += [f"at {rest} no difference is seen"] if rest else []
    return f"Of {count(len(linear), 'question')} asked of the labels, {', '.join(parts)}."


def skipped_sentences(probes: dict[str, Any]) -> list[str]:
    """Why some labels were skipped, and notes on others."""
    sentences = [t["skipped"] for t in probes["tasks"] if "skipped" in t]
    sentences += [f"{t['label']}: {t['note']}." for t in probes["tasks"] if "note" in t]
    return list(dict.fromkeys(sentences))


def best_gain(table: pd.DataFrame, run: str) -> str:
    """The task that gains most from context, e.g. "pattern (0.61 → 0.85)"; empty where none does."""
    chosen = table[table["primary"] & (table["run"] == run) & table["probe"].isin(FAMILIES["Linear probe"])]
    if chosen.empty:
        return ""
    wide = chosen.pivot_table(index="task", columns="column", values="value", sort=False, observed=True)
    gain = wide["contextual"] - wide["raw"]
    if gain.max() <= 0:
        return ""
    task = gain.idxmax()
    return f"{task} ({number(wide.loc[task, 'raw'])} → {number(wide.loc[task, 'contextual'])})"
