"""The results of an ablation as table.json: a row a cell, and the effects of each hyperparameter.

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
from msgspec import Struct, field

from msm.ablation import statistics
from msm.ablation.cell import RESULT, SCORES, read_result
from msm.ablation.plan import Cell, Hyperparameter, Plan, run_name
from msm.ablation.progress import RUNS, read_summary
from msm.config.schema import Count, Text, check
from msm.errors import InputError, reading
from msm.io import files
from msm.runs.folder import versions

FORMAT = "msm-ablation-table/1"
TABLE = "table.json"
MEASURES = ("centred_cosine", "cosine", "median_rank", "skill")


class CellRow(Struct):
    """One cell of table.json, as far as readers rely on it."""

    name: Text
    changes: dict[str, Any]
    recipe: dict[str, Any]
    seeds: list[Count]
    failures: dict[str, Any]
    vs_base: dict[str, Any]
    vs_baseline: dict[str, Any]


class Effects(Struct):
    """One hyperparameter of table.json."""

    key: Text
    reference: Any
    effects: list[dict[str, Any]]


class TableFile(Struct):
    """The schema of table.json; more keys are allowed."""

    split: Text
    seeds: Count
    base: dict[str, Any]
    catalog: dict[str, Any]
    cells: list[CellRow]
    hyperparameters: list[Effects] = field(name="knobs")


@dataclass(frozen=True)
class Scored:
    """The finished trainings of one cell."""

    cell: Cell
    results: dict[int, dict[str, Any]]  # seed → result.json, of those that are done
    failures: dict[int, str]  # seed → sentence
    pruned: dict[int, int]  # seed → the step at which a search stopped it
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
    """The content of table.json, from the trainings that are finished. InputError where none of the base recipe is."""
    weights = _hidden_shots(out, plan)
    scored = [_read(out, plan, cell, weights) for cell in plan.cells]
    weighed = weights.to_numpy(dtype=float)
    noise = statistics.seed_noise(_seed_means(scored, plan.seeds, weighed))
    cells = _against_base(scored, weighed, noise)
    for row, one in zip(cells, scored, strict=True):
        row["vs_baseline"] = _against_baseline(one, weighed)
    for row, p in zip(cells, statistics.holm([c["vs_baseline"].get("p") for c in cells]), strict=True):
        row["vs_baseline"] |= {"p_holm": p, "answer": statistics.verdict(row["vs_baseline"].get("difference", 0), p)}
    effects = _by_hyperparameter(plan, scored, weighed, noise)
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
        | {"failed": sum(len(s.failures) for s in scored)}
        | ({"pruned": sum(len(s.pruned) for s in scored)} if plan.search is not None else {}),
        "cells": cells,
        "knobs": effects,
        "skipped": list(plan.skipped),
        **({"search": read_summary(out)} if plan.search is not None else {}),
        **_best_cells(cells, plan.split),
    }


def read_table(path: Path) -> dict[str, Any]:
    """Read a table.json, in an ablation's folder or by itself. InputError where it is none."""
    table = files.read_json(path)
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise InputError(f"{path} is not a table of an ablation ({FORMAT})")
    check(TableFile, table, path)
    return table


def _hidden_shots(out: Path, plan: Plan) -> pd.Series:
    """Number of hidden shots of each title, by title_id: the protocol hides the same for all, so one training suffices."""
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
    one = Scored(cell, {}, {}, {}, {}, {})
    for seed in range(plan.seeds):
        path = out / RUNS / run_name(cell, seed)
        if not (path / RESULT).exists():
            continue
        result = read_result(path)
        if result["state"] == "pruned":
            one.pruned[seed] = int(result.get("step", 0))
            continue
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
        rows[i]["vs_base"] |= {"p_holm": p, "answer": statistics.verdict(rows[i]["vs_base"].get("difference", 0), p)}
    return rows


def _cell_row(one: Scored) -> dict[str, Any]:
    results = list(one.results.values())
    row: dict[str, Any] = {"name": one.cell.name, "changes": one.cell.changes, "recipe": one.cell.recipe}
    row |= {"seeds": one.seeds, "failures": {str(s): sentence for s, sentence in one.failures.items()}}
    if one.pruned:
        row["pruned"] = {str(s): step for s, step in one.pruned.items()}
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
    """The mean over pairs of cells of (one − other), paired by title and seed; {} while no seed is finished in all.

    Cells that fuse their shots differently have cosines in different spaces: of these the leads over the best
    baseline of each space are compared.
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


def _by_hyperparameter(
    plan: Plan, scored: Sequence[Scored], weights: np.ndarray, noise: statistics.SeedNoise
) -> list[dict[str, Any]]:
    """An entry a hyperparameter, the largest effect first: its values against one of them, averaged over the grid."""
    entries = [{"key": h.key, **_effects(h, plan, scored, weights, noise)} for h in plan.hyperparameters]
    effects = [effect for entry in entries for effect in entry["effects"]]
    for effect, p in zip(effects, statistics.holm([e.get("p") for e in effects]), strict=True):
        effect |= {"p_holm": p, "answer": statistics.verdict(effect.get("difference", 0), p)}
    return sorted(entries, key=_importance, reverse=True)


def _importance(entry: dict[str, Any]) -> tuple[bool, float]:
    """Sort significant differences before the others, and both by size."""
    known = [e for e in entry["effects"] if "difference" in e]
    significant = [abs(e["difference"]) for e in known if e["answer"] in ("better", "worse")]
    return bool(significant), max(significant or [abs(e["difference"]) for e in known], default=0.0)


def _effects(
    varied: Hyperparameter, plan: Plan, scored: Sequence[Scored], weights: np.ndarray, noise: statistics.SeedNoise
) -> dict[str, Any]:
    by_place, tried = _places(plan), list(varied.values)
    levels = [varied.reference, *(v for v in tried if v != varied.reference)]

    def pairs(value: Any, against: Any) -> list[tuple[int, int]]:
        """Cells that differ in this hyperparameter alone."""
        found = []
        for (key, others), i in by_place[varied.key].items():
            partner = by_place[varied.key].get((json.dumps(against), others))
            if key == json.dumps(value) and partner is not None and scored[i].seeds and scored[partner].seeds:
                found.append((i, partner))
        return found

    reference = max(levels, key=lambda level: sum(len(pairs(v, level)) for v in levels if v != level))
    effects = []
    for value in levels:
        if value == reference or (value == varied.reference and value not in tried):
            continue
        matched = pairs(value, reference)
        effects.append({"value": value, **_contrast(matched, scored, weights, noise), "pairs": len(matched)})
    return {"reference": reference, "effects": effects}


def _places(plan: Plan) -> dict[str, dict[tuple[str, str], int]]:
    """hyperparameter → (its value, all others' values) → index of the cell; a cell has the base's value of what it does not change."""
    reference = {h.key: h.reference for h in plan.hyperparameters}
    places: dict[str, dict[tuple[str, str], int]] = {k: {} for k in reference}
    for i, cell in enumerate(plan.cells):
        values = {**reference, **cell.changes}
        for key in reference:
            others = json.dumps({k: v for k, v in values.items() if k != key}, sort_keys=True)
            places[key].setdefault((json.dumps(values[key]), others), i)
    return places


def _best_cells(cells: Sequence[dict[str, Any]], split: str) -> dict[str, Any]:
    """The best cell on the validation split, which a user would choose, and the best on the split that is reported."""
    whole = [c for c in cells if len(c["seeds"]) == len(cells[0]["seeds"])]
    fusions = {c["recipe"]["fusion"] for c in whole}
    measure = "centred_cosine" if len(fusions) == 1 else "skill"

    def best(where: str) -> str | None:
        there = [c for c in whole if where in c]
        return max(there, key=lambda c: c[where][measure])["name"] if there else None

    return {"picked_by_validation": best("validation") if split != "validation" else None, "best_on_split": best(split)}
