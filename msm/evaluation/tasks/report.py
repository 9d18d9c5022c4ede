"""Every task of some labels on a catalog and a run: what `msm probe`, the Tasks page and the benchmark call.

Shape letters: I examples, R shots of all titles, d width of an embedding, K classes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from msm.data.catalog import Catalog
from msm.errors import InputError, did_you_mean
from msm.evaluation.label_files.reading import Labels
from msm.evaluation.probe_run import draw_titles
from msm.evaluation.probes import Unusable
from msm.evaluation.probes.boundaries import boundary_features
from msm.evaluation.tasks.attentive import Spans, attentive
from msm.evaluation.tasks.curve import DRAWS, few_shot_curve
from msm.evaluation.tasks.inputs import KINDS, WITHOUT_RUN, Inputs, embed, pooled
from msm.evaluation.tasks.linear import linear
from msm.evaluation.tasks.measures import FEW_TITLES, PRIMARY, chance, measure, resampled, with_intervals
from msm.evaluation.tasks.search import retrieval
from msm.evaluation.tasks.splits import Split, divide
from msm.evaluation.tasks.task import Task, make_task
from msm.inference.run import Run

FORMAT = "msm-tasks/1"
Scores = dict[str, np.ndarray]  # kind of embedding → (I, K)


def probe_tasks(
    catalog: Catalog,
    labels: Labels,
    run: Run | None = None,
    *,
    kinds: Mapping[str, str] | None = None,
    folds: int | None = None,
    curve: bool = True,
    fusion: str = "per_modality",
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Probe frozen embeddings for each label.

    kinds     label → classes, tags, number or boundaries, where its values leave a choice
    folds     None = the catalog's splits where four test titles have the label, else five folds of titles
    curve     also how the score grows with the number of labels
    fusion    of raw shots where there is no run
    progress  called with (steps done, steps in all)

    Returns the report: format, catalog, run, inputs, labels, seed, and `tasks`, an entry each label with `probes`, `curve`, or
    `skipped` (a sentence). InputError for an unknown label, a kind that does not fit, or a run of another kind of shots.
    """
    if run is not None:
        run.check_fits(catalog)
    if folds is not None and folds < 3:
        raise InputError(f"there must be three folds or more, not {folds}")
    for name in kinds or {}:
        if name not in (known := [s.name for s in labels.sets]):
            raise InputError(f"there is no label {name!r}; {did_you_mean(name, known)}")
    tasks = _tasks(catalog, labels, kinds or {})
    labelled = {t for task in tasks.values() if isinstance(task, Task) for t in task.title.tolist()}
    titles = draw_titles(catalog, np.random.default_rng(seed), labelled)
    names = KINDS if run else WITHOUT_RUN
    usable = sum(isinstance(t, Task) for t in tasks.values())
    steps = len(names) * 2 + (DRAWS if curve else 0) + 1
    total, count = len(titles) + usable * steps * _WEIGHT, itertools.count(1)
    inputs = embed(titles, run, fusion, lambda done: progress(done, total))
    step = lambda: progress(len(titles) + next(count) * _WEIGHT, total)  # noqa: E731
    entries = [
        _entry(name, task, inputs, catalog, folds=folds, curve=curve, seed=seed, done=step)
        for name, task in tasks.items()
    ]
    progress(total, total)
    return {
        "format": FORMAT,
        "catalog": str(catalog.path),
        "catalog_fingerprint": catalog.fingerprint,
        "run": None if run is None else run.path.name,
        "fusion": run.space.fusion if run else fusion,
        "inputs": list(names),
        "labels": labels.summary(),
        "seed": seed,
        "titles": len(titles),
        "shots": sum(t.num_shots for t in titles),
        "tasks": entries,
    }


_WEIGHT = 10  # steps of the progress that a probe counts as, where a title's embedding counts as one


def _tasks(catalog: Catalog, labels: Labels, kinds: Mapping[str, str]) -> dict[str, Task | Unusable]:
    num_shots = catalog.titles["num_shots"].to_numpy()
    found: dict[str, Task | Unusable] = {}
    for one in labels.sets:
        try:
            found[one.name] = make_task(one, kinds.get(one.name), num_shots)
        except Unusable as reason:
            found[one.name] = reason
    return found


def _entry(
    name: str,
    task: Task | Unusable,
    inputs: Inputs,
    catalog: Catalog,
    *,
    folds: int | None,
    curve: bool,
    seed: int,
    done: Callable[[], None],
) -> dict[str, Any]:
    if isinstance(task, Unusable):
        return {"label": name, "skipped": f"{name}: {task}."}
    task = task.take(np.flatnonzero(np.isin(task.title, list(inputs.start))))
    rng = np.random.default_rng(seed)
    try:
        splits, how = divide(task.title, catalog.titles["split"].to_numpy()[task.title], folds, rng)
        splits = [_usable(task, s) for s in splits]
    except Unusable as reason:
        return {"label": name, "skipped": f"{name}: {reason}."}
    rows = inputs.rows(task.title, task.first), inputs.rows(task.title, task.stop - 1) + 1
    features = features_of(task, inputs, *rows)
    scored = np.concatenate([s.score for s in splits])
    entry: dict[str, Any] = {
        "label": name, "kind": task.kind, "of": task.of, "classes": list(task.classes), "left_out": task.left_out,
        "examples": len(task.title), "titles": len(np.unique(task.title)), "scored_on": how,
        "num_fit": int(np.mean([len(s.fit) for s in splits])), "num_scored": len(scored),
        "num_titles": len(np.unique(task.title[scored])),
    }  # fmt: skip
    entry["few_titles"] = entry["num_titles"] <= FEW_TITLES
    entry["probes"] = [_probe("linear", task, splits, _linear_scores(task, features, splits, seed, done), rng)]
    if task.of != "shot" and (rows[1] - rows[0] > 1).any():
        scores = _attentive_scores(task, inputs, rows, splits, seed, done)
        entry["probes"].append(_probe("attentive", task, splits, scores, rng))
    if task.kind in ("classes", "tags"):
        try:
            entry["probes"].append(retrieval(features, task.truth, task.title, splits, rng))
        except Unusable as reason:
            entry["probes"].append({"probe": "retrieval", "skipped": f"{name}: {reason}."})
    if curve:
        entry["curve"] = few_shot_curve(task.kind, features, task.truth, task.title, splits, rng, done)
    return entry


def _usable(task: Task, split: Split) -> Split:
    for part in split:
        if task.kind != "number" and not task.truth[part].any():
            raise Unusable("a side of the split has none of its classes")
    return split


def features_of(task: Task, inputs: Inputs, first: np.ndarray, stop: np.ndarray) -> dict[str, np.ndarray]:
    """(I, d) of each kind: the mean of an example's shots; at a boundary also how far it lies from the shot before."""
    if task.kind == "boundaries":
        return {k: boundary_features(x, first) for k, x in inputs.kinds.items()}
    return {k: pooled(x, first, stop) for k, x in inputs.kinds.items()}


def _linear_scores(
    task: Task, features: dict[str, np.ndarray], splits: Sequence[Split], seed: int, done: Callable[[], None]
) -> Scores:
    scores = {}
    for kind, x in features.items():
        found = [
            linear(x[s.fit], task.truth[s.fit], task.title[s.fit], x[s.score], np.random.default_rng(seed))
            for s in splits
        ]
        scores[kind] = _joined(task, found, splits)
        done()
    return scores


def _joined(task: Task, found: list[np.ndarray], splits: Sequence[Split]) -> np.ndarray:
    """The scores of all splits; for a number also about the mean of what they were fitted on."""
    if task.kind == "number":
        found = [np.c_[f, f - task.truth[s.fit].mean()] for f, s in zip(found, splits, strict=True)]
    return np.concatenate(found)


def _attentive_scores(
    task: Task,
    inputs: Inputs,
    rows: tuple[np.ndarray, np.ndarray],
    splits: Sequence[Split],
    seed: int,
    done: Callable[[], None],
) -> Scores:
    scores = {}
    for kind, x in inputs.kinds.items():
        spans, found = Spans(x, *rows), []
        for s in splits:
            generator = torch.Generator().manual_seed(seed)
            found.append(
                attentive(spans.take(s.fit), task.truth[s.fit], task.title[s.fit], spans.take(s.score), generator)
            )
        scores[kind] = _joined(task, found, splits)
        done()
    return scores


def _probe(probe: str, task: Task, splits: Sequence[Split], scores: Scores, rng: np.random.Generator) -> dict[str, Any]:
    """The entry of a probe, from its scores of every scored example in the order of the splits."""
    order = np.concatenate([s.score for s in splits])
    truth, title = task.truth[order], task.title[order]
    points = {k: measure(task.kind, truth, s) for k, s in scores.items()}
    draws = resampled(task.kind, truth, scores, title, rng)
    return {"probe": probe, **with_intervals(points, draws, PRIMARY[task.kind]), "chance": chance(task.kind, truth)}
