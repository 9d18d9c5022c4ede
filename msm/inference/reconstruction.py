"""A reconstruction of hidden shots, against the baselines and the truth. The app calls it a fill-in.

Shape letters: N shots of a title, H hidden shots, D width of a shot, M modalities.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from msm import baselines, metrics
from msm.data.fusion import unit
from msm.data.space import Space
from msm.masking.parts import Parts, simplest
from msm.metrics.fast import block_cosines, rank_of_truth


@dataclass(frozen=True)
class FillIn:
    """The predictions of a run for hidden shots of one title, with the truth and the baselines."""

    title_id: str
    hidden: np.ndarray  # (H,) int, the hidden shots in order
    predicted: np.ndarray  # (H, D) fused; only the columns of hidden modalities are meant
    shots: np.ndarray  # (N, D) the title's shots, fused: the truth
    space: Space
    times: pd.DataFrame  # N rows with start_s and end_s
    hidden_parts: np.ndarray  # (H, M) bool, the hidden modalities of each shot
    rest_known: bool = False  # whether the model was given the other modalities of these shots; then baselines are, too
    sharpened: np.ndarray | None = None  # (H, D) the predictions that are compared with other shots; None = `predicted`
    beside: Future[dict[str, np.ndarray]] | None = field(default=None, compare=False, repr=False)  # the baselines

    @property
    def parts(self) -> Parts:
        """`hidden_parts` by name: empty where whole shots are hidden; see `msm.masking.parts`."""
        some = [i for i in range(len(self.hidden)) if not self.hidden_parts[i].all()]
        named = {
            m.name: [int(self.hidden[i]) for i in some if self.hidden_parts[i, k]]
            for k, m in enumerate(self.space.modalities)
        }
        return simplest({name: shots for name, shots in named.items() if shots}, self.hidden.tolist())

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that are hidden in every one of the shots; () for whole shots, and where shots differ."""
        return tuple(name for name, shots in self.parts.items() if shots is None)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row a hidden shot.

        shot, start_s, end_s, distance (shots to the nearest visible one), cosine, centred_cosine, centred_MODALITY and
        best_MODALITY of its best baseline (NaN where the shot lacks the modality or it is visible), each baseline's centred
        cosine under its name, best_baseline (of the baseline with the highest mean over these shots), its raw
        best_baseline_cosine, skill

        Where only some modalities of a shot are hidden, all scores are of their columns alone.
        """
        truth, best = self.shots[self.hidden], self._baselines[self.best_baseline_name]
        raw = block_cosines({"model": self.predicted, "best": best}, truth, self._blocks, self.hidden_parts)
        baseline = self._centred[self.best_baseline_name][0]
        model = self._centred["model"][0]
        return pd.DataFrame(
            {
                "shot": self.hidden,
                "start_s": self.times["start_s"].to_numpy()[self.hidden],
                "end_s": self.times["end_s"].to_numpy()[self.hidden],
                "distance": baselines.distance_to_visible(self._mask),
                "cosine": raw["model"][0],
                "centred_cosine": model,
                **self._by_modality(),
                **{name: self._centred[name][0] for name in self._baselines},
                "best_baseline": baseline,
                "best_baseline_cosine": raw["best"][0],
                "skill": (model - baseline) / (1 - baseline).clip(1e-6),
            }
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """`scores` with two more columns, which take as long to compute as all the others.

        rank (1 = no shot of the title is nearer to the prediction than the true one; ties count half), num_shots
        """
        table = self.scores.copy()
        place = table.columns.get_loc("centred_cosine") + 1
        table.insert(place, "rank", self.rank_of(self.compared))
        table.insert(place + 1, "num_shots", len(self.shots))
        return table

    @cached_property
    def best_baseline_name(self) -> str:
        """The baseline with the highest mean centred cosine over these shots, a choice in the baselines' favour."""
        return max(self._baselines, key=lambda name: self._centred[name][0].mean())

    @property
    def compared(self) -> np.ndarray:
        """(H, D): the predictions that ranks and lists of candidates compare with shots, sharpened where the head does so."""
        return self.predicted if self.sharpened is None else self.sharpened

    @property
    def columns(self) -> np.ndarray:
        """(H, D) bool: the hidden columns of each shot, which all scores are of."""
        columns = np.zeros((len(self.hidden), self.shots.shape[1]), dtype=bool)
        for i, block in enumerate(self._blocks):
            columns[:, block] = self.hidden_parts[:, i : i + 1]
        return columns

    @cached_property
    def _baselines(self) -> dict[str, np.ndarray]:
        if self.beside is not None:
            return self.beside.result()
        return predict_baselines(self.shots, self.hidden, self.hidden_parts, self.rest_known, self.space)

    @cached_property
    def _centred(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Centred cosines of the model and of each baseline: (H,) over the hidden columns, (H, M) by modality."""
        predictions = {"model": self.predicted, **self._baselines}
        about = {name: p - self.space.mean for name, p in predictions.items()}
        return block_cosines(about, self.shots[self.hidden] - self.space.mean, self._blocks, self.hidden_parts)

    @property
    def _blocks(self) -> list[slice]:
        return [m.columns for m in self.space.modalities]

    def rank_of(self, predictions: np.ndarray) -> np.ndarray:
        """(H, D) → (H,): the rank of each true shot among the title's, by similarity to its prediction; ties count half."""
        rank, mean = np.zeros(len(self.hidden)), self.space.mean
        for rows, columns in self._by_hidden_parts():
            predicted, shots = (predictions[rows] - mean)[:, columns], (self.shots - mean)[:, columns]
            rank[rows] = rank_of_truth(predicted, shots, self.hidden[rows])
        return rank

    def _by_hidden_parts(self) -> Iterator[tuple[np.ndarray, np.ndarray | slice]]:
        """Groups of hidden shots with the same hidden columns: their rows, and the columns, (D,) bool or all of them."""
        kinds, kind = np.unique(self.hidden_parts, axis=0, return_inverse=True)
        for number, parts in enumerate(kinds):
            rows = np.flatnonzero(kind.ravel() == number)
            yield rows, slice(None) if parts.all() else self.columns[rows[0]]

    def _by_modality(self) -> dict[str, np.ndarray]:
        """centred_MODALITY, and best_MODALITY of the baseline with the highest mean in this modality."""
        columns = {}
        for i, m in enumerate(self.space.modalities):
            known = self.shots[self.hidden][:, m.columns].any(axis=1) & self.hidden_parts[:, i]
            scores = [np.where(known, self._centred[name][1][:, i], np.nan) for name in self._baselines]
            columns[f"centred_{m.name}"] = np.where(known, self._centred["model"][1][:, i], np.nan)
            columns[f"best_{m.name}"] = max(scores, key=lambda s: np.nansum(s))
        return columns

    def baseline(self, name: str) -> np.ndarray:
        """(H, D): the predictions of a baseline for these shots."""
        return self._baselines[name]

    @property
    def centred_cosine(self) -> float:
        """The model's, averaged over the hidden shots."""
        return float(self.scores["centred_cosine"].mean())

    @property
    def best_baseline(self) -> float:
        """Mean centred cosine of the baseline that is best over these very shots."""
        return float(self.scores["best_baseline"].mean())

    @property
    def skill(self) -> float:
        """Of the mean centred cosine, against the best baseline's mean."""
        return metrics.skill(self.centred_cosine, self.best_baseline)

    def candidates(self, count: int = 5) -> pd.DataFrame:
        """The real shots of the title nearest to each prediction, `count` for each hidden shot.

        columns  shot (hidden), place (1 = nearest), candidate (shot), centred_cosine, is_truth
        """
        similarity, mean = np.zeros((len(self.hidden), len(self.shots))), self.space.mean  # (H, N)
        for rows, columns in self._by_hidden_parts():
            predicted, shots = (self.compared[rows] - mean)[:, columns], (self.shots - mean)[:, columns]
            similarity[rows] = unit(predicted) @ unit(shots).T
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :count]
        return pd.DataFrame(
            {
                "shot": np.repeat(self.hidden, order.shape[1]),
                "place": np.tile(np.arange(order.shape[1]) + 1, len(order)),
                "candidate": order.ravel(),
                "centred_cosine": np.take_along_axis(similarity, order, axis=1).ravel(),
                "is_truth": (order == self.hidden[:, None]).ravel(),
            }
        )

    @property
    def _mask(self) -> np.ndarray:
        mask = np.zeros(len(self.shots), dtype=bool)
        mask[self.hidden] = True
        return mask


def predict_baselines(
    shots: np.ndarray,
    hidden: np.ndarray,
    hidden_parts: np.ndarray,
    rest_known: bool,
    space: Space,
    kept: dict[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """Name → (H, D): the predictions of every baseline; the arguments are fields of `FillIn`.

    kept  what baselines computed of these shots before, and keep for the next hidden ones
    """
    known, mask = None, np.zeros(len(shots), dtype=bool)
    mask[hidden] = True
    if rest_known:
        known = baselines.Known(shots[hidden], ~hidden_parts, tuple(m.columns for m in space.modalities))
    return baselines.predict_all(shots, mask, space.mean, space.bandwidth, space.baselines, known, kept)
