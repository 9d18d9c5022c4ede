"""Assign new titles of a catalog to the splits train, validation and test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from msm.data.catalog import Catalog

FEWEST_TO_DEAL = 3  # with fewer titles, all are `test`: unseen by any training


def assign_splits(former: Catalog | None, given: Mapping[str, str], seed: int) -> dict[str, str]:
    """Assign a split to each title that was given none, by a seeded rule; earlier assignments are kept.

    given    new title → its split, "" where none was given
    returns  title → split, of all titles whose split was assigned now or by an earlier ingest

    Of ten titles eight train, one validates, one tests, as `deal_splits` has it. What may have been trained
    on never becomes validation or test: of former titles only surplus test titles move, to train.
    """
    splits: dict[str, str] = {}
    if former is not None:
        assigned = set(former.provenance.get("ingest", {}).get("dealt", []))
        splits = {t.title_id: t.split for t in former if t.title_id in assigned}
    splits = {t: s for t, s in splits.items() if not given.get(t)}
    new = [t for t, split in given.items() if not split and t not in splits]
    return extend_splits(splits, sorted(new, key=lambda t: hashlib.sha256(f"{seed}/{t}".encode()).digest()))


def extend_splits(former: Mapping[str, str], new: Sequence[str]) -> dict[str, str]:
    """Splits of the former titles and the new ones, which are taken in the order given."""
    count = len(former) + len(new)
    if count < FEWEST_TO_DEAL:
        return {**former, **dict.fromkeys(new, "test")}
    held_out = max(1, round(count / 10))
    splits, tests = dict(former), [t for t, s in former.items() if s == "test"]
    splits |= dict.fromkeys(tests[held_out:], "train")
    for title_id in new:
        held = list(splits.values())
        lacking = [s for s in ("validation", "test") if held.count(s) < held_out]
        splits[title_id] = lacking[0] if lacking else "train"
    return splits
