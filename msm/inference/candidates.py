"""The real shots nearest to a prediction, of one title or of a whole catalog.

Shape letters: P candidate shots, D width of a shot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog
from msm.data.fusion import unit
from msm.data.space import Space
from msm.inference.reconstruction import FillIn
from msm.metrics import rank_among

MAX_CANDIDATES = 50_000  # of a catalog
BATCH_ROWS = 4_096  # that are read together


@dataclass(frozen=True)
class Pool:
    """Candidate shots as directions from the training mean, so that a scalar product is a centred cosine."""

    vectors: np.ndarray  # (P, D) unit
    rows: np.ndarray  # (P,) of the catalog, ascending
    num_shots: int  # of the catalog

    @property
    def whole(self) -> bool:
        """Whether all shots of the catalog are candidates; of a large one only evenly spaced shots are."""
        return len(self.rows) == self.num_shots


def catalog_pool(catalog: Catalog, space: Space, most: int = MAX_CANDIDATES) -> Pool:
    """Read the shots of a catalog as candidates: all of them, or `most` evenly spaced ones."""
    count = min(most, catalog.num_shots)
    rows = np.linspace(0, catalog.num_shots - 1, count).round().astype(int)
    vectors = np.empty((count, catalog.shot_dim), dtype=np.float32)
    for first in range(0, count, BATCH_ROWS):
        some = rows[first : first + BATCH_ROWS]
        read = (
            catalog.read_rows(int(some[0]), int(some[-1]) + 1)[some - some[0]]
            if count == catalog.num_shots
            else (np.concatenate([catalog.read_rows(int(r), int(r) + 1) for r in some]))
        )
        vectors[first : first + len(some)] = unit(space.fuse(read) - space.mean)
    return Pool(vectors, rows, catalog.num_shots)


def title_pool(shots: np.ndarray, first_row: int, space: Space, num_shots: int) -> Pool:
    """Take a title's fused shots (P, D) as candidates; they start at `first_row` of a catalog of `num_shots`."""
    return Pool(unit(shots - space.mean), first_row + np.arange(len(shots)), num_shots)


def with_title(pool: Pool, title: Pool) -> Pool:
    """Add all shots of one title to a sample of its catalog; a whole catalog has them already."""
    if pool.whole:
        return pool
    others = ~np.isin(pool.rows, title.rows)
    rows = np.r_[pool.rows[others], title.rows]
    order = np.argsort(rows)
    return Pool(np.concatenate([pool.vectors[others], title.vectors])[order], rows[order], pool.num_shots)


def nearest_shots(
    prediction: np.ndarray, pool: Pool, space: Space, count: int, truth_row: int, columns: np.ndarray | None = None
) -> tuple[pd.DataFrame, float]:
    """Find the candidates nearest to one prediction (D,), and the rank of the true shot among all candidates.

    columns  (D,) bool, compare only these columns; None = all
    returns  a row a candidate, nearest first: place (from 1), row (of the catalog), centred_cosine, is_truth;
             rank: of the true shot among all candidates, as `msm.metrics.rank_among` counts
    """
    about = prediction - space.mean
    vectors = pool.vectors
    if columns is not None and not columns.all():
        vectors, about = unit(vectors[:, columns]), about[columns]
    similarity = vectors @ unit(about)  # (P,)
    order = np.argsort(-similarity, kind="stable")[:count]
    table = pd.DataFrame(
        {
            "place": np.arange(len(order)) + 1,
            "row": pool.rows[order],
            "centred_cosine": similarity[order],
            "is_truth": pool.rows[order] == truth_row,
        }
    )
    true = np.searchsorted(pool.rows, [truth_row])
    return table, float(rank_among(similarity[None], vectors, true)[0])


def most_telling(fill: FillIn) -> int:
    """Choose the hidden shot to show first, the clearest example of the overall result.

    Where the true shots rank higher with the model on average, the one with its greatest lead over the best baseline; else the
    one with the baseline's greatest lead.
    """
    baseline = fill.rank_of(fill.baseline(fill.best_baseline_name))
    lead = np.log(baseline) - np.log(fill.table["rank"].to_numpy())
    return int(fill.hidden[(lead if lead.mean() >= 0 else -lead).argmax()])
