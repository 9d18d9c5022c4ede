"""The ablations that the page lists, and their content, cached by time of change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from msm import InputError
from msm.io import files
from workbench.session.arguments import ROOT, Arguments
from workbench.session.cache import Stamp, stamp

SCALING = ROOT / "benchmarks" / "results" / "scaling.json"
MEASURED = ROOT / "benchmarks" / "results" / "ablations"  # tables of the checkout, without weights
OURS = "measured: "  # prefix of their names


@dataclass(frozen=True)
class Ablation:
    """The content of an ablation at the time of reading.

    path      its folder, or a table.json by itself
    table     the content of table.json, None before the first cells are done
    progress  the content of progress.json, {} where there is none
    problem   why it cannot be shown, or None
    """

    path: Path
    table: dict[str, Any] | None
    progress: dict[str, Any]
    problem: str | None = None

    @property
    def is_folder(self) -> bool:
        return self.path.suffix != ".json"

    @property
    def table_path(self) -> Path:
        return self.path / "table.json" if self.is_folder else self.path

    @property
    def running(self) -> bool:
        return bool(self.progress.get("running"))

    @property
    def unfinished(self) -> bool:
        from msm.ablation.progress import num_ended

        return bool(self.progress) and num_ended(self.progress) < self.progress["trainings"]


def list_ablations(arguments: Arguments) -> dict[str, Path]:
    """Name → path of every ablation among the runs, the latest first; then the tables of the checkout."""
    own = [p.parent for depth in ("*", "*/*") for p in arguments.runs.glob(f"{depth}/ablation.json")]
    own.sort(key=lambda p: _latest(p), reverse=True)
    # in reverse order: recipes of the literature, single hyperparameters, best recipes
    measured = sorted(MEASURED.rglob("*.json"), reverse=True) if MEASURED.is_dir() else []
    names = {p.relative_to(arguments.runs).as_posix(): p for p in own}
    return names | {f"{OURS}{p.relative_to(MEASURED).with_suffix('').as_posix()}": p for p in measured}


def _latest(folder: Path) -> int:
    return max(stamp(folder / "progress.json", folder / "ablation.json"))


def read(path: Path) -> Ablation:
    """Read an ablation; a file that cannot be read becomes its `problem`."""
    from msm.ablation.progress import read_progress

    one = Ablation(path, None, {})
    if path.is_dir():
        one = Ablation(path, None, read_progress(path))
        if not (path / "ablation.json").exists() and not (path / "table.json").exists():
            return Ablation(path, None, {}, f"{path} is not an ablation: ablation.json is missing")
        if not (path / "table.json").exists():
            return one
    elif not path.exists():
        return Ablation(path, None, {}, f"{path} is not there")
    try:
        return Ablation(path, _table(one.table_path, stamp(one.table_path)), one.progress)
    except InputError as error:
        return Ablation(path, None, one.progress, str(error))


@st.cache_data(max_entries=16, show_spinner=False)
def _table(path: Path, changed: Stamp) -> dict[str, Any]:
    from msm.ablation.table import read_table

    return read_table(path)


def scaling() -> dict[str, Any]:
    """The sets of benchmarks/results/scaling.json; {} where there is none, as in an installed app."""
    if not SCALING.exists():
        return {}
    return dict(files.read_json(SCALING)["sets"])


def with_weights(path: Path) -> list[str]:
    """The runs of an ablation whose weights were kept, by name."""
    return sorted(p.parent.name for p in (path / "runs").glob("*/model.safetensors"))


def ablate_arguments(
    catalog: Path,
    out: Path,
    recipes: Sequence[str],
    parameters: Sequence[tuple[str, str]],
    settings: str,
    *,
    each: bool,
    seeds: int,
) -> list[str]:
    """The arguments of `msm ablate` for the values of the form, with absolute paths."""
    from msm.ablation.ablation import Request

    request = Request(
        catalog=catalog.absolute(),
        out=out.absolute(),
        vary=tuple(f"{key}={values}" for key, values in parameters),
        recipes=tuple(recipes),
        settings=tuple(settings.split()),
        seeds=seeds,
        each=each,
    )
    return request.words
