"""Tables as plain text: the same in a terminal, a pipe and a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

WIDEST = 10_000  # columns; wider than any table, so that nothing is wrapped whatever the terminal's width


def text_table(header: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[bool] | None = None) -> str:
    """Align the columns of a table, without colour, borders or wrapped cells.

    rows   cells; integers are written with thousands separators
    right  of each column whether it is aligned to the right; by default those that hold only integers
    """
    from rich.console import Console  # rich takes a tenth of a second to import
    from rich.table import Table

    if right is None:
        right = [bool(rows) and all(isinstance(row[i], int) for row in rows) for i in range(len(header))]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, to_right in zip(header, right, strict=True):
        table.add_column(name, justify="right" if to_right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row))
    console = Console(file=io.StringIO(), width=WIDEST, color_system=None, markup=False, emoji=False, highlight=False)
    with console.capture() as written:
        console.print(table)
    return "\n".join(line.rstrip() for line in written.get().splitlines())
