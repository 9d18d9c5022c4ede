"""The rows that probes are fitted, tuned and scored on.

Shape letters: R rows (shots or titles), d width of one kind of embedding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

BUDGET = 6_000_000  # values of the widest embedding that one probe is fitted on: 15 600 rows of 384
FEWEST_DEALT = 10  # labelled titles; fewer are not assigned to new splits
HELD_BACK = 5  # every fifth training title chooses the regularisation where there is no labelled validation title


class Unusable(Exception):
    """This cannot be measured; the message is a sentence for the report."""


@dataclass(frozen=True)
class Rows:
    """Shots or titles in catalog order, each with every kind of embedding."""

    columns: dict[str, np.ndarray]  # kind of embedding → (R, d)
    title: np.ndarray  # (R,) int
    split: np.ndarray  # (R,) str
    scene: np.ndarray  # (R,) int, numbered over the whole catalog; −1 unknown

    @property
    def width(self) -> int:
        """Of the widest kind of embedding."""
        return max(x.shape[1] for x in self.columns.values())

    @property
    def most_rows(self) -> int:
        """The most rows that a probe is fitted on, the same for every kind of embedding."""
        return rows_within_budget(self.width)


def rows_within_budget(width: int) -> int:
    """The most rows of this width that a probe is fitted on."""
    return max(500, BUDGET // width)


class Parts(NamedTuple):
    """Row numbers: fitted on; regularisation chosen on; scored on."""

    fit: np.ndarray
    choose: np.ndarray
    report: np.ndarray


def scored_elsewhere(rows: Rows, labelled: np.ndarray, report: str, rng: np.random.Generator) -> Rows | None:
    """The same rows with the labelled titles assigned to new splits, where the scored split has no label.

    Some labels exist only for some titles. The probe is then scored on titles that the encoder saw in training, without
    the label, and the report has a note. None where the split has the label, or where too few titles have it.
    """
    titles = np.unique(rows.title[labelled])
    if (labelled & (rows.split == report)).any() or len(titles) < FEWEST_DEALT:
        return None
    dealt = dict(zip(rng.permutation(titles).tolist(), np.arange(len(titles)) % 5, strict=True))
    names = {0: report, 1: "train" if report == "validation" else "validation"}
    split = np.array([names.get(dealt.get(t, 2), "train") for t in rows.title.tolist()])
    return Rows(rows.columns, rows.title, split, rows.scene)


def divide(rows: Rows, labelled: np.ndarray, report: str, rng: np.random.Generator, width: int | None = None) -> Parts:
    """Divide the labelled rows by split. Raises Unusable where there is nothing to fit or to score on.

    labelled  (R,) bool
    width     of what is made of the embeddings for the probe; None = that of the embeddings
    report    the split that is scored; where it is `validation`, training titles choose the regularisation
    """
    fit, scored = (np.flatnonzero(labelled & (rows.split == s)) for s in ("train", report))
    for name, found in (("train", fit), (report, scored)):
        if not len(found):
            raise Unusable(f"no shot of the {name} split has it")
    choose = np.flatnonzero(labelled & (rows.split == "validation")) if report != "validation" else np.empty(0, int)
    if not len(choose):
        held = np.unique(rows.title[fit], return_inverse=True)[1] % HELD_BACK == HELD_BACK - 1
        fit, choose = fit[~held], fit[held]  # the fitted rows themselves would favour the weakest regularisation
        if not len(choose) or not len(fit):
            raise Unusable("there is no validation title, and too few training titles to choose on")
    most = rows.most_rows if width is None else rows_within_budget(width)
    return Parts(sample(fit, most, rng), sample(choose, most, rng), scored)


def sample(where: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """At most so many of these, drawn without replacement, in their order."""
    return where if len(where) <= most else np.sort(rng.choice(where, most, replace=False))
