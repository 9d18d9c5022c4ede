"""The number of a shot in an index: made of its title's id and its place in the title, and of nothing else.

A row in embedding order would do while a catalog stands still, but every title that is added before it moves it.
These numbers stay: when titles come or go, when a catalog is merged into another, on every machine.

    bits 20 … 62   43 bits of a digest of the title's id
    bits  0 … 19   the shot, counted from 0 within its title
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from msm.errors import InputError

SHOT_BITS, TITLE_BITS = 20, 43


def shot_ids(title_ids: Sequence[str], num_shots: Sequence[int] | np.ndarray) -> np.ndarray:
    """(N,) int64, different for every shot, in the order of the titles.

    Two titles of the same digest (one catalog of 100 000 titles in 1 700) would share their numbers: InputError.
    """
    counts = np.asarray(num_shots, dtype=np.int64)
    if counts.max(initial=0) >= 2**SHOT_BITS:
        raise InputError(f"a title of {counts.max()} shots is too long for an index; it may have {2**SHOT_BITS - 1}")
    digests = np.array([title_number(t) for t in title_ids], dtype=np.int64)
    if len(np.unique(digests)) < len(digests):
        first = digests.tolist().index(next(d for d in digests.tolist() if digests.tolist().count(d) > 1))
        raise InputError(f"title {title_ids[first]!r} and another have the same number in an index; rename one of them")
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return (np.repeat(digests, counts) << SHOT_BITS) | within


def title_number(title_id: str) -> int:
    """The upper bits of the numbers of a title's shots."""
    digest = hashlib.blake2b(title_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - TITLE_BITS)
