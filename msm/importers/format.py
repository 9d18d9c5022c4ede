"""The interface of an import format, and the registry of formats.

Each file in `formats/` is a format. It defines `NAME`, as messages call it, `SUFFIXES`, by which files of the format
are recognised, and `open_source(options) -> Source`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msm.config.registry import Registry
from msm.errors import InputError

_FORMATS = Registry("msm.importers.formats", "import format", order=["npz", "npy_parquet", "parquet", "hdf5"])


@dataclass(frozen=True, kw_only=True)
class FormatOptions:
    """What a format needs to open a source.

    path         file or folder
    modalities   modality → array, or array[START:STOP]; empty = found from the source
    spool        folder for a temporary file as large as the vectors
    table        Parquet table that describes the vectors, where it is a file of its own
    title_column, shot_column  of a table that holds many titles; None = the usual names
    """

    path: Path
    modalities: Mapping[str, str]
    spool: Path
    table: Path | None = None
    title_column: str | None = None
    shot_column: str | None = None


def format_names() -> tuple[str, ...]:
    """The formats, in the order in which a source is recognised."""
    return tuple(name.replace("_", "+") for name in _FORMATS.names())


def format_module(name: str) -> Any:
    """The module of a format; InputError for an unknown name."""
    return _FORMATS.get(name.replace("+", "_"))


def detect_format(path: Path) -> str:
    """The format of a path, by its suffix or by those of the files in the folder; InputError where neither is known."""
    if not path.exists():
        raise InputError(f"{path} is missing")
    suffixes = {f.suffix for f in path.iterdir()} if path.is_dir() else {path.suffix}
    for name in format_names():
        if suffixes & set(format_module(name).SUFFIXES):
            return name
    *most, last = (format_module(name).SUFFIXES[0] for name in format_names())
    raise InputError(f"{path}: no {', '.join(most)} or {last} is there; say what it is with --format")
