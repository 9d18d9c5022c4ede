"""WebDataset tars: a sample is a shot, or all shots of a title; its vectors are .npy or .safetensors, its facts .json.

Members of a sample share the name up to the first dot: `000017.video.npy` is the modality `video` of sample 000017,
`000017.npy` its `embedding`; each tensor of `000017.safetensors` is a modality. A vector is a shot, a matrix (N, width)
the N shots of a title; then a list of N values in the .json is a label of its shots.
"""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tarfile import HeaderError, ReadError
from typing import Any, Self

import numpy as np
import pyarrow as pa
from safetensors.numpy import load as load_tensors

from msm.errors import InputError
from msm.importers.format import FormatOptions
from msm.importers.locations import Location
from msm.importers.shards import PartsShard, reading_shard
from msm.importers.table import TableSource
from msm.io.arrays import read_npy
from msm.io.table_parts import TableParts

NAME, SUFFIXES = "WebDataset", (".tar", ".tgz")
LARGEST_MEMBER = 1 << 30  # bytes
BATCH_ROWS = 512
Sample = dict[str, bytes]  # extension → content


@dataclass(frozen=True)
class Rows:
    """A sample as rows of the table: `facts` and, by modality, (rows, width) `vectors`."""

    key: str
    facts: list[dict[str, Any]]
    vectors: dict[str, np.ndarray]


def open_source(options: FormatOptions) -> TableSource:
    """All samples of the tars. Each tar is read once, into a temporary Arrow file in `options.spool`."""
    files = [file for source in options.sources for file in options.files(source, SUFFIXES)]
    return TableSource([_converted(file, options.spool) for file in files], options)


def _converted(tar: Location, spool: Path) -> PartsShard:
    parts = TableParts(tempfile.TemporaryFile(dir=spool))  # noqa: SIM115 — nameless, so nothing is left behind
    waiting: list[Rows] = []
    count = 0
    for key, sample in _samples(tar):
        if rows := _rows_of(sample, key, f"{tar}, sample {key!r}"):
            waiting.append(rows)
            count += len(rows.facts)
        if count >= BATCH_ROWS:
            _append(parts, waiting, tar)
            waiting, count = [], 0
    if waiting:
        _append(parts, waiting, tar)
    if not parts.num_parts:
        raise InputError(f"{tar} holds no sample with a .npy or .safetensors")
    return PartsShard(str(tar), parts)


def _append(parts: TableParts, samples: Sequence[Rows], tar: Location) -> None:
    """Write some samples as one part of the table."""
    try:
        table = pa.Table.from_pylist([row for sample in samples for row in sample.facts])
        for name in dict.fromkeys(name for sample in samples for name in sample.vectors):
            table = table.append_column(name, _lists(samples, name))
        parts.append(table)
    except (pa.ArrowException, TypeError, ValueError) as error:
        where = f"{tar}, samples {samples[0].key!r} to {samples[-1].key!r}"
        raise InputError(f"{where} do not fit together: {str(error).splitlines()[0]}") from None


def _lists(samples: Sequence[Rows], name: str) -> pa.Array:
    """A column of lists: the vectors of all samples, null where one has none."""
    held = [sample.vectors.get(name) for sample in samples]
    widths = sorted({block.shape[1] for block in held if block is not None})
    if len(widths) > 1:
        raise ValueError(f"{name} is {widths[0]} wide in one and {widths[-1]} in another")
    dtype = np.result_type(*(block.dtype for block in held if block is not None))
    blocks = [
        np.zeros((len(sample.facts), widths[0]), dtype) if block is None else block.astype(dtype, copy=False)
        for sample, block in zip(samples, held, strict=True)
    ]
    missing = np.concatenate([np.full(len(b), block is None) for b, block in zip(blocks, held, strict=True)])
    values = pa.array(np.concatenate(blocks).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(values, widths[0], mask=pa.array(missing))


class _Member(tarfile.TarInfo):
    """A member of a tar; a tar that ends without its two blocks of zeros has been cut between members."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except HeaderError as error:
            if type(error).__name__ == "EmptyHeaderError":  # of tarfile's own, without a public name
                raise ReadError("it is cut short: the end of the archive is missing") from None
            raise


def _samples(tar: Location) -> Iterator[tuple[str, Sample]]:
    """(key, members) of each sample; its members follow each other, as the format asks for."""
    key, sample = "", {}  # type: str, Sample
    with (
        reading_shard(str(tar), "tar"),
        tar.open() as file,
        tarfile.open(fileobj=file, mode="r|*", tarinfo=_Member) as archive,
    ):
        for member in archive:
            if not member.isfile():
                continue
            folder, _, name = member.name.rpartition("/")
            stem, _, extension = name.partition(".")
            whole = f"{folder}/{stem}" if folder else stem
            if whole != key:
                if sample:
                    yield key, sample
                key, sample = whole, {}
            if extension.rsplit(".", 1)[-1] in ("npy", "safetensors", "json"):
                sample[extension] = _content(archive, member, tar)
        if sample:
            yield key, sample


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, tar: Location) -> bytes:
    if member.size > LARGEST_MEMBER:
        raise InputError(f"{tar}, {member.name!r}: it is larger than {LARGEST_MEMBER >> 20} MB")
    opened = archive.extractfile(member)
    content = opened.read() if opened is not None else b""
    if len(content) != member.size:
        raise InputError(f"{tar} is cut short in {member.name!r}")
    return content


def _rows_of(sample: Sample, key: str, where: str) -> Rows | None:
    """The sample as rows of the table: one, or as many as its matrices have."""
    vectors = _vectors(sample, where)
    if not vectors:
        return None
    facts = _facts(sample, where)
    shapes = ", ".join(f"{name} {v.shape}" for name, v in vectors.items())
    ranks, counts = {v.ndim for v in vectors.values()}, {len(v) for v in vectors.values()}
    if any(v.size == 0 for v in vectors.values()) or not (ranks == {1} or (ranks == {2} and len(counts) == 1)):
        raise InputError(f"{where}: expected a vector each, or matrices with a row a shot, but found {shapes}")
    if ranks == {1}:
        return Rows(key, [facts], {name: v[None] for name, v in vectors.items()})
    count = counts.pop()
    facts.setdefault("title_id", key.rsplit("/", 1)[-1])
    of_shots = [k for k, v in facts.items() if isinstance(v, list) and len(v) == count]
    return Rows(key, [{**facts, **{k: facts[k][i] for k in of_shots}} for i in range(count)], vectors)


def _vectors(sample: Sample, where: str) -> dict[str, np.ndarray]:
    """Modality → its vector or matrix."""
    vectors: dict[str, np.ndarray] = {}
    for extension, content in sample.items():
        kind = extension.rsplit(".", 1)[-1]
        if kind == "npy":
            vectors[extension.removesuffix("npy").rstrip(".") or "embedding"] = read_npy(content, where)
        elif kind == "safetensors":
            try:
                vectors |= load_tensors(content)
            except Exception as error:  # of the library's own kind, which is no public class
                raise InputError(f"{where} is not readable as safetensors: {error}") from None
    for name, vector in vectors.items():
        if vector.dtype.kind not in "fiu":
            raise InputError(f"{where}: {name} holds {vector.dtype}, expected numbers")
    return vectors


def _facts(sample: Sample, where: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for extension, content in sample.items():
        if extension.rsplit(".", 1)[-1] == "json":
            try:
                found = json.loads(content)
            except ValueError as error:
                raise InputError(f"{where} is not readable as JSON: {error}") from None
            if not isinstance(found, Mapping):
                raise InputError(f"{where}: its .json must hold an object")
            facts |= found
    return facts
