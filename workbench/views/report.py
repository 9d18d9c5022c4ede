"""Evaluations as tables and sentences: one run, or several side by side.

`reports` is {name of a run: content of its evaluation.json} everywhere, the run in question first. A part that
an older file lacks gives an empty table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.views.comparison import comparison_sentence
from workbench.views.formatting import baseline_deed, baseline_label, count, number

Reports = dict[str, dict[str, Any]]
PARTS = {  # part → (title, what its rows are)
    "distance": ("By distance to the nearest visible shot", "shots to the nearest visible one"),
    "position": ("By place in the scene", "place in the scene"),
    "ratio": ("By share of shots hidden", "share of the title's shots that is hidden"),
    "modality": ("By modality", "modality"),
    "part": ("One modality hidden", "the modality that is hidden"),
}
CLEAR = 0.01  # centred cosine; without intervals, less is called a draw


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
        rows.append(_predictor(name, baseline_label(name), kind, entry, spreads.get(name)))
    return pd.DataFrame(rows)


def _predictor(
    name: str, label: str, kind: str, entry: dict[str, Any], spread: dict[str, float] | None
) -> dict[str, Any]:
    told = {k: _nan(entry.get(k)) for k in ("centred_cosine", "cosine", "median_rank", "skill")}
    spread = spread or {}
    return {
        "name": name,
        "label": label,
        "kind": kind,
        **told,
        "low": _nan(spread.get("low")),
        "high": _nan(spread.get("high")),
    }


def part_table(reports: Reports, part: str) -> pd.DataFrame:
    """A row a (run, place): run, place, num_hidden, centred_cosine, best_baseline, difference, low, high, skill.

    part  distance, position, ratio, modality or part; by distance, spans are taken where they were measured, since with
          shots hidden one by one hardly any is far from a visible one
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


def verdict(evaluation: dict[str, Any]) -> str:
    """One plain sentence: who comes nearer on titles that training never saw, or that nobody can tell."""
    best = str(evaluation["best_baseline"])
    spread = (evaluation.get("intervals") or {}).get("difference")
    if spread is None:
        return comparison_sentence(evaluation)
    model, base = float(evaluation["centred_cosine"]), float(evaluation["baselines"][best]["centred_cosine"])
    deed, numbers = baseline_deed(best), f"({number(max(model, base))} against {number(min(model, base))})"
    if spread["low"] > 0:
        return f"On unseen titles the model comes nearer to the truth than {deed}, the best of the five ways to copy {numbers}."
    if spread["high"] < 0:
        return f"On unseen titles {deed} comes nearer to the truth than the model {numbers}: here it is better to copy."
    return f"On unseen titles nobody can tell the model from {deed}: the difference may be chance {numbers}."


def details(evaluation: dict[str, Any]) -> str:
    """What stands behind the verdict: how sure it is, and where it ends."""
    said = []
    if spread := (evaluation.get("intervals") or {}).get("difference"):
        said.append(
            f"With other titles of this kind the difference would lie between {_signed(spread['low'])} and "
            f"{_signed(spread['high'])} (95 %, drawing {count(evaluation['num_titles'], 'title')} anew)."
        )
    if "num_titles" in evaluation and evaluation["num_titles"] < 10:
        said.append("These are few titles: take it as a hint.")
    if reach := _reach(evaluation.get("by_ratio", [])):
        said.append(reach)
    return " ".join(said)


def _reach(ratios: list[dict[str, Any]]) -> str:
    """Up to which share of hidden shots the model is clearly ahead."""
    ratios = [e for e in ratios if e["num_hidden"]]
    ahead = [(e.get("difference") or {}).get("low", -1.0) > 0 for e in ratios]
    if not ratios or not any(ahead):
        return ""
    if all(ahead):
        return f"It stays ahead even when {ratios[-1]['ratio']:.0%} of a title is hidden."
    lost = next((i for i, a in enumerate(ahead) if not a and any(ahead[:i])), None)
    return (
        f"Its lead is no longer clear when {ratios[lost]['ratio']:.0%} of a title is hidden."
        if lost is not None
        else ""
    )


def comparison_words(reports: Reports) -> str:
    """Which of several runs is ahead; empty for one."""
    if len(reports) < 2:
        return ""
    ordered = sorted(reports.items(), key=lambda item: -item[1]["centred_cosine"])
    (first, best), (second, next_) = ordered[:2]
    gap = best["centred_cosine"] - next_["centred_cosine"]
    if gap < CLEAR:
        return f"Of these runs {first} and {second} are as good as equal."
    return f"Of these runs {first} is ahead, {number(gap, 3)} in centred cosine before {second}."


def geometry_table(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a (step, cloud): step, of (contextual | predictions | truth), rankme, pair_cosine, deviation, alarm.

    lines  of metrics.jsonl
    """
    rows = []
    for line in lines:
        told: dict[str, Any] = (line.get("validation") or {}).get("geometry") or {}
        for cloud in (c for c in ("contextual", "predictions", "truth") if c in told):
            rows.append({"step": line["step"], "of": cloud, **told[cloud], "alarm": told.get("alarm")})
    return pd.DataFrame(rows, columns=["step", "of", "rankme", "pair_cosine", "deviation", "alarm"])


def everything(reports: Reports, lines: list[dict[str, Any]]) -> pd.DataFrame:
    """The whole report as one long table for a spreadsheet: run, part, place, measure, value."""
    from workbench.views.probes import probes_table

    rows: list[pd.DataFrame] = []
    shown = predictors_table(reports)
    shown["run"] = np.where(shown["kind"] == "model", shown["name"], next(iter(reports)))
    shown["place"] = np.where(shown["kind"] == "model", "model", shown["name"])
    rows.append(_long(shown.drop(columns=["name", "label", "kind"]), "predictors"))
    rows += [_long(part_table(reports, part), part) for part in PARTS]
    rows.append(_long(titles_table(reports).drop(columns="name").rename(columns={"title_id": "place"}), "title"))
    probes = probes_table(reports)
    if len(probes):
        probes = probes.assign(place=probes["task"] + ", " + probes["column"]).drop(
            columns=["task", "column", "label", "of", "at", "primary", "low", "high"]
        )
        rows.append(probes.assign(part="probe " + probes["probe"]).drop(columns="probe"))
    geometry = geometry_table(lines).drop(columns="alarm")
    geometry = geometry.assign(
        run=next(iter(reports)), place=geometry["of"] + " at step " + geometry["step"].astype(str)
    )
    rows.append(_long(geometry.drop(columns=["step", "of"]), "geometry"))
    table = pd.concat([r for r in rows if len(r)], ignore_index=True)
    return table[["run", "part", "place", "measure", "value"]].dropna(subset="value")


def _long(table: pd.DataFrame, part: str) -> pd.DataFrame:
    return table.melt(["run", "place"], var_name="measure").assign(part=part)


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(value)


def _nan(value: Any) -> float:
    return np.nan if value is None else float(value)
