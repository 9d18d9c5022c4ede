"""An index of unit vectors: search with or without a filter, write, and read or map. `building` makes one.

Shape letters: N vectors, D their width, R their width after reduction, Q queries, K neighbours.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np

from msm.errors import InputError
from msm.search.vector_index.plans import Plan

FEW_QUERIES = 4  # up to so many, threads cost more than they bring
EXACT_UP_TO = 4096  # where a filter leaves so few, each of them is looked at
READ_UP_TO = (
    256 * 2**20
)  # bytes of a file, so that a million shots are read: a larger one is mapped, after a second's trial


class Vectors(Protocol):
    """The full vectors: (n, D) float32 of unit length, or zero."""

    @property
    def num(self) -> int: ...

    @property
    def dim(self) -> int: ...

    def read(self, rows: np.ndarray) -> np.ndarray: ...

    def read_range(self, start: int, stop: int) -> np.ndarray: ...

    def scores(self, rows: np.ndarray, query: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Built:
    """Measures of a new index: build time, recall@10 against exact search, query time, energy that the reduction keeps."""

    build_s: float
    recall: float
    query_ms: float
    kept: float = 1.0  # of the vectors' energy, in the reduced dimensions


class VectorIndex:
    """An opened index over N vectors that stay where they are."""

    def __init__(self, plan: Plan, index: Any, rotation: np.ndarray | None, vectors: Vectors, empty: np.ndarray):
        self.plan, self.rotation, self.vectors = plan, rotation, vectors
        self.empty = empty  # rows of zeros, which are never found
        self.whole = index  # an IndexIDMap: opened in FAISS, it returns the numbers of shots
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
        scores, rows = self._search_index(queries, k_found, allowed, share)
        return _padded(scores, rows, k) if self.plan.exact else self._decide(queries, rows, k)

    def _search_index(
        self, queries: np.ndarray, k: int, allowed: np.ndarray | None, share: float
    ) -> tuple[np.ndarray, np.ndarray]:
        if self._gpu is not None and allowed is None:  # its indexes take no filter
            scores, rows = self._gpu.search(self._reduced(queries), k)
        else:
            wanted = _parameters(self.plan, k, allowed, share)
            scores, rows = self._inner.search(self._reduced(queries), k, params=wanted)
        return scores, rows

    def _reduced(self, queries: np.ndarray) -> np.ndarray:
        if self.rotation is None:
            return queries
        if len(queries) <= FEW_QUERIES:  # BLAS would want the cores that FAISS' threads still hold: 4 ms instead of 0.2
            return np.einsum("qd,dr->qr", queries, self.rotation)
        return np.ascontiguousarray(queries @ self.rotation)

    def _decide(self, queries: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Order the candidates by their full vectors."""
        best = np.full((len(queries), k), -np.inf, dtype=np.float32)
        found = np.full((len(queries), k), -1, dtype=np.int64)

        def decide(i: int) -> None:
            near = np.sort(rows[i][rows[i] >= 0])  # in the order of the file
            scores = self.vectors.scores(near, queries[i])
            order = np.lexsort((near, -scores))[:k]
            best[i, : len(order)], found[i, : len(order)] = scores[order], near[order]

        if len(queries) <= FEW_QUERIES:
            for i in range(len(queries)):
                decide(i)
        else:
            with ThreadPoolExecutor(faiss.omp_get_max_threads()) as threads:
                list(threads.map(decide, range(len(queries))))
        return best, found


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
    """Read an index, or map a large one; InputError where it cannot be read, or is not what the plan describes."""
    large = path.stat().st_size > READ_UP_TO
    if large and not _can_be_mapped(path):
        raise InputError(f"{path} is damaged or no FAISS index: mapping it crashes")
    try:
        whole = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if large else 0)
    except (RuntimeError, MemoryError) as error:
        reason = str(error).rsplit(": ", 1)[-1].split("\n")[0][:120]
        raise InputError(f"{path} is damaged or no FAISS index: {reason}") from None
    width = plan.reduced or vectors.dim
    inner = (
        faiss.downcast_index(whole.index) if isinstance(whole, faiss.IndexIDMap) else None
    )  # or an IndexIDMap2, as before
    if not isinstance(inner, _CLASSES[plan.kind]) or (inner.d, inner.ntotal) != (width, vectors.num):
        raise InputError(
            f"{path} is not the index that index.json describes: {plan.kind} of {vectors.num} vectors, {width} wide"
        )
    return VectorIndex(plan, whole, rotation, vectors, empty)


def _can_be_mapped(path: Path) -> bool:
    """Try to map an index in another process, which may crash: FAISS does not check the sizes in a mapped file."""
    try:
        return (
            subprocess.run(
                [sys.executable, "-c", MAP_AND_SEARCH, str(path)], capture_output=True, timeout=120
            ).returncode
            >= 0
        )
    except subprocess.TimeoutExpired:
        return False


MAP_AND_SEARCH = """
import sys, faiss, numpy
index = faiss.read_index(sys.argv[1], faiss.IO_FLAG_MMAP_IFC)
index.search(numpy.full((1, index.d), 0.1, numpy.float32), 1)
"""


_CLASSES = {
    "flat": faiss.IndexFlat,
    "hnsw": faiss.IndexHNSWFlat,
    "ivf": faiss.IndexIVFScalarQuantizer,
    "ivfpq": faiss.IndexIVFPQFastScan,
}


def _parameters(plan: Plan, k: int, allowed: np.ndarray | None, share: float) -> Any:
    """Search parameters; a search visits more where a filter leaves few rows."""
    more = {} if allowed is None else {"sel": faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))}
    if plan.kind == "flat":
        return faiss.SearchParameters(**more) if more else None
    if plan.kind == "hnsw":
        return faiss.SearchParametersHNSW(efSearch=int(max(plan.effort, k) / max(share, 0.1)), **more)
    probes = min(plan.lists, int(np.ceil(plan.probes / max(share, 0.05))))
    return faiss.SearchParametersIVF(nprobe=probes, **more)


def _padded(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Order equal scores by row, and mark missing results by −inf and −1."""
    scores = np.where(rows < 0, -np.inf, scores)
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    scores, rows = (np.take_along_axis(a, order, axis=1) for a in (scores, rows))
    missing = ((0, 0), (0, k - scores.shape[1]))
    return np.pad(scores, missing, constant_values=-np.inf), np.pad(rows, missing, constant_values=-1)
