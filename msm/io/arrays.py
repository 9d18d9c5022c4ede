"""`.npy` and `.npz` headers, read without allocating what they declare.

A header is a claim: a file of a few bytes can declare an array of terabytes. Here a claim is
checked against the bytes that the file really holds before anything is allocated.
"""

from __future__ import annotations

import io
import math
import mmap
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from msm.errors import InputError, reading

MAX_DEFLATE_RATIO = 1032  # deflate cannot pack tighter, so a claim beyond it is false
EXPONENT = 0x7C00  # of half precision: all ones are infinity or NaN
FAULT_AROUND = 1 << 16  # bytes beside a page that is read, which Linux maps with it
PLAIN_KINDS = "biufUS"  # Booleans, numbers, text: what an array may hold


@dataclass(frozen=True)
class ArrayHeader:
    """What a `.npy` header says: `shape`, `dtype`."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def num_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def map_npy(path: Path) -> np.ndarray:
    """Map a `.npy` file, read-only; InputError if it is missing, truncated or holds Python objects."""
    try:
        with open(path, "rb") as file:
            header = _read_header(file, str(path))
            data_bytes = path.stat().st_size - file.tell()
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    if header.num_bytes > data_bytes:
        raise InputError(f"{path} is truncated: it declares {header.num_bytes} bytes of data and holds {data_bytes}")
    with reading(path, ".npy"):
        return np.lib.format.open_memmap(path, mode="r")


def release_rows(mapped: np.ndarray, start: int, stop: int) -> None:
    """Rows of a mapped array were read: they need not stay in this process's memory, whatever the system caches.

    A walk through a catalog of millions of shots would hold all of it resident otherwise.
    """
    pages = getattr(mapped, "_mmap", None)
    if not isinstance(mapped, np.memmap) or pages is None or not hasattr(pages, "madvise"):
        return
    row, offset = mapped.strides[0], mapped.offset % mmap.ALLOCATIONGRANULARITY
    begin = max(0, offset + start * row - FAULT_AROUND)
    begin -= begin % mmap.PAGESIZE
    length = min(offset + stop * row + FAULT_AROUND, len(pages)) - begin
    if length > 0:
        pages.madvise(mmap.MADV_DONTNEED, begin, length)


def to_float32(vectors: np.ndarray) -> np.ndarray:
    """float16 or float32 → float32, the same numbers; float32 is returned as it is.

    NumPy widens half precision one number at a time. Here the bits are moved to their places, all at once: three times
    as fast, and exact, denormal numbers included. Infinity and NaN would come out as numbers: where there are any, NumPy does it.
    """
    if vectors.dtype != np.float16:
        return vectors.astype(np.float32, copy=False)
    bits = np.ascontiguousarray(vectors).view(np.int16)
    if ((bits & EXPONENT) == EXPONENT).any():
        return vectors.astype(np.float32)
    wide = bits.astype(np.int32)
    wide <<= 13
    wide &= -0x70002000  # the sign, exponent and fraction; not the copies of the sign beside it
    wide_floats = wide.view(np.float32)
    wide_floats *= np.float32(2.0**112)  # float32 counts its exponents from another zero
    return wide_floats


class NpzFile:
    """An opened `.npz`: `headers` says what is in it, `read` gives one array."""

    def __init__(self, path: Path):
        self.path = path
        with reading(path, ".npz"):
            self._zip = zipfile.ZipFile(path)
            self._members = {i.filename.removesuffix(".npy"): i for i in self._zip.infolist() if not i.is_dir()}
            self.headers = {name: self._header(name) for name in self._members}

    def __enter__(self) -> NpzFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _header(self, name: str) -> ArrayHeader:
        member, where = self._members[name], f"{self.path}, array {name!r}"
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{where}: its compression is not one that NumPy writes")
        if member.file_size > MAX_DEFLATE_RATIO * member.compress_size + 1024:
            raise InputError(
                f"{where}: it declares {member.file_size} bytes, but {member.compress_size} stored bytes cannot hold them"
            )
        with self._zip.open(member) as file:
            header = _read_header(file, where)
            data_bytes = member.file_size - file.tell()
        if header.num_bytes != data_bytes:
            raise InputError(f"{where}: it declares {header.num_bytes} bytes of data and holds {data_bytes}")
        return header

    def read(self, name: str) -> np.ndarray:
        with reading(self.path, f".npz, array {name!r}"), self._zip.open(self._members[name]) as file:
            return np.lib.format.read_array(file, allow_pickle=False)


def _read_header(file: IO[bytes], where: str) -> ArrayHeader:
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError(f"version {version} of the format is not read here")
        if any(n < 0 for n in shape):
            raise ValueError(f"a shape of {shape}")
    except Exception as error:  # NumPy parses the header as Python: a corrupted one raises whatever a parser may
        raise InputError(f"{where} is not readable as .npy: {str(error).splitlines()[0]}") from None
    if dtype.kind not in PLAIN_KINDS:
        raise InputError(f"{where}: it holds {dtype}, but only plain numbers and text are read")
    return ArrayHeader(tuple(shape), dtype)


def read_npy(content: bytes, where: str) -> np.ndarray:
    """The array of an `.npy` file that is in memory; InputError for a header that declares more than is there."""
    file = io.BytesIO(content)
    header = _read_header(file, where)
    held = len(content) - file.tell()
    if header.num_bytes > held:
        raise InputError(f"{where} is truncated: it declares {header.num_bytes} bytes of data and holds {held}")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)
