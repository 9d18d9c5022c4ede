"""A seeded sample of titles that has short and long ones in the same shares as all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from msm.data.catalog import Title

SEED = 0


def stratified(titles: Sequence[Title], most: int | None, seed: int = SEED) -> list[Title]:
    """At most `most` titles, in their order; all of them where there are no more, or where `most` is None.

    The titles are sorted by their number of shots and cut into `most` strata of equal size; one title is drawn from each.
    """
    if most is None or len(titles) <= most:
        return list(titles)
    order = np.argsort([t.num_shots for t in titles], kind="stable")
    edges = np.linspace(0, len(titles), most + 1).round().astype(int)
    drawn = np.random.default_rng(seed).integers(edges[:-1], edges[1:])
    return [titles[int(i)] for i in np.sort(order[drawn])]


def sample_facts(taken: Sequence[Title], titles: Sequence[Title], seed: int = SEED) -> dict[str, Any]:
    """What a report and run.json say of the titles that were taken: `titles`, `of`, `sampled`, and the seed."""
    return {"titles": len(taken), "of": len(titles), "sampled": len(taken) < len(titles), "seed": seed}
