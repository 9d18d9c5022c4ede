"""Write a folder for one of the tools."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path

from msm.config.registry import Registry
from msm.errors import InputError
from msm.exports.shots import Shots
from msm.exports.tool import Tool
from msm.io.files import refuse_existing, whole_folder, write_json

MARK = "msm-export.json"  # in every folder that is written, and so may be replaced
TOOLS = Registry("msm.exports.tools", "tool to export to", "TOOL")


def export(shots: Shots, tool: str, out: str | Path, *, replace: bool = False) -> str:
    """Write the shots for a tool as the folder `out`, and return how it is opened.

    replace  an existing folder, else an InputError. InputError also where the tool's package is needed and not installed.
    """
    chosen: Tool = TOOLS.get(tool)
    lacking = [name for name in chosen.needs if find_spec(name) is None]
    if lacking:
        raise InputError(f"exporting to {tool} needs {', '.join(lacking)}: pip install 'msm-workbench[tools]'")
    check_out(Path(out), replace=replace)
    with whole_folder(Path(out), replace=replace) as folder:
        chosen.write(shots, folder)
        run = None if shots.run is None else shots.run.path.name
        facts = {"tool": tool, "shots": len(shots), "width": shots.width, "run": run, "centred": shots.centred}
        write_json(folder / MARK, {**facts, "catalog_fingerprint": shots.catalog.fingerprint})
    is_python = '"{out}"' in chosen.opens  # elsewhere a command
    return chosen.opens.format(out=out if is_python else shlex.quote(str(out)))


def check_out(out: Path, *, replace: bool) -> None:
    """Raise InputError where `out` exists and may not be replaced; only a folder that `export` wrote may be."""
    refuse_existing(out, replace=replace)
    if out.exists() and not (out / MARK).is_file():
        raise InputError(f"{out} was not written by msm export, so it is not replaced; choose another name")
