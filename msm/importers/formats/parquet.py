"""Parquet tables that hold the vectors themselves in list columns, a row a shot: a file, or a folder or glob of shards."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msm.data.names import known_split
from msm.importers.format import FormatOptions
from msm.importers.locations import Location
from msm.importers.shards import ConstantShard, ParquetShard, Shard
from msm.importers.table import TableSource

NAME, SUFFIXES = "Parquet", (".parquet",)
HIVE = re.compile(r"([^/=]+)=([^/]*)/")
SPLIT_OF_A_NAME = re.compile(r"([A-Za-z]+)-\d+-of-\d+$")


def open_source(options: FormatOptions) -> TableSource:
    """All .parquet files of the sources as one logical table; rows of a title may stand in several.

    Values that stand in the names become columns where the table has none of that name: folders such as `season=3/`,
    and files such as `train-00000-of-00008.parquet`, as Hugging Face writes them.
    """
    shards = [
        _with_names(file, file.below(source)) for source in options.sources for file in options.files(source, SUFFIXES)
    ]
    return TableSource(shards, options)


def _with_names(file: Location, below: str) -> Shard:
    shard = ParquetShard(file)
    named = {name: value for name, value in _values_of(below or file.name).items() if name not in shard.schema.names}
    return ConstantShard(shard, named) if named else shard


def _values_of(path: str) -> Mapping[str, str]:
    """`{"season": "3", "split": "train"}` of `season=3/train-00000-of-00008.parquet`."""
    values = {found[1]: found[2] for found in HIVE.finditer(path)}
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    found = SPLIT_OF_A_NAME.match(stem)
    if found and (split := known_split(found[1])):
        values.setdefault("split", split)
    return values
