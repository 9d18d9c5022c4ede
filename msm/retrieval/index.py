"""An index of unit vectors: built in one pass, asked with or without a filter, written and mapped.

Shape letters: N vectors, D their width, R their width after reduction, Q queries, K neighbours.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np

from msm.errors import InputError
from msm.retrieval.exact import TopK
from msm.retrieval.plans import SAMPLES_PER_LIST, Plan

BLOCK = 8192  # vectors at once while building
NUM_ASKED = 100  # vectors that are looked for after building, to measure the index by
NEIGHBOURS = 10  # recall@10
EXACT_UP_TO = 4096  # where a filter leaves so few, each of them is looked at
MOST_SAMPLES = 262_144
READ_UP_TO = 64 * 2**20  # bytes of a file; a larger one is mapped
ALIKE = 1e-5  # two cosines this near are equal: of duplicates any may be found


class Vectors(Protocol):
    """Where the true vectors are: (n, D) float32 of unit length, or zero."""

    @property
    def num(self) -> int: ...

    @property
    def dim(self) -> int: ...

    def read(self, rows: np.ndarray) -> np.ndarray: ...

    def read_range(self, start: int, stop: int) -> np.ndarray: ...

    def scores(self, rows: np.ndarray, query: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Built:
    """What building told: seconds, recall@10 against every vector, milliseconds a query, what the reduction keeps."""

    build_s: float
    recall: float
    query_ms: float
    kept: float = 1.0  # of the vectors' energy, in the reduced dimensions


class VectorIndex:
    """An opened index over N vectors that stay where they are."""

    def __init__(self, plan: Plan, index: Any, rotation: np.ndarray | None, vectors: Vectors, empty: np.ndarray):
        self.plan, self.rotation, self.vectors = plan, rotation, vectors
        self.empty = empty  # rows of zeros: like nothing, so they are never found
        self.whole = index  # an IndexIDMap2: whoever opens the file in FAISS finds shots by their number
        self._inner = faiss.downcast_index(index.index)  # searched by row, so that a filter is a bit a row
        self._gpu = on_gpu(self._inner) if plan.kind != "hnsw" else None

    @property
    def ids(self) -> np.ndarray:
        """(N,) int64, the number of the shot in each row."""
        return faiss.vector_to_array(self.whole.id_map)

    def search(self, queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The K nearest rows to each query.

        queries  (Q, D) of unit length
        allowed  (N,) bool, the rows that may be found; None = all
        returns  scores (Q, K) exact and descending, rows (Q, K); −inf and −1 where there are fewer than K
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if len(self.empty):
            allowed = np.ones(self.vectors.num, dtype=bool) if allowed is None else allowed.copy()
            allowed[self.empty] = False
        share = 1.0
        if allowed is not None:
            num_allowed = int(np.count_nonzero(allowed))
            share = num_allowed / max(1, len(allowed))
            if num_allowed <= max(EXACT_UP_TO, k) and not self.plan.exact:
                return self._decide(queries, np.tile(np.flatnonzero(allowed), (len(queries), 1)), k)
        k_found = min(max(k, self.plan.candidates), self.vectors.num)
        scores, rows = self._ask(queries, k_found, allowed, share)
        return _padded(scores, rows, k) if self.plan.exact else self._decide(queries, rows, k)

    def _ask(
        self, queries: np.ndarray, k: int, allowed: np.ndarray | None, share: float
    ) -> tuple[np.ndarray, np.ndarray]:
        if self._gpu is not None and allowed is None:  # its indexes take no filter
            scores, rows = self._gpu.search(self._reduced(queries), k)
        else:
            wanted = _parameters(self.plan, k, allowed, share)
            scores, rows = self._inner.search(self._reduced(queries), k, params=wanted)
        return scores, rows

    def _reduced(self, queries: np.ndarray) -> np.ndarray:
        return queries if self.rotation is None else np.ascontiguousarray(queries @ self.rotation)

    def _decide(self, queries: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The true vectors put the candidates in order."""
        best = np.full((len(queries), k), -np.inf, dtype=np.float32)
        found = np.full((len(queries), k), -1, dtype=np.int64)
        for i, query in enumerate(queries):
            near = np.sort(rows[i][rows[i] >= 0])  # in the order of the file
            scores = self.vectors.scores(near, query)
            order = np.lexsort((near, -scores))[:k]
            best[i, : len(order)], found[i, : len(order)] = scores[order], near[order]
        return best, found


def build(
    vectors: Vectors,
    ids: np.ndarray,
    plan: Plan,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[VectorIndex, Built]:
    """Read every vector once, and measure what came of it.

    ids       (N,) int64, the number of each row's shot
    rng       draws what is trained on, and what is asked afterwards
    progress  hears vectors read and vectors in all
    """
    began = time.perf_counter()
    rotation, kept, inner = None, 1.0, _empty(plan, vectors.dim)
    if plan.reduced or not inner.is_trained:
        sample = vectors.read(_drawn(vectors.num, _num_samples(plan), rng))
        rotation, kept = _rotation(plan, sample, rng)
        if not inner.is_trained:
            _seed(inner, int(rng.integers(2**31)))
            inner.train(sample if rotation is None else np.ascontiguousarray(sample @ rotation))
        del sample
    whole = faiss.IndexIDMap2(inner)
    asked = _drawn(vectors.num, NUM_ASKED, rng)
    queries = vectors.read(asked)
    asked, queries = asked[queries.any(axis=1)], queries[queries.any(axis=1)]
    truth, empty = TopK(len(queries), NEIGHBOURS + 1), []
    for start, block in _blocks(vectors):
        empty.append(start + np.flatnonzero(~block.any(axis=1)))
        rows = block if rotation is None else np.ascontiguousarray(block @ rotation)
        whole.add_with_ids(rows, ids[start : start + len(block)])
        truth.add(block, queries)
        progress(start + len(block), vectors.num)
    index = VectorIndex(plan, whole, rotation, vectors, np.concatenate(empty))
    built_s = time.perf_counter() - began
    recall, query_ms = measured(index, queries, truth.scores)
    return index, Built(round(built_s, 3), recall, query_ms, round(kept, 4))


def measured(index: VectorIndex, queries: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Recall@10 and the median milliseconds of a query asked alone.

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
            hits.append(((scores[0] >= there[-1] - ALIKE).sum() - 1) / (len(there) - 1))
    return (round(float(np.mean(hits)), 4) if hits else 1.0), (round(float(np.median(took)), 3) if took else 0.0)


def on_gpu(inner: Any) -> Any | None:
    """A copy on the first GPU, where faiss-gpu is installed and finds one."""
    if not hasattr(faiss, "index_cpu_to_gpu") or faiss.get_num_gpus() == 0:
        return None
    options = faiss.GpuClonerOptions()
    options.useFloat16 = True
    try:
        return faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, inner, options)
    except RuntimeError:  # too large for its memory, or a code that it has no kernel for
        return None


def write_index(index: VectorIndex, path: Path) -> None:
    faiss.write_index(index.whole, str(path))


def read_index(path: Path, plan: Plan, rotation: np.ndarray | None, vectors: Vectors, empty: np.ndarray) -> VectorIndex:
    """Read an index, or map a large one; InputError where it cannot be read, or is not what the plan says."""
    large = path.stat().st_size > READ_UP_TO
    if large and not _can_be_mapped(path):
        raise InputError(f"{path} is damaged or no FAISS index: whoever maps it crashes")
    try:
        whole = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if large else 0)
    except (RuntimeError, MemoryError) as error:
        reason = str(error).rsplit(": ", 1)[-1].split("\n")[0][:120]
        raise InputError(f"{path} is damaged or no FAISS index: {reason}") from None
    width = plan.reduced or vectors.dim
    inner = faiss.downcast_index(whole.index) if isinstance(whole, faiss.IndexIDMap2) else None
    if not isinstance(inner, _CLASSES[plan.kind]) or (inner.d, inner.ntotal) != (width, vectors.num):
        raise InputError(
            f"{path} is not the index that index.json describes: {plan.kind} of {vectors.num} vectors, {width} wide"
        )
    return VectorIndex(plan, whole, rotation, vectors, empty)


def _can_be_mapped(path: Path) -> bool:
    """Tried in a process that may crash: FAISS checks what it reads, but believes the sizes in what it maps."""
    try:
        return (
            subprocess.run([sys.executable, "-c", MAP_AND_ASK, str(path)], capture_output=True, timeout=120).returncode
            >= 0
        )
    except subprocess.TimeoutExpired:
        return False


MAP_AND_ASK = """
import sys, faiss, numpy
index = faiss.read_index(sys.argv[1], faiss.IO_FLAG_MMAP_IFC)
index.search(numpy.full((1, index.d), 0.1, numpy.float32), 1)
"""


_CLASSES = {
    "flat": faiss.IndexFlat,
    "hnsw": faiss.IndexHNSWFlat,
    "ivf": faiss.IndexIVFScalarQuantizer,
    "ivfpq": faiss.IndexIVFPQ,
}


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
        index = faiss.IndexIVFPQ(cells, width, plan.lists, plan.code_bytes, plan.code_bits, near)
    index.cp.spherical = True  # the cells' middles are unit vectors, like everything that they hold
    return index


def _seed(inner: Any, seed: int) -> None:
    """Of every k-means in it; of few vectors it makes what it can, without a word."""
    for means in (inner.cp, inner.pq.cp) if hasattr(inner, "pq") else (inner.cp,):
        means.seed, means.min_points_per_centroid = seed, 1


def _num_samples(plan: Plan) -> int:
    return min(MOST_SAMPLES, max(20_000, SAMPLES_PER_LIST * plan.lists))


def _rotation(plan: Plan, sample: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray | None, float]:
    """(D, R) that keeps most of the inner products, and the share of the energy that it keeps.

    PCA without a mean, since inner products know none; for product quantisation then a random turn, so
    that each part of a vector carries about as much. (OPQ, which learns the turn, took minutes for three thousand vectors.)
    """
    if not plan.reduced:
        return None, 1.0
    energies, axes = np.linalg.eigh(sample.T @ sample / len(sample))
    axes, kept = axes[:, ::-1][:, : plan.reduced], energies[::-1][: plan.reduced].sum() / max(energies.sum(), 1e-12)
    if plan.kind == "ivfpq":
        axes = axes @ np.linalg.qr(rng.standard_normal((plan.reduced, plan.reduced)))[0]
    return np.ascontiguousarray(axes, dtype=np.float32), float(kept)


def _parameters(plan: Plan, k: int, allowed: np.ndarray | None, share: float) -> Any:
    """What a search looks into: more where a filter leaves little."""
    more = {} if allowed is None else {"sel": faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))}
    if plan.kind == "flat":
        return faiss.SearchParameters(**more) if more else None
    if plan.kind == "hnsw":
        return faiss.SearchParametersHNSW(efSearch=int(max(plan.effort, k) / max(share, 0.1)), **more)
    probes = min(plan.lists, int(np.ceil(plan.probes / max(share, 0.05))))
    return faiss.SearchParametersIVF(nprobe=probes, **more)


def _padded(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """In a settled order of equal scores, and −inf instead of FAISS' own mark for nothing."""
    scores = np.where(rows < 0, -np.inf, scores)
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    scores, rows = (np.take_along_axis(a, order, axis=1) for a in (scores, rows))
    missing = ((0, 0), (0, k - scores.shape[1]))
    return np.pad(scores, missing, constant_values=-np.inf), np.pad(rows, missing, constant_values=-1)


def _drawn(num: int, most: int, rng: np.random.Generator) -> np.ndarray:
    return np.arange(num) if num <= most else np.sort(rng.choice(num, most, replace=False))


def _blocks(vectors: Vectors) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, vectors.num, BLOCK):
        yield start, np.ascontiguousarray(vectors.read_range(start, min(start + BLOCK, vectors.num)), dtype=np.float32)
