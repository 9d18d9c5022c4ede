"""What an ablation found: a row a cell and an answer per knob, as table.json; no weights and no scores needed to read it.

Shape letters: S seeds, T titles.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msm.ablation import statistics
from msm.ablation.cell import RESULT, SCORES, read_result
from msm.ablation.plan import Cell, Knob, Plan, run_name
from msm.ablation.progress import RUNS
from msm.errors import InputError, reading
from msm.io import files
from msm.runs.folder import versions

FORMAT = "msm-ablation-table/1"
TABLE = "table.json"
MEASURES = ("centred_cosine", "cosine", "median_rank", "skill")


@dataclass(frozen=True)
class Scored:
    """The finished trainings of one cell."""

    cell: Cell
    results: dict[int, dict[str, Any]]  # seed → result.json, of those that are done
    failures: dict[int, str]  # seed → sentence
    model: dict[int, np.ndarray]  # seed → (T,) mean centred cosine of each title
    baseline: dict[int, np.ndarray]  # seed → (T,) the same of the baseline that is best on the split

    @property
    def seeds(self) -> list[int]:
        return sorted(self.model)

    @property
    def fusion(self) -> str:
        return str(self.cell.recipe["fusion"])

    def rows(self, seeds: Sequence[int], *, lead: bool) -> np.ndarray:
        """(S, T) of the model, or of its lead over the best baseline."""
        return np.stack([self.model[s] - (self.baseline[s] if lead else 0.0) for s in seeds])


def make_table(out: Path, plan: Plan) -> dict[str, Any]:
    """The content of table.json, of whatever is finished by now; InputError where the base recipe is not."""
    weights = _hidden_shots(out, plan)
    scored = [_read(out, plan, cell, weights) for cell in plan.cells]
    weighed = weights.to_numpy(dtype=float)
    noise = statistics.seed_noise(_seed_means(scored, plan.seeds, weighed))
    cells = _against_base(scored, weighed, noise)
    for row, one in zip(cells, scored, strict=True):
        row["vs_baseline"] = _against_baseline(one, weighed)
    for row, p in zip(cells, statistics.holm([c["vs_baseline"].get("p") for c in cells]), strict=True):
        row["vs_baseline"] |= {"p_holm": p, "answer": statistics.answer(row["vs_baseline"].get("difference", 0), p)}
    knobs = _knobs(plan, scored, weighed, noise)
    return {
        "format": FORMAT,
        "commands": list(plan.commands),
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": versions(),
        "catalog": plan.catalog,
        "base": plan.base,
        "split": plan.split,
        "num_titles": len(weights),
        "num_hidden": int(weights.sum()),
        "seeds": plan.seeds,
        "trainings": {"planned": len(plan.jobs), "done": sum(len(s.results) for s in scored)}
        | {"failed": sum(len(s.failures) for s in scored)},
        "cells": cells,
        "knobs": knobs,
        "skipped": list(plan.skipped),
        **_choices(cells, plan.split),
    }


def read_table(path: Path) -> dict[str, Any]:
    """A table.json, in an ablation's folder or by itself; InputError where it is none."""
    table = files.read_json(path)
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise InputError(f"{path} is not a table of an ablation ({FORMAT})")
    return table


def _hidden_shots(out: Path, plan: Plan) -> pd.Series:
    """Hidden shots of each title, by title_id: the protocol is the same for all, so any training of the base tells."""
    for seed in range(plan.seeds):
        path = out / RUNS / run_name(plan.cells[0], seed)
        if (path / SCORES).exists():
            scores = _scores(path)
            chosen = scores[(scores["split"] == plan.split) & (scores["predictor"] == "model")]
            return chosen.set_index("title_id")["num_hidden"]
    raise InputError(f"{out} has no table yet: the base recipe has no finished training")


def _scores(path: Path) -> pd.DataFrame:
    with reading(path / SCORES, "the scores of a training"):
        return pd.read_parquet(path / SCORES)


def _read(out: Path, plan: Plan, cell: Cell, weights: pd.Series) -> Scored:
    one = Scored(cell, {}, {}, {}, {})
    for seed in range(plan.seeds):
        path = out / RUNS / run_name(cell, seed)
        if not (path / RESULT).exists():
            continue
        result = read_result(path)
        if result["state"] != "done":
            one.failures[seed] = result.get("sentence", "")
            continue
        scores = _scores(path)
        scores = scores[scores["split"] == plan.split].set_index("title_id")
        best = result["reports"][plan.split]["best_baseline"]
        one.results[seed] = result
        one.model[seed], one.baseline[seed] = (
            scores.loc[scores["predictor"] == name, "centred_cosine"].reindex(weights.index).to_numpy(dtype=float)
            for name in ("model", best)
        )
    return one


def _seed_means(scored: Sequence[Scored], seeds: int, weights: np.ndarray) -> np.ndarray:
    """(C, S) each training's score."""
    share = weights / weights.sum()
    return np.array([[one.model[s] @ share if s in one.model else np.nan for s in range(seeds)] for one in scored])


def _against_base(scored: Sequence[Scored], weights: np.ndarray, noise: statistics.SeedNoise) -> list[dict[str, Any]]:
    rows = [_cell_row(one) for one in scored]
    for i in range(1, len(scored)):
        rows[i]["vs_base"] = _contrast([(i, 0)], scored, weights, noise)
    for i, p in enumerate(statistics.holm([row["vs_base"].get("p") for row in rows[1:]]), start=1):
        rows[i]["vs_base"] |= {"p_holm": p, "answer": statistics.answer(rows[i]["vs_base"].get("difference", 0), p)}
    return rows


def _cell_row(one: Scored) -> dict[str, Any]:
    results = list(one.results.values())
    row: dict[str, Any] = {"name": one.cell.name, "changes": one.cell.changes, "recipe": one.cell.recipe}
    row |= {"seeds": one.seeds, "failures": {str(s): said for s, said in one.failures.items()}}
    if results:
        row |= {split: _mean_report([r["reports"][split] for r in results]) for split in results[0]["reports"]}
        row["seconds"] = float(np.mean([r["seconds"] for r in results]))
        steps = [r["best"]["step"] for r in results if r["best"]]
        row["best_step"] = float(np.mean(steps)) if steps else None
    return {**row, "vs_base": {}}


def _mean_report(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds, each seed's centred cosine, and the best baseline beside them."""
    best = reports[0]["best_baseline"]
    return {
        **{name: float(np.mean([r[name] for r in reports])) for name in MEASURES},
        "by_seed": [r["centred_cosine"] for r in reports],
        "num_titles": reports[0]["num_titles"],
        "num_hidden": reports[0]["num_hidden"],
        "best_baseline": {"name": best, **reports[0]["baselines"][best]},
    }


def _contrast(
    pairs: Sequence[tuple[int, int]], scored: Sequence[Scored], weights: np.ndarray, noise: statistics.SeedNoise
) -> dict[str, Any]:
    """The mean over pairs of cells of (one − other), paired by title and seed; {} while a seed in common is missing.

    Where the cells fuse their shots differently their cosines live in different spaces: then it is the lead
    over the best baseline of each space that is compared.
    """
    used = sorted({i for pair in pairs for i in pair})
    seeds = sorted(set.intersection(*(set(scored[i].seeds) for i in used))) if used else []
    if not seeds:
        return {}
    lead = len({scored[i].fusion for i in used}) > 1
    rows = {i: scored[i].rows(seeds, lead=lead) for i in used}
    differences = np.mean([rows[a] - rows[b] for a, b in pairs], axis=0)
    variance, df = noise.of(*(i for pair in pairs for i in pair))
    found = statistics.estimate(differences, weights, (variance / len(pairs) ** 2, df))
    return {**_as_dict(found), "of": "lead over the best baseline" if lead else "centred cosine"}


def _against_baseline(one: Scored, weights: np.ndarray) -> dict[str, Any]:
    if not one.seeds:
        return {}
    lead = one.rows(one.seeds, lead=True)
    return _as_dict(statistics.estimate(lead, weights, statistics.own_noise(lead @ (weights / weights.sum()))))


def _as_dict(found: statistics.Estimate) -> dict[str, Any]:
    same = found.same_titles
    return {**asdict(found), "by_seed": list(found.by_seed), "same_titles": None if same is None else list(same)}


def _knobs(
    plan: Plan, scored: Sequence[Scored], weights: np.ndarray, noise: statistics.SeedNoise
) -> list[dict[str, Any]]:
    """An entry a knob, the one that mattered most first: its effects against one value, averaged over the grid."""
    entries = [{"key": k.key, **_effects(k, plan, scored, weights, noise)} for k in plan.knobs]
    effects = [effect for entry in entries for effect in entry["effects"]]
    for effect, p in zip(effects, statistics.holm([e.get("p") for e in effects]), strict=True):
        effect |= {"p_holm": p, "answer": statistics.answer(effect.get("difference", 0), p)}
    return sorted(entries, key=_importance, reverse=True)


def _importance(entry: dict[str, Any]) -> tuple[bool, float]:
    """Differences that were told from noise before those that were not; then by size."""
    known = [e for e in entry["effects"] if "difference" in e]
    sure = [abs(e["difference"]) for e in known if e["answer"] in ("better", "worse")]
    return bool(sure), max(sure or [abs(e["difference"]) for e in known], default=0.0)


def _effects(
    knob: Knob, plan: Plan, scored: Sequence[Scored], weights: np.ndarray, noise: statistics.SeedNoise
) -> dict[str, Any]:
    by_place, tried = _places(plan), list(knob.values)
    levels = [knob.reference, *(v for v in tried if v != knob.reference)]

    def pairs(value: Any, against: Any) -> list[tuple[int, int]]:
        """Cells that differ in this knob alone."""
        found = []
        for (key, others), i in by_place[knob.key].items():
            partner = by_place[knob.key].get((json.dumps(against), others))
            if key == json.dumps(value) and partner is not None and scored[i].seeds and scored[partner].seeds:
                found.append((i, partner))
        return found

    reference = max(levels, key=lambda level: sum(len(pairs(v, level)) for v in levels if v != level))
    effects = []
    for value in levels:
        if value == reference or (value == knob.reference and value not in tried):
            continue
        matched = pairs(value, reference)
        effects.append({"value": value, **_contrast(matched, scored, weights, noise), "pairs": len(matched)})
    return {"reference": reference, "effects": effects}


def _places(plan: Plan) -> dict[str, dict[tuple[str, str], int]]:
    """knob → (its value, all the others' values) → place of the cell; what a cell does not change is the base's."""
    reference = {k.key: k.reference for k in plan.knobs}
    places: dict[str, dict[tuple[str, str], int]] = {k: {} for k in reference}
    for i, cell in enumerate(plan.cells):
        values = {**reference, **cell.changes}
        for key in reference:
            others = json.dumps({k: v for k, v in values.items() if k != key}, sort_keys=True)
            places[key].setdefault((json.dumps(values[key]), others), i)
    return places


def _choices(cells: Sequence[dict[str, Any]], split: str) -> dict[str, Any]:
    """Which cell validation would have picked, and which was best on the split that reports."""
    whole = [c for c in cells if len(c["seeds"]) == len(cells[0]["seeds"])]
    fusions = {c["recipe"]["fusion"] for c in whole}
    measure = "centred_cosine" if len(fusions) == 1 else "skill"

    def best(where: str) -> str | None:
        there = [c for c in whole if where in c]
        return max(there, key=lambda c: c[where][measure])["name"] if there else None

    return {"picked_by_validation": best("validation") if split != "validation" else None, "best_on_split": best(split)}
