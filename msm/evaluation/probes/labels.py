"""Labels as targets of a probe: one class, several tags, or a number.

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
    kind: str  # classes: one value a row; tags: several, `A|B`; number: scored by Kendall's τ
    values: np.ndarray  # (R,) float for a number, NaN unknown; else object, frozensets, empty = unknown

    @property
    def labelled(self) -> np.ndarray:
        """(R,) bool."""
        if self.kind == "number":
            return np.isfinite(self.values)
        return np.fromiter((bool(v) for v in self.values), dtype=bool, count=len(self.values))

    def take(self, rows: np.ndarray) -> Label:
        """The label of other rows: for instance a title's label for each of its shots."""
        return Label(self.name, self.kind, self.values[rows])


def read_labels(table: pd.DataFrame, names: list[str], title: np.ndarray | None = None) -> dict[str, Label | Unusable]:
    """Read each named column as a label, or as the reason why it is unusable.

    table  R rows
    title  (R,) int, the title of each row, for shots: a number that only rises along each title is no label

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
    column = _texts_to_numbers(column)
    known = column.dropna()
    if pd.api.types.is_numeric_dtype(known) and not pd.api.types.is_bool_dtype(known):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        if title is not None and _only_rises(values, title):
            raise Unusable("it only rises along each title, so it gives a shot's place and not its content")
        if known.nunique() > 2:
            return Label(name, "number", values)
    sets = np.empty(len(column), dtype=object)
    sets[:] = [frozenset() if v is None or v is pd.NA or v != v else _words(v) for v in _plain(column)]
    kind = "tags" if any(len(s) > 1 for s in sets) else "classes"
    different = frozenset().union(*sets) if len(sets) else frozenset()
    if len(different) < 2:
        raise Unusable("it has one class only" if different else "no row has it")
    return Label(name, kind, sets)


def _texts_to_numbers(column: pd.Series) -> pd.Series:
    """Convert a column of texts such as "1999" to numbers; return any other as it is."""
    if not (pd.api.types.is_string_dtype(column) or column.dtype == object):
        return column
    written = column[[isinstance(v, str) and v.strip() != "" for v in column]]
    numbers = pd.to_numeric(written, errors="coerce")
    if not len(written) or len(written) < column.notna().sum() or not np.isfinite(numbers).all():
        return column
    return numbers.reindex(column.index)


def _plain(column: pd.Series) -> list:
    """Values for which `v != v` is one Boolean: an array of words becomes `A|B`."""
    return ["|".join(map(str, v)) if isinstance(v, list | tuple | np.ndarray) else v for v in column]


def _words(value: object) -> frozenset[str]:
    if isinstance(value, bool | np.bool_):
        return frozenset(["yes" if value else "no"])
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return frozenset(filter(None, (word.strip() for word in text.split("|"))))


def _only_rises(values: np.ndarray, title: np.ndarray) -> bool:
    """Whether the number never falls within a title and mostly rises."""
    steps = np.diff(values)[np.diff(title) == 0]
    return bool(len(steps) and (steps >= 0).all() and (steps > 0).mean() > 0.5)
