"""Evaluation reports as tables, a row a predictor, a place or a title."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from msm import baselines
from workbench.views.report.reports import Reports


def predictors_table(reports: Reports) -> pd.DataFrame:
    """A row a run, then a row a baseline of the first run: name, label, kind (model | best | other), and the numbers.

    centred_cosine with low and high (NaN without intervals), cosine, median_rank (share of the title's shots), skill
    """
    first = next(iter(reports.values()))
    rows = [
        _predictor(name, name, "model", r, (r.get("intervals") or {}).get("centred_cosine"))
        for name, r in reports.items()
    ]
    spreads = (first.get("intervals") or {}).get("baselines", {})
    named = sorted(first["baselines"].items(), key=lambda item: -item[1]["centred_cosine"])
    for name, entry in named:
        kind = "best" if name == first["best_baseline"] else "other"
        rows.append(_predictor(name, baselines.term(name), kind, entry, spreads.get(name)))
    return pd.DataFrame(rows)


def _predictor(
    name: str, label: str, kind: str, entry: dict[str, Any], spread: dict[str, float] | None
) -> dict[str, Any]:
    scores = {k: _nan(entry.get(k)) for k in ("centred_cosine", "cosine", "median_rank", "skill")}
    spread = spread or {}
    return {
        "name": name,
        "label": label,
        "kind": kind,
        **scores,
        "low": _nan(spread.get("low")),
        "high": _nan(spread.get("high")),
    }


def part_table(reports: Reports, part: str) -> pd.DataFrame:
    """A row a (run, place): run, place, num_hidden, centred_cosine, best_baseline, difference, low, high, skill.

    part  distance, position, ratio, modality or part. By distance, hidden spans are read where they were measured: among shots
          hidden independently hardly any is far from a visible one
    """
    rows = []
    for run, evaluation in reports.items():
        for place, entry in _entries(evaluation, part):
            base = entry.get("best_baseline_centred_cosine", entry.get("best_baseline"))
            if entry.get("centred_cosine") is None:
                continue
            spread = entry.get("difference") or {}
            rows.append(
                {
                    "run": run,
                    "place": place,
                    "num_hidden": entry.get("num_hidden", np.nan),
                    "centred_cosine": entry["centred_cosine"],
                    "best_baseline": base,
                    "difference": entry["centred_cosine"] - base,
                    "low": _nan(spread.get("low")),
                    "high": _nan(spread.get("high")),
                    "skill": _nan(entry.get("skill")),
                }
            )
    columns = ["run", "place", "num_hidden", "centred_cosine", "best_baseline", "difference", "low", "high", "skill"]
    return pd.DataFrame(rows, columns=columns)


def _entries(evaluation: dict[str, Any], part: str) -> list[tuple[str, dict[str, Any]]]:
    if part == "modality":
        return list(evaluation["by_modality"].items())
    if part == "part":
        return [(e["modality"], e) for e in evaluation.get("by_part", [])]
    if part == "distance":
        spans = evaluation.get("spans", {}).get("by_distance")
        return [(e["distance"], e) for e in spans or evaluation["by_distance"]]
    if part == "ratio":
        return [(f"{e['ratio']:.0%}", e) for e in evaluation.get("by_ratio", [])]
    return [(e["position"], e) for e in evaluation.get("by_position", [])]


def titles_table(reports: Reports) -> pd.DataFrame:
    """A row a (run, title): run, title_id, name, num_hidden, centred_cosine, best_baseline, difference, median_rank."""
    columns = ["run", "title_id", "name", "num_hidden", "centred_cosine", "best_baseline", "difference", "median_rank"]
    rows = [{"run": run, **t} for run, evaluation in reports.items() for t in evaluation.get("titles", [])]
    return pd.DataFrame(rows, columns=columns)


def _nan(value: Any) -> float:
    return np.nan if value is None else float(value)
