"""Cached results, bounded in number and keyed on the files on disk.

A `stamp` is the modification times of files; a changed file gives another stamp and so a new result. Cached functions that take a
catalog or the path of a run use `hash_funcs=ON_DISK`: their key has the catalog's fingerprint and the run's stamp.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pandas as pd
import streamlit as st

from msm import Catalog, InputError, Title
from msm.data.schema import in_words
from msm.masking.parts import parse_parts
from workbench.session.arguments import ROOT
from workbench.session.base_path import base_address
from workbench.session.bounded_dict import BoundedDict
from workbench.views.fill_in.filmstrip import strip_shots

if TYPE_CHECKING:  # these import torch, which costs two seconds
    from msm import FillIn, Run

Stamp = tuple[int, ...]
MOST_PROBLEMS, MOST_INSPECTIONS, MOST_ROWS = 20, 8, 20_000


class Inspection(NamedTuple):
    """The result of reading every vector of a catalog."""

    problems: list[str]  # the first sentences of Catalog.problems()
    counts: dict[str, int]  # shots that have each modality


class Filled(NamedTuple):
    """The parts of a fill-in that a page shows."""

    table: pd.DataFrame  # FillIn.table
    best_baseline_name: str
    skill: float
    sees_rest: bool  # whether the model saw the visible modalities of hidden shots


def stamp(*paths: Path) -> Stamp:
    """Modification times in nanoseconds, 0 for a missing file."""
    return tuple(map(_changed, paths))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def run_stamp(path: Path) -> Stamp:
    return stamp(path / "model.safetensors", path / "recipe.json", path / "baselines.safetensors")


ON_DISK: dict[str | type[Any], Callable[[Any], Any]] = {
    Catalog: lambda catalog: (str(catalog.path), catalog.fingerprint),
    type(Path()): lambda run: (str(run), run_stamp(run)),
    tuple: repr,  # Streamlit hashes a tuple of a thousand shots item by item, which takes longer than the cache saves
}


def open_catalog(path: Path) -> Catalog:
    """InputError where it cannot be opened."""
    return _catalog(path, stamp(path / "catalog.json", path / "titles.parquet", path / "shots.parquet"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _catalog(path: Path, changed: Stamp) -> Catalog:
    return Catalog.open(path)


def list_runs(folder: Path, catalog: Catalog) -> pd.DataFrame:
    """A row a run, the best on validation first: name, path, recipe, state, problem (None where it fits the catalog)."""
    found = sorted(info.parent for info in folder.glob("*/run.json"))
    return _runs(tuple((path, row_stamp(path)) for path in found), _shape(catalog))


def row_stamp(path: Path) -> Stamp:
    """The stamp of what a row of `list_runs` is read from."""
    return stamp(path / "run.json", path / "recipe.json", path / "model.safetensors")


def usable_run(folder: Path, name: str, catalog: Catalog) -> Path | None:
    """The run of this name where it fits the catalog, without a look at the others; None for any other name."""
    path = folder / name
    if path.parent != folder or name.startswith(".") or not (path / "run.json").is_file():
        return None
    row = _kept_row(path, row_stamp(path), _shape(catalog))
    return path if row["problem"] is None else None


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs={tuple: repr})
def _runs(runs: tuple[tuple[Path, Stamp], ...], shape: tuple[tuple[str, int], ...]) -> pd.DataFrame:
    rows = [_kept_row(path, changed, shape) for path, changed in runs]
    rows.sort(key=lambda row: (-row["best"], row["name"]))
    return pd.DataFrame(rows, columns=["name", "path", "recipe", "state", "problem"])


def _kept_row(path: Path, changed: Stamp, shape: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    """The row of a run, read once for each stamp: while one run is being trained, the others are not read again."""
    rows, key = _rows(), (path, changed, shape)
    if (row := rows.get(key)) is None:
        rows[key] = row = _run_row(path, shape)
    return row


# Not st.cache_data, whose look at a key takes as long as the reading of a run.
@st.cache_resource(show_spinner=False)
def _rows() -> BoundedDict[tuple[Any, ...], dict[str, Any]]:
    return BoundedDict(MOST_ROWS)


def _run_row(path: Path, shape: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    from msm.runs.folder import RunFolder

    row: dict[str, Any] = {
        "name": path.name,
        "path": str(path),
        "recipe": "",
        "state": "",
        "problem": None,
        "best": -1.0,
    }
    try:
        run = RunFolder.open(path)
        row |= {"recipe": run.recipe.name, "state": run.info["state"]}
        row["best"] = float((run.info.get("best") or {}).get("centred_cosine", -1.0))
        ours = [(m["name"], m["dim"]) for m in run.info["catalog"]["modalities"]]
        if ours != list(shape):
            row["problem"] = f"{path.name} was trained on shots of {in_words(ours)}; these are {in_words(shape)}"
        elif not run.has_weights:
            row["problem"] = f"{path.name} has no weights yet"
    except (InputError, KeyError, TypeError) as error:
        row["problem"] = str(error) if isinstance(error, InputError) else f"{path / 'run.json'} lacks {error}"
    return row


def _shape(catalog: Catalog) -> tuple[tuple[str, int], ...]:
    return tuple((m.name, m.dim) for m in catalog.modalities)


@st.cache_resource(max_entries=4, show_spinner="Loading the model …", hash_funcs=ON_DISK)
def open_run(path: Path) -> Run:
    """InputError where it cannot be opened."""
    from msm import Run

    return Run.open(path)


def evaluation(path: Path) -> dict[str, Any] | None:
    """The content of a run's evaluation.json."""
    return _evaluation(path, stamp(path / "evaluation.json"))


@st.cache_data(max_entries=16, show_spinner=False)
def _evaluation(path: Path, changed: Stamp) -> dict[str, Any] | None:
    from msm.runs.folder import RunFolder

    return RunFolder.open(path).evaluation


def metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics.jsonl; none where it cannot be read."""
    return _metrics(path, stamp(path / "metrics.jsonl"))


@st.cache_resource(max_entries=16, show_spinner=False)
def _metrics(path: Path, changed: Stamp) -> list[dict[str, Any]]:
    from msm.runs.folder import RunFolder

    try:
        return RunFolder.open(path).metrics()
    except InputError:
        return []


def weights(path: Path) -> str:
    """The fingerprint of a run's weights."""
    return _weights(path, stamp(path / "model.safetensors"))


@st.cache_data(max_entries=64, show_spinner=False)
def _weights(path: Path, changed: Stamp) -> str:
    from msm.runs.folder import weights_fingerprint

    return weights_fingerprint(path)


# cache_resource, not cache_data: a Filled is never changed, and cache_data would pickle it, which costs more than reading it.
@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=ON_DISK)
def fill_in(catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], modality: str | None) -> Filled:
    """The fill-in of these hidden shots."""
    fill = whole_fill_in(catalog, run_path, title_id, hidden, modality)
    return Filled(fill.table, fill.best_baseline_name, fill.skill, open_run(run_path).sees_rest)


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=ON_DISK)
def whole_fill_in(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], modality: str | None
) -> FillIn:
    """The `msm.inference.reconstruction.FillIn` behind `fill_in`, predictions included; only the last few are kept."""
    parts = parse_parts(modality or "")
    return open_run(run_path).fill_in(catalog[title_id], hidden, modalities=parts, beside=_beside())


@st.cache_resource(show_spinner=False)
def _beside() -> ThreadPoolExecutor | None:
    """Threads for the baselines of a fill-in, which then costs what its model costs; None on a machine of one core."""
    cores = os.cpu_count() or 1
    return ThreadPoolExecutor(cores // 2, thread_name_prefix="baselines") if cores > 1 else None


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=ON_DISK)
def strip(catalog: Catalog, title_id: str) -> dict[str, Any]:
    """The title as the filmstrip component takes it."""
    title = catalog[title_id]
    return strip_shots(
        f"{catalog.fingerprint}/{title_id}",
        title.name,
        title.shots,
        title.embeddings,
        thumbnails_address(title),
        media=media_address(title),
        modalities=[m.name for m in catalog.modalities],
    )


def thumbnails_address(title: Title) -> str | None:
    """The address prefix of a title's thumbnails, before `NUMBER.webp`; None where it has none."""
    if not title.has_thumbnails:
        return None
    return f"{catalog_thumbnails_address(title.catalog)}/{quote(title.title_id, safe='')}/"


def catalog_thumbnails_address(catalog: Catalog) -> str:
    """The address prefix of a catalog's thumbnails, before `/TITLE/NUMBER.webp`."""
    return f"{base_address()}/thumbnails/{quote(catalog.path.absolute().name, safe='')}"


def media_address(title: Title) -> str | None:
    """The address of a title's film; None where the catalog has none."""
    if title.film is None:
        return None
    catalog = title.catalog.path.absolute()
    return f"{base_address()}/films/{quote(catalog.name, safe='')}/{quote(title.title_id, safe='')}.mp4"


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=ON_DISK)
def shots(catalog: Catalog, title_id: str) -> pd.DataFrame:
    """A title's rows of shots.parquet."""
    return catalog[title_id].shots


def inspected(catalog: Catalog) -> Inspection | None:
    """The result of `inspect` for this version of the catalog, or what is known since it was written; None where neither is."""
    found = _inspections().get((str(catalog.path), catalog.fingerprint))
    if found is None and catalog.coverage is not None:
        counts = {m.name: c.shots for m, c in zip(catalog.modalities, catalog.coverage.counts, strict=True)}
        return Inspection([], counts)
    return found


def inspect(catalog: Catalog, on_share: Callable[[float], object] = lambda share: None) -> Inspection:
    """Read every vector once. `on_share` is called with the share that is done and stops the reading by raising."""
    counts = np.zeros(len(catalog.modalities), dtype=int)
    done = 0

    def look(title: Title, embeddings: np.ndarray) -> None:
        nonlocal done, counts
        counts = counts + [int(embeddings[:, m.columns].any(axis=1).sum()) for m in catalog.modalities]
        done += len(embeddings)
        on_share(done / catalog.num_shots)

    problems = list(islice(catalog.problems(on_title=look), MOST_PROBLEMS))
    by_name = {m.name: int(n) for m, n in zip(catalog.modalities, counts, strict=True)}
    found = Inspection(problems, by_name)
    _inspections()[str(catalog.path), catalog.fingerprint] = found
    return found


@st.cache_resource(show_spinner=False)
def _inspections() -> BoundedDict[tuple[str, str], Inspection]:
    return BoundedDict(MOST_INSPECTIONS)


def measured_sets() -> dict[str, Any]:
    """The benchmark results over several data sets, as `views.benchmark_record` takes them; empty where there are none."""
    results = ROOT / "benchmarks" / "results"
    sets: dict[str, Any] = {}
    for name in ("sample", "real_sets"):
        sets |= (_json(results / f"{name}.json") or {}).get("sets", {})
    best = {p.stem.removeprefix("best-"): _json(p) for p in sorted(results.glob("ablations/best-*.json"))}
    return {"sets": sets, "best": {name: table for name, table in best.items() if table}}


def _json(path: Path) -> dict[str, Any] | None:
    return _read_json(path, stamp(path)) if path.exists() else None


@st.cache_data(max_entries=16, show_spinner=False)
def _read_json(path: Path, changed: Stamp) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
