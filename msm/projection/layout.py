"""Vectors become a map: principal components, nearest neighbours, and UMAP on these.

Shape letters: N rows, D columns, P components, K neighbours, d dimensions of the map.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from msm.errors import InputError
from msm.projection.pca import Rows, Turned, principal_components
from msm.projection.place import place_between
from msm.search.neighbour_graph import NearestAmong, nearest_rows

FEWEST = 10  # different rows; with fewer there is no neighbourhood to keep
TOO_FEW = f"fewer than {FEWEST} different points, too few for UMAP: these are their principal components"
TOO_FLAT = "UMAP found no layout: these are the principal components"
TIED = 0.3  # weight of the tie between a row and itself in the next embedding, where a nearest neighbour has about 1
FEW_ROWS, MANY_EPOCHS, EPOCHS = 10_000, 500, 200  # as umap chooses them for a map alone
PLACING_FROM = 0.6  # of the stage `epochs`: what follows is the placing of the rows outside a sample
EXTENT = 10.0  # of a starting layout, as umap has it
MANY_ROWS, MANY_COMPONENTS = 20_000, 100
STAGES = {"read": 0.12, "neighbours": 0.2, "umap": 0.35, "epochs": 1.0}  # where each ends, of the whole

Tell = Callable[[str, float], None]  # stage, share of it


def silent(stage: str, share: float) -> None:
    """For who does not want to know how far it is."""


@dataclass(frozen=True, kw_only=True)
class ProjectionOptions:
    """How a map is laid out. The defaults are umap-learn's, but for the seed."""

    dims: int = 2
    neighbours: int = 15  # K, the row itself included
    min_dist: float = 0.1  # how close UMAP lets points come
    densmap: bool = False  # keep dense regions dense
    components: int = 50  # P; with very many rows at least 100, see `components_of`
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dims not in (2, 3):
            raise InputError(f"a map has 2 or 3 dimensions, not {self.dims}")
        if not 2 <= self.neighbours <= 200:
            raise InputError(f"neighbours is {self.neighbours}, but must be 2 to 200")
        if not 0 <= self.min_dist <= 1:
            raise InputError(f"min_dist is {self.min_dist}, but must be 0 to 1")
        if self.components < 2:
            raise InputError(f"components is {self.components}, but must be at least 2")
        if not 0 <= self.seed < 2**31:
            raise InputError(f"seed is {self.seed}, but must be 0 to {2**31 - 1}")


@dataclass(frozen=True)
class Projection:
    """A map: where each row is, and which are its true neighbours."""

    points: np.ndarray  # (N, d) float32
    neighbours: np.ndarray  # (N, K − 1) int32, nearest first, among the P components; without the row itself
    method: str  # `umap`, or `pca` where there were too few rows
    why: str = ""  # of a `pca`


def project(
    rows: Rows, options: ProjectionOptions, *, classes: np.ndarray | None = None, tell: Tell = silent
) -> Projection:
    """Lay out (N, D) rows. The same rows, options and versions give the same map on the same machine.

    classes  (N,) int, −1 = not known: rows of a class are drawn together (supervised UMAP)
    """
    reduced = principal_components(
        rows, components_of(rows.shape[0], options), seed=options.seed, progress=_of(tell, "read")
    )
    few = few_different(reduced)
    near, distances = _neighbours(reduced, options, tell)
    if few:
        return Projection(_flat(reduced, options.dims), near[:, 1:], "pca", TOO_FEW)
    options = replace(options, neighbours=near.shape[1])
    points = _umap(reduced, near, distances, options, classes, tell)
    if not np.isfinite(points).all():
        return Projection(_flat(reduced, options.dims), near[:, 1:], "pca", TOO_FLAT)
    return Projection(points, near[:, 1:], "umap")


def project_sample(
    rows: Rows,
    sample: int,
    options: ProjectionOptions,
    *,
    classes: np.ndarray | None = None,
    tell: Tell = silent,
) -> tuple[Projection, np.ndarray]:
    """Lay out a seeded sample of (N, D) rows, and place each other row between its nearest ones of the sample.

    Rows are read twice, block by block, and never held. Neighbours of a row that is placed are those in the sample.

    returns  the map, and (N,) bool, True where a row was placed
    """
    num_rows = rows.shape[0]
    chosen = np.sort(np.random.default_rng(options.seed).choice(num_rows, sample, replace=False))
    turned = Turned(rows, components_of(num_rows, options), seed=options.seed)
    drawn = np.empty((sample, turned.count), dtype=np.float32)
    for start, block in turned.blocks():
        low, high = np.searchsorted(chosen, [start, start + len(block)])
        drawn[low:high] = block[chosen[low:high] - start]
        tell("read", (start + len(block)) / num_rows)
    own = None if classes is None else classes[chosen]
    laid_out = project(drawn, replace(options, components=turned.count), classes=own, tell=_apart_from_reading(tell))
    among, count = NearestAmong(drawn, seed=options.seed), laid_out.neighbours.shape[1] + 1
    points = np.empty((num_rows, options.dims), dtype=np.float32)
    near = np.empty((num_rows, count - 1), dtype=np.int32)
    for start, block in turned.blocks():
        stop = start + len(block)
        found, distances = among.nearest(block, count)
        points[start:stop] = place_between(found, distances, laid_out.points)
        near[start:stop] = chosen[found[:, : count - 1]]
        tell("epochs", PLACING_FROM + (1 - PLACING_FROM) * stop / num_rows)
    points[chosen], near[chosen] = laid_out.points, chosen[laid_out.neighbours]
    placed = np.ones(num_rows, dtype=bool)
    placed[chosen] = False
    return replace(laid_out, points=points, neighbours=near), placed


def _apart_from_reading(tell: Tell) -> Tell:
    """The stages of a sample's layout: it is read already, and placing the others takes what is left at the end."""

    def told(stage: str, share: float) -> None:
        if stage != "read":
            tell(stage, PLACING_FROM * share if stage == "epochs" else share)

    return told


def components_of(num_rows: int, options: ProjectionOptions) -> int:
    """P: the more rows, the finer the differences between a row's neighbours and all others.

    Of 100 000 shots of benchmarks/map.py, 50 components name 77 % of the true neighbours, 100 components 95 %.
    """
    return options.components if num_rows <= MANY_ROWS else max(options.components, MANY_COMPONENTS)


def align_parts(parts: Sequence[Rows], options: ProjectionOptions, *, tell: Tell = silent) -> list[Projection]:
    """Lay out several embeddings of the same N rows so that a row is in about the same place in all."""
    reduced = []
    for i, rows in enumerate(parts):
        reduced.append(principal_components(rows, components_of(rows.shape[0], options), seed=options.seed))
        tell("read", (i + 1) / len(parts))
    found = []
    for i, part in enumerate(reduced):
        found.append(_neighbours(part, options, silent))
        tell("neighbours", (i + 1) / len(parts))
    graphs = [near for near, _ in found]
    if any(few_different(part) for part in reduced):
        return [
            Projection(_flat(p, options.dims), near[:, 1:], "pca", TOO_FEW)
            for p, near in zip(reduced, graphs, strict=True)
        ]
    laid_out = _joined_umap(reduced, found, options, tell)
    if not all(np.isfinite(points).all() for points in laid_out):
        return [
            Projection(_flat(p, options.dims), near[:, 1:], "pca", TOO_FLAT)
            for p, near in zip(reduced, graphs, strict=True)
        ]
    return [Projection(points, near[:, 1:], "umap") for points, near in zip(laid_out, graphs, strict=True)]


def few_different(reduced: np.ndarray) -> bool:
    """Fewer than FEWEST different rows; looks at all only where the first are copies of one another."""
    return (
        len(np.unique(reduced[:1000].round(6), axis=0)) < FEWEST and len(np.unique(reduced.round(6), axis=0)) < FEWEST
    )


def _neighbours(reduced: np.ndarray, options: ProjectionOptions, tell: Tell) -> tuple[np.ndarray, np.ndarray]:
    count = min(options.neighbours, len(reduced))
    return nearest_rows(reduced, count, seed=options.seed, progress=_of(tell, "neighbours"))


def _of(tell: Tell, stage: str) -> Callable[[int, int], None]:
    return lambda done, total: tell(stage, done / total)


def _flat(reduced: np.ndarray, dims: int) -> np.ndarray:
    """The first components; zeros where there are not as many."""
    points = np.zeros((len(reduced), dims), dtype=np.float32)
    points[:, : min(dims, reduced.shape[1])] = reduced[:, :dims]
    return points


def _start(reduced: np.ndarray, options: ProjectionOptions) -> np.ndarray:
    """The first components, spread as umap spreads its own starting layouts, with a little noise for copies."""
    points = _flat(reduced, options.dims)
    points *= EXTENT / max(float(np.abs(points).max()), 1e-12)
    noise = np.random.default_rng(options.seed).normal(scale=1e-4, size=points.shape)
    return (points + noise).astype(np.float32)


def _umap(
    reduced: np.ndarray,
    near: np.ndarray,
    distances: np.ndarray,
    options: ProjectionOptions,
    classes: np.ndarray | None,
    tell: Tell,
) -> np.ndarray:
    """(N, d) by umap-learn from neighbours that are known; by cuML where it is installed and can do what is asked."""
    tell("umap", 0.0)
    choices: dict[str, Any] = {
        "n_components": options.dims,
        "n_neighbors": options.neighbours,
        "min_dist": options.min_dist,
        "random_state": options.seed,
    }
    if classes is None and not options.densmap and (gpu := _cuml()):
        # Written after cuML's documentation and never run here: this project has met no machine that has it.
        return np.asarray(gpu(**choices, precomputed_knn=(near, distances)).fit_transform(reduced), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one thread for a seed; of `transform`, which nobody asks for
        import umap

        tell("umap", 0.5)
        mapper = umap.UMAP(
            **choices,
            densmap=options.densmap,
            precomputed_knn=(near, distances),
            init=_start(reduced, options),
            tqdm_kwds=_epoch_bar(tell),
        )
        return np.asarray(mapper.fit_transform(reduced, y=classes), dtype=np.float32)


def _joined_umap(
    parts: Sequence[np.ndarray],
    graphs: Sequence[tuple[np.ndarray, np.ndarray]],
    options: ProjectionOptions,
    tell: Tell,
) -> list[np.ndarray]:
    """UMAP of one graph that holds every embedding's own, and ties each row to itself in the next (decision 0010)."""
    tell("umap", 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from scipy import sparse
        from umap import umap_

        tell("umap", 0.5)
        num_rows, random = len(parts[0]), np.random.RandomState(options.seed)
        fuzzy = [
            umap_.fuzzy_simplicial_set(part, near.shape[1], random, "euclidean", knn_indices=near, knn_dists=distances)[
                0
            ]
            for part, (near, distances) in zip(parts, graphs, strict=True)
        ]
        rows = np.arange(num_rows * (len(parts) - 1))
        shape = (num_rows * len(parts),) * 2
        ties = sparse.coo_matrix((np.full(len(rows), TIED, np.float32), (rows, rows + num_rows)), shape=shape)
        start = _start(parts[0], options)
        noise = np.random.default_rng(options.seed).normal(scale=1e-3, size=(shape[0], options.dims))
        spread, tightness = umap_.find_ab_params(1.0, options.min_dist)
        points, _ = umap_.simplicial_set_embedding(
            np.zeros((shape[0], 1), dtype=np.float32),  # looked at only where umap has to find a start by itself
            (sparse.block_diag(fuzzy, format="coo") + ties + ties.T).tocoo(),
            n_components=options.dims,
            initial_alpha=1.0,
            a=spread,
            b=tightness,
            gamma=1.0,
            negative_sample_rate=5,
            n_epochs=MANY_EPOCHS if num_rows <= FEW_ROWS else EPOCHS,
            init=(np.tile(start, (len(parts), 1)) + noise).astype(np.float32),
            random_state=random,
            metric="euclidean",
            metric_kwds={},
            densmap=False,
            densmap_kwds={},
            output_dens=False,
            tqdm_kwds=_epoch_bar(tell),
        )
    return np.split(np.asarray(points, dtype=np.float32), len(parts))


def _epoch_bar(tell: Tell) -> dict[str, Any]:
    return {"file": _EpochTeller(tell), "bar_format": "{n_fmt}/{total_fmt}", "disable": False, "mininterval": 0.2}


def _cuml() -> Any:
    """cuML's UMAP, or None where it is not installed."""
    try:
        from cuml.manifold import UMAP
    except ImportError:
        return None
    return UMAP


class _EpochTeller:
    """What umap's progress bar writes to: `12/200` becomes a share."""

    def __init__(self, tell: Tell):
        self._tell = tell

    def write(self, text: str) -> None:
        if counted := re.search(r"(\d+)/(\d+)", text):
            self._tell("epochs", int(counted[1]) / max(int(counted[2]), 1))

    def flush(self) -> None:
        """Nothing is kept back."""
