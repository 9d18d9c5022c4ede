"""Retrieval quality of a space, by a label: R@1, R@5, R@10, mAP and median rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from msm.data.catalog import Catalog
from msm.data.scenes import COLUMNS, UNKNOWN, scenes_of_titles
from msm.errors import InputError
from msm.evaluation.probes.labels import Label, read_labels
from msm.evaluation.probes.neighbours import probe_retrieval
from msm.evaluation.probes.rows import Parts, Rows, Unusable, sample
from msm.search.filters import label_column
from msm.search.spaces import Space

MOST_ROWS = 5000  # of each split that are read


def measure(
    spaces: Mapping[str, Space], label: str, *, split: str = "test", leave_out: str = "scene", seed: int = 0
) -> dict[str, Any]:
    """Measure how often a search among the shots of one split finds shots of the same label, in each space.

    spaces     name → space, all of one catalog
    label      of shots or of titles; equal numbers count as the same label
    leave_out  what a query must not find beside itself: "title", "scene" (where scenes are marked) or "nothing"

    Returns what `msm evaluate --probes` reports of a search: columns {name: {r1, r5, r10, map, median_rank}}, chance,
    intervals of mAP over titles, num_scored, num_searched. Raises InputError where nothing can be measured.
    """
    rng = np.random.default_rng(seed)
    catalog = next(iter(spaces.values())).catalog
    splits = np.repeat(catalog.titles["split"].to_numpy(), catalog.titles["num_shots"])
    searched = sample(np.flatnonzero(splits == split), MOST_ROWS, rng)
    if not len(searched):
        raise InputError(f"{catalog.path} has no title in the {split} split")
    centre = sample(np.flatnonzero(splits == "train"), MOST_ROWS, rng)
    rows = np.concatenate([searched, centre if len(centre) else searched])
    titles = np.repeat(np.arange(len(catalog)), catalog.titles["num_shots"])[rows]
    known = _known(catalog, label, rows)
    table = Rows(
        {name: space.read(rows) for name, space in spaces.items()}, titles, splits[rows], _scenes(catalog, rows)
    )
    labelled = np.flatnonzero(known.labelled[: len(searched)])
    parts = Parts(np.arange(len(searched), len(rows)), labelled, labelled)
    try:
        return {"label": label, "split": split, **probe_retrieval(known, table, parts, leave_out=leave_out, rng=rng)}
    except Unusable as reason:
        raise InputError(f"{label} cannot be measured: {reason}") from None


def _known(catalog: Catalog, label: str, rows: np.ndarray) -> Label:
    column = label_column(catalog, label).iloc[rows].reset_index(drop=True)
    words = column.map(lambda v: v if v is None or v != v else str(v)).rename(label)
    if not words.notna().any():
        raise InputError(f"{label} cannot be measured: no shot has it")
    read = read_labels(words.to_frame().rename(columns={label: "label"}), ["label"])["label"]
    if isinstance(read, Unusable):
        raise InputError(f"{label} cannot be measured: {read}")
    if read.kind == "number":  # the same number counts as the same, as the same word does
        values = np.empty(len(rows), dtype=object)
        values[:] = [frozenset([f"{v:g}"]) if np.isfinite(v) else frozenset() for v in read.values]
        return Label(label, "classes", values)
    return read


def _scenes(catalog: Catalog, rows: np.ndarray) -> np.ndarray:
    """(n,) a number for each scene of the catalog; −1 where it is unknown."""
    marks = [c for c in COLUMNS if c in catalog.shot_labels]
    if not marks:
        return np.full(len(rows), UNKNOWN)
    return scenes_of_titles(catalog.read_shots(columns=marks), catalog.titles["num_shots"])[rows]
