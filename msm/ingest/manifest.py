"""The films of a library as a table: a CSV file or JSON lines, a film a line, with what is known of it."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msm.data.names import split_of
from msm.data.schema import TITLE_COLUMNS, TITLE_OPTIONAL, check_title_id
from msm.errors import InputError
from msm.ingest.metadata import TitleFacts
from msm.ingest.planning import Wanted
from msm.io.cells import Cell, delimiter_of, typed_column

FACTS = ("title_id", "name", "split", "synopsis", "tags")
FILES = ("path", "subtitles", "shots")
LARGEST = 256 * 2**20  # bytes
MOST_NAMED = 5  # bad rows in one sentence


@dataclass(frozen=True)
class _Row:
    """A line of a manifest.

    line     its number, from 1
    cells    what stands in it, without empty cells
    problem  why it cannot be read
    """

    line: int
    cells: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def read_manifest(path: Path) -> list[Wanted]:
    """The films of a manifest in its order. Paths in it are relative to its folder.

    Raises one InputError that names the manifest, and the line and the fault of each bad row.
    """
    text = _text(path)
    rows = list(_json_rows(text) if text.lstrip().startswith("{") else _csv_rows(text, path))
    films, problems, ids = [], [], dict[str, int]()
    for row in rows:
        try:
            films.append(_film(row, path, ids))
        except InputError as error:
            problems.append(f"line {row.line}: {error}")
    problems += _mixed_labels(rows)
    if problems:
        more = f"; and {len(problems) - MOST_NAMED} more" if len(problems) > MOST_NAMED else ""
        raise InputError(f"{path}: {'; '.join(problems[:MOST_NAMED])}{more}")
    if not films:
        raise InputError(f"{path} names no film")
    return films


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path} is missing" if not path.exists() else f"{path} is no file")
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST >> 20} MB, which no manifest is")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line} is not UTF-8; save it as CSV with UTF-8") from None
    if "\0" in text:
        raise InputError(f"{path} is no text")
    return text


def _json_rows(text: str) -> Iterator[_Row]:
    for line, words in enumerate(text.split("\n"), start=1):
        if words.strip():
            try:
                yield _Row(line, _json_cells(words))
            except (ValueError, RecursionError) as error:  # InputError is one
                yield _Row(line, problem=str(error))


def _json_cells(words: str) -> dict[str, Any]:
    try:
        cells = json.loads(words, parse_constant=_no_number)
    except ValueError as error:
        raise InputError(f"it is not readable as JSON: {error}") from None
    labels = (cells.pop("labels", None) or {}) if isinstance(cells, dict) else None
    if not isinstance(labels, dict):
        raise InputError("it must be an object, and labels an object in it")
    for name in labels:
        if name in cells or name in FACTS + FILES:
            raise InputError(f"{name!r} stands in labels, but is no label or stands beside them too")
    return {k: v for k, v in {**cells, **labels}.items() if v is not None}


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _csv_rows(text: str, path: Path) -> Iterator[_Row]:
    lines = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter_of(text.split("\n", 1)[0], "path"), strict=True
    )
    header: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in lines:
            if header and any(c.strip() for c in cells):
                rows.append((line, cells))
            header = header or [c.strip() for c in cells]
            line = lines.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}: line {line} is not readable as CSV: {error}") from None
    _check_header(header, path)
    whole = [(line, cells) for line, cells in rows if len(cells) == len(header)]
    columns = {name: _column(name, [cells[i].strip() for _, cells in whole]) for i, name in enumerate(header)}
    for row, (line, _) in enumerate(whole):
        yield _Row(line, {name: column[row] for name, column in columns.items() if column[row] != ""})
    for line, cells in rows:
        if len(cells) != len(header):
            yield _Row(line, problem=f"it has {len(cells)} cells, but line 1 has {len(header)}")


def _check_header(header: Sequence[str], path: Path) -> None:
    for name in header:
        if not name:
            raise InputError(f"{path}: line 1: a column has no name")
        if header.count(name) > 1:
            raise InputError(f"{path}: line 1: column {name!r} is there twice")
    if "path" not in header:
        raise InputError(f"{path}: line 1 has no column 'path'; a manifest has path, {', '.join(FACTS)}, and labels")


def _column(name: str, cells: Sequence[str]) -> list[Cell]:
    """The cells of a column; of a label as numbers where all of them are, so that 1999 can be compared."""
    return list(cells) if name in FACTS + FILES else typed_column(cells)


def _film(row: _Row, manifest: Path, ids: dict[str, int]) -> Wanted:
    """A film of a manifest; `ids` are those of the rows before it, with their lines."""
    if row.problem:
        raise InputError(row.problem)
    cells = {name: _checked(name, value) for name, value in row.cells.items()}
    if not cells.get("path"):
        raise InputError("path is missing")
    for name in cells:
        if name in TITLE_COLUMNS + TITLE_OPTIONAL and name not in FACTS:
            raise InputError(f"a label cannot be called {name!r}, as a column of the format is")
    facts = TitleFacts(
        **{name: cells.get(name, "") for name in FACTS if name != "split"},
        split=split_of(cells.get("split", ""), cells["path"]),
        labels={name: value for name, value in cells.items() if name not in FACTS + FILES},
    )
    if facts.title_id:
        check_title_id(facts.title_id)
        if ids.setdefault(facts.title_id, row.line) != row.line:
            raise InputError(f"title_id {facts.title_id!r} stands in line {ids[facts.title_id]} too")
    files = {name: _beside(manifest.parent, cells[name]) for name in FILES if cells.get(name)}
    return Wanted(
        video=files["path"],
        facts=facts,
        subtitles=files.get("subtitles"),
        shots=files.get("shots"),
        named_in=f"{manifest}, line {row.line}: ",
    )


def _checked(name: str, value: Any) -> Any:
    """A cell, tags as they are stored; InputError where it is of another kind."""
    if name == "tags":
        words = value.replace("|", ",").split(",") if isinstance(value, str) else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise InputError(f"tags is {value!r}, but must be words with commas or a list of words")
        return "|".join(filter(None, (word.strip() for word in words)))
    if name in FACTS + FILES and not isinstance(value, str):
        raise InputError(f"{name} is {value!r}, but must be text")
    if not isinstance(value, str | int | float | bool):
        raise InputError(f"{name} is {value!r}, but must be a text or a number")
    return value


def _mixed_labels(rows: Sequence[_Row]) -> Iterator[str]:
    """A label of texts and numbers cannot be a column of a table."""
    first: dict[str, tuple[int, bool]] = {}
    for row in rows:
        for name, value in row.cells.items():
            if name not in FACTS + FILES and isinstance(value, str | int | float | bool):
                line, is_text = first.setdefault(name, (row.line, isinstance(value, str)))
                if is_text != isinstance(value, str):
                    yield f"line {row.line}: {name} is {value!r}, but line {line} has {'text' if is_text else 'a number'}"


def _beside(folder: Path, name: str) -> Path:
    """A path of a manifest, in whichever form of Unicode the disk has it."""
    forms = (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
    return next((p for form in forms if (p := folder / form).exists()), folder / name)
