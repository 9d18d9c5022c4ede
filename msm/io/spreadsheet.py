"""Tables as bytes: CSV for a spreadsheet, with text cells protected from being read as formulas, and Parquet."""

from __future__ import annotations

import io

import pandas as pd

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # first characters that make a spreadsheet evaluate a cell


def as_csv(table: pd.DataFrame) -> bytes:
    """CSV in UTF-8. A text that starts like a formula gets a leading apostrophe, which spreadsheets read as text."""
    safe = table.copy()
    for name in safe.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in safe.dtypes]]:
        safe[name] = [f"'{v}" if isinstance(v, str) and v.startswith(FORMULAS) else v for v in safe[name]]
    return safe.to_csv(index=False).encode("utf-8", "replace")


def as_parquet(table: pd.DataFrame) -> bytes:
    """Parquet without the index."""
    whole = io.BytesIO()
    table.to_parquet(whole, index=False)
    return whole.getvalue()
