"""Tables as CSV for a spreadsheet, in which what a catalog says stays text."""

from __future__ import annotations

import pandas as pd

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would work out, were it a cell's first letter


def as_csv(table: pd.DataFrame) -> bytes:
    """UTF-8. A text that would be a formula gets an apostrophe, which spreadsheets read as: this is text."""
    plain = table.copy()
    for name in plain.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in plain.dtypes]]:
        plain[name] = [f"'{v}" if isinstance(v, str) and v.startswith(FORMULAS) else v for v in plain[name]]
    return plain.to_csv(index=False).encode("utf-8", "replace")
