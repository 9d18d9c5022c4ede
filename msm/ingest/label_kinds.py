"""Labels of one name that are numbers in one film and text in another become text in all of them.

A column of a table holds values of one kind, and a film whose labels are of another kind must not keep the others out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa


class LabelKinds:
    """Collects the kinds of values of each label, and finds those that have several."""

    def __init__(self) -> None:
        self._kinds: dict[str, set[str]] = {}

    def see(self, labels: Mapping[str, Any]) -> None:
        """Labels of a title; a value may be missing."""
        for name, value in labels.items():
            if (kind := _kind(value)) is not None:
                self._kinds.setdefault(name, set()).add(kind)

    def see_table(self, table: pd.DataFrame) -> None:
        """Labels of shots, a row each."""
        for name in table.columns:
            self._kinds.setdefault(name, set()).update(kind for v in table[name] if (kind := _kind(v)) is not None)

    def see_types(self, types: Mapping[str, pa.DataType]) -> None:
        """Columns of a table that need not be read."""
        for name, kind in types.items():
            if not pa.types.is_null(kind):
                number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
                found = "truth" if pa.types.is_boolean(kind) else "number" if number else "text"
                self._kinds.setdefault(name, set()).add(found)

    @property
    def mixed(self) -> set[str]:
        """Names of labels that are not of one kind."""
        return {name for name, kinds in self._kinds.items() if len(kinds) > 1}


def labels_as_text(labels: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The same labels; those of these names are text."""
    chosen = set(names)
    return {name: _text(value) if name in chosen else value for name, value in labels.items()}


def table_as_text(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The same table; columns of these names are text."""
    chosen = [name for name in names if name in table.columns]
    return table.assign(**{name: [_text(value) for value in table[name]] for name in chosen}) if chosen else table


def _kind(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and value != value) or value is pd.NA:
        return None
    return "text" if isinstance(value, str) else "truth" if str(value) in ("True", "False") else "number"


def _text(value: Any) -> str | None:
    """Whole numbers as such: what was 3 is 3.0 in a column with gaps."""
    if _kind(value) is None:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
