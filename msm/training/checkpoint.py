"""Checkpoints: the last two states of a training, each written atomically.

    checkpoint/last.pt    the newest
    checkpoint/before.pt  the one before, in case the newest is damaged

Both are written by torch.save, as zip files with checksums, and read with `weights_only`, so nothing is unpickled.
"""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch

from msm.errors import InputError
from msm.io import files

NEWEST, BEFORE = "last.pt", "before.pt"
FULL_DISK = 2**20  # bytes; with less free space, a failed write is one of a full disk


def save(folder: Path, state: dict[str, Any]) -> None:
    """Write a state as the newest checkpoint and keep the previous newest as the one before."""
    folder.mkdir(exist_ok=True)
    for leftover in folder.glob(".*.tmp-*"):  # of a training that was killed while writing
        leftover.unlink(missing_ok=True)
    with files.naming_full_disk(folder / NEWEST), files.whole_file(folder / NEWEST) as temporary:
        try:
            torch.save(state, temporary)
        except RuntimeError as error:  # torch does not name the cause
            if shutil.disk_usage(folder).free < FULL_DISK:
                raise OSError(errno.ENOSPC, str(error)) from None
            raise
        if (folder / NEWEST).exists():
            os.replace(folder / NEWEST, folder / BEFORE)  # if the process is killed here, `load` reads the one before


def load(folder: Path, device: torch.device) -> tuple[dict[str, Any] | None, str | None]:
    """The newest intact state, and a message if that is not the newest that was written.

    (None, None) before the first checkpoint. Raises InputError if every checkpoint is damaged.
    """
    damaged = []
    for path in (folder / NEWEST, folder / BEFORE):
        if not path.exists():
            continue
        try:
            state = _read(path, device)
        except InputError as error:
            damaged.append(str(error))
            continue
        if not damaged:
            return state, None
        return state, f"{damaged[0]}; going on from the checkpoint before it, step {state['step']}"
    if damaged:
        raise InputError(damaged[0])
    return None, None


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as parts:
            damaged = parts.testzip()
        if damaged is not None:
            raise InputError(f"{path} cannot be resumed from: the checksum of its part {damaged} is wrong")
        return torch.load(path, map_location=device, weights_only=True)
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise InputError(f"{path} cannot be resumed from: it is truncated or damaged ({error})") from None
    except Exception as error:  # torch raises many kinds for a damaged file
        raise InputError(f"{path} cannot be resumed from: {str(error).splitlines()[0]}") from None
