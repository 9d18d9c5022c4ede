"""Write a folder for one of the tools."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from msm.config.registry import Registry
from msm.errors import FullDiskError, InputError, lacks_memory
from msm.exports.shots import Shots
from msm.exports.tool import Tool
from msm.io.files import refuse_existing, whole_folder, write_json

MARK = "msm-export.json"  # in every folder that is written, and so may be replaced
FULL_WORDS = ("no space left", "disk is full")  # as LanceDB's and SQLite's exceptions say it
ROOM = 1 << 16  # bytes; with fewer left the disk is full, whatever an exception says
TOOLS = Registry("msm.exports.tools", "tool to export to", "TOOL")


def export(shots: Shots, tool: str, out: str | Path, *, replace: bool = False) -> str:
    """Write the shots for a tool as the folder `out`, and return how it is opened.

    replace  an existing folder, else an InputError. InputError also where the tool's package is needed and not installed, and where it
             cannot write.
    """
    chosen: Tool = TOOLS.get(tool)
    lacking = [name for name in chosen.needs if find_spec(name) is None]
    if lacking:
        raise InputError(f"exporting to {tool} needs {', '.join(lacking)}: pip install 'msm-workbench[tools]'")
    check_out(Path(out), replace=replace)
    with whole_folder(Path(out), replace=replace) as folder:
        with _written_by(tool, Path(out), folder):
            chosen.write(shots, folder)
        run = None if shots.run is None else shots.run.path.name
        facts = {"tool": tool, "shots": len(shots), "width": shots.width, "run": run, "centred": shots.centred}
        write_json(folder / MARK, {**facts, "catalog_fingerprint": shots.catalog.fingerprint})
    is_python = '"{out}"' in chosen.opens  # elsewhere a command
    return chosen.opens.format(out=out if is_python else shlex.quote(str(out)))


@contextmanager
def _written_by(tool: str, out: Path, folder: Path) -> Iterator[None]:
    """What a tool's own library raises while it writes becomes one sentence; each has an exception of its own for a full disk."""
    try:
        yield
    except (OSError, RuntimeError, sqlite3.Error) as error:
        if lacks_memory(error):
            raise
        said = " ".join((getattr(error, "strerror", None) or str(error)).split()) or type(error).__name__
        if any(words in said.lower() for words in FULL_WORDS) or shutil.disk_usage(folder).free < ROOM:
            raise FullDiskError(f"{out} cannot be written: there is no space left on its disk") from error
        raise InputError(f"{out} cannot be written for {tool}: {said}") from error


def check_out(out: Path, *, replace: bool) -> None:
    """Raise InputError where `out` is below a file, or exists and may not be replaced; only a folder that `export` wrote may be."""
    refuse_existing(out, replace=replace)
    above = next(one for one in out.absolute().parents if one.exists())
    if not above.is_dir():
        raise InputError(f"{out} cannot be written: {above} is a file, not a folder")
    if out.exists() and not (out / MARK).is_file():
        raise InputError(f"{out} was not written by msm export, so it is not replaced; choose another name")
