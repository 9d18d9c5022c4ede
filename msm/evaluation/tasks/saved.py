"""Reports of tasks in the folder of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msm.errors import InputError
from msm.evaluation.tasks.report import FORMAT
from msm.io import files

FOLDER = "tasks"  # in that of the run


def save_report(report: dict[str, Any], name: str, *, run: Path | None, out: Path | None) -> Path | None:
    """Write a report to `out`, or as RUN/tasks/NAME.json; returns the path, None where neither is given."""
    path = out or (None if run is None else run / FOLDER / f"{name}.json")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_json(path, report)
    return path


def list_reports(run: Path) -> dict[str, Path]:
    """The reports of a run by name, the latest first."""
    found = sorted((run / FOLDER).glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
    return {p.stem: p for p in found}


def read_report(path: Path) -> dict[str, Any]:
    """A report; InputError where the file is none."""
    report = files.read_json(path)
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise InputError(f"{path} is no report of msm probe")
    return report
