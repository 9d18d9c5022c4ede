"""What a prediction looks like: the real shots nearest to it, of one title or of a whole catalog.

Shape letters: P shots to choose from, H guesses, D width of a shot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog
from msm.data.fusion import unit
from msm.data.space import Space
from msm.inference.reconstruction import FillIn

MOST_SHOTS = 50_000  # of a catalog that a guess is compared with at once
AT_ONCE = 4_096  # rows read together


@dataclass(frozen=True)
class Pool:
    """Real shots to choose from, as directions from the training mean, so that a product is a centred cosine."""

    vectors: np.ndarray  # (P, D) unit
    rows: np.ndarray  # (P,) of the catalog, ascending
    num_shots: int  # of the catalog

    @property
    def whole(self) -> bool:
        """False where the catalog is so large that only evenly spaced shots of it are here."""
        return len(self.rows) == self.num_shots


def catalog_pool(catalog: Catalog, space: Space, most: int = MOST_SHOTS) -> Pool:
    """Every shot of a catalog, or of a larger one `most` evenly spaced ones. Reads their vectors."""
    count = min(most, catalog.num_shots)
    rows = np.linspace(0, catalog.num_shots - 1, count).round().astype(int)
    vectors = np.empty((count, catalog.shot_dim), dtype=np.float32)
    for first in range(0, count, AT_ONCE):
        some = rows[first : first + AT_ONCE]
        read = (
            catalog.read_rows(int(some[0]), int(some[-1]) + 1)[some - some[0]]
            if count == catalog.num_shots
            else (np.concatenate([catalog.read_rows(int(r), int(r) + 1) for r in some]))
        )
        vectors[first : first + len(some)] = unit(space.fuse(read) - space.mean)
    return Pool(vectors, rows, catalog.num_shots)


def title_pool(shots: np.ndarray, first_row: int, space: Space, num_shots: int) -> Pool:
    """One title's fused shots (P, D), which begin at `first_row` of a catalog of `num_shots`."""
    return Pool(unit(shots - space.mean), first_row + np.arange(len(shots)), num_shots)


def with_title(pool: Pool, title: Pool) -> Pool:
    """A sample of a catalog together with all the shots of one title; a whole catalog has them already."""
    if pool.whole:
        return pool
    others = ~np.isin(pool.rows, title.rows)
    rows = np.r_[pool.rows[others], title.rows]
    order = np.argsort(rows)
    return Pool(np.concatenate([pool.vectors[others], title.vectors])[order], rows[order], pool.num_shots)


def nearest_shots(
    guess: np.ndarray, pool: Pool, space: Space, count: int, truth_row: int, columns: np.ndarray | None = None
) -> tuple[pd.DataFrame, int]:
    """The real shots nearest to one guess (D,), and the rank of the true one among all of the pool.

    columns  (D,) bool, where only these count; None = all
    returns  a row a pick, nearest first: place (from 1), row (of the catalog), centred_cosine, is_truth;
             rank: 1 + the shots of the pool that are nearer than the true one, ties in its disfavour
    """
    about = guess - space.mean
    if columns is None or columns.all():
        likeness = pool.vectors @ unit(about)  # (P,)
    else:
        likeness = unit(pool.vectors[:, columns]) @ unit(about[columns])
    order = np.argsort(-likeness, kind="stable")[:count]
    table = pd.DataFrame(
        {
            "place": np.arange(len(order)) + 1,
            "row": pool.rows[order],
            "centred_cosine": likeness[order],
            "is_truth": pool.rows[order] == truth_row,
        }
    )
    true = likeness[np.searchsorted(pool.rows, truth_row)]
    return table, int((likeness >= true).sum())


def most_telling(fill: FillIn) -> int:
    """The hidden shot to show first: the one that shows best what all of them say together.

    Where the real shots rank higher with the model on the whole, its greatest lead; else the greatest of copying.
    """
    copied = fill.rank_of(fill.baseline(fill.best_baseline_name))
    lead = np.log(copied) - np.log(fill.table["rank"].to_numpy())
    return int(fill.hidden[(lead if lead.mean() >= 0 else -lead).argmax()])
