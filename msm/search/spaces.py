"""Vector spaces for search: raw embeddings, one modality of them, or (in `contextual_space`) a run's contextual ones.

Vectors are always centred: the mean of the training shots is subtracted and the rest normalised, so that an inner
product is the centred cosine, and 0 is the similarity of two arbitrary shots.

Shape letters: N shots of a catalog, D width of a shot embedding, W width in a space.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np

from msm.data.catalog import Catalog, Modality, Title
from msm.data.fusion import fuse, unit
from msm.errors import InputError
from msm.recipes.recipe import Recipe

MOST_FOR_MEAN = 100_000  # training shots, of whole titles evenly spaced
DEFAULT_FUSION = Recipe().fusion


class SpaceElsewhere(Protocol):
    """A space in plain values, so that it can be sent to another machine that sees the same folders."""

    def open(self) -> Space: ...


class Space(Protocol):
    """The vectors of all shots of a catalog; also the `Vectors` that an index is built over."""

    @property
    def catalog(self) -> Catalog: ...

    @property
    def name(self) -> str:
        """Name of its index on disk."""
        ...

    @property
    def num(self) -> int: ...

    @property
    def dim(self) -> int: ...

    @property
    def mark(self) -> str:
        """Hex digits of everything that the vectors depend on: catalog, modality, fusion, weights."""
        ...

    @property
    def words(self) -> str:
        """Description in one phrase."""
        ...

    @property
    def mean(self) -> np.ndarray:
        """(W,) that is subtracted."""
        ...

    def with_mean(self, mean: np.ndarray) -> Self:
        """The same space with a mean that was saved, so that it need not be computed again."""
        ...

    def elsewhere(self) -> SpaceElsewhere | None:
        """What another process opens it by; None where its vectors are in this one's memory alone."""
        ...

    def read(self, rows: np.ndarray) -> np.ndarray:
        """(n,) rows of the catalog → (n, W) float32 of unit length; zero where there is nothing to compare."""
        ...

    def read_range(self, start: int, stop: int) -> np.ndarray: ...

    def scores(self, rows: np.ndarray, query: np.ndarray) -> np.ndarray:
        """(n,) of `read(rows) @ query`: the cosines of candidates. A large index spends most of its time here."""
        ...


@dataclass(frozen=True)
class RawSpace:
    """The shots as the encoders made them, fused and centred.

    fusion    joint (as the default recipe) or per_modality
    modality  compare this block alone; InputError where the catalog has none of that name
    known     (W,) the mean of the training shots, if it is known already
    """

    catalog: Catalog
    fusion: str = DEFAULT_FUSION
    modality: str | None = None
    known: np.ndarray | None = None

    def __post_init__(self) -> None:
        modalities_compared(self.catalog, self.modality)

    @cached_property
    def mean(self) -> np.ndarray:
        """(W,) of at most 100 000 training shots, read when it is first needed."""
        if self.known is not None:
            return self.known
        return training_mean(self.catalog, modalities_compared(self.catalog, self.modality), self.fusion, self.dim)

    def with_mean(self, mean: np.ndarray) -> Self:
        return replace(self, known=mean)

    def elsewhere(self) -> RawElsewhere:
        return RawElsewhere(str(self.catalog.path), self.fusion, self.modality, self.mean)

    @property
    def name(self) -> str:
        if self.modality is not None:
            return f"raw-{self.modality}"
        return "raw" if self.fusion == DEFAULT_FUSION else f"raw-{self.fusion}"

    @property
    def num(self) -> int:
        return self.catalog.num_shots

    @property
    def dim(self) -> int:
        return sum(m.dim for m in modalities_compared(self.catalog, self.modality))

    @property
    def mark(self) -> str:
        known = (self.catalog.fingerprint, self.name, self.fusion)
        return hashlib.sha256(repr(known).encode()).hexdigest()[:16]

    @property
    def words(self) -> str:
        if self.modality is not None:
            return f"raw {self.modality} alone, centred on the training shots"
        return f"raw embeddings, fused ({self.fusion}) and centred on the training shots"

    def read(self, rows: np.ndarray) -> np.ndarray:
        return self.project(self.catalog.take(rows))

    def read_range(self, start: int, stop: int) -> np.ndarray:
        return self.project(self.catalog.read_rows(start, stop))

    def scores(self, rows: np.ndarray, query: np.ndarray) -> np.ndarray:
        if self.fusion != "joint" and self.modality is None:
            return np.einsum("ij,j->i", self.read(rows), query)
        # |x / |x| − m| from three inner products; making the vectors takes five times as long. By einsum: a product
        # by BLAS wants threads, and here FAISS' own still hold the cores (7 ms instead of 0.3 for 200 shots of 2304)
        columns = slice(None) if self.modality is None else modalities_compared(self.catalog, self.modality)[0].columns
        raw = self.catalog.take(rows)[:, columns]
        length = np.sqrt(np.einsum("ij,ij->i", raw, raw))
        with_query, with_mean = (np.einsum("ij,j->i", raw, v) / np.maximum(length, 1e-30) for v in (query, self.mean))
        far = np.sqrt(np.maximum(1 - 2 * with_mean + self.mean @ self.mean, 1e-12))
        return np.where(length > 0, (with_query - query @ self.mean) / far, 0)

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """(n, D) embeddings of the catalog → (n, W)."""
        fused = fused_columns(embeddings, modalities_compared(self.catalog, self.modality), self.fusion)
        return self.centre(fused)

    def project_block(self, block: np.ndarray) -> np.ndarray:
        """(n, W) of this space's one modality, as its encoder gives it → (n, W)."""
        return self.centre(np.asarray(unit(block), dtype=np.float32))

    def centre(self, fused: np.ndarray) -> np.ndarray:
        """(n, W) fused: a prediction of a run, or an encoded text → the same in this space."""
        there = fused.any(axis=-1, keepdims=True)
        return np.asarray(unit(np.where(there, fused - self.mean, 0)), dtype=np.float32)


@dataclass(frozen=True)
class RawElsewhere:
    """A `RawSpace` in plain values."""

    catalog: str
    fusion: str
    modality: str | None
    mean: np.ndarray

    def open(self) -> RawSpace:
        return RawSpace(Catalog.open(self.catalog), self.fusion, self.modality, self.mean)


def modalities_compared(catalog: Catalog, name: str | None) -> tuple[Modality, ...]:
    if name is None:
        return catalog.modalities
    for modality in catalog.modalities:
        if modality.name == name:
            return (modality,)
    known = ", ".join(m.name for m in catalog.modalities)
    raise InputError(f"{catalog.path} has no modality {name!r}; it has {known}")


def fused_columns(embeddings: np.ndarray, modalities: tuple[Modality, ...], fusion: str) -> np.ndarray:
    """(n, D) → (n, W): the columns of these modalities, fused."""
    if sum(m.dim for m in modalities) == embeddings.shape[-1]:
        return fuse(embeddings, modalities, fusion)
    return np.asarray(unit(np.concatenate([embeddings[:, m.columns] for m in modalities], axis=1)), dtype=np.float32)


def training_mean(catalog: Catalog, modalities: tuple[Modality, ...], fusion: str, width: int) -> np.ndarray:
    """(W,) mean of the training shots that have something to compare; of all titles where none is for training.

    As in `msm.evaluation.protocol`, a title that lacks a modality from end to end is left out, unless there are no others.
    """
    sums, counts = {True: np.zeros(width), False: np.zeros(width)}, {True: 0, False: 0}
    for title in training_titles(catalog):
        embeddings = title.embeddings
        complete = all(embeddings[:, m.columns].any() for m in modalities)
        fused = fused_columns(embeddings, modalities, fusion)
        sums[complete] += fused.sum(axis=0, dtype=np.float64)
        counts[complete] += int(fused.any(axis=1).sum())
    whole = counts[True] > 0
    return (sums[whole] / max(1, counts[whole])).astype(np.float32)


def training_titles(catalog: Catalog) -> list[Title]:
    """Evenly spaced in the file, of about MOST_FOR_MEAN shots; of all splits where none is for training."""
    titles = catalog.split("train") or list(catalog)
    step = max(1, round(sum(t.num_shots for t in titles) / MOST_FOR_MEAN))
    return titles[::step]
