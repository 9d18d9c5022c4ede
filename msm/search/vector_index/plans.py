"""Choose the kind of index and its settings for a number of vectors.

Only `flat` compares every vector. The others find candidates in few dimensions, which are ordered by their full vectors:
every score is exact, but a neighbour that was not among the candidates is missed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from msm.errors import InputError

KINDS = ("flat", "hnsw", "ivf", "ivfpq")
FLAT_BYTES = 500_000_000  # of float32 that are looked through in some tens of milliseconds: 54 000 shots of 2304
HNSW_VECTORS, IVF_VECTORS = 150_000, 400_000  # above: building a graph, then memory, becomes dear
REDUCED = 256  # dimensions in which candidates are looked for
MOST_EFFORT = 2048  # nodes that a search keeps in view: beyond, a graph is no faster than looking everywhere
SAMPLES_PER_LIST = 48  # of k-means
CANDIDATES, CODE_CANDIDATES = 200, 320  # that the true vectors choose from; more where they were found by short codes
CODE_PARTS = 128  # ivfpq: half a byte each
# ivfpq: to find the cell of a vector all are compared, and with more cells ten million shots cost more each than one million; a
# search looks into a share of them, so it takes no longer with fewer
MOST_CODED_LISTS = 1024
FEWEST_CODED = 64  # vectors: of fewer the 16 values of a part cannot be learnt


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How an index is built and searched; `reduced` is 0 where candidates are searched in full width."""

    kind: str
    reduced: int = 0
    links: int = 32  # hnsw: neighbours of a node
    effort: int = 256  # hnsw: nodes that a search keeps in view
    lists: int = 0  # ivf, ivfpq: cells
    probes: int = 0  # ivf, ivfpq: cells that a search looks into
    code_parts: int = 0  # ivfpq: of a vector, each of half a byte, so that FAISS compares 32 of them at once
    candidates: int = 0  # that the true vectors choose from; 0 = none, the index is exact

    @property
    def exact(self) -> bool:
        return self.kind == "flat"

    def wider(self) -> Plan | None:
        """Looking half as far again for each query; None where it already looks everywhere."""
        if self.kind == "hnsw" and self.effort < MOST_EFFORT:
            return replace(self, effort=self.effort * 3 // 2)
        if self.probes < self.lists:
            return replace(self, probes=min(self.lists, self.probes * 3 // 2 + 1))
        return None


def choose_plan(num: int, dim: int, kind: str | None = None) -> Plan:
    """The plan for so many vectors of this kind, or of the default kind; InputError for an unknown kind."""
    kind = kind or kind_for(num, dim)
    if kind not in KINDS:
        raise InputError(f"there is no index of the kind {kind!r}; there are {', '.join(KINDS)}")
    if kind == "flat" or num < 2 or (kind == "ivfpq" and num < FEWEST_CODED):
        return Plan(kind="flat")
    reduced = REDUCED if dim > 1.25 * REDUCED else 0
    if kind == "hnsw":
        return Plan(kind=kind, reduced=reduced, candidates=CANDIDATES)
    if kind == "ivf":
        lists = _lists(num, 4 * np.sqrt(num))
        probes = min(lists, max(1, round(3 * np.sqrt(lists))))
        return Plan(kind=kind, reduced=reduced, lists=lists, probes=probes, candidates=CANDIDATES)
    lists = _lists(num, min(np.sqrt(num), MOST_CODED_LISTS))
    return Plan(
        kind=kind,
        reduced=reduced,
        lists=lists,
        probes=max(1, lists // 4),
        code_parts=largest_divisor(reduced or dim, CODE_PARTS),
        candidates=CODE_CANDIDATES,
    )


def _lists(num: int, wanted: float) -> int:
    return int(np.clip(2 ** round(np.log2(wanted)), 1, max(1, num // SAMPLES_PER_LIST)))


def kind_for(num: int, dim: int) -> str:
    if num * dim * 4 <= FLAT_BYTES:
        return "flat"
    if num <= HNSW_VECTORS:
        return "hnsw"
    return "ivf" if num <= IVF_VECTORS else "ivfpq"


def largest_divisor(dim: int, most: int) -> int:
    """Product quantisation cuts a vector into equal parts."""
    return max(d for d in range(1, min(dim, most) + 1) if dim % d == 0)
