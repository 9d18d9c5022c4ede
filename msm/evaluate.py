"""The report: a model's fill-ins against predictions without a model, on titles it never saw.

Protocol: each title's shots are hidden independently with the given ratio, titles in file order, one
NumPy generator a seed; every hidden shot counts once. See docs/metrics.md for what the numbers mean.

Shape letters: N shots of a title, H hidden shots, D width of a shot, G width of a metadata embedding.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from msm import baselines, metrics
from msm.catalog import Catalog, Title
from msm.catalog_rules import Modality
from msm.errors import InputError
from msm.fusion import fuse
from msm.hiding import random_hidden

SEEDS = (0, 1, 2, 3, 4)
RATIO = 0.2  # share of shots hidden, whatever a run was trained with, so that runs compare
DISTANCES = ((1, 1), (2, 2), (3, None))  # shots to the nearest visible one: from, to

# shots (N, D), hidden (N,), global embedding (G,) or None → predictions (H, D)
Predictor = Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]


@dataclass(frozen=True)
class Space:
    """Where predictions are compared: how shots are fused, and the mean that centring takes away."""

    modalities: tuple[Modality, ...]
    fusion: str
    mean: np.ndarray  # (D,) of the training shots, fused
    bandwidth: float  # of the distance-weighted mean, chosen on the validation titles

    def fuse(self, embeddings: np.ndarray) -> np.ndarray:
        return fuse(embeddings, self.modalities, self.fusion)


def fitted_space(
    train: Iterable[Title], validation: Sequence[Title], modalities: tuple[Modality, ...], fusion: str
) -> Space:
    """Read the training titles once for their mean, the validation titles for the best bandwidth.

    A title that lacks a modality from end to end is missing data, not silence: it is left out of the
    mean, unless there are no others.
    """
    sums: dict[bool, np.ndarray] = {}
    counts = {True: 0, False: 0}
    for title in train:
        fused = fuse(title.embeddings, modalities, fusion)
        complete = all(fused[:, m.columns].any() for m in modalities)
        sums[complete] = sums.get(complete, 0.0) + fused.sum(axis=0, dtype=np.float64)
        counts[complete] += len(fused)
    if not sums:
        raise InputError("there is no title in the train split, so there is nothing to learn from")
    whole = True in sums
    total, count = sums[whole], counts[whole]
    mean = (total / count).astype(np.float32)
    first = Space(modalities, fusion, mean, baselines.BANDWIDTHS[2])
    return Space(modalities, fusion, mean, _best_bandwidth(validation, first))


def _best_bandwidth(titles: Sequence[Title], space: Space) -> float:
    """The bandwidth with the highest centred cosine on these titles; the middle one where there are none."""
    sums = np.zeros(len(baselines.BANDWIDTHS))
    for case in hide_titles(titles, space, RATIO, SEEDS):
        where, seen = np.flatnonzero(case.hidden), np.flatnonzero(~case.hidden)
        if len(seen):
            for i, b in enumerate(baselines.BANDWIDTHS):
                predicted = baselines.distance_weighted(case.shots[seen], seen, where, b)
                sums[i] += metrics.centred_cosine(predicted, case.shots[where], space.mean).sum()
    return baselines.BANDWIDTHS[int(sums.argmax())] if sums.any() else space.bandwidth


@dataclass(frozen=True)
class Case:
    """One title with some of its shots hidden."""

    seed: int
    title_id: str
    shots: np.ndarray  # (N, D) fused
    hidden: np.ndarray  # (N,) bool
    global_embedding: np.ndarray | None  # (G,)


def hide_titles(titles: Sequence[Title], space: Space, ratio: float, seeds: Sequence[int]) -> Iterator[Case]:
    """The protocol's cases; a title none of whose shots was hidden is left out."""
    read = {t.title_id: (space.fuse(t.embeddings), t.global_embedding) for t in titles}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for title in titles:
            shots, global_embedding = read[title.title_id]
            hidden = random_hidden(len(shots), ratio, rng)
            if hidden.any():
                yield Case(seed, title.title_id, shots, hidden, global_embedding)


def score_fill_in(shots: np.ndarray, hidden: np.ndarray, predicted: np.ndarray | None, space: Space) -> pd.DataFrame:
    """One fill-in of one title, a row a (hidden shot, predictor).

    shots      (N, D) fused
    hidden     (N,)   bool
    predicted  (H, D) the model's; None scores the baselines alone
    returns    columns shot, distance, predictor ("model" or a baseline's name), cosine,
               centred_cosine, rank, rank_share, and centred_MODALITY (NaN where the truth lacks it)
    """
    where = np.flatnonzero(hidden)
    distance = baselines.distance_to_visible(hidden)
    predictions = {} if predicted is None else {"model": predicted}
    predictions |= baselines.predict_all(shots, hidden, space.mean, space.bandwidth)
    parts = []
    for name, guess in predictions.items():
        scores = score_guess(guess, shots, where, space)
        part = {
            "shot": where,
            "distance": distance,
            "predictor": name,
            **scores,
            "rank_share": scores["rank"] / len(shots),
        }
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def score_guess(guess: np.ndarray, shots: np.ndarray, where: np.ndarray, space: Space) -> dict[str, np.ndarray]:
    """One predictor's guess (H, D) at the shots `where` (H,) of `shots` (N, D), each score (H,).

    cosine, centred_cosine, rank, and centred_MODALITY (NaN where the truth lacks it)
    """
    truth = shots[where]
    scores = {
        "cosine": metrics.cosine(guess, truth),
        "centred_cosine": metrics.centred_cosine(guess, truth, space.mean),
        "rank": metrics.rank_of_truth(guess, shots, where, space.mean),
    }
    for m in space.modalities:
        block = metrics.centred_cosine(guess[:, m.columns], truth[:, m.columns], space.mean[m.columns])
        scores[f"centred_{m.name}"] = np.where(truth[:, m.columns].any(axis=1), block, np.nan)
    return scores


def score_titles(
    predict: Predictor | None,
    titles: Sequence[Title],
    space: Space,
    *,
    ratio: float = RATIO,
    seeds: Sequence[int] = SEEDS,
    on_case: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """`score_fill_in` for every seed and title, with columns seed and title_id."""
    tables = []
    for case in hide_titles(titles, space, ratio, seeds):
        predicted = None if predict is None else predict(case.shots, case.hidden, case.global_embedding)
        table = score_fill_in(case.shots, case.hidden, predicted, space)
        tables.append(table.assign(seed=case.seed, title_id=case.title_id))
        on_case()
    if not tables:
        raise InputError("no shot was hidden: there are too few shots in these titles to evaluate on")
    return pd.concat(tables, ignore_index=True)


def evaluate_run(
    predict: Predictor, catalog: Catalog, space: Space, split: str, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """The whole protocol on one split of a catalog; InputError where the split has no title.

    progress  called with (cases done, cases in all)
    """
    titles = catalog.split(split)
    if not titles:
        raise InputError(f"{catalog.path} has no title in the {split} split")
    done = itertools.count(1)
    total = len(titles) * len(SEEDS)
    scores = score_titles(predict, titles, space, on_case=lambda: progress(next(done), total))
    return {**report(scores, split), "catalog_fingerprint": catalog.fingerprint, "ratio": RATIO, "seeds": list(SEEDS)}


def report(scores: pd.DataFrame, split: str) -> dict[str, Any]:
    """Sum up `score_titles` as the JSON that `msm evaluate --json` answers.

    `skill` is of centred cosine against the best baseline, best over all these shots together.
    """
    model = scores[scores["predictor"] == "model"]
    named = {name: _means(scores[scores["predictor"] == name]) for name in baselines.NAMES}
    best = max(named, key=lambda name: named[name]["centred_cosine"])
    against = scores[scores["predictor"] == best]
    named["global_mean"]["median_rank"] = None  # it predicts the same for every shot, so it ranks nothing
    return {
        "split": split,
        **_means(model),
        "skill": metrics.skill(model["centred_cosine"].mean(), against["centred_cosine"].mean()),
        "best_baseline": best,
        "num_titles": int(model["title_id"].nunique()),
        "num_hidden": len(model),
        "baselines": named,
        "by_distance": [_by_distance(model, against, low, high) for low, high in DISTANCES],
        "by_modality": _by_modality(model, scores),
    }


def _means(scores: pd.DataFrame) -> dict[str, Any]:
    return {
        "cosine": float(scores["cosine"].mean()),
        "centred_cosine": float(scores["centred_cosine"].mean()),
        "median_rank": float(scores["rank_share"].median()),
    }


def _by_distance(model: pd.DataFrame, against: pd.DataFrame, low: int, high: int | None) -> dict[str, Any]:
    """Model and best baseline on the hidden shots whose nearest visible shot is this far."""
    near, base = (t[t["distance"].between(low, high or np.inf)]["centred_cosine"] for t in (model, against))
    measured = len(near) > 0
    return {
        "distance": f"{low}" if high == low else f"{low}+",
        "num_hidden": len(near),
        "centred_cosine": float(near.mean()) if measured else None,
        "best_baseline": float(base.mean()) if measured else None,
        "skill": metrics.skill(near.mean(), base.mean()) if measured else None,
    }


def _by_modality(model: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    """Each block by itself: the model, and the baseline that is best at it."""
    out = {}
    for column in (c for c in scores.columns if c.startswith("centred_") and c != "centred_cosine"):
        means = scores.groupby("predictor")[column].mean()
        best = means.drop("model", errors="ignore").idxmax()
        own, base = float(model[column].mean()), float(means[best])
        out[column.removeprefix("centred_")] = {
            "centred_cosine": own,
            "best_baseline": str(best),
            "best_baseline_centred_cosine": base,
            "skill": metrics.skill(own, base),
        }
    return out
