"""The space of a run's contextual embeddings of all shots. Computed once and kept beside the catalog.

    CATALOG/index/contextual-RUN.vectors/
      space.json       format, run, weights, catalog (its fingerprint), width
      contextual.npy   (N, W) float16, in embedding order, mapped and not read
      mean.npy         (W,) float32, of the training shots

Shape letters: N shots of a catalog, W width of a run's contextual embedding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from msm.data.catalog import Catalog, cut_again
from msm.data.fusion import unit
from msm.errors import FullDiskError, InputError
from msm.io import files
from msm.io.arrays import map_npy, to_float32
from msm.runner import HERE, Place, staging_folder
from msm.search.spaces import training_titles

if TYPE_CHECKING:
    from msm.inference.run import Run

FORMAT = "msm-space/1"


@dataclass(frozen=True)
class ContextualSpace:
    """Contextual embeddings of a run, centred."""

    catalog: Catalog
    run: str  # the name of its folder
    weights: str  # their fingerprint
    vectors: np.ndarray  # (N, W) float16
    mean: np.ndarray  # (W,)

    @property
    def name(self) -> str:
        return f"contextual-{self.run}"

    @property
    def num(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])

    @property
    def mark(self) -> str:
        known = (self.catalog.fingerprint, self.name, self.weights)
        return hashlib.sha256(repr(known).encode()).hexdigest()[:16]

    @property
    def words(self) -> str:
        return f"contextual embeddings of {self.run}, centred on the training shots"

    def with_mean(self, mean: np.ndarray) -> Self:
        return self

    def elsewhere(self) -> ContextualElsewhere | None:
        if not isinstance(self.vectors, np.memmap):
            return None
        return ContextualElsewhere(str(self.catalog.path), self.run, self.weights)

    def read(self, rows: np.ndarray) -> np.ndarray:
        return self._centred(self.vectors[rows])

    def read_range(self, start: int, stop: int) -> np.ndarray:
        return self._centred(self.vectors[start:stop])

    def scores(self, rows: np.ndarray, query: np.ndarray) -> np.ndarray:
        return np.einsum("ij,j->i", self.read(rows), query)  # not by BLAS, see `RawSpace.scores`

    def _centred(self, vectors: np.ndarray) -> np.ndarray:
        return np.asarray(unit(to_float32(vectors) - self.mean), dtype=np.float32)


@dataclass(frozen=True)
class ContextualElsewhere:
    """A `ContextualSpace` that is kept beside its catalog, in plain values."""

    catalog: str
    run: str
    weights: str

    def open(self) -> ContextualSpace:
        catalog = Catalog.open(self.catalog)
        found = _read(_folder(catalog, self.run), _facts(catalog, self.run, self.weights), catalog)
        if found is None:
            raise InputError(f"{_folder(catalog, self.run)} has changed meanwhile")
        return found


def _folder(catalog: Catalog, run: str) -> Path:
    return catalog.path / "index" / f"contextual-{run}.vectors"


def _facts(catalog: Catalog, run: str, weights: str) -> dict[str, str]:
    return {"format": FORMAT, "run": run, "weights": weights, "catalog": catalog.fingerprint}


def contextual_space(
    catalog: Catalog,
    run: Run,
    *,
    save: bool = True,
    place: Place = HERE,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> ContextualSpace:
    """The space of a run over a catalog: read if it was kept, else computed, and kept if the folder can be written.

    place     where the titles are embedded; what was stopped goes on where it was
    progress  called with shots done and shots in all while it is computed
    Raises InputError where the run does not fit the catalog's shots.
    """
    from msm.runs.folder import weights_fingerprint

    run.check_fits(catalog)
    weights = weights_fingerprint(run.path)
    folder, facts = _folder(catalog, run.path.name), _facts(catalog, run.path.name, weights)
    kept = _read(folder, facts, catalog)
    if kept is not None:
        return kept
    if save:
        try:
            with staging_folder(folder, "embed") as staging, files.whole_folder(folder, replace=True) as temporary:
                width = run.model.contextual_width
                shape = (catalog.num_shots, width)
                mapped = np.lib.format.open_memmap(temporary / "contextual.npy", "w+", np.float16, shape)
                mean = _embed(catalog, run, mapped, progress, place, staging)
                mapped.flush()
                files.save_array(temporary / "mean.npy", mean)
                files.write_json(temporary / "space.json", {**facts, "width": width})
            return ContextualSpace(catalog, run.path.name, weights, map_npy(folder / "contextual.npy"), mean)
        except (OSError, FullDiskError):
            pass  # not writable, or the disk is full: keep it in memory
    vectors = np.empty((catalog.num_shots, run.model.contextual_width), np.float16)
    mean = _embed(catalog, run, vectors, progress, place)
    return ContextualSpace(catalog, run.path.name, weights, vectors, mean)


def _embed(
    catalog: Catalog,
    run: Run,
    vectors: np.ndarray,
    progress: Callable[[int, int], object],
    place: Place,
    staging: Path | None = None,
) -> np.ndarray:
    """Write every shot's vector; returns the mean of the training shots."""
    from msm.inference.embed import contextual_blocks

    training = {t.index for t in training_titles(catalog)}
    total, count, start = np.zeros(vectors.shape[1]), 0, 0
    blocks = contextual_blocks(run, catalog, place=place, staging=staging, progress=progress)
    with closing(blocks):
        for row, contextual in enumerate(cut_again(blocks, catalog.shot_counts)):
            vectors[start : start + len(contextual)] = contextual
            if row in training:
                total += contextual.sum(axis=0, dtype=np.float64)
                count += len(contextual)
            start += len(contextual)
    return (total / max(1, count)).astype(np.float32)


def _read(folder: Path, facts: dict, catalog: Catalog) -> ContextualSpace | None:
    """None where nothing is kept, or what is kept is of other weights or another catalog, or damaged."""
    try:
        found = files.read_json(folder / "space.json")
        if not isinstance(found, dict) or any(found.get(k) != v for k, v in facts.items()):
            return None
        vectors, mean = map_npy(folder / "contextual.npy"), np.array(map_npy(folder / "mean.npy"))
    except InputError:
        return None
    if vectors.shape != (catalog.num_shots, found.get("width")) or mean.shape != vectors.shape[1:]:
        return None
    return ContextualSpace(catalog, facts["run"], facts["weights"], vectors, mean)
