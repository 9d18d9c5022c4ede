"""Score predictions of hidden shots, beside those of every baseline: a table, a row a (hidden shot, predictor).

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, repeat

import numpy as np
import pandas as pd

from msm import baselines, metrics
from msm.data.catalog import Title
from msm.data.fusion import unit
from msm.data.space import Space
from msm.errors import InputError
from msm.evaluation.protocol import RATIO, SEEDS, Hide, Predictor, Sharpen, hide_titles
from msm.inference.draws import of_draws

CASE = ["seed", "title_id"]  # columns that tell the tables of one case from those of another


class NothingHidden(InputError):
    """By chance no shot was hidden, since there are so few."""


def score_fill_in(
    shots: np.ndarray,
    hidden: np.ndarray,
    predicted: np.ndarray | None,
    space: Space,
    modality: int | None = None,
    ranked: np.ndarray | None = None,
    beside: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Score the predictions of one title's hidden shots: a row a (hidden shot, predictor).

    shots      (N, D) fused
    hidden     (N,)   bool
    predicted  (H, D) the model's; None scores the baselines alone
    modality   the one that is hidden of these shots, where the others are known; by its place among `space.modalities`
    ranked     (H, D) the model's predictions whose ranks are told; None = those of `predicted`
    beside     what this function returned of the baselines of these very shots; None = they are scored here
    returns    columns shot, distance, predictor ("model" or a baseline's name), cosine,
               centred_cosine, rank, rank_share, and centred_MODALITY (NaN where the truth lacks it)
    """
    scores = pd.DataFrame(_columns(shots, hidden, predicted, space, modality, ranked, with_baselines=beside is None))
    return scores if beside is None else pd.concat([scores, beside], ignore_index=True)


def _columns(
    shots: np.ndarray,
    hidden: np.ndarray,
    predicted: np.ndarray | None,
    space: Space,
    modality: int | None,
    ranked: np.ndarray | None,
    *,
    with_baselines: bool,
) -> dict[str, np.ndarray]:
    """The columns of `score_fill_in`, without a table, which costs as much as the numbers where there are many titles."""
    where = np.flatnonzero(hidden)
    distance = baselines.distance_to_visible(hidden)
    predictions = {} if predicted is None else {"model": predicted}
    if with_baselines:
        known = None if modality is None else known_but(modality, shots[where], space)
        predictions |= baselines.predict_all(shots, hidden, space.mean, space.bandwidth, space.baselines, known)
    truth = Truth.of(shots, where, space)
    scored = [truth.score(rows) for rows in predictions.values()]
    if predicted is not None and ranked is not None and ranked is not predicted:
        scored[0]["rank"] = truth.rank(ranked)
    columns = {name: np.concatenate([s[name] for s in scored]) for name in scored[0]}
    return {
        "shot": np.tile(where, len(scored)),
        "distance": np.tile(distance, len(scored)),
        "predictor": np.repeat(np.array(list(predictions), dtype=object), len(where)),
        **columns,
        "rank_share": columns["rank"] / len(shots),
    }


def known_but(modality: int, shots: np.ndarray, space: Space) -> baselines.Known:
    """All modalities of hidden shots (H, D) but one."""
    parts = np.tile(np.arange(len(space.modalities)) != modality, (len(shots), 1))
    return baselines.Known(shots, parts, tuple(m.columns for m in space.modalities))


@dataclass(frozen=True)
class Truth:
    """What predictions of hidden shots are compared with, computed once for all predictors."""

    shots: np.ndarray  # (N, D) of the title
    where: np.ndarray  # (H,) of the hidden ones
    space: Space
    centred: np.ndarray  # (N, D) all shots about the mean, of unit length
    raw: np.ndarray  # (H, D) the hidden ones, of unit length
    by_modality: Mapping[
        str, tuple[np.ndarray, np.ndarray]
    ]  # (H,) which have it, (H, columns) about the mean, of unit length

    @classmethod
    def of(cls, shots: np.ndarray, where: np.ndarray, space: Space) -> Truth:
        """Of a title's shots (N, D), of which those at the places `where` (H,) are hidden."""
        truth = shots[where]
        about = truth - space.mean
        parts = {m.name: (truth[:, m.columns].any(axis=1), unit(about[:, m.columns])) for m in space.modalities}
        return cls(shots, where, space, unit(shots - space.mean), unit(truth), parts)

    def score(self, predicted: np.ndarray) -> dict[str, np.ndarray]:
        """Score one predictor's rows (H, D), by the definitions of `msm.metrics`.

        returns  cosine, centred_cosine, rank, and centred_MODALITY (NaN where the truth lacks it), each (H,)
        """
        about = predicted - self.space.mean
        centred = unit(about)
        scores = {
            "cosine": (unit(predicted) * self.raw).sum(axis=-1),
            "centred_cosine": (centred * self.centred[self.where]).sum(axis=-1),
            "rank": metrics.rank_among(centred @ self.centred.T, self.shots, self.where),
        }
        for m in self.space.modalities:
            there, truth = self.by_modality[m.name]
            scores[f"centred_{m.name}"] = np.where(there, (unit(about[:, m.columns]) * truth).sum(axis=-1), np.nan)
        return scores

    def rank(self, predicted: np.ndarray) -> np.ndarray:
        """(H, D) → (H,): the ranks alone."""
        return metrics.rank_among(unit(predicted - self.space.mean) @ self.centred.T, self.shots, self.where)


def score_prediction(
    predicted: np.ndarray, shots: np.ndarray, where: np.ndarray, space: Space
) -> dict[str, np.ndarray]:
    """`Truth.score` of one predictor's rows (H, D) against the shots `where` (H,) of `shots` (N, D)."""
    return Truth.of(shots, where, space).score(predicted)


def score_titles(
    predict: Predictor | None,
    titles: Sequence[Title],
    space: Space,
    *,
    ratio: float = RATIO,
    seeds: Sequence[int] = SEEDS,
    hide: Hide | None = None,
    modality: int | None = None,
    sharpen: Sharpen | None = None,
    beside: pd.DataFrame | None = None,
    on_case: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """`score_fill_in` for every seed and title, with columns seed and title_id. InputError where no shot gets hidden.

    beside  what this function returned of the baselines, without a predictor, of the same titles and hidden shots
    """
    known = set() if beside is None else set(zip(*(beside[c] for c in CASE), strict=True))
    found: list[tuple[int, str, dict[str, np.ndarray]]] = []
    for _, of_title in groupby(
        hide_titles(titles, space, ratio, seeds, hide, by_title=True), key=lambda case: case.title_id
    ):
        cases = list(of_title)
        shots, told, draws = cases[0].shots, cases[0].told, [case.hidden for case in cases]
        predictions = repeat(None, len(cases)) if predict is None else of_draws(predict, shots, draws, told)
        for case, predicted in zip(cases, predictions, strict=True):
            ranked = None if predicted is None or sharpen is None else sharpen(shots, case.hidden, predicted)
            computed = (case.seed, case.title_id) not in known
            if computed or predicted is not None:
                columns = _columns(shots, case.hidden, predicted, space, modality, ranked, with_baselines=computed)
                found.append((case.seed, case.title_id, columns))
            on_case()
    if not found:
        raise NothingHidden("no shot was hidden: there are too few shots in these titles to evaluate on")
    found.sort(key=lambda case: seeds.index(case[0]))  # stable: titles keep their order
    lengths = [len(columns["shot"]) for _, _, columns in found]
    table = {name: np.concatenate([columns[name] for _, _, columns in found]) for name in found[0][2]}
    table["seed"] = np.repeat([seed for seed, _, _ in found], lengths)
    table["title_id"] = np.repeat(np.array([title for _, title, _ in found], dtype=object), lengths)
    scores = pd.DataFrame(table)
    return scores if beside is None else _interleaved(scores, beside)


def _interleaved(scores: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    """Both tables in one, each case's rows of `beside` after those of `scores`; cases that are only in `beside` are left out."""
    cases = pd.MultiIndex.from_frame(scores[CASE])
    order = cases.unique()
    both = pd.concat([scores, beside], ignore_index=True)
    number = np.concatenate([order.get_indexer(cases), order.get_indexer(pd.MultiIndex.from_frame(beside[CASE]))])
    place = np.argsort(number, kind="stable")
    return both.iloc[place[np.searchsorted(number[place], 0) :]].reset_index(drop=True)
