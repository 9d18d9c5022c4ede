"""One computation for all who ask at the same time: the first makes the map, the others wait and find it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msm import projection
from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.io.locks import lock_file
from msm.projection import Projection
from msm.projection.layout import Tell, silent
from msm.projection.maps.options import MapOptions, Source, map_key
from msm.projection.maps.store import AXES, StoredMap, maps_folder, open_map, write_map
from msm.projection.maps.vectors import CentredRows, classes_by, title_digests, vectors_of
from msm.projection.pca import principal_components

EVERY_S = 0.2  # between two looks at whether the other process is done
SPACE = {
    None: "shots fused jointly, the training mean taken away, unit length",
    "run": "contextual embeddings, the training mean taken away, unit length",
}


def make_maps(
    catalog: Catalog,
    options: MapOptions | None = None,
    runs: Sequence[Path | None] = (None,),
    *,
    again: bool = False,
    tell: Tell = silent,
) -> list[StoredMap]:
    """The maps of these sources, from beside the catalog if they are there, else made and kept there.

    runs   None is the catalog's own vectors; several sources are laid out together, so that a shot is in about the
           same place on all
    again  make them even if they are there
    tell   hears (stage, share of it): wait, read, neighbours, umap, epochs, trust

    InputError for a run that does not fit, a label that is not there, or two sources alike.
    """
    options = options or MapOptions()
    if options.sample is not None and options.sample >= _num_points(catalog, options):
        options = replace(options, sample=None)
    sources = tuple(Source.of(run) for run in runs)
    _check(catalog, options, sources)
    keys = [map_key(catalog.fingerprint, options, sources, place) for place in range(len(sources))]
    folder = maps_folder(catalog.path)
    folder.mkdir(exist_ok=True)
    with _only_maker(folder, keys[0], tell):
        if not again and (found := _all_there(folder, keys)):
            return found
        begin = time.perf_counter()
        with ExitStack() as open_rows:
            rows = [
                open_rows.enter_context(vectors_of(catalog, options.of, run, lambda share: tell("read", share / 2)))
                for run in runs
            ]
            made, placed = _laid_out(catalog, options, rows, tell)
            trust = [_trust(r, p, options, tell) for r, p in zip(rows, made, strict=True)]
        facts = _facts(catalog, options, sources, time.perf_counter() - begin)
        digests = title_digests(catalog)
        return [
            write_map(
                folder,
                _table(catalog, options, laid_out.points, digests, placed),
                laid_out.neighbours,
                {"key": keys[place], **facts, "place": place, "space": SPACE["run" if sources[place].run else None]}
                | {
                    "method": laid_out.method,
                    "why": laid_out.why,
                    "trustworthiness": trust[place],
                    "placed": 0 if placed is None else int(placed.sum()),
                },
            )
            for place, laid_out in enumerate(made)
        ]


def place_new_titles(catalog: Catalog, former: StoredMap, run: Path | None = None, *, tell: Tell = silent) -> StoredMap:
    """A map that was made before titles joined the catalog, with these placed among the shots that stay where they were.

    Each new shot stands between its nearest mapped neighbours (`msm.projection.place`), which is no new layout.
    Titles that are gone leave the map. InputError where a mapped title's vectors have changed, or nothing is left.
    """
    sources = (Source.of(run),)
    if former.aligned or former.facts["sources"] != [vars(sources[0])]:
        raise InputError(
            f"{former.path.name} is not a map of {run or 'the raw shots'} alone, so nothing can be placed on it"
        )
    options = former.options
    key = map_key(catalog.fingerprint, options, sources, grown_from=former.key)
    folder = maps_folder(catalog.path)
    with _only_maker(folder, key, tell):
        if found := _all_there(folder, [key]):
            return found[0]
        begin = time.perf_counter()
        digests = title_digests(catalog)
        table = _table(catalog, options, np.zeros((_num_points(catalog, options), options.layout.dims)), digests)
        stays = _where_mapped(table, former)
        with vectors_of(catalog, options.of, run, lambda share: tell("read", share / 2)) as rows:
            made = _grown(rows, former, stays, options, tell)
            trust = _trust(rows, made, options, tell)
        axes = list(AXES[: options.layout.dims])
        table[axes], table["placed"] = made.points, stays < 0
        facts = {"key": key, **_facts(catalog, options, sources, time.perf_counter() - begin), "place": 0}
        facts |= {"space": former.facts.get("space"), "method": made.method, "why": made.why, "grown_from": former.key}
        placed = int((stays < 0).sum())
        return write_map(folder, table, made.neighbours, {**facts, "trustworthiness": trust, "placed": placed})


def _check(catalog: Catalog, options: MapOptions, sources: Sequence[Source]) -> None:
    if len({s.weights for s in sources}) < len(sources):
        raise InputError("two of the embeddings to lay out together are the same")
    if len(sources) > 1 and (options.by or options.layout.densmap):
        raise InputError("maps that are laid out together are neither drawn by a label nor by density")
    if len(sources) > 1 and options.sample is not None:
        raise InputError("maps that are laid out together are not of a sample; map one of the embeddings at a time")
    if options.by:
        classes_by(catalog, options.of, options.by)


@contextmanager
def _only_maker(folder: Path, key: str, tell: Tell) -> Iterator[None]:
    """Hold the key against other makers; the lock goes with the process, however it ends, and so does what it left."""
    with lock_file(folder / f".{key}.lock", wait_s=EVERY_S, on_wait=lambda: tell("wait", 0.0)):
        for left in folder.glob(f".{key}*.tmp-*"):
            left.unlink(missing_ok=True)
        yield


def _all_there(folder: Path, keys: Sequence[str]) -> list[StoredMap]:
    """The maps of these keys; none where one is missing or broken."""
    try:
        found = [open_map(folder / f"{key}.json") for key in keys]
        _ = [m.table for m in found]
    except InputError:
        return []
    return found


def _laid_out(
    catalog: Catalog, options: MapOptions, rows: Sequence[CentredRows], tell: Tell
) -> tuple[list[Projection], np.ndarray | None]:
    """The maps, and (N,) bool which points were placed among a sample; None where all were laid out."""

    def reading(stage: str, share: float) -> None:
        tell(stage, (1 + share) / 2 if stage == "read" else share)

    if len(rows) > 1:
        return projection.align_parts(rows, options.layout, tell=reading), None
    classes = classes_by(catalog, options.of, options.by) if options.by else None
    if options.sample is not None:
        made, placed = projection.project_sample(rows[0], options.sample, options.layout, classes=classes, tell=reading)
        return [made], placed
    return [projection.project(rows[0], options.layout, classes=classes, tell=reading)], None


def _trust(rows: CentredRows, laid_out: Projection, options: MapOptions, tell: Tell) -> float | None:
    tell("trust", 0.0)
    trust = projection.trustworthiness(rows, laid_out.points, seed=options.layout.seed)
    tell("trust", 1.0)
    return round(trust, 4) if np.isfinite(trust) else None


def _facts(catalog: Catalog, options: MapOptions, sources: Sequence[Source], seconds: float) -> dict[str, Any]:
    return {
        "options": options.to_dict(),
        "catalog_fingerprint": catalog.fingerprint,
        "sources": [vars(s) for s in sources],
        "seconds": round(seconds, 1),
        "made": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "versions": {name: version(name) for name in ("msm-workbench", "umap-learn", "numpy")},
    }


def _num_points(catalog: Catalog, options: MapOptions) -> int:
    return catalog.num_shots if options.of == "shots" else len(catalog)


def _table(
    catalog: Catalog, options: MapOptions, points: np.ndarray, digests: Sequence[str], placed: np.ndarray | None = None
) -> pd.DataFrame:
    titles, counts = catalog.titles["title_id"].astype(str), catalog.titles["num_shots"]
    table: dict[str, Any] = {"title_id": titles.to_numpy(), "vectors": np.array(digests, dtype=object)}
    if options.of == "shots":
        table = {name: np.repeat(column, counts) for name, column in table.items()}
        table["shot"] = np.concatenate([np.arange(n, dtype=np.int32) for n in counts])
    table |= {axis: points[:, i].astype(np.float32) for i, axis in enumerate(AXES[: options.layout.dims])}
    return pd.DataFrame({**table, "placed": np.zeros(len(points), dtype=bool) if placed is None else placed})


def _where_mapped(table: pd.DataFrame, former: StoredMap) -> np.ndarray:
    """(N,) the row of the former map that holds each point, −1 where it holds none; InputError as `place_new_titles` says."""
    of_point = ["title_id", "shot"] if former.of == "shots" else ["title_id"]
    was = former.table.assign(row=np.arange(len(former.table)), was=former.table["vectors"])
    both = table.merge(was[[*of_point, "row", "was"]], on=of_point, how="left")
    changed = both.loc[both["was"].notna() & (both["was"] != both["vectors"]), "title_id"]
    if len(changed):
        raise InputError(f"the vectors of {changed.iloc[0]} are not those that were mapped; make the map anew")
    rows = both["row"].fillna(-1).to_numpy(dtype=np.int64)
    if (rows < 0).all():
        raise InputError(f"no title of {former.path.name} is left; make the map anew")
    return rows


def _grown(rows: CentredRows, former: StoredMap, stays: np.ndarray, options: MapOptions, tell: Tell) -> Projection:
    layout = options.layout
    components = projection.layout.components_of(rows.shape[0], layout)
    reduced = principal_components(rows, components, seed=layout.seed)
    known = stays >= 0
    points = np.empty((len(stays), layout.dims), dtype=np.float32)
    points[known] = former.points[stays[known]]
    if not known.all():
        beside = (reduced[~known], reduced[known], points[known])
        points[~known] = projection.place_beside(*beside, neighbours=layout.neighbours)
    near = projection.layout.nearest_rows(reduced, min(layout.neighbours, len(reduced)), seed=layout.seed)[0]
    tell("epochs", 1.0)
    return Projection(points, near[:, 1:], str(former.facts["method"]), str(former.facts.get("why", "")))
