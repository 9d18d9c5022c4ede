"""Files and folders appear whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import glob
import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from msm.errors import FULL, FullDiskError, InputError
from msm.io import portable

LARGEST_JSON = 64 << 20  # bytes; a thousand cells of an ablation are two million
GRACE_S = 2.0  # what is so young may be about to be locked


def temporary_sibling(path: Path) -> Path:
    """A fresh hidden name in the same folder, so that the rename never crosses a file system."""
    return path.parent / f".{path.name}.tmp-{os.getpid()}-{secrets.token_hex(4)}"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary file to write to; on success it takes the name `path`, else it is removed."""
    remove_leftovers(path.parent, path.name)
    temporary = temporary_sibling(path)
    temporary.touch()
    held = portable.hold(temporary)
    try:
        yield temporary
        portable.sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
        if held is not None:
            os.close(held)


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """A disk that runs full while `path` is written becomes one sentence that names it; the outermost name counts."""
    try:
        yield
    except (OSError, FullDiskError) as error:
        if isinstance(error, OSError) and error.errno not in FULL:
            raise
        raise FullDiskError(f"{path} cannot be written: there is no space left on its disk") from None


def save_array(path: Path, array: np.ndarray) -> None:
    """An `.npy`; np.save on a path does not say why it failed where the disk is full."""
    whole = io.BytesIO()
    np.save(whole, array, allow_pickle=False)
    path.write_bytes(whole.getbuffer())


@contextmanager
def whole_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a temporary folder to fill; on success it takes the name `path`, else it is removed.

    An existing folder is exchanged in one step where the kernel can, so that a reader sees the
    old one or the new one. Raises InputError if `path` exists and `replace` is false.
    """
    refuse_existing(path, replace=replace)
    new_parents = [p for p in path.parents if not p.exists()]  # the deepest first
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent, path.name)
    temporary = temporary_sibling(path)
    temporary.mkdir()
    held = portable.hold(temporary)
    try:
        with naming_full_disk(path):
            yield temporary
        refuse_existing(path, replace=replace)  # another writer may have been faster
        if path.exists():
            portable.exchange(temporary, path, temporary_sibling(path))
        else:
            os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if held is not None:
            os.close(held)
        with suppress(OSError):  # not empty: the folder was made, or somebody else's is beside it
            for parent in new_parents:
                parent.rmdir()


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove the temporary files and folders of writers of `name` that were killed: nobody holds them any more.

    One that seems to come from the future was left before somebody set the clock back.
    """
    for left in folder.glob(f".{glob.escape(name)}.tmp-*"):
        with suppress(OSError):
            if 0 <= time.time() - left.stat().st_mtime < GRACE_S:
                continue
            held = portable.hold(left)
            if held is not None:
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)
                os.close(held)


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link where the disk and the owner allow it, else a copy."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def refuse_existing(path: Path, *, replace: bool) -> None:
    if path.exists() and not replace:
        raise InputError(f"{path} already exists; choose another name, or replace it (--replace)")


def write_json(path: Path, value: Any) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def digest_file(path: Path, digest: Any, whole_up_to: int = 64 * 2**20, sample: int = 2**16, samples: int = 64) -> None:
    """Feed a file's size and bytes to a digest: all of them, or of a large file evenly spaced samples."""
    size = path.stat().st_size
    digest.update(str(size).encode())
    with open(path, "rb") as file:
        if size <= whole_up_to:
            digest.update(file.read())
            return
        for offset in np.linspace(0, size - sample, samples).astype(int):
            file.seek(int(offset))
            digest.update(file.read(sample))


def read_json(path: Path) -> Any:
    """Read a JSON file; a missing, unreadable or enormous one is an InputError that names it."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise InputError(f"{path} is larger than {LARGEST_JSON >> 20} MB, which no JSON file here is")
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or a number of a thousand digits
        raise InputError(f"{path} is not readable as JSON: {error}") from None


def _no_number(name: str) -> None:
    """Python would read NaN and Infinity, which JSON does not have and nothing else can read."""
    raise ValueError(f"{name} is no JSON")
