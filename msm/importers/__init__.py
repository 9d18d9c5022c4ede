"""Embeddings made elsewhere become a catalog, title by title; see docs/format.md for the formats."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from msm.catalog import Catalog, TitleData, deal_splits, modalities_of
from msm.errors import InputError
from msm.importers.source import Entry, Source, add_scenes, parse_modalities

__all__ = ["FORMATS", "ImportOptions", "import_embeddings"]

FORMATS = ("npz", "parquet", "npy+parquet", "hdf5")
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
    global_from: tuple[str, ...] = ()  # title labels that make the metadata embedding
    replace: bool = False

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise InputError(f"format is {self.format!r}, but must be one of {', '.join(FORMATS)}")
        if self.dtype is not None and self.dtype not in DTYPES:
            raise InputError(f"dtype is {self.dtype!r}, but must be one of {', '.join(DTYPES)}")


def import_embeddings(
    source: str | Path,
    catalog: str | Path,
    options: ImportOptions | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Catalog:
    """Write a catalog from embeddings made elsewhere; `progress` hears titles done and titles in all.

    Raises InputError with file, title or row and rule, and leaves nothing behind.
    """
    options = options or ImportOptions()
    source, catalog = Path(source), Path(catalog)
    kind = options.format or detect_format(source)
    opened = open_source(source, catalog, kind, options)
    dealt = deal_splits([e.title_id for e in opened.entries if not e.split], options.seed)
    return Catalog.write(
        catalog,
        _titles(opened, dealt, progress),
        modalities=modalities_of(opened.dims),
        dtype=options.dtype or lossless_dtype(opened),
        provenance=_provenance(source, kind, opened, dealt, options),
        replace=options.replace,
    )


def detect_format(path: Path) -> str:
    """The format of a path, by its suffix or by what the folder holds."""
    if not path.exists():
        raise InputError(f"{path} is missing")
    suffixes = {f.suffix for f in path.iterdir()} if path.is_dir() else {path.suffix}
    for suffix, kind in (
        (".npz", "npz"),
        (".npy", "npy+parquet"),
        (".parquet", "parquet"),
        (".h5", "hdf5"),
        (".hdf5", "hdf5"),
    ):
        if suffix in suffixes:
            return kind
    raise InputError(f"{path}: no .npz, .npy, .parquet or .h5 is there; say what it is with --format")


def open_source(path: Path, catalog: Path, kind: str, options: ImportOptions) -> Source:
    from msm.importers import npz, parquet

    modalities = parse_modalities(options.modalities)
    columns: dict[str, Any] = {"title_column": options.title_column, "shot_column": options.shot_column}
    if kind == "npz":
        return npz.NpzSource(path, modalities)
    if kind == "npy+parquet":
        return parquet.open_npy_with_table(path, modalities, table=options.table, **columns)
    raise NotImplementedError(kind)


def lossless_dtype(source: Source) -> str:
    """float16 if the whole source is, else float32: nothing overflows and nothing is rounded."""
    return "float16" if all(d == np.float16 for d in source.dtypes.values()) else "float32"


def _titles(source: Source, dealt: dict[str, str], progress: Callable[[int, int], None]) -> Iterator[TitleData]:
    for number, entry in enumerate(source.entries):
        blocks, shots = source.read(entry)
        yield TitleData(
            title_id=entry.title_id,
            name=entry.name,
            split=entry.split or dealt[entry.title_id],
            embeddings=_side_by_side(source, entry, blocks),
            shots=add_scenes(shots),
            labels=entry.labels,
        )
        progress(number + 1, len(source.entries))


def _side_by_side(source: Source, entry: Entry, blocks: dict[str, np.ndarray]) -> np.ndarray:
    """(N, D): the modalities' blocks in order, zeros for one that the title lacks."""
    num_shots = len(next(iter(blocks.values())))
    whole = []
    for name, dim in source.dims.items():
        block = blocks.get(name, np.zeros((num_shots, dim), np.float16))
        whole.append(block)
    return np.concatenate(whole, axis=1)


def _provenance(path: Path, kind: str, source: Source, dealt: dict[str, str], options: ImportOptions) -> dict[str, Any]:
    """Where the catalog comes from: names and choices, no path of this machine."""
    made: dict[str, Any] = {
        "made_by": "msm import",
        "source": path.resolve().name,
        "format": kind,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    if dealt:
        made |= {"splits_dealt": len(dealt), "splits_seed": options.seed}
    if source.dropped:
        made["dropped"] = list(source.dropped)
    return made
