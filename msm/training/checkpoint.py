"""What resuming needs, on disk: the last two states of a training, each whole or not at all.

    checkpoint/last.pt    the newest
    checkpoint/before.pt  the one before, for when the newest turns out to be damaged

Each is what torch.save writes, a zip file whose parts carry checksums; nothing is unpickled from it.
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
NO_ROOM = 2**20  # bytes


def save(folder: Path, state: dict[str, Any]) -> None:
    """Keep a state as the newest, and what was the newest as the one before."""
    folder.mkdir(exist_ok=True)
    for left in folder.glob(".*.tmp-*"):  # of a training that was killed while it wrote; the run has one trainer
        left.unlink(missing_ok=True)
    with files.naming_full_disk(folder / NEWEST), files.whole_file(folder / NEWEST) as temporary:
        try:
            torch.save(state, temporary)
        except RuntimeError as error:  # torch says only that writing failed
            if shutil.disk_usage(folder).free < NO_ROOM:
                raise OSError(errno.ENOSPC, str(error)) from None
            raise
        if (folder / NEWEST).exists():
            os.replace(folder / NEWEST, folder / BEFORE)  # killed right here, `load` takes the one before


def load(folder: Path, device: torch.device) -> tuple[dict[str, Any] | None, str | None]:
    """The newest state that is whole, and a sentence where that is not the newest that was kept.

    None where nothing was kept yet. InputError where nothing that was kept is whole.
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
            wrong = parts.testzip()
        if wrong is not None:
            raise InputError(f"{path} cannot be resumed from: the checksum of its part {wrong} is wrong")
        return torch.load(path, map_location=device, weights_only=True)
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise InputError(f"{path} cannot be resumed from: it is truncated or damaged ({error})") from None
    except Exception as error:  # torch raises many kinds for a damaged file
        raise InputError(f"{path} cannot be resumed from: {str(error).splitlines()[0]}") from None
