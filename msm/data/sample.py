"""The sample data that came with the installation: where it lies, and a copy to work on."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from msm.errors import InputError
from msm.io.files import whole_folder


def workbench_folder() -> Path:
    """The folder of the app; found, not imported: the library knows no screen. InputError where it is not installed."""
    spec = find_spec("workbench")
    if spec is None or spec.origin is None:
        raise InputError("the app is not installed here; pip install msm-workbench brings it")
    return Path(spec.origin).parent


def is_checkout() -> bool:
    """Whether the app runs from a checkout, whose sample data is the developer's own to change."""
    return not (workbench_folder() / "carried").is_dir()


def sample_folder() -> Path:
    """The folder with `catalog/` and `runs/` that this installation brings, or the checkout's.

    Raises InputError where it is gone.
    """
    workbench = workbench_folder()
    folder = (workbench.parent if is_checkout() else workbench / "carried") / "sample_data"
    if not (folder / "catalog" / "catalog.json").is_file():
        raise InputError(f"{folder}: the sample data is not there; `make sample-data` makes it again")
    return folder


def copy_sample(target: Path, *, replace: bool = False) -> Path:
    """Copy the sample catalog and the sample runs to `target`, whole or not at all.

    About 56 MB on disk. Raises InputError where `target` exists and `replace` is false.
    """
    source = sample_folder()
    with whole_folder(target, replace=replace) as new:
        for part in ("catalog", "runs"):
            hidden = shutil.ignore_patterns(".*")  # jobs and half-written folders stay where they are
            shutil.copytree(source / part, new / part, ignore=hidden, copy_function=shutil.copyfile)
    return target


def workplace() -> Path:
    """The sample data that the app opens where nobody names any: a folder that may be written.

    `sample_data` where one stands; the checkout's; else a copy among the user's data, made at the first call.
    """
    here = Path("sample_data")
    if (here / "catalog" / "catalog.json").is_file():
        return here
    if is_checkout():
        return sample_folder()
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    place = data / "msm-workbench" / "sample_data"
    return place if place.is_dir() else copy_sample(place)
