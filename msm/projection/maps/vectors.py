"""The vectors that a map is made of: of shots or of titles, raw or in their title's context, about the training mean.

Raw shots are fused as the default recipe fuses them (joint); the mean of the training shots is taken away, and what
is left is brought to unit length, so that near on the map means near by centred cosine, the measure of every
other page. A title is the mean of its shots, or a run's [CLS].

Shape letters: N rows, D columns.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog, Title
from msm.data.fusion import fuse, unit
from msm.data.told import Told
from msm.errors import InputError
from msm.recipes.recipe import Recipe

MOST_CLASSES = 200  # of a label that supervises
CLASSES_OF_NUMBERS = 10
FEW_NUMBERS = 20  # different numbers, up to which each is a class

Share = Callable[[float], None]


@dataclass(frozen=True)
class CentredRows:
    """Rows that are centred and brought to unit length while they are read."""

    read: Callable[[int, int], np.ndarray]
    shape: tuple[int, int]
    mean: np.ndarray

    def __getitem__(self, where: slice) -> np.ndarray:
        start, stop, _ = where.indices(self.shape[0])
        return unit(self.read(start, stop) - self.mean)


@contextmanager
def vectors_of(catalog: Catalog, of: str, run: Path | None, share: Share) -> Iterator[CentredRows]:
    """The rows to map. A run's shots lie in a temporary file meanwhile: they may be more than fit into memory."""
    if run is None and of == "shots":
        mean = _training_mean(catalog, lambda title: _fused(title.embeddings, catalog), share)
        yield CentredRows(
            lambda a, b: _fused(catalog.read_rows(a, b), catalog), (catalog.num_shots, catalog.shot_dim), mean
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = _spooled(catalog, of, run, Path(folder) / "rows.npy", share)
        learned = np.asarray(catalog.titles["split"] == "train")
        if of == "shots":
            learned = np.repeat(learned, catalog.titles["num_shots"])
        mean = _mean_of(rows, learned if learned.any() else np.ones_like(learned))
        yield CentredRows(lambda a, b: np.array(rows[a:b]), rows.shape, mean)


def _spooled(catalog: Catalog, of: str, run: Path | None, path: Path, share: Share) -> np.ndarray:
    """(N, D) float32 on disk: what `_one_title` makes of each title, one below the other."""
    make = _one_title(catalog, of, run)
    num_rows, rows, at = (catalog.num_shots if of == "shots" else len(catalog)), None, 0
    for i, title in enumerate(catalog):
        made = make(title)
        if rows is None:
            rows = np.lib.format.open_memmap(path, "w+", np.float32, (num_rows, made.shape[1]))
        rows[at : at + len(made)] = made
        at += len(made)
        share((i + 1) / len(catalog))
    assert rows is not None  # a catalog has a title
    return rows


def _one_title(catalog: Catalog, of: str, run: Path | None) -> Callable[[Title], np.ndarray]:
    if run is None:
        return lambda title: unit(_fused(title.embeddings, catalog).mean(axis=0, keepdims=True))
    from msm.inference.predict import contextual_embeddings
    from msm.inference.run import Run  # torch: two seconds

    trained = Run.open(run)
    trained.check_fits(catalog)

    def one(title: Title) -> np.ndarray:
        title = trained.adapt_title(title)
        fused = trained.space.fuse(title.embeddings)
        shots, token = contextual_embeddings(trained.model, fused, Told.of(title))
        return shots if of == "shots" else token[None]

    return one


def _fused(embeddings: np.ndarray, catalog: Catalog) -> np.ndarray:
    return fuse(embeddings, catalog.modalities, Recipe().fusion)


def _training_mean(catalog: Catalog, read: Callable[[Title], np.ndarray], share: Share) -> np.ndarray:
    """(D,) of the training titles' shots; of all where no title is for training."""
    titles = catalog.split("train") or list(catalog)
    total = np.zeros(catalog.shot_dim)
    for i, title in enumerate(titles):
        total += read(title).sum(axis=0)
        share((i + 1) / len(titles))
    return (total / sum(t.num_shots for t in titles)).astype(np.float32)


def _mean_of(rows: np.ndarray, chosen: np.ndarray, at_once: int = 4096) -> np.ndarray:
    total = np.zeros(rows.shape[1])
    for start in range(0, len(rows), at_once):
        total += rows[start : start + at_once][chosen[start : start + at_once]].sum(axis=0)
    return (total / chosen.sum()).astype(np.float32)


def title_digests(catalog: Catalog) -> list[str]:
    """8 hex digits of each title's vectors: whether a title is still the one that was mapped."""
    return [hashlib.blake2b(t.embeddings.tobytes(), digest_size=4).hexdigest() for t in catalog]


def classes_by(catalog: Catalog, of: str, label: str) -> np.ndarray:
    """(N,) int, −1 = not known: the classes of a label; a number's are tenths of its range.

    InputError for a label that the catalog or its titles lack, and for one of too many values.
    """
    values = label_values(catalog, of, label)
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > FEW_NUMBERS:
        values = pd.qcut(values, CLASSES_OF_NUMBERS, duplicates="drop")
    codes, found = pd.factorize(values.mask(values.astype(str) == ""))
    if not 2 <= len(found) <= MOST_CLASSES:
        said = "the same everywhere" if len(found) < 2 else f"different in {len(found)} ways"
        raise InputError(f"the label {label!r} cannot draw a map together: it is {said}")
    return codes.astype(np.int64)


def label_values(catalog: Catalog, of: str, label: str) -> pd.Series:
    """A label of each point, in embedding order; a title's own is that of each of its shots."""
    if of == "shots" and label in catalog.shot_labels:
        return catalog.read_shots()[label]
    if label in [*catalog.title_labels, "split", "title_id"]:
        titles = catalog.titles[label]
        return titles if of == "titles" else titles.repeat(catalog.titles["num_shots"]).reset_index(drop=True)
    known = ", ".join(catalog.title_labels + (catalog.shot_labels if of == "shots" else [])) or "none"
    raise InputError(f"there is no label {label!r} for a map of {of}; there are {known}")
