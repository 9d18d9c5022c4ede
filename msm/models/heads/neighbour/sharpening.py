"""Sharpening: what a trained neighbour head does to its predictions before they are compared with shots, and how strongly.

The prediction with the highest cosine lies near the mean of its title, and so do many of the title's shots. Sharpening moves
it towards the line between the nearest visible shots, and away from the title's mean: the cosine falls a little, and the true
shot ranks higher. Cosines are therefore of the prediction as it is, ranks and lists of candidates of the sharpened one. Of all strengths with which the true shot ranks clearly better than with the distance-weighted mean, the
one with the highest cosine is chosen.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from msm import baselines
from msm.baselines.linear import interpolate
from msm.data.fusion import unit
from msm.data.space import Space
from msm.metrics.rank import rank_among
from msm.models.head import Case

TO_LINE = (0.0, 0.1, 0.2, 0.3)
OFF_TITLE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
WANTED = 0.95  # of the median rank of the true shot with the distance-weighted mean


def sharpen(estimate: Tensor, line: Tensor, title: Tensor, strengths: Tensor) -> Tensor:
    """Move estimates towards the line between the nearest visible shots and away from the mean of the title.

    estimate, line  (…, H, D), title (…, D) or broadcast, the mean of its visible shots; all about the training mean
    strengths       (2,) towards the line, and away from the title's mean; with 0, 0 only the length changes
    """
    estimate, line, title = (F.normalize(x, dim=-1) for x in (estimate, line, title))
    own = estimate - (estimate * title).sum(dim=-1, keepdim=True) * title
    return estimate + strengths[0] * line + strengths[1] * own


def sharpen_hidden(predicted: np.ndarray, shots: np.ndarray, hidden: np.ndarray, strengths: Tensor) -> np.ndarray:
    """Sharpen the predictions of a title's hidden shots; the arguments are those of `Head.sharpen`."""
    where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    if not len(seen):
        return predicted
    visible = shots[seen]
    parts = (predicted, interpolate(visible, seen, where), visible.mean(axis=0))
    estimate, line, title = (torch.from_numpy(np.ascontiguousarray(x)) for x in parts)
    return sharpen(estimate, line, title, strengths).numpy()


def choose_sharpening(predictions: Sequence[np.ndarray], cases: Sequence[Case], space: Space) -> tuple[float, float]:
    """Choose the strengths of `sharpen` on cases whose truth is known.

    predictions  (H, D) of each case, about the training mean, not sharpened
    """
    tried_on = [_Prediction(p, case, space) for p, case in zip(predictions, cases, strict=True)]
    aim = WANTED * float(np.median(np.concatenate([p.baseline_rank for p in tried_on])))
    scored = []
    for strengths in product(TO_LINE, OFF_TITLE):
        cosines, ranks = (np.concatenate(x) for x in zip(*(p.scores(strengths) for p in tried_on), strict=True))
        scored.append((float(cosines.mean()), float(np.median(ranks)), strengths))
    good = [s for s in scored if s[1] <= aim]
    return max(good)[2] if good else min(scored, key=lambda s: (s[1], -s[0]))[2]


class _Prediction:
    """The prediction of one case, to be scored with many strengths."""

    def __init__(self, prediction: np.ndarray, case: Case, space: Space):
        about = case.shots - space.mean
        where, seen = np.flatnonzero(case.hidden), np.flatnonzero(~case.hidden)
        visible = about[seen] if len(seen) else np.zeros_like(about[:1])
        line = interpolate(visible, seen, where) if len(seen) else np.zeros_like(prediction)
        parts = (prediction, line, visible.mean(axis=0))
        self.estimate, self.line, self.title = (torch.from_numpy(np.ascontiguousarray(x)) for x in parts)
        self.shots, self.where = unit(about), where
        kernel = baselines.predict_all(case.shots, case.hidden, space.mean, space.bandwidth)["distance_weighted"]
        self.baseline_rank = self._cosine_and_rank(unit(kernel - space.mean))[1]

    def scores(self, strengths: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """Centred cosines (H,), and ranks (H,) of the true shots as a share of the title's shots."""
        sharpened = sharpen(self.estimate, self.line, self.title, torch.tensor(strengths))
        return self._cosine_and_rank(unit(sharpened.numpy()))

    def _cosine_and_rank(self, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        similarity = predicted @ self.shots.T  # (H, N)
        true = np.take_along_axis(similarity, self.where[:, None], axis=1)
        return true[:, 0], rank_among(similarity, self.shots, self.where) / len(self.shots)
