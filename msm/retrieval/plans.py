"""Which kind of index for how many vectors, and how it is set.

Only `flat` looks at every vector. The others propose candidates in few dimensions, and the true vectors
decide: what is shown as a cosine is always exact; what may be missed is a neighbour that was not proposed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msm.errors import InputError

KINDS = ("flat", "hnsw", "ivf", "ivfpq")
FLAT_BYTES = 500_000_000  # of float32 that are looked through in some tens of milliseconds: 54 000 shots of 2304
HNSW_VECTORS, IVF_VECTORS = 150_000, 400_000  # above: building a graph, then memory, becomes dear
REDUCED = 256  # dimensions in which candidates are looked for
SAMPLES_PER_LIST = 48  # of k-means
CANDIDATES = 200  # that the true vectors choose from


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How an index is built and asked; `reduced` is 0 where candidates are looked for in full width."""

    kind: str
    reduced: int = 0
    links: int = 32  # hnsw: neighbours of a node
    effort: int = 256  # hnsw: nodes that a search keeps in view
    lists: int = 0  # ivf, ivfpq: cells
    probes: int = 0  # ivf, ivfpq: cells that a search looks into
    code_bytes: int = 0  # ivfpq: parts of a vector, each a byte or less
    code_bits: int = 8  # ivfpq: of a part
    candidates: int = 0  # that the true vectors choose from; 0 = none, the index is exact

    @property
    def exact(self) -> bool:
        return self.kind == "flat"


def choose_plan(num: int, dim: int, kind: str | None = None) -> Plan:
    """The kind that fits so many vectors, or the one that is asked for; InputError for a kind that there is not."""
    kind = kind or kind_for(num, dim)
    if kind not in KINDS:
        raise InputError(f"there is no index of the kind {kind!r}; there are {', '.join(KINDS)}")
    if kind == "flat" or num < 2:
        return Plan(kind="flat")
    reduced = REDUCED if dim > 1.25 * REDUCED else 0
    if kind == "hnsw":
        return Plan(kind=kind, reduced=reduced, candidates=CANDIDATES)
    lists = int(np.clip(2 ** round(np.log2(4 * np.sqrt(num))), 1, max(1, num // SAMPLES_PER_LIST)))
    probes = min(lists, max(1, round(3 * np.sqrt(lists))))
    if kind == "ivf":
        return Plan(kind=kind, reduced=reduced, lists=lists, probes=probes, candidates=CANDIDATES)
    code_bytes = largest_divisor(reduced or dim, 64)
    code_bits = int(np.clip(np.log2(num / 4), 1, 8))  # k-means cannot make more middles than it has vectors
    return Plan(
        kind=kind,
        reduced=reduced,
        lists=lists,
        probes=probes,
        code_bytes=code_bytes,
        code_bits=code_bits,
        candidates=CANDIDATES,
    )


def kind_for(num: int, dim: int) -> str:
    if num * dim * 4 <= FLAT_BYTES:
        return "flat"
    if num <= HNSW_VECTORS:
        return "hnsw"
    return "ivf" if num <= IVF_VECTORS else "ivfpq"


def largest_divisor(dim: int, most: int) -> int:
    """Product quantisation cuts a vector into equal parts."""
    return max(d for d in range(1, min(dim, most) + 1) if dim % d == 0)
