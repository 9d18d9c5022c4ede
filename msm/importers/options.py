"""The choices of an import, and a source opened by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msm.errors import InputError
from msm.importers.format import FormatOptions, format_module, format_names
from msm.importers.locations import Location
from msm.importers.source import Source, parse_modalities

FORMATS = format_names()
DTYPES = ("float16", "float32")


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Every choice of one import; what is None is found out from the source."""

    format: str | None = None  # one of FORMATS
    modalities: tuple[str, ...] = ()  # NAME=ARRAY or NAME=ARRAY[START:STOP]
    table: Path | None = None  # of npy+parquet
    title_column: str | None = None
    shot_column: str | None = None
    dtype: str | None = None  # one of DTYPES
    seed: int = 0  # deals out the titles that have no split
    global_from: tuple[str, ...] = ()  # title labels that make the metadata embedding; text:LABEL is encoded
    global_encoder: str | None = None  # of text:LABEL, as `msm ingest --encoders` takes it
    global_vectors: str | None = None  # FILE or NAME=FILE: metadata embeddings made elsewhere
    replace: bool = False
    append: bool = False  # the titles join a catalog that exists

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise InputError(f"format is {self.format!r}, but must be one of {', '.join(FORMATS)}")
        if self.dtype is not None and self.dtype not in DTYPES:
            raise InputError(f"dtype is {self.dtype!r}, but must be one of {', '.join(DTYPES)}")
        if self.global_from and self.global_vectors:
            raise InputError("--global-from and --global-vectors both make the metadata embedding; give one of them")
        if self.append and self.replace:
            raise InputError("--append adds to a catalog and --replace writes it anew; give one of them")


def open_source(sources: Sequence[Location], catalog: Path, kind: str, options: ImportOptions) -> Source:
    """Open sources of this format; what must be copied meanwhile goes to the disk of the catalog."""
    return format_module(kind).open_source(
        FormatOptions(
            sources=tuple(sources),
            modalities=parse_modalities(options.modalities),
            spool=_existing_parent(catalog),
            table=options.table,
            title_column=options.title_column,
            shot_column=options.shot_column,
        )
    )


def _existing_parent(path: Path) -> Path:
    """Where the catalog will be written: the vectors of a table are spooled on the same disk."""
    return next(p for p in path.absolute().parents if p.is_dir())
