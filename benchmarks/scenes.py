"""How well vectors tell the scenes of a title apart: same-scene retrieval and scene boundaries, without training.

Shape letters: N shots of a title, D width of an embedding, B resamplings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from msm.evaluation.probes.neighbours import precision_and_rank
from msm.evaluation.probes.scores import interval, title_weights, weighted_ap

DRAWS = 20  # random orders, for what chance reaches


@dataclass(frozen=True)
class Title:
    """scene (N,) int; columns {name: (N, D) unit vectors, centred; a row of zeros where the shot lacks the modality}"""

    scene: np.ndarray
    columns: dict[str, np.ndarray]


def compare(titles: Sequence[Title], against: str) -> dict[str, Any]:
    """{"num_titles", "chance", "columns": {name: {"map", "boundary_ap", intervals, leads over `against`}}}."""
    rng = np.random.default_rng(0)
    names = list(titles[0].columns)
    of_query = {name: [_precision(t, t.columns[name]) for t in titles] for name in names}
    which = np.concatenate([np.full(len(p), i) for i, p in enumerate(of_query[names[0]])])
    weights = title_weights(which, rng)
    starts = np.concatenate([np.diff(t.scene) != 0 for t in titles])
    pairs = np.concatenate([np.full(len(t.scene) - 1, i) for i, t in enumerate(titles)])
    pair_weights = title_weights(pairs, np.random.default_rng(0))
    whole = np.ones((1, len(pairs)))
    resampled: dict[str, dict[str, np.ndarray]] = {}
    columns: dict[str, dict[str, Any]] = {}
    for name in names:
        precision = np.concatenate(of_query[name])
        distance = np.concatenate([_distances(t.columns[name]) for t in titles])
        resampled[name] = {
            "map": (weights @ precision) / weights.sum(axis=1),
            "boundary_ap": weighted_ap(starts, distance, pair_weights),
        }
        columns[name] = {
            "map": float(precision.mean()),
            "boundary_ap": float(weighted_ap(starts, distance, whole)[0]),
            "intervals": {k: interval(v) for k, v in resampled[name].items()},
        }
    for name in names:
        leads = {k: resampled[name][k] - resampled[against][k] for k in resampled[name]}
        columns[name]["leads"] = {
            k: {"difference": columns[name][k] - columns[against][k], "interval": interval(v)} for k, v in leads.items()
        }
    chance = {"map": _chance(titles), "boundary_ap": float(starts.mean())}
    return {"num_titles": len(titles), "against": against, "chance": chance, "columns": columns}


def _precision(title: Title, vectors: np.ndarray) -> np.ndarray:
    """Average precision of each shot that has another one in its scene."""
    return _ranked(title, vectors @ vectors.T)


def _ranked(title: Title, similarity: np.ndarray) -> np.ndarray:
    own = np.eye(len(similarity), dtype=bool)
    same = (title.scene[:, None] == title.scene[None, :]) & ~own
    asked = same.any(axis=1)
    return precision_and_rank(similarity[asked], same[asked], own[asked])["map"]


def _chance(titles: Sequence[Title]) -> float:
    rng = np.random.default_rng(1)
    draws = [_ranked(t, rng.standard_normal((len(t.scene),) * 2)) for t in titles for _ in range(DRAWS)]
    return float(np.concatenate(draws).mean())


def _distances(vectors: np.ndarray) -> np.ndarray:
    """(N − 1,) how far each shot lies from the one before it."""
    return 1 - (vectors[1:] * vectors[:-1]).sum(axis=1)
