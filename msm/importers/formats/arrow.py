"""A Hugging Face dataset on disk, as `save_to_disk` writes it: Arrow files in a folder, or a folder for each split."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msm.data.names import known_split
from msm.errors import InputError
from msm.importers.format import FormatOptions
from msm.importers.locations import Location
from msm.importers.shards import ArrowShard, ConstantShard, Shard
from msm.importers.table import TableSource

NAME, SUFFIXES = "a Hugging Face dataset", (".arrow",)


def open_source(options: FormatOptions) -> TableSource:
    """All rows of the datasets, a row a shot. Of a dataset with splits, their names are the titles' splits."""
    shards = [shard for source in options.sources for shard in _shards(source, options)]
    return TableSource(shards, options)


def _shards(source: Location, options: FormatOptions) -> Iterator[Shard]:
    if source.child("dataset_dict.json").exists():
        for name in _read_json(source.child("dataset_dict.json")).get("splits", []):
            split = known_split(str(name))
            for shard in _dataset(source.child(str(name)), options):
                add_split = split is not None and "split" not in shard.schema.names
                yield ConstantShard(shard, {"split": str(split)}) if add_split else shard
    else:
        yield from _dataset(source, options)


def _dataset(folder: Location, options: FormatOptions) -> Iterator[Shard]:
    """The files that `state.json` names, in its order; else all .arrow files."""
    state = folder.child("state.json")
    if not folder.is_dir() or not state.exists():
        yield from (ArrowShard(file) for file in options.files(folder, SUFFIXES))
        return
    content = _read_json(state)
    if content.get("_indices_files") or content.get("_indices_data_files"):
        raise InputError(f"{folder} is a view of other rows; call flatten_indices() before save_to_disk()")
    files = content.get("_data_files")
    if not isinstance(files, list) or not files:
        raise InputError(f"{state} names no data files")
    for file in files:
        name = str(file.get("filename", "")) if isinstance(file, dict) else ""
        location = folder.child(name)
        if not name or "/" in name or not location.exists():
            raise InputError(f"{state} names {name!r}, which is missing")
        yield ArrowShard(location)


def _read_json(location: Location) -> dict[str, Any]:
    try:
        with location.open() as file:
            content = json.loads(file.read(16 << 20))
    except (OSError, ValueError) as error:
        raise InputError(f"{location} is not readable as JSON: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise InputError(f"{location} must hold an object")
    return content
