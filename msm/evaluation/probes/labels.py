"""What the labels of a catalog ask of a probe: one class, several tags, or a number.

Shape letter: R rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from msm.data.scenes import COLUMNS as SCENE_COLUMNS
from msm.evaluation.probes.rows import Unusable

KINDS = ("classes", "tags", "number")


@dataclass(frozen=True)
class Label:
    """One label of shots or of titles."""

    name: str
    kind: str  # classes: one value a row; tags: several, `A|B`; number: Kendall's τ is asked
    values: np.ndarray  # (R,) float for a number, NaN unknown; else object, frozensets, empty = unknown

    @property
    def labelled(self) -> np.ndarray:
        """(R,) bool."""
        if self.kind == "number":
            return np.isfinite(self.values)
        return np.fromiter((bool(v) for v in self.values), dtype=bool, count=len(self.values))

    def take(self, rows: np.ndarray) -> Label:
        """The same label of other rows: a title's, handed to each of its shots."""
        return Label(self.name, self.kind, self.values[rows])


def read_labels(table: pd.DataFrame, names: list[str], title: np.ndarray | None = None) -> dict[str, Label | Unusable]:
    """Each named column as a label, or the sentence that says why it is none.

    table  R rows
    title  (R,) int of which title each row is, for shots: a number that only counts along is no label

    Scene marks are left out: they have a probe of their own.
    """
    read: dict[str, Label | Unusable] = {}
    for name in names:
        if name not in SCENE_COLUMNS:
            try:
                read[name] = _label(name, table[name], title)
            except Unusable as reason:
                read[name] = reason
    return read


def _label(name: str, column: pd.Series, title: np.ndarray | None) -> Label:
    column = _numbers_in_words(column)
    known = column.dropna()
    if pd.api.types.is_numeric_dtype(known) and not pd.api.types.is_bool_dtype(known):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        if title is not None and _only_counts(values, title):
            raise Unusable("it only rises along each title, so it tells a shot's place and not what is in it")
        if known.nunique() > 2:
            return Label(name, "number", values)
    sets = np.empty(len(column), dtype=object)
    sets[:] = [frozenset() if v is None or v is pd.NA or v != v else _words(v) for v in _plain(column)]
    kind = "tags" if any(len(s) > 1 for s in sets) else "classes"
    different = frozenset().union(*sets) if len(sets) else frozenset()
    if len(different) < 2:
        raise Unusable("it has one class only" if different else "no row has it")
    return Label(name, kind, sets)


def _numbers_in_words(column: pd.Series) -> pd.Series:
    """A column of "1999", "2004" as numbers; any other as it is."""
    if not (pd.api.types.is_string_dtype(column) or column.dtype == object):
        return column
    written = column[[isinstance(v, str) and v.strip() != "" for v in column]]
    numbers = pd.to_numeric(written, errors="coerce")
    if not len(written) or len(written) < column.notna().sum() or not np.isfinite(numbers).all():
        return column
    return numbers.reindex(column.index)


def _plain(column: pd.Series) -> list:
    """Values of which `v != v` is a plain Boolean: an array of words becomes `A|B`."""
    return ["|".join(map(str, v)) if isinstance(v, list | tuple | np.ndarray) else v for v in column]


def _words(value: object) -> frozenset[str]:
    if isinstance(value, bool | np.bool_):
        return frozenset(["yes" if value else "no"])
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return frozenset(filter(None, (word.strip() for word in text.split("|"))))


def _only_counts(values: np.ndarray, title: np.ndarray) -> bool:
    """Whether the number never falls inside a title, and does rise in one."""
    steps = np.diff(values)[np.diff(title) == 0]
    return bool(len(steps) and (steps >= 0).all() and (steps > 0).mean() > 0.5)
