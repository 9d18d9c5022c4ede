"""CSV tables of labels.

A row names a title (`title` or `title_id`), and a place in it: `shot`, `first_shot` and `last_shot`, `start_s` and `end_s` (also
`start` and `end`; seconds, or hours:minutes:seconds), or nothing for the whole title. Every other column is a label of its own. In a
table with the one label column `label`, rows of the same place add up to several tags.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from msm.errors import InputError
from msm.evaluation.label_files.marks import Mark
from msm.io.cells import delimiter_of

TITLE = ("title", "title_id")
SHOT = ("shot",)
SHOTS = (("first_shot", "last_shot"),)
TIMES = (("start_s", "end_s"), ("start", "end"))
PLACES = {*TITLE, *SHOT, *(name for pair in (*SHOTS, *TIMES) for name in pair)}
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")


def read_table(text: str, *, tags: bool = False) -> list[Mark]:
    """The marks of a CSV table; InputError that names a line.

    tags  the 0/1 columns are the tags of one label, `tags`, and not labels of their own
    """
    rows = _rows(text)
    if not rows:
        raise InputError("it is empty")
    (_, names), *body = rows
    title = next((names.index(n) for n in TITLE if n in names), None)
    if title is None:
        raise InputError(f"its first line has no column title or title_id; it has {', '.join(names)[:200]}")
    if twice := next((n for i, n in enumerate(names) if n and n in names[:i]), None):
        raise InputError(f"its first line has two columns {twice!r}")
    labels = [i for i, n in enumerate(names) if n and n not in PLACES]
    if not labels:
        raise InputError("its first line has no column with labels; add one beside title and shot or times")
    marks: list[Mark] = []
    for number, cells in body:
        if len(cells) != len(names):
            raise InputError(f"line {number} has {len(cells)} cells, but {len(names)} columns have a name")
        row, where = dict(zip(names, cells, strict=True)), f"line {number}"
        if not cells[title]:
            raise InputError(f"{where} names no title")
        shots, seconds = _place(row, where)
        for i in labels:
            value = cells[i]
            if tags:
                if value not in ("0", "1", ""):
                    raise InputError(f"{where}, column {names[i]!r}: {value!r} is not 0 or 1, as tags are with --tags")
                label, value = "tags", names[i] if value == "1" else ""
            else:
                label = names[i]
            marks.append(Mark(cells[title], label, value, where, shots, seconds))
    return marks


def _place(row: Mapping[str, str], where: str) -> tuple[tuple[int, int] | None, tuple[float, float] | None]:
    """(shots, seconds) of a row, both None for the whole title."""
    if row.get("shot"):
        shot = _shot(row["shot"], where)
        return (shot, shot + 1), None
    for first, last in SHOTS:
        if row.get(first) or row.get(last):
            low, high = (_shot(row.get(name, ""), where) for name in (first, last))
            if high < low:
                raise InputError(f"{where}: the last shot, {high}, is before the first, {low}")
            return (low, high + 1), None
    for start, end in TIMES:
        if row.get(start) or row.get(end):
            a, b = (seconds_of(row.get(name, ""), where) for name in (start, end))
            if b <= a:
                raise InputError(f"{where}: from {a:g} s to {b:g} s is no stretch of time")
            return None, (a, b)
    return None, None


def _shot(cell: str, where: str) -> int:
    if not re.fullmatch(r"\d{1,9}(\.0+)?", cell):
        raise InputError(f"{where}: {cell!r} is no shot; shots are counted from 0")
    return int(float(cell))


def seconds_of(cell: str, where: str) -> float:
    """Seconds of a number or of hours:minutes:seconds; InputError for anything else."""
    if clock := _CLOCK.fullmatch(cell):
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3].replace(",", "."))
    if not re.fullmatch(r"\d{1,9}([.,]\d+)?", cell):
        raise InputError(f"{where}: {cell!r} is no time; write seconds or hours:minutes:seconds")
    return float(cell.replace(",", "."))


def _rows(text: str) -> list[tuple[int, Sequence[str]]]:
    """The rows that are not empty, each with the line that it begins in, their cells without blanks around them."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter_of(text.split("\n", 1)[0], *TITLE), strict=True
    )
    rows: list[tuple[int, Sequence[str]]] = []
    number = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((number, [cell.strip() for cell in cells]))
            number = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"line {number} is not readable as CSV: {error}") from None
    return rows
