"""An index is built: trained on a bounded sample, filled in one pass over the vectors or in parts, and measured.

Two passes over a million shots of 2304 must not take their time from the memory. So vectors are read in strips that stay
in the cache through everything that is done to them (five times faster than in strips that do not), what is kept of
them is only what the index needs, and each training looks at a bounded number.

Shape letters: N vectors, D their width, R their width after reduction, Q queries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from msm.search.vector_index.exact import TopK
from msm.search.vector_index.index import Built, VectorIndex, Vectors
from msm.search.vector_index.plans import SAMPLES_PER_LIST, Plan

Arrays = Mapping[str, np.ndarray]

STRIP = 512  # vectors read at once: of 2304 they take 4.7 MB
TOGETHER_BYTES = 16 * 2**20  # of what is added to the index at once
NUM_QUERIES = 200  # vectors that are searched for after building, to measure the index
NEIGHBOURS = 10  # recall@10
MOST_SAMPLES = 200_000  # that cells are trained on, in their reduced width
ROTATION_SAMPLES = 32_768
CELL_ROUNDS = 8  # of k-means
CODE_SAMPLES = 16_384  # that the parts of a code are trained on
ENOUGH = 0.97  # recall@10 up to which a search is made to look further
TIE = 1e-5  # cosines this close are equal: any of several duplicates may be found


@dataclass(frozen=True)
class Begun:
    """An index that is trained and empty, and the vectors that will be searched for to measure it."""

    plan: Plan
    inner: Any
    rotation: np.ndarray | None  # (D, R)
    kept: float  # share of the vectors' energy
    queries: np.ndarray  # (Q, D)

    @property
    def together(self) -> int:
        """How many vectors are added at once; parts of an index begin at multiples of it."""
        return max(STRIP, TOGETHER_BYTES // (4 * self.inner.d))

    def packed(self) -> dict[str, np.ndarray]:
        """As plain arrays, for a file."""
        rotation = {} if self.rotation is None else {"rotation": self.rotation}
        inner = faiss.serialize_index(self.inner)
        return {"inner": inner, "kept": np.array(self.kept), "queries": self.queries, **rotation}

    @classmethod
    def unpacked(cls, plan: Plan, arrays: Mapping[str, np.ndarray]) -> Begun:
        """The inverse of `packed`."""
        inner = faiss.deserialize_index(arrays["inner"])
        return cls(plan, inner, arrays.get("rotation"), float(arrays["kept"]), arrays["queries"])

    def filled(
        self,
        vectors: Vectors,
        start: int,
        stop: int,
        add: Callable[[np.ndarray, int, int], None],
        progress: Callable[[int], None],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Read vectors [start, stop) once and give them, reduced, to `add` with where they start and stop.

        returns  (Q, 11) cosines of the nearest of them to each query, descending, and the rows that are zero
        """
        truth, empty = TopK(len(self.queries), NEIGHBOURS + 1), [np.zeros(0, np.int64)]
        for begin in range(start, stop, self.together):
            end = min(begin + self.together, stop)
            rows = np.empty((end - begin, self.inner.d), dtype=np.float32)
            for low, strip in _strips(vectors, begin, end):
                rows[low - begin : low - begin + len(strip)] = strip if self.rotation is None else strip @ self.rotation
                truth.add(strip, self.queries)
                empty.append(low + np.flatnonzero(~strip.any(axis=1)))
            add(rows, begin, end)
            progress(end - begin)
        return truth.scores, np.concatenate(empty)


def begin(vectors: Vectors, plan: Plan, rng: np.random.Generator) -> Begun:
    """Train an index on a sample; rng draws it, and the vectors that measure the index."""
    inner = _empty(plan, vectors.dim)
    rotation, kept = _trained(inner, plan, vectors, rng)
    queries = vectors.read(_drawn(vectors.num, NUM_QUERIES, rng))
    return Begun(plan, inner, rotation, kept, queries[queries.any(axis=1)])


def part_of(begun: Begun, vectors: Vectors, start: int, stop: int, progress: Callable[[int], None]) -> Arrays:
    """The index of vectors [start, stop) alone, as plain arrays that `Merging` takes; made by whoever has the time."""
    inner = faiss.clone_index(begun.inner)
    scores, empty = begun.filled(vectors, start, stop, lambda rows, a, b: inner.add(rows), progress)
    return {"inner": faiss.serialize_index(inner), "scores": scores, "empty": empty}


class Merging:
    """An index that is put together from parts, by FAISS's own merging, one part in memory at a time.

    The parts come in the order of their rows, so that cells hold their vectors in the order of one pass.
    """

    def __init__(self, begun: Begun, vectors: Vectors, ids: np.ndarray):
        self._begun, self._vectors, self._ids = begun, vectors, ids
        self._inner, self._empty = begun.inner, [np.zeros(0, np.int64)]
        self._whole = faiss.IndexIDMap(self._inner)
        self._scores = np.full((len(begun.queries), NEIGHBOURS + 1), -np.inf, dtype=np.float32)

    def stream(self, progress: Callable[[int], None] = lambda done: None) -> None:
        """Add all vectors here and now."""

        def add(rows: np.ndarray, start: int, stop: int) -> None:
            self._whole.add_with_ids(rows, self._ids[start:stop])

        scores, empty = self._begun.filled(self._vectors, 0, self._vectors.num, add, progress)
        self._note(scores, empty)

    def merge(self, part: Arrays) -> None:
        """Add the next part, as `part_of` made it."""
        other = faiss.deserialize_index(part["inner"])
        offset = 0 if self._begun.plan.kind == "flat" else self._inner.ntotal  # of a flat index a row has no number
        merge(self._inner, other, offset)
        self._note(part["scores"], part["empty"])

    def _note(self, scores: np.ndarray, empty: np.ndarray) -> None:
        self._scores = -np.sort(-np.concatenate([self._scores, scores], axis=1), axis=1)[:, : NEIGHBOURS + 1]
        self._empty.append(empty)

    def measured(self, began: float) -> tuple[VectorIndex, Built]:
        """The finished index, its searches widened until the recall is ENOUGH; `began` by time.perf_counter."""
        if self._whole.ntotal < self._inner.ntotal:  # merged
            self._whole.ntotal = self._inner.ntotal
            faiss.copy_array_to_vector(np.ascontiguousarray(self._ids, dtype=np.int64), self._whole.id_map)
        begun = self._begun
        index = VectorIndex(begun.plan, self._whole, begun.rotation, self._vectors, np.concatenate(self._empty))
        built_s = time.perf_counter() - began
        recall, query_ms = measured(index, begun.queries, self._scores)
        while recall < ENOUGH and (wider := index.plan.wider()) is not None:
            index.plan = wider
            recall, query_ms = measured(index, begun.queries, self._scores)
        return index, Built(round(built_s, 3), recall, query_ms, round(begun.kept, 4))


def merge(index: Any, other: Any, offset: int) -> None:
    """FAISS's `index.merge_from(other, offset)`, which empties the other, but for the lists of codes that it would corrupt.

    A list that holds a multiple of `block_size` vectors is taken for one of whole blocks by FAISS 1.15, which then writes as many
    blocks behind its end as the merged list has, beyond its memory. Such a list is enlarged here, and the other's blocks copied.
    """
    if hasattr(index, "invlists"):
        lists, others = (faiss.downcast_InvertedLists(i.invlists) for i in (index, other))
        if isinstance(lists, faiss.BlockInvertedLists):
            _move_behind_whole_blocks(lists, others, offset)
    index.merge_from(other, offset)


def _move_behind_whole_blocks(lists: Any, others: Any, offset: int) -> None:
    for number in range(lists.nlist):
        have, more = lists.list_size(number), others.list_size(number)
        if have and more and have % lists.block_size == 0:
            ids = faiss.rev_swig_ptr(others.get_ids(number), more) + offset
            lists.resize(number, have + more)
            faiss.rev_swig_ptr(lists.get_ids(number), have + more)[have:] = ids
            blocks, before = (-(-n // lists.n_per_block) * lists.block_size for n in (more, have))
            codes = faiss.rev_swig_ptr(lists.get_codes(number), before + blocks)
            codes[before:] = faiss.rev_swig_ptr(others.get_codes(number), blocks)
            others.resize(number, 0)


def build(
    vectors: Vectors,
    ids: np.ndarray,
    plan: Plan,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[VectorIndex, Built]:
    """Build an index in one pass over the vectors, measure it, and widen its searches until the recall is ENOUGH.

    ids       (N,) int64, the number of each row's shot
    rng       draws the vectors for training and for measuring
    progress  called with vectors read and vectors in all
    """
    began = time.perf_counter()
    merging = Merging(begin(vectors, plan, rng), vectors, ids)
    read = 0

    def tell(more: int) -> None:
        nonlocal read
        read += more
        progress(read, vectors.num)

    merging.stream(tell)
    return merging.measured(began)


def measured(index: VectorIndex, queries: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Recall@10 and the median milliseconds of a single query.

    queries  (Q, D) vectors that are in the index: each finds itself, and that does not count
    truth    (Q, 11) the cosines of the nearest of all vectors, descending
    """
    hits, took = [], []
    for query, best in zip(queries, truth, strict=True):
        began = time.perf_counter()
        scores, _ = index.search(query[None], truth.shape[1])
        took.append(1000 * (time.perf_counter() - began))
        there = best[np.isfinite(best)]
        if len(there) > 1:
            hits.append(((scores[0] >= there[-1] - TIE).sum() - 1) / (len(there) - 1))
    return (round(float(np.mean(hits)), 4) if hits else 1.0), (round(float(np.median(took)), 3) if took else 0.0)


def _empty(plan: Plan, dim: int) -> Any:
    width, near = plan.reduced or dim, faiss.METRIC_INNER_PRODUCT
    if plan.kind == "flat":
        return faiss.IndexFlatIP(width)
    if plan.kind == "hnsw":
        graph = faiss.IndexHNSWFlat(width, plan.links, near)
        graph.hnsw.efConstruction = 120
        return graph
    cells = faiss.IndexFlatIP(width)
    if plan.kind == "ivf":
        half = faiss.ScalarQuantizer.QT_fp16
        index = faiss.IndexIVFScalarQuantizer(cells, width, plan.lists, half, near, False)
    else:
        index = faiss.IndexIVFPQFastScan(cells, width, plan.lists, plan.code_parts, 4, near)
    index.cp.spherical = True  # the cells' middles are unit vectors, like everything that they hold
    index.cp.niter = CELL_ROUNDS
    return index


def _trained(inner: Any, plan: Plan, vectors: Vectors, rng: np.random.Generator) -> tuple[np.ndarray | None, float]:
    """Train what needs it; returns the rotation, where there is one, and the share of the energy that it keeps."""
    rotation, kept = None, 1.0
    if plan.reduced:
        rotation, kept = _rotation(plan, vectors, rng)
    if not inner.is_trained:
        drawn = _drawn(vectors.num, min(MOST_SAMPLES, max(20_000, SAMPLES_PER_LIST * plan.lists)), rng)
        sample = np.concatenate([s if rotation is None else s @ rotation for s in _read(vectors, drawn)])
        _train(inner, np.ascontiguousarray(sample), int(rng.integers(2**31)))
    return rotation, kept


def _train(inner: Any, sample: np.ndarray, seed: int) -> None:
    """Every k-means in it; of few vectors each makes what it can, without a word."""
    for means in (inner.cp, inner.pq.cp) if hasattr(inner, "pq") else (inner.cp,):
        means.seed, means.min_points_per_centroid = seed, 1
    inner.train_q1(len(sample), faiss.swig_ptr(sample), False, inner.metric_type)  # the cells
    inner.train(sample[:: max(1, len(sample) // CODE_SAMPLES)])  # what remains: the codes


def _rotation(plan: Plan, vectors: Vectors, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """(D, R) that keeps most of the inner products, and the share of the energy that it keeps.

    PCA without a mean, since inner products know none; for product quantisation then a random turn, so
    that each part of a vector carries about as much. (OPQ, which learns the turn, took minutes for three thousand vectors.)
    """
    products = np.zeros((vectors.dim, vectors.dim), dtype=np.float32)
    for strip in _read(vectors, _drawn(vectors.num, ROTATION_SAMPLES, rng)):
        products += strip.T @ strip
    energies, axes = np.linalg.eigh(products)
    axes, kept = axes[:, ::-1][:, : plan.reduced], energies[::-1][: plan.reduced].sum() / max(energies.sum(), 1e-12)
    if plan.kind == "ivfpq":
        axes = axes @ np.linalg.qr(rng.standard_normal((plan.reduced, plan.reduced)))[0]
    return np.ascontiguousarray(axes, dtype=np.float32), float(kept)


def _drawn(num: int, most: int, rng: np.random.Generator) -> np.ndarray:
    return np.arange(num) if num <= most else np.sort(rng.choice(num, most, replace=False))


def _read(vectors: Vectors, rows: np.ndarray) -> Iterator[np.ndarray]:
    return (vectors.read(rows[start : start + STRIP]) for start in range(0, len(rows), STRIP))


def _strips(vectors: Vectors, start: int, stop: int) -> Iterator[tuple[int, np.ndarray]]:
    for low in range(start, stop, STRIP):
        yield low, np.ascontiguousarray(vectors.read_range(low, min(low + STRIP, stop)), dtype=np.float32)
