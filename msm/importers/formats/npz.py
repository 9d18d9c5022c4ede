"""A folder of TITLE.npz, or one .npz as one title; `titles.csv` beside them names, splits and labels.

In each file a 2-D float array is a modality, a 1-D array a label of its shots, and a narrow 2-D
array of integers some labels. All have a row a shot. Shape letters: N shots of a title.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msm.data.names import split_of
from msm.errors import InputError
from msm.importers.format import FormatOptions
from msm.importers.source import DERIVED, Entry, parse_columns
from msm.io.arrays import ArrayHeader, NpzFile

NAME, SUFFIXES = ".npz", (".npz",)
MAX_LABEL_COLUMNS = 8  # a wider array of integers is no set of labels


def open_source(options: FormatOptions) -> NpzSource:
    """A folder of files, or one file."""
    return NpzSource(options.path, options.modalities)


class NpzSource:
    """See `Source`. Opening reads the arrays' headers and `titles.csv`, and no array."""

    def __init__(self, path: Path, modalities: Mapping[str, str]):
        files = sorted(path.glob("*.npz")) if path.is_dir() else [path]
        self._asked = {name: parse_columns(array) for name, array in modalities.items()}
        self._headers = {file: _headers(file) for file in files}
        self.dims: dict[str, int] = {}
        self.dtypes: dict[str, np.dtype] = {}
        self._dropped: dict[str, None] = {}
        for file in files:
            self._survey(file)
        self.entries = self._entries(path / "titles.csv" if path.is_dir() else None, files)
        self.dropped = list(self._dropped)

    def read(self, entry: Entry) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
        file: Path = entry.key
        headers = self._headers[file]
        blocks, used = {}, set()
        with NpzFile(file) as npz:
            for name, (array, columns) in self._blocks(file).items():
                blocks[name] = npz.read(array)[:, columns]
                used.add(array)
            num_shots = len(next(iter(blocks.values())))
            labels = {
                column: values
                for array, header in headers.items()
                if array not in used and _is_label(header, num_shots)
                for column, values in _label_columns(array, npz.read(array)).items()
            }
        return blocks, pd.DataFrame(labels, index=range(num_shots))

    def _blocks(self, file: Path) -> dict[str, tuple[str, slice]]:
        """Modality → array and columns, of those that this file has."""
        headers = self._headers[file]
        if self._asked:
            return {name: block for name, block in self._asked.items() if block[0] in headers}
        return {name: (name, slice(None)) for name, h in headers.items() if len(h.shape) == 2 and h.dtype.kind == "f"}

    def _survey(self, file: Path) -> None:
        """Note the file's modalities and check them against those of the files before."""
        headers, blocks = self._headers[file], self._blocks(file)
        if not blocks:
            wanted = " or ".join(repr(a) for a, _ in self._asked.values()) or "that is 2-D and float"
            raise InputError(f"{file} has no array {wanted}: it needs at least one modality")
        rows = {array: _rows(file, array, headers[array]) for array, _ in blocks.values()}
        num_shots = next(iter(rows.values()))
        for array, count in rows.items():
            if count != num_shots:
                raise InputError(f"{file}: array {array!r} has {count} rows, but {next(iter(rows))!r} has {num_shots}")
        if num_shots == 0:
            raise InputError(f"{file}: the title has no shots")
        for name, (array, columns) in blocks.items():
            self._note_block(file, name, headers[array], columns)
        for array, header in headers.items():
            if array not in rows and not _is_label(header, num_shots):
                self._dropped[f"array {array!r}, which has no value a shot"] = None

    def _note_block(self, file: Path, name: str, header: ArrayHeader, columns: slice) -> None:
        width = len(range(header.shape[1])[columns])
        if columns.stop is not None and width != columns.stop - columns.start:
            raise InputError(
                f"{file}: columns {columns.start}:{columns.stop} of {name!r}, but it is {header.shape[1]} wide"
            )
        known = self.dims.setdefault(name, width)
        if width != known or width == 0:
            raise InputError(f"{file}: {name!r} is {width} wide, but {known} in the files before it")
        self.dtypes[name] = np.result_type(self.dtypes.get(name, header.dtype), header.dtype)

    def _entries(self, table: Path | None, files: list[Path]) -> list[Entry]:
        if table is None or not table.exists():
            return [Entry(title_id=f.stem, key=f) for f in files]
        rows = _read_titles_csv(table)
        by_id = {f.stem: f for f in files}
        for title_id in by_id.keys() - {row["title_id"] for row in rows}:
            raise InputError(f"{table} has no row for {title_id}.npz")
        return [self._entry(f"{table}, line {number + 2}", row, by_id) for number, row in enumerate(rows)]

    def _entry(self, where: str, row: dict[str, Any], by_id: Mapping[str, Path]) -> Entry:
        title_id = row["title_id"]
        if title_id not in by_id:
            raise InputError(f"{where}: there is no file {title_id}.npz")
        file = by_id[title_id]
        first_array = next(iter(self._blocks(file).values()))[0]
        num_shots = self._headers[file][first_array].shape[0]
        if str(row.get("num_shots", num_shots)) != str(num_shots):
            raise InputError(f"{where}: num_shots is {row['num_shots']}, but {file.name} has {num_shots} rows")
        labels = {}
        for column, value in row.items():
            if column in DERIVED or column in self.dims:
                self._dropped[f"column {column!r} of titles.csv, which the catalog derives"] = None
            elif column not in ("title_id", "name", "split"):
                labels[column] = value
        return Entry(
            title_id=title_id,
            name=str(row.get("name") or ""),
            split=split_of(row.get("split"), where),
            labels=labels,
            key=file,
        )


def _headers(file: Path) -> dict[str, ArrayHeader]:
    with NpzFile(file) as npz:
        return npz.headers


def _rows(file: Path, array: str, header: ArrayHeader) -> int:
    if len(header.shape) != 2 or header.dtype.kind not in "fiu":
        raise InputError(
            f"{file}: array {array!r} has shape {header.shape} of {header.dtype}, expected (shots, width) of numbers"
        )
    return header.shape[0]


def _is_label(header: ArrayHeader, num_shots: int) -> bool:
    narrow = len(header.shape) == 1 or (
        len(header.shape) == 2 and header.shape[1] <= MAX_LABEL_COLUMNS and header.dtype.kind in "biu"
    )
    return narrow and header.shape[0] == num_shots


def _label_columns(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """(N,) is one column; (N, 2) `frames` are start_frame and end_frame; else `name_0`, `name_1` …"""
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.ndim == 1:
        return {name: values}
    if name == "frames" and values.shape[1] == 2:
        return {"start_frame": values[:, 0], "end_frame": values[:, 1]}
    return {f"{name}_{i}": values[:, i] for i in range(values.shape[1])}


def _read_titles_csv(path: Path) -> list[dict[str, Any]]:
    try:
        table = pd.read_csv(path, dtype={"title_id": str, "name": str, "split": str}, encoding="utf-8")
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is not readable as a table: {str(error).splitlines()[0]}") from None
    if "title_id" not in table:
        raise InputError(f"{path}: column 'title_id' is missing")
    for row in np.flatnonzero(table["title_id"].isna() | table["title_id"].duplicated()):
        title_id = table["title_id"].iloc[row]
        what = "is empty" if pd.isna(title_id) else f"{title_id!r} is there twice"
        raise InputError(f"{path}, line {row + 2}: title_id {what}")
    return table.astype(object).where(table.notna(), None).to_dict("records")
