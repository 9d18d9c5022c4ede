"""Cells of CSV files: what separates them, and which columns are numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

Cell = str | int | float
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?(e[+-]?\d{1,2})?", re.IGNORECASE)


def delimiter_of(header: str, *names: str) -> str:
    """The separator with which a first line has one of these columns; spreadsheets write semicolons in many countries."""
    for separator in ",;\t":
        if {cell.strip() for cell in next(csv.reader([header], delimiter=separator), [])} & set(names):
            return separator
    return ","


def typed_column(cells: Sequence[str]) -> list[Cell]:
    """Whole numbers, or numbers, where all cells that are not empty are; else the words."""
    filled = [c for c in cells if c]
    for kind, form in ((int, _WHOLE), (float, _NUMBER)):
        if filled and all(form.fullmatch(c) for c in filled):
            return [kind(c) if c else "" for c in cells]
    return list(cells)
