"""Tasks as tables and sentences: what the shots around add to a label, and how many labels they save."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from workbench.views.formatting import count, escape_markdown, number

MOST_NAMED = 3  # labels in a sentence; of more, their number
INPUTS = {  # kind of embedding → its name on the page
    "raw": "shot",
    "neighbours": "shot and neighbours",
    "alone": "model, shot alone",
    "contextual": "model, in its title",
}
PROBES = {"linear": "Linear probe", "attentive": "Attentive probe", "retrieval": "Retrieval"}
MEASURES = {"ap_macro": "AP (macro)", "ap": "AP", "kendall_tau": "Kendall's τ", "map": "mAP"}
KINDS = {"classes": "one class", "tags": "tags", "number": "a number", "boundaries": "where something begins"}


def tasks_table(report: dict[str, Any]) -> pd.DataFrame:
    """A row a (label, probe, kind of embedding).

    label, probe, column (raw, neighbours, alone, contextual, chance), measure, value, low, high
    """
    rows = []
    for task in report["tasks"]:
        for probe in (p for p in task.get("probes", []) if "skipped" not in p):
            measure = probe["measure"]
            about = {"label": task["label"], "probe": probe["probe"], "measure": measure}
            for column in report["inputs"]:
                spread = probe["intervals"].get(column) or {}
                value = probe["columns"][column][measure]
                rows.append({**about, "column": column, "value": value}
                            | {k: spread.get(k, np.nan) for k in ("low", "high")})  # fmt: skip
            rows.append({**about, "column": "chance", "value": probe["chance"][measure], "low": np.nan, "high": np.nan})
    return pd.DataFrame(rows, columns=["label", "probe", "measure", "column", "value", "low", "high"])


def differences_table(report: dict[str, Any]) -> pd.DataFrame:
    """A row a (label, probe): the scores side by side, and the leads over the shot and over copying with their intervals."""
    best = best_input(report)
    rows = []
    for task in report["tasks"]:
        for probe in (p for p in task.get("probes", []) if "skipped" not in p):
            measure = probe["measure"]
            row: dict[str, Any] = {"Label": task["label"], "Probe": PROBES[probe["probe"]], "Score": MEASURES[measure]}
            row["Chance"] = probe["chance"][measure]
            row |= {INPUTS[k]: probe["columns"][k][measure] for k in report["inputs"]}
            for other in ("raw", "neighbours"):
                if found := probe["differences"].get(f"{best} - {other}"):
                    row[f"Lead over {INPUTS[other]}"] = spread_words(found)
            rows.append(row)
    return pd.DataFrame(rows)


def measures_table(report: dict[str, Any]) -> pd.DataFrame:
    """A row a (label, probe, measure), a column a kind of embedding: every score of the report."""
    rows = []
    for task in report["tasks"]:
        for probe in (p for p in task.get("probes", []) if "skipped" not in p):
            for measure in probe["chance"]:
                rows.append({"label": task["label"], "probe": probe["probe"], "measure": measure,
                             "chance": probe["chance"][measure]}
                            | {k: probe["columns"][k][measure] for k in report["inputs"]})  # fmt: skip
    return pd.DataFrame(rows)


def best_input(report: dict[str, Any]) -> str:
    """The kind of embedding that the others are compared with."""
    return "contextual" if "contextual" in report["inputs"] else "neighbours"


def spread_words(found: dict[str, Any]) -> str:
    """A difference with its interval and verdict."""
    words = f"{signed(found['mean'])}"
    if "low" in found:
        words += f" ({signed(found['low'])} to {signed(found['high'])})"
    return f"{words}: {found['verdict']}"


def signed(value: float) -> str:
    return f"{'+' if value >= 0 else ''}{number(value, 3)}"


def verdict_sentence(report: dict[str, Any]) -> str:
    """Which labels the title around a shot helps a linear probe to tell, against the shot and against copying."""
    probed = {t["label"]: t["probes"][0] for t in report["tasks"] if t.get("probes")}
    linear = {name: probe["differences"] for name, probe in probed.items() if "differences" in probe}
    if not linear:
        return "No label of this file allows a probe."
    best = best_input(report)
    verdicts = {name: found[f"{best} - raw"]["verdict"] for name, found in linear.items()}
    helped, harmed = ([n for n, v in verdicts.items() if v == told] for told in ("won", "lost"))
    open_ = [n for n in verdicts if n not in (*helped, *harmed)]
    parts = [f"helps to tell {_labels(helped)}"] if helped else []
    parts += [f"makes it harder to tell {_labels(harmed)}"] if harmed else []
    parts += [f"may or may not help with {_labels(open_)}"] if open_ else []
    what = "Knowing the title around a shot" if best == "contextual" else "Copying its neighbours beside a shot"
    sentence = f"{what} {_listed(parts)}."
    if best == "contextual" and helped:
        ahead = [name for name in helped if linear[name]["contextual - neighbours"]["verdict"] == "won"]
        sentence += f" It helps more than copying the neighbours with {_labels(ahead)}." if ahead else ""
        sentence += "" if ahead else " Copying the neighbours may do as well."
    return sentence


def _labels(names: Sequence[str]) -> str:
    return _listed([escape_markdown(n) for n in names]) if len(names) <= MOST_NAMED else f"{len(names)} labels"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def savings_sentence(task: dict[str, Any]) -> str:
    """How many labels the shot alone needs for what the context reaches with a middling number; empty without a curve."""
    curve = task.get("curve")
    if not curve or not curve["savings"]:
        return ""
    row = curve["savings"][len(curve["savings"]) // 2]
    needs = row["needs"].get("raw")
    told = count(needs, "label") if needs is not None else f"more than {count(curve['sizes'][-1], 'label')}"
    known = "in context" if "contextual" in curve["columns"] else "with its neighbours"
    return f"What a probe reaches {known} with {count(row['labels'], 'label')}, the shot alone reaches with {told}."


def about_sentence(task: dict[str, Any]) -> str:
    """The examples and titles of a task."""
    words = f"{KINDS[task['kind']]} of each {task['of']}; {count(task['num_scored'], 'example')} scored, of {count(task['num_titles'], 'title')} ({task['scored_on']})"
    return f"{words}; so few titles make intervals too narrow" if task["few_titles"] else words


def notes(report: dict[str, Any]) -> list[str]:
    """What was skipped, and marks without a place."""
    found = [t["skipped"] for t in report["tasks"] if "skipped" in t]
    found += [p["skipped"] for t in report["tasks"] for p in t.get("probes", []) if "skipped" in p]
    labels = report["labels"]
    if labels["unplaced"]:
        found.append(
            f"{labels['unplaced']} of {labels['marks']} marks have no place in the catalog: {labels['problems'][0]}."
        )
    return found
