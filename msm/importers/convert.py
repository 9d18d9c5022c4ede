"""Embeddings made elsewhere become a catalog, title by title; see docs/format.md for the formats."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog, TitleData, deal_splits, modalities_of
from msm.data.joining import append_titles
from msm.errors import InputError, ShotError, reading
from msm.importers.format import detect_format, format_module
from msm.importers.locations import Location, locate_all
from msm.importers.metadata import columns_of, embed_metadata
from msm.importers.options import FORMATS, ImportOptions, open_source
from msm.importers.parts import Piece, ReadTitles, can_be_parted, read_here, read_in_parts
from msm.importers.source import Source, add_scenes
from msm.importers.title_vectors import read_title_vectors
from msm.ingest.encoder import places_of
from msm.ingest.encoder_places import note_place, read_places
from msm.io.files import naming_full_disk, refuse_existing
from msm.runner import HERE, Place

__all__ = ["FORMATS", "ImportOptions", "import_embeddings"]


def import_embeddings(
    source: str | Path | Sequence[str | Path],
    catalog: str | Path,
    options: ImportOptions | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    place: Place = HERE,
) -> Catalog:
    """Write a catalog from embeddings made elsewhere; `progress` hears titles done and titles in all.

    source  a file, a folder, a glob, a URL of any file system that fsspec knows, or a list of them that are one table
    place   workers read titles side by side, and what was killed goes on at the next part; tables whose rows of a title do not
            stand together are read by this process

    Raises InputError with file, title or row and rule, and leaves nothing behind.
    """
    given = [source] if isinstance(source, str | Path) else list(source)
    options = options or ImportOptions()
    with naming_full_disk(Path(catalog)):
        written = _import(given, Path(catalog), options, progress, place)
    for name, choice in places_of(options.global_encoder).items() if options.global_encoder else ():
        note_place(written.path, name, choice)  # so that a run finds it when it tells another catalog's titles
    return written


def _import(
    given: Sequence[str | Path],
    catalog: Path,
    options: ImportOptions,
    progress: Callable[[int, int], None],
    place: Place,
) -> Catalog:
    sources = locate_all(given)
    source, more = sources[0], f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    kind = options.format or detect_format(source)
    _refuse_target(sources, catalog, options)
    with reading(f"{source}{more}", format_module(kind).NAME):
        opened = open_source(sources, catalog, kind, options)
    dealt = deal_splits([e.title_id for e in opened.entries if not e.split], options.seed)
    former = Catalog.open(catalog) if options.append and catalog.exists() else None
    if former is not None:
        _check_joins(opened, former, options)
    metadata, meaning = _metadata(opened, dealt, options, former)
    provenance = _provenance(source.name + more, kind, opened, dealt, options)
    if meaning:
        provenance["global"] = meaning
    if place.is_here or not can_be_parted(opened):
        pieces = _told(read_here(opened, str(source), kind), len(opened.entries), progress)
    else:
        work = ReadTitles(tuple(map(str, given)), str(catalog), kind, options)
        pieces = read_in_parts(work, sources, len(opened.entries), place, progress)
    titles = _titles(opened, dealt, metadata, pieces)
    try:
        if former is not None:
            return append_titles(former, titles, provenance)
        return Catalog.write(
            catalog,
            titles,
            modalities=modalities_of(opened.dims),
            dtype=options.dtype or stored_dtype(opened),
            provenance=provenance,
            replace=options.replace,
        )
    except ShotError as error:
        raise InputError(f"{source}: {error}{_place(opened, error)}") from None
    except InputError as error:
        known = any(str(s) in str(error) for s in (*sources, catalog))
        raise error if known else InputError(f"{source}: {error}") from None


def _check_joins(source: Source, former: Catalog, options: ImportOptions) -> None:
    """InputError unless the titles of a source fit into a catalog and are new to it."""
    held, new = {m.name: m.dim for m in former.modalities}, dict(source.dims)
    if list(held.items()) != list(new.items()):
        shown = [", ".join(f"{name} {dim}" for name, dim in dims.items()) for dims in (held, new)]
        raise InputError(
            f"{former.path} has {shown[0]}, but the source has {shown[1]}; name and order them with --modality"
        )
    if options.dtype not in (None, former.dtype):
        raise InputError(f"{former.path} is {former.dtype}, so --dtype {options.dtype} cannot be added to it")
    there = [e.title_id for e in source.entries if e.title_id in former]
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        raise InputError(
            f"{former.path} has {', '.join(map(repr, there[:3]))}{more} already; only new titles are added"
        )


def _place(source: Source, error: ShotError) -> str:
    """Where the shot stands in the source, in brackets; empty where the title and its number say it all."""
    place = getattr(source, "place", None)
    entry = next((e for e in source.entries if e.title_id == error.title_id), None)
    return f" ({place(entry, error.shot)})" if place is not None and entry is not None else ""


def _refuse_target(sources: Sequence[Location], catalog: Path, options: ImportOptions) -> None:
    """Nothing is read for a catalog that could not be written; and no import removes its own source."""
    refuse_existing(catalog, replace=options.replace or options.append)
    for source in sources:
        if source.is_local and Path(source.path).resolve().is_relative_to(catalog.resolve()):
            raise InputError(f"{catalog} holds the source {source}; choose another name for the catalog")


def stored_dtype(source: Source) -> str:
    """float16 if the whole source is, else float32, so that nothing overflows."""
    return "float16" if all(d == np.float16 for d in source.dtypes.values()) else "float32"


def _metadata(
    source: Source, dealt: dict[str, str], options: ImportOptions, former: Catalog | None
) -> tuple[np.ndarray | None, dict[str, Any]]:
    """((titles, G), what its columns mean), or None where no metadata are asked for.

    Titles that join a catalog are told as its own are: with its columns and its vocabulary.
    """
    known = former.provenance.get("global") if former is not None else None
    if options.global_vectors:
        vectors, meaning = read_title_vectors(options.global_vectors, source.entries)
        if former is not None and meaning != known:
            raise _told_otherwise(former, known)
        return vectors, meaning
    columns = options.global_from or columns_of(known or {})
    if former is not None and (columns_of(known or {}) != columns or bool(former.global_dim) != bool(columns)):
        raise _told_otherwise(former, known)
    if not columns:
        return None, {}
    labels = pd.DataFrame([dict(e.labels) for e in source.entries])
    train = np.array([(e.split or dealt[e.title_id]) == "train" for e in source.entries])
    places = read_places(former.path) if former is not None else {}
    return embed_metadata(labels, columns, train, known, options.global_encoder, places)


def _told_otherwise(former: Catalog, known: dict[str, Any] | None) -> InputError:
    told = f"are made of {', '.join(known)}" if known else "were not made by --global-from"
    held = f"metadata embeddings {told}" if former.global_dim else "no metadata embeddings"
    return InputError(f"{former.path} has {held}; titles that are added must be told the same way")


def _told(pieces: Iterator[Piece], total: int, progress: Callable[[int, int], None]) -> Iterator[Piece]:
    for number, piece in enumerate(pieces):
        yield piece
        progress(number + 1, total)


def _titles(
    source: Source, dealt: dict[str, str], metadata: np.ndarray | None, pieces: Iterable[Piece]
) -> Iterator[TitleData]:
    for number, (entry, (vectors, shots)) in enumerate(zip(source.entries, pieces, strict=True)):
        yield TitleData(
            title_id=entry.title_id,
            name=entry.name,
            split=entry.split or dealt[entry.title_id],
            embeddings=vectors,
            shots=add_scenes(shots),
            global_embedding=None if metadata is None else metadata[number],
            labels=entry.labels,
        )


def _provenance(
    source_name: str, kind: str, source: Source, dealt: dict[str, str], options: ImportOptions
) -> dict[str, Any]:
    """Where the catalog comes from: names and choices, no path of this machine."""
    made: dict[str, Any] = {
        "made_by": f"msm import {version('msm-workbench')}",
        "source": source_name,
        "format": kind,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    if dealt:
        made |= {"splits_dealt": len(dealt), "splits_seed": options.seed}
    if source.dropped:
        made["dropped"] = list(source.dropped)
    return made
