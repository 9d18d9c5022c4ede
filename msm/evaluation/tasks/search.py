"""Retrieval of a task: the nearest examples of other titles, and whether they have the same label. Nothing is fitted but the mean.

Shape letters: I examples, d width of an embedding, K classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from msm.evaluation.probes import Unusable
from msm.evaluation.probes.neighbours import MOST_QUERIES, MOST_SEARCHED, centred, precision_and_rank
from msm.evaluation.probes.rows import sample
from msm.evaluation.probes.scores import title_weights
from msm.evaluation.tasks.measures import with_intervals
from msm.evaluation.tasks.splits import Split


def retrieval(
    features: dict[str, np.ndarray],
    truth: np.ndarray,
    title: np.ndarray,
    splits: list[Split],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Mean average precision of a search by cosine among the scored examples, without those of the query's own title.

    features  kind of embedding → (I, d)
    truth     (I, K) bool
    """
    found: dict[str, list[np.ndarray]] = {k: [] for k in features}
    by_chance: list[np.ndarray] = []
    titles: list[np.ndarray] = []
    for split in splits:
        searched = sample(split.score, MOST_SEARCHED // len(splits), rng)
        asked = sample(np.arange(len(searched)), MOST_QUERIES // len(splits) + 1, rng)
        has = truth[searched].astype(np.float32)
        banned = title[searched][None, :] == title[searched[asked]][:, None]
        same = ((has[asked] @ has.T) > 0) & ~banned
        fair = same.any(axis=1) & (~same & ~banned).any(axis=1)
        asked, same, banned = asked[fair], same[fair], banned[fair]
        if not len(asked):
            continue
        titles.append(title[searched[asked]])
        by_chance.append(precision_and_rank(rng.standard_normal(same.shape), same, banned)["map"])
        for kind, x in features.items():
            unit = centred(x, split.fit, searched)
            found[kind].append(precision_and_rank(unit[asked] @ unit.T, same, banned)["map"])
    if not titles:
        raise Unusable("no example could be found by its label in another title: every other one has it, or none")
    of = np.concatenate(titles)
    weights = title_weights(of, rng)
    each = {k: np.concatenate(v) for k, v in found.items()}
    draws = {k: (weights @ v) / weights.sum(axis=1) for k, v in each.items()}
    points = {k: {"map": float(v.mean())} for k, v in each.items()}
    return {
        "probe": "retrieval",
        **with_intervals(points, draws, "map"),
        "chance": {"map": float(np.concatenate(by_chance).mean())},
        "num_scored": len(of),
        "num_titles": len(np.unique(of)),
    }
