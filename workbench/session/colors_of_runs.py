"""The colours of runs on pages: those that people gave, otherwise by the order in which the runs were started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msm import InputError
from msm.runs.annotation import read_annotation
from workbench.session import cache
from workbench.views.run_colors import run_colors


def colors_of(runs: Mapping[str, Path]) -> dict[str, str]:
    """The colour of each run, name → folder of all runs of a folder and its sweeps (`msm.runs.table.run_folders`)."""
    started = sorted(runs, key=lambda name: (cache.stamp(runs[name] / "recipe.json"), name))
    return run_colors(started, {name: _chosen(path) for name, path in runs.items()})


def _chosen(path: Path) -> str:
    try:
        return read_annotation(path).color
    except InputError:
        return ""
