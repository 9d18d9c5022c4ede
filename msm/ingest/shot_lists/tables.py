"""Tables of shots: CSV or Parquet with `start_s` and `end_s`, and the scene lists of PySceneDetect."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msm.data.reader import open_parquet, read_bounded
from msm.data.schema import SHOT_COLUMNS, SHOT_OPTIONAL
from msm.errors import InputError
from msm.ingest.shot_lists.spans import GivenShot
from msm.io.cells import delimiter_of, typed_column

TIMES = ("start_s", "end_s")
OF_SCENEDETECT = ("Start Time (seconds)", "End Time (seconds)")


def read_csv(text: str) -> list[GivenShot]:
    """The shots of a CSV; any column besides its times is a label. InputError that names a line."""
    lines = text.splitlines()
    first = next((n for n, line in enumerate(lines[:3]) if _times_of(_cells(line, line))), None)
    if first is None:
        raise InputError("its first line must have the columns start_s and end_s, or be that of PySceneDetect")
    rows, numbers = _rows(lines[first:], first)
    header = rows.pop(0)
    start, end = _times_of(header) or TIMES
    for number, cells in zip(numbers[1:], rows, strict=True):
        if len(cells) != len(header):
            raise InputError(f"line {number} has {len(cells)} cells, but {len(header)} columns have a name")
    columns = {name: [row[i].strip() for row in rows] for i, name in enumerate(header)}
    starts, ends = ([typed_column([cell])[0] for cell in columns[name]] for name in (start, end))
    labels = {n: typed_column(c) for n, c in columns.items() if n not in (start, end)} if start == TIMES[0] else {}
    return _shots(starts, ends, labels, [f"line {n}" for n in numbers[1:]])


def read_parquet(path: Path) -> list[GivenShot]:
    """The shots of a Parquet table; any column besides its times is a label. InputError that names a row from 0."""
    table = read_bounded(path, open_parquet(path)).to_pydict()
    if not set(TIMES) <= set(table):
        raise InputError("it must have the columns start_s and end_s")
    labels = {name: values for name, values in table.items() if name not in TIMES}
    rows = [f"row {n}" for n in range(len(table[TIMES[0]]))]
    return _shots(table[TIMES[0]], table[TIMES[1]], labels, rows)


def _shots(
    starts: Sequence[Any], ends: Sequence[Any], labels: Mapping[str, Sequence[Any]], rows: Sequence[str]
) -> list[GivenShot]:
    own = {*SHOT_COLUMNS, *SHOT_OPTIONAL}
    if (titles := len(set(labels.get("title_id", ())))) > 1:
        raise InputError(f"it holds shots of {titles} titles (title_id), but must hold those of one film")
    shots = []
    for i, where in enumerate(rows):
        for value in (starts[i], ends[i]):
            if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
                raise InputError(f"{where}: {value!r} is no time in seconds")
        if not 0 <= starts[i] < ends[i]:
            raise InputError(f"{where}: a shot from {starts[i]} s to {ends[i]} s has no length")
        found = {name: column[i] for name, column in labels.items() if name not in own and column[i] not in ("", None)}
        shots.append(GivenShot(float(starts[i]), float(ends[i]), found))
    if not shots:
        raise InputError("there is no shot in it")
    return shots


def _times_of(header: Sequence[str]) -> tuple[str, str] | None:
    """The columns of the times, None where this is not the line with the names."""
    return next((pair for pair in (TIMES, OF_SCENEDETECT) if set(pair) <= set(header)), None)


def _cells(line: str, header: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter_of(header, *TIMES, *OF_SCENEDETECT)))]


def _rows(lines: Sequence[str], skipped: int) -> tuple[list[list[str]], list[int]]:
    """The rows of a CSV that are not empty, and their lines from 1."""
    reader = csv.reader(
        io.StringIO("\n".join(lines), newline=""),
        delimiter=delimiter_of(lines[0], *TIMES, *OF_SCENEDETECT),
        strict=True,
    )
    rows: list[list[str]] = []
    numbers: list[int] = []
    number = skipped + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(cells if rows else [cell.strip() for cell in cells])
                numbers.append(number)
            number = skipped + reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"line {number} is not readable as CSV: {error}") from None
    return rows, numbers
