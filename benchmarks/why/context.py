"""How much does each reach of context give? The same hidden shots, predicted from the visible shots within ±1, ±4, ±16, and from all.

Shape letters: N shots of a title, D width of a shot.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.why.interval import with_interval
from msm import baselines, metrics
from msm.data.catalog import Catalog
from msm.data.told import NOTHING
from msm.evaluation.protocol import RATIO, hide_titles
from msm.inference.run import Run

REACHES = (1, 4, 16, None)
MOST_SHOTS = 600  # hidden shots that are predicted, spread over the test titles
PREDICTORS = ("kriging", "neighbour")


def by_context(catalog: Catalog, run: Run, rng: np.random.Generator) -> dict[str, Any]:
    """Centred cosine by predictor and reach, the gain from one reach to the next, and the title's mean, each with its interval.

    Only hidden shots with a visible shot next to them, so that every reach predicts the same ones.
    """
    scores: dict[tuple[str, str], list[float]] = {}
    titles: list[str] = []
    for case in _cases(catalog, run, rng):
        title_id, shots, hidden, place = case
        titles.append(title_id)
        scores.setdefault(("title mean", "all"), []).append(_cosine(shots[~hidden].mean(axis=0), shots[place], run))
        for reach in REACHES:
            for name, predicted in _predict(run, shots, hidden, place, reach).items():
                scores.setdefault((name, name_of(reach)), []).append(_cosine(predicted, shots[place], run))
    of = {key: np.array(values) for key, values in scores.items()}
    names = [name_of(r) for r in REACHES]
    return {
        "shots": len(titles),
        "titles": len(set(titles)),
        "title mean": with_interval(of["title mean", "all"], np.array(titles)),
        **{p: {r: with_interval(of[p, r], np.array(titles)) for r in names} for p in PREDICTORS},
        "gain": {
            p: {b: with_interval(of[p, b] - of[p, a], np.array(titles)) for a, b in pairwise(names)} for p in PREDICTORS
        },
    }


def name_of(reach: int | None) -> str:
    return "all" if reach is None else f"±{reach}"


def _cases(catalog: Catalog, run: Run, rng: np.random.Generator) -> list[tuple[str, np.ndarray, np.ndarray, int]]:
    found = []
    for case in hide_titles(catalog.split("test"), run.space, RATIO, (0,)):
        seen = np.pad(~case.hidden, 1)
        beside = np.flatnonzero(case.hidden & (seen[:-2] | seen[2:]))
        found += [(case.title_id, case.shots, case.hidden, int(place)) for place in beside]
    chosen = rng.permutation(len(found))[:MOST_SHOTS]
    return [found[i] for i in sorted(chosen.tolist())]


def _predict(run: Run, shots: np.ndarray, hidden: np.ndarray, place: int, reach: int | None) -> dict[str, np.ndarray]:
    """(D,) each: the hidden shot at `place`, from the visible shots that lie at most `reach` away."""
    start, stop = (0, len(shots)) if reach is None else (max(0, place - reach), min(len(shots), place + reach + 1))
    part, inside = shots[start:stop], hidden[start:stop]
    row = int(inside[: place - start].sum())
    space = run.space
    fitted = {"kriging": space.baselines["kriging"]}
    found = baselines.predict_all(part, inside, space.mean, space.bandwidth, fitted)
    return {"kriging": found["kriging"][row], "neighbour": run.predict(part, inside, NOTHING)[row]}


def _cosine(predicted: np.ndarray, truth: np.ndarray, run: Run) -> float:
    return float(metrics.centred_cosine(predicted[None], truth[None], run.space.mean)[0])
