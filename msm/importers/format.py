"""The interface of an import format, and the registry of formats.

Each file in `formats/` is a format. It defines `NAME`, as messages call it, `SUFFIXES`, by which files of the format
are recognised, and `open_source(options) -> Source`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msm.config.registry import Registry
from msm.errors import InputError
from msm.importers.locations import Location, locate

_FORMATS = Registry(
    "msm.importers.formats", "import format", order=["npz", "npy_parquet", "parquet", "arrow", "webdataset", "hdf5"]
)


@dataclass(frozen=True, kw_only=True)
class FormatOptions:
    """What a format needs to open a source.

    sources      files and folders, local or remote
    modalities   modality → array, or array[START:STOP]; empty = found from the source
    spool        folder for a temporary file as large as the vectors
    table        Parquet table that describes the vectors, where it is a file of its own
    title_column, shot_column  of a table that holds many titles; None = the usual names
    """

    sources: tuple[Location, ...]
    modalities: Mapping[str, str]
    spool: Path
    table: Path | None = None
    title_column: str | None = None
    shot_column: str | None = None

    @property
    def path(self) -> Path:
        """The one local source, of a format that reads no others."""
        first, *others = self.sources
        if others:
            raise InputError(f"{others[0]}: only one source of this format can be imported at a time")
        if not first.is_local:
            raise InputError(f"{first}: this format is read from a local disk; copy it there first")
        return Path(first.path)

    def files(self, source: Location, suffixes: Sequence[str]) -> list[Location]:
        """The files of a source that have one of these suffixes; InputError where there are none."""
        found = [f for f in source.files() if f.suffix in suffixes or not source.is_dir()]
        if not found:
            raise InputError(f"{source} holds no {' or '.join(suffixes)} file")
        return found


def format_names() -> tuple[str, ...]:
    """The formats, in the order in which a source is recognised."""
    return tuple(name.replace("_", "+") for name in _FORMATS.names())


def format_module(name: str) -> Any:
    """The module of a format; InputError for an unknown name."""
    return _FORMATS.get(name.replace("+", "_"))


def detect_format(source: str | Path | Location) -> str:
    """The format of a file, or of the files in a folder, by their suffixes; InputError where none is known."""
    location = source if isinstance(source, Location) else locate(source)[0]
    suffixes = {f.suffix for f in location.files()} if location.is_dir() else {location.suffix}
    for name in format_names():
        if suffixes & set(format_module(name).SUFFIXES):
            return name
    *most, last = (format_module(name).SUFFIXES[0] for name in format_names())
    raise InputError(f"{location}: no {', '.join(most)} or {last} is there; say what it is with --format")
