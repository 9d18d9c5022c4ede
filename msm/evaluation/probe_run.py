"""Frozen probes of a run: of raw shots, of the model on each shot alone, and of the model on each shot in its title.

Shape letters: N shots of a title, R rows, D width of a shot, W width inside the encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog, Title
from msm.data.scenes import UNKNOWN, scenes_of_titles
from msm.data.told import Told
from msm.errors import InputError
from msm.evaluation import probes
from msm.evaluation.embedding_kinds import alone
from msm.evaluation.probes import Label, Rows, Unusable, read_labels
from msm.inference.predict import contextual_embeddings
from msm.inference.run import Run

Job = Callable[[], list[dict[str, Any]]]
COLUMNS = ("raw", "alone", "contextual")
MOST_SHOTS = {"train": 20_000, "validation": 6_000, "test": 10_000}  # whole titles are drawn up to this many shots


def probe_run(
    run: Run,
    catalog: Catalog,
    *,
    split: str = "test",
    labels: Sequence[str] | None = None,
    use_global: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Probe the embeddings of a run for every label of a catalog that allows it.

    split       where the probes are scored: test or validation; they are fitted on train
    labels      only these (and "scene"); None = all of them
    use_global  let the model see the titles' metadata. Off, since the metadata may hold the very label
    progress    called with (steps done, steps in all)

    Returns {"columns", "seed", "use_global", "split", "titles", "shots", "tasks": [entry …]}. An entry has
    label, of, at, kind, probe, and either `skipped` (a sentence) or measure (the one to look at first),
    columns {raw, alone, contextual, and cls at titles: {measure: value}}, chance, intervals,
    differences. InputError where a split is empty or a label is missing.
    """
    catalog = run.adapt(catalog)
    if split not in ("test", "validation"):
        raise InputError(f"probes are fitted on train and scored on test or validation, not on {split}")
    titles = _draw(catalog, split, np.random.default_rng(seed))
    table = pd.concat([t.shots for t in titles], ignore_index=True)
    shot_rows, title_rows = _rows(run, titles, table, use_global, lambda i: progress(i, 2 * len(titles)))
    shot_labels = read_labels(table, catalog.shot_labels, shot_rows.title)
    title_labels = read_labels(_title_table(titles), catalog.title_labels)
    _check_known(labels, {*shot_labels, *title_labels, "scene"}, catalog)

    jobs: list[Job] = []
    if labels is None or "scene" in labels:
        jobs.append(lambda: probes.probe_scenes(shot_rows, report=split, seed=seed))
    chosen = [
        (of, name, label)
        for of, found in (("shot", shot_labels), ("title", title_labels))
        for name, label in found.items()
        if labels is None or name in labels
    ]
    jobs += _jobs(chosen, shot_rows, title_rows, split, seed)
    tasks: list[dict[str, Any]] = []
    for i, job in enumerate(jobs):
        tasks += job()
        progress(len(titles) + (i + 1) * len(titles) // len(jobs), 2 * len(titles))
    order = [(of, name, at) for of, name, _ in chosen for at in ("title", "shot")]
    tasks.sort(key=lambda e: order.index(place) if (place := (e["of"], e["label"], e["at"])) in order else -1)
    return {
        "columns": list(COLUMNS),
        "seed": seed,
        "use_global": use_global,
        "split": split,
        "titles": {s: int((title_rows.split == s).sum()) for s in ("train", "validation", "test")},
        "shots": {s: int((shot_rows.split == s).sum()) for s in ("train", "validation", "test")},
        "tasks": tasks,
    }


def _jobs(
    labels: Sequence[tuple[str, str, Label | Unusable]], shots: Rows, titles: Rows, split: str, seed: int
) -> list[Job]:
    """The probes of labels, each with whose it is and its name, as jobs; numbers are probed together.

    A title's label is predicted from the whole title and from each of its shots.
    """
    jobs: list[Job] = []
    numbers: dict[str, list[tuple[Label, str]]] = {"title": [], "shot": []}
    rows = {"title": titles, "shot": shots}
    for of, name, label in labels:
        if isinstance(label, Unusable):
            skipped = {"label": name, "of": of, "at": of, "probe": "none", "skipped": f"{name}: {label}."}
            jobs.append(partial(list, [skipped]))
            continue
        for at in ("title", "shot") if of == "title" else ("shot",):
            own = label.take(shots.title) if at != of else label
            if label.kind == "number":
                numbers[at].append((own, of))
            else:
                jobs.append(partial(probes.probe_label, own, rows[at], of=of, at=at, report=split, seed=seed))
    for at, found in numbers.items():
        if found:
            jobs.append(partial(probes.probe_number_labels, found, rows[at], at=at, report=split, seed=seed))
    return jobs


def _draw(catalog: Catalog, split: str, rng: np.random.Generator) -> list[Title]:
    """Draw whole titles of each split, up to MOST_SHOTS; in file order."""
    for needed in ("train", split):
        if not catalog.split(needed):
            raise InputError(f"{catalog.path} has no title in the {needed} split, so nothing can be probed")
    return draw_titles(catalog, rng)


def draw_titles(
    catalog: Catalog,
    rng: np.random.Generator,
    among: Container[int] | None = None,
    most_shots: Mapping[str, int] = MOST_SHOTS,
) -> list[Title]:
    """Whole titles of each split, up to so many shots of it, in file order.

    among  numbers of the titles to draw from; None = all
    """
    drawn: list[Title] = []
    for name, most in most_shots.items():
        of_split, shots = [t for t in catalog.split(name) if among is None or t.index in among], 0
        for i in rng.permutation(len(of_split)):
            if shots and shots + of_split[i].num_shots > most:
                break
            drawn.append(of_split[i])
            shots += of_split[i].num_shots
    return sorted(drawn, key=lambda t: t.index)


def _rows(
    run: Run, titles: list[Title], table: pd.DataFrame, use_global: bool, done: Callable[[int], None]
) -> tuple[Rows, Rows]:
    """The rows to probe: every shot, and every title as the mean of its shots, in each kind of embedding."""
    lengths = np.array([t.num_shots for t in titles])
    ends = np.cumsum(lengths)
    columns: dict[str, np.ndarray] = {}
    means: dict[str, np.ndarray] = {}
    # Titles of one length follow each other, since a model may keep what depends on the length alone.
    for count, i in enumerate(np.argsort(lengths, kind="stable").tolist()):
        title, own = titles[i], slice(int(ends[i] - lengths[i]), int(ends[i]))
        shots, told = run.space.fuse(title.embeddings), Told.of(title)
        contextual, token = contextual_embeddings(run.model, shots, told if use_global else told.without_metadata())
        for kind, x in zip(COLUMNS, (shots, alone(run, shots), contextual), strict=True):
            if not count:
                columns[kind] = np.empty((int(ends[-1]), x.shape[1]), x.dtype)
                means[kind] = np.empty((len(titles), x.shape[1]), x.dtype)
            columns[kind][own], means[kind][i] = x, x.mean(axis=0)
        if not count:
            means["cls"] = np.empty((len(titles), len(token)), token.dtype)
        means["cls"][i] = token
        done(count + 1)
    which, splits = np.repeat(np.arange(len(titles)), lengths), np.array([t.split for t in titles])
    by_title = Rows(means, np.arange(len(titles)), splits, np.full(len(titles), UNKNOWN))
    return Rows(columns, which, splits[which], scenes_of_titles(table, lengths)), by_title


def _title_table(titles: list[Title]) -> pd.DataFrame:
    return titles[0].catalog.titles.iloc[[t.index for t in titles]].reset_index(drop=True)


def _check_known(labels: Sequence[str] | None, known: set[str], catalog: Catalog) -> None:
    for name in labels or ():
        if name not in known:
            raise InputError(f"{catalog.path} has no label {name!r}; it has {', '.join(sorted(known))}")
