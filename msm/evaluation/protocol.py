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
from msm.data import scenes
from msm.data.catalog import Catalog, Title
from msm.data.fusion import fuse
from msm.data.schema import Modality
from msm.data.space import Space
from msm.errors import InputError
from msm.evaluation.report import by_part, by_position, by_ratio, by_span, by_title, report
from msm.masking.policies import random_hidden

SEEDS = (0, 1, 2, 3, 4)
RATIO = 0.2  # share of shots hidden, whatever a run was trained with, so that runs compare
RATIOS = (0.1, 0.2, 0.4, 0.6, 0.8)  # of the full report
SPAN = 7  # shots in a row that the full report hides: the middle one is four from the nearest visible shot
FULL_SEEDS = SEEDS[:2]


class NothingHidden(InputError):
    """By chance, of so few shots."""


# shots (N, D), hidden (N,), global embedding (G,) or None → predictions (H, D)
Predictor = Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]
Hide = Callable[[int, np.random.Generator], np.ndarray]  # number of shots, randomness → hidden (N,) bool


def at_random(ratio: float) -> Hide:
    """Every shot for itself."""
    return lambda num_shots, rng: random_hidden(num_shots, ratio, rng)


def in_spans(num_shots: int, rng: np.random.Generator) -> np.ndarray:
    """(num_shots,) bool: runs of SPAN shots, in all about RATIO, at least one run, never two that touch."""
    hidden = np.zeros(num_shots, dtype=bool)
    count = max(1, round(RATIO * num_shots / SPAN))
    # Distinct numbers, moved apart by a span each: every placement with a gap is equally likely.
    places = np.sort(rng.choice(num_shots - count * SPAN + 1, count, replace=False)) + SPAN * np.arange(count)
    hidden[places[:, None] + np.arange(SPAN)] = True
    return hidden


def fitted_space(
    train: Iterable[Title], validation: Sequence[Title], modalities: tuple[Modality, ...], fusion: str
) -> Space:
    """Read the training titles once for their mean, the validation titles for the best bandwidth.

    A title that lacks a modality from end to end is missing data, not silence: it is left out of the
    mean, unless there are no others. Raises InputError without training titles.
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


def hide_titles(
    titles: Sequence[Title], space: Space, ratio: float, seeds: Sequence[int], hide: Hide | None = None
) -> Iterator[Case]:
    """The protocol's cases; a title none of whose shots was hidden is left out. `hide` takes the place of `ratio`."""
    hide = hide or at_random(ratio)
    read = {t.title_id: (space.fuse(t.embeddings), t.global_embedding) for t in titles}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for title in titles:
            shots, global_embedding = read[title.title_id]
            hidden = hide(len(shots), rng)
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
    scored = [score_guess(guess, shots, where, space) for guess in predictions.values()]
    columns = {name: np.concatenate([s[name] for s in scored]) for name in scored[0]}
    table = {
        "shot": np.tile(where, len(scored)),
        "distance": np.tile(distance, len(scored)),
        "predictor": np.repeat(np.array(list(predictions), dtype=object), len(where)),
        **columns,
        "rank_share": columns["rank"] / len(shots),
    }
    return pd.DataFrame(table)


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
    hide: Hide | None = None,
    on_case: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """`score_fill_in` for every seed and title, with columns seed and title_id. InputError where no shot gets hidden."""
    tables = []
    for case in hide_titles(titles, space, ratio, seeds, hide):
        predicted = None if predict is None else predict(case.shots, case.hidden, case.global_embedding)
        table = score_fill_in(case.shots, case.hidden, predicted, space)
        tables.append(table.assign(seed=case.seed, title_id=case.title_id))
        on_case()
    if not tables:
        raise NothingHidden("no shot was hidden: there are too few shots in these titles to evaluate on")
    return pd.concat(tables, ignore_index=True)


def evaluate_run(
    predict: Predictor,
    catalog: Catalog,
    space: Space,
    split: str,
    progress: Callable[[int, int], None],
    *,
    full: bool = False,
    sees_rest: bool = False,
) -> dict[str, Any]:
    """The whole protocol on one split of a catalog; InputError where the split has no title.

    full       also by mask ratio, with spans hidden and with one modality hidden, which takes about four times as long
    sees_rest  of a shot of which one modality is hidden, `predict` is given the others; else nothing
    progress   called with (cases done, cases in all)

    Returns `report` with titles, by_position (where scenes are marked), and in full by_ratio, spans and by_part.
    """
    titles = catalog.split(split)
    if not titles:
        raise InputError(f"{catalog.path} has no title in the {split} split")
    long_enough = [t for t in titles if t.num_shots >= SPAN + 2]
    others = [r for r in RATIOS if r != RATIO] if full else []
    parts = space.modalities if full and len(space.modalities) > 1 else ()
    more = (len(titles) * (len(others) + len(parts)) + len(long_enough)) * len(FULL_SEEDS) if full else 0
    done, total = itertools.count(1), len(titles) * len(SEEDS) + more

    def scored(of: Sequence[Title], seeds: Sequence[int], hide: Hide, by: Predictor = predict) -> pd.DataFrame:
        return score_titles(by, of, space, seeds=seeds, hide=hide, on_case=lambda: progress(next(done), total))

    def further(hide: Hide, by: Predictor = predict) -> pd.DataFrame:
        """Without a row where no shot gets hidden, as of a tenth of a few short titles."""
        try:
            return scored(titles, FULL_SEEDS, hide, by)
        except NothingHidden:
            return scores[:0]

    scores = scored(titles, SEEDS, at_random(RATIO))
    measured = {
        **report(scores, split),
        "titles": by_title(scores, {t.title_id: t.name for t in titles}),
        "by_position": by_position(scores, scene_positions(titles)),
        "catalog_fingerprint": catalog.fingerprint,
        "ratio": RATIO,
        "seeds": list(SEEDS),
    }
    if full:
        tables = {RATIO: scores} | {r: further(at_random(r)) for r in others}
        measured["by_ratio"] = [by_ratio(tables[r], r) for r in RATIOS]
        spans = scored(long_enough, FULL_SEEDS, in_spans) if long_enough else None
        measured["spans"] = by_span(spans, SPAN, RATIO, left_out=len(titles) - len(long_enough))
        measured["by_part"] = []
        for place, m in enumerate(parts):
            by = hiding_one(predict, space, place) if sees_rest else predict
            measured["by_part"].append(by_part(further(at_random(RATIO), by), m.name, sees_rest))
    return measured


def hiding_one(predict: Predictor, space: Space, place: int) -> Predictor:
    """The same predictor, told of the hidden shots all modalities but one; those that lack it stay visible.

    It answers for every shot that is hidden; where nothing is hidden, with zeros that nobody scores.
    """
    columns = space.modalities[place].columns

    def predicted(shots: np.ndarray, hidden: np.ndarray, global_embedding: np.ndarray | None) -> np.ndarray:
        parts = np.zeros((len(shots), len(space.modalities)), dtype=bool)
        parts[:, place] = hidden & shots[:, columns].any(axis=1)
        answer = np.zeros_like(shots)
        if parts.any():
            answer[parts[:, place]] = predict(shots, parts, global_embedding)
        return answer[hidden]

    return predicted


def scene_positions(titles: Sequence[Title]) -> pd.DataFrame | None:
    """A row a shot: title_id, shot, position (msm.data.scenes.POSITIONS, "" unknown); None where no label marks scenes."""
    if not titles or not set(scenes.COLUMNS) & set(titles[0].catalog.shot_labels):
        return None
    tables = []
    for title in titles:
        place = scenes.position_in_scene(scenes.scene_numbers(title.shots))
        tables.append(pd.DataFrame({"title_id": title.title_id, "shot": np.arange(len(place)), "position": place}))
    return pd.concat(tables, ignore_index=True)
