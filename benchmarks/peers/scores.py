"""What every system is measured by: hidden shots restored, and frozen probes of its embeddings, with paired intervals over titles.

Shape letters: N shots of a title, R rows (shots of all titles), d width of an embedding, I examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.tasks import LABELS, label_file
from benchmarks.why.interval import with_interval
from msm import baselines
from msm.data.catalog import Catalog, Title
from msm.data.space import Space
from msm.data.told import NOTHING
from msm.evaluation.label_files import read_labels_of
from msm.evaluation.probe_run import draw_titles
from msm.evaluation.protocol import RATIO, SEEDS, SPAN, Hide, Predictor, hide_at_random, hide_in_spans, hide_titles
from msm.evaluation.scoring import score_prediction
from msm.evaluation.tasks.inputs import Inputs
from msm.evaluation.tasks.linear import linear
from msm.evaluation.tasks.measures import PRIMARY, measure, resampled
from msm.evaluation.tasks.report import features_of
from msm.evaluation.tasks.splits import divide
from msm.evaluation.tasks.task import make_task

PROTOCOLS: dict[str, Hide] = {
    "20 %": hide_at_random(0.2),
    "50 %": hide_at_random(0.5),
    "80 %": hide_at_random(0.8),
    f"spans of {SPAN}": hide_in_spans,
}
DRAWS = SEEDS[:1]
MOST_PROBED = {"train": 4_000, "validation": 1_500, "test": 2_500}  # shots; BaSSL embeds each in a window of its own


def restored(predictors: Mapping[str, Predictor], catalog: Catalog, space: Space) -> dict[str, Any]:
    """Centred cosine and rank of the best baseline and of each system on the test titles, for each protocol; the last one's lead."""
    return {name: _restored(predictors, catalog, space, hide) for name, hide in PROTOCOLS.items()}


def _restored(predictors: Mapping[str, Predictor], catalog: Catalog, space: Space, hide: Hide) -> dict[str, Any]:
    titles = [t for t in catalog.split("test") if hide is not hide_in_spans or t.num_shots >= SPAN + 2]
    found = scores_of(predictors, titles, space, hide)
    of_baseline = {n: t for n, t in found.items() if n not in predictors}
    best = max(of_baseline, key=lambda n: of_baseline[n]["centred_cosine"].mean())
    shown = {f"baseline `{best}`": found[best]} | {n: found[n] for n in predictors}
    ours = list(shown)[-1]
    return {
        n: {
            "centred_cosine": float(t["centred_cosine"].mean()),
            "median_rank": float(t["rank_share"].median()),
            **({} if n == ours else {"lead": lead(shown[ours], t)}),
        }
        for n, t in shown.items()
    }


def scores_of(
    predictors: Mapping[str, Predictor],
    titles: Sequence[Title],
    space: Space,
    hide: Hide,
    *,
    with_baselines: bool = True,
) -> dict[str, pd.DataFrame]:
    """A row a hidden shot for each predictor and each baseline, all on the same draws: title_id, centred_cosine, rank_share."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for case in hide_titles(titles, space, RATIO, DRAWS, hide):
        where = np.flatnonzero(case.hidden)
        rows = {n: p(case.shots, case.hidden, NOTHING) for n, p in predictors.items()}
        if with_baselines:
            rows |= baselines.predict_all(case.shots, case.hidden, space.mean, space.bandwidth, space.baselines)
        for name, predicted in rows.items():
            scored = score_prediction(predicted, case.shots, where, space)
            columns = {"centred_cosine": scored["centred_cosine"], "rank_share": scored["rank"] / len(case.shots)}
            tables.setdefault(name, []).append(pd.DataFrame({"title_id": case.title_id, **columns}))
    return {n: pd.concat(t, ignore_index=True) for n, t in tables.items()}


def lead(ours: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    """The mean difference of centred cosine, and its 95 % interval over titles."""
    apart = ours["centred_cosine"].to_numpy() - other["centred_cosine"].to_numpy()
    return with_interval(apart, ours["title_id"].to_numpy())


def probed(embedders: Mapping[str, Any], catalog: Catalog, space: Space, work: Path) -> dict[str, Any]:
    """Linear probes of the frozen embeddings of each system for the labels that people set; the last system's lead over each other one."""
    return {
        label: _probed(embedders, catalog, space, label_file(catalog, label, of, work))
        for of_set, label, of in LABELS
        if of_set == catalog.path.name
    }


def _probed(embedders: Mapping[str, Any], catalog: Catalog, space: Space, path: Path) -> dict[str, Any]:
    labels = read_labels_of([path], catalog)
    task = make_task(labels.sets[0], None, catalog.titles["num_shots"].to_numpy())
    titles = draw_titles(catalog, np.random.default_rng(0), set(task.title.tolist()), MOST_PROBED)
    inputs = embed_all(embedders, titles, space)
    task = task.take(np.flatnonzero(np.isin(task.title, list(inputs.start))))
    rng = np.random.default_rng(0)
    splits, how = divide(task.title, catalog.titles["split"].to_numpy()[task.title], None, rng)
    features = features_of(
        task, inputs, inputs.rows(task.title, task.first), inputs.rows(task.title, task.stop - 1) + 1
    )
    scores = {
        n: np.concatenate([
            linear(x[s.fit], task.truth[s.fit], task.title[s.fit], x[s.score], np.random.default_rng(0)) for s in splits
        ])
        for n, x in features.items()
    }  # fmt: skip
    order = np.concatenate([s.score for s in splits])
    truth, title, primary = task.truth[order], task.title[order], PRIMARY[task.kind]
    draws, ours = resampled(task.kind, truth, scores, title, rng), list(scores)[-1]
    points = {n: measure(task.kind, truth, s)[primary] for n, s in scores.items()}
    return {
        "measure": primary,
        "scored_on": how,
        "systems": {
            n: {"value": v, **({} if n == ours else {"lead": _spread(points[ours] - v, draws[ours] - draws[n])})}
            for n, v in points.items()
        },
    }


def _spread(mean: float, drawn: np.ndarray) -> dict[str, float]:
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return {"mean": float(mean), "low": float(low), "high": float(high)}


def embed_all(embedders: Mapping[str, Any], titles: Any, space: Space) -> Inputs:
    """Embeddings of whole titles in every system; `shot alone` is the fused shot."""
    kinds: dict[str, list[np.ndarray]] = {n: [] for n in ("shot alone", *embedders)}
    start, row = {}, 0
    for title in titles:
        shots = space.fuse(title.embeddings)
        for name, parts in kinds.items():
            parts.append(np.asarray(shots if name == "shot alone" else embedders[name](shots), dtype=np.float32))
        start[title.index] = row
        row += len(shots)
    return Inputs({n: np.concatenate(x) for n, x in kinds.items()}, start)
