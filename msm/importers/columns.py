"""What the columns of a sharded table are: vectors, plain values, or neither; and that all shards agree on them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from msm.errors import InputError
from msm.importers.shards import Shard


@dataclass(frozen=True)
class Columns:
    """The columns that all shards have.

    vectors  name → type of a value, the widest of all shards
    plain    name and type of each column of plain values
    classes  name → the names that its whole numbers stand for (ClassLabel of Hugging Face datasets)
    dropped  names of columns that are neither
    """

    vectors: Mapping[str, np.dtype]
    plain: pa.Schema
    classes: Mapping[str, list[str]]
    dropped: tuple[str, ...]

    def plain_values(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch's plain columns in the table's types, numbers of classes as their names."""
        names = [n for n in batch.schema.names if n in self.plain.names]
        columns = []
        for name in names:
            column = batch.column(name)
            if name in self.classes:
                column = pa.array(self.classes[name], pa.string()).take(_class_numbers(column, len(self.classes[name])))
            columns.append(column.cast(self.plain.field(name).type))
        return pa.record_batch(columns, schema=pa.schema([self.plain.field(n) for n in names]))


def agreed_columns(shards: Sequence[Shard]) -> Columns:
    """The columns of a table; InputError that names the shard where one is missing, is doubled, or has another type."""
    first = shards[0]
    vectors: dict[str, np.dtype] = {}
    plain: dict[str, pa.DataType] = {}
    for shard in shards:
        _check_names(shard, first)
        for name in first.schema.names:
            kind = shard.schema.field(name).type
            if is_vector(kind):
                value = np.dtype(kind.value_type.to_pandas_dtype())
                value = value if value.kind == "f" else np.dtype(np.float32)
                vectors[name] = np.promote_types(vectors.get(name, value), value)
            elif is_plain(kind):
                kind = kind.value_type if pa.types.is_dictionary(kind) else kind
                plain[name] = _common(shard, first, name, plain.get(name, kind), kind)
            if is_vector(kind) != is_vector(first.schema.field(name).type):
                raise _disagree(shard, first, name)
    classes = {name: names for name, names in _classes(first.schema).items() if name in plain}
    fields = [pa.field(n, pa.string() if n in classes else plain[n]) for n in first.schema.names if n in plain]
    dropped = tuple(n for n in first.schema.names if n not in plain and n not in vectors)
    return Columns(vectors, pa.schema(fields), classes, dropped)


def is_vector(kind: pa.DataType) -> bool:
    """Is it a list of numbers?"""
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return is_list and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def is_plain(kind: pa.DataType) -> bool:
    """Is it a single number, text or time?"""
    return not pa.types.is_nested(kind) and not pa.types.is_binary(kind) and not pa.types.is_large_binary(kind)


def dense(lists: pa.Array, width: int, dtype: np.dtype, where: str, name: str, first_row: int) -> np.ndarray:
    """(rows, width) of a column of lists, zeros for a null one.

    Raises InputError with shard and row for a list of another width and for a null inside a list.
    """
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), -1))
    for i in np.flatnonzero((lengths >= 0) & (lengths != width)):
        raise InputError(
            f"{where}, row {first_row + i}: {name} is {lengths[i]} wide, but {width} in the rows before it"
        )
    held = lists.drop_null()
    values = held.flatten()
    if values.null_count:
        inside = int(np.flatnonzero(np.asarray(values.is_null()))[0]) // width
        row = np.flatnonzero(lengths >= 0)[inside]
        raise InputError(f"{where}, row {first_row + row}: {name} has a null inside its vector")
    block = values.to_numpy(zero_copy_only=False).astype(dtype, copy=False).reshape(-1, width)
    if lists.null_count == 0:
        return block
    whole = np.zeros((len(lists), width), dtype)
    whole[lengths >= 0] = block
    return whole


def width_of(shards: Sequence[Shard], name: str) -> int:
    """The width of a column of vectors, told by its type or by the first row that is not null."""
    for shard in shards:
        kind = shard.schema.field(name).type
        if pa.types.is_fixed_size_list(kind):
            return int(kind.list_size)
    for shard in shards:
        row = 0
        for batch in shard.batches([name], 256):
            lengths = np.asarray(pc.fill_null(pc.list_value_length(batch.column(0)), -1))
            for i in np.flatnonzero(lengths >= 0):
                if lengths[i] == 0:
                    raise InputError(f"{shard.where}, row {row + i}: {name} is 0 wide")
                return int(lengths[i])
            row += batch.num_rows
    raise InputError(f"{shards[0].where}: {name} is null in every row")


def _check_names(shard: Shard, first: Shard) -> None:
    names = shard.schema.names
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{shard.where}: column {name!r} is there twice")
    for one, other in ((shard, first), (first, shard)):
        for name in other.schema.names:
            if name not in one.schema.names:
                raise InputError(f"{one.where}: column {name!r} is missing, but {other.where} has it")


def _common(shard: Shard, first: Shard, name: str, known: pa.DataType, kind: pa.DataType) -> pa.DataType:
    """The type that holds the values of both; text and numbers have none."""
    if known == kind:
        return kind
    try:
        schemas = [pa.schema([pa.field(name, k)]) for k in (known, kind)]
        return pa.unify_schemas(schemas, promote_options="permissive").field(name).type
    except pa.ArrowException:
        raise _disagree(shard, first, name) from None


def _disagree(shard: Shard, first: Shard, name: str) -> InputError:
    held, other = shard.schema.field(name).type, first.schema.field(name).type
    return InputError(f"{shard.where}: column {name!r} holds {held}, but {other} in {first.where}")


def _classes(schema: pa.Schema) -> dict[str, list[str]]:
    """Names of classes that a Hugging Face dataset keeps in the schema's metadata."""
    try:
        features: Any = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {name: about["names"] for name, about in features.items() if about.get("_type") == "ClassLabel"}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    return {name: [str(n) for n in names] for name, names in found.items() if isinstance(names, list)}


def _class_numbers(column: pa.Array, count: int) -> pa.Array:
    """Row numbers of the classes' names; −1, which stands for an unknown class, is null."""
    known = pc.and_(pc.greater_equal(column, 0), pc.less(column, count))
    return pc.if_else(known, column, pa.scalar(None, column.type))
