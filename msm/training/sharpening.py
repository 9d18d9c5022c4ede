"""What a trained neighbour head is told by the validation titles: how sharply to say what it expects.

The prediction that is nearest in cosine lies near the middle of its title, and there many shots lie. So it is moved, a
share towards the line between the visible neighbours, a share off the title's mean: a little less cosine, and the true
shot ranks higher. Of all shares with which it ranks clearly higher than with the distance-weighted mean, those are
taken that cost the least cosine.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch

from msm import baselines
from msm.baselines.linear import interpolate
from msm.data.fusion import unit
from msm.data.space import Space
from msm.evaluation.protocol import Case
from msm.metrics.rank import rank_among
from msm.models.heads.pair_features import sharpen

TO_LINE = (0.0, 0.1, 0.2, 0.3)
OFF_TITLE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
WANTED = 0.95  # of the median rank that the distance-weighted mean has


def choose_sharpening(guesses: Sequence[np.ndarray], cases: Sequence[Case], space: Space) -> tuple[float, float]:
    """The shares for `sharpen`: towards the line, off the title.

    guesses  (H, D) of each case, about the training mean, not sharpened
    """
    seen = [_Guess(g, case, space) for g, case in zip(guesses, cases, strict=True)]
    aim = WANTED * float(np.median(np.concatenate([s.rank_of_baseline for s in seen])))
    tried = []
    for shares in product(TO_LINE, OFF_TITLE):
        near, ranks = (np.concatenate(x) for x in zip(*(s.scores(shares) for s in seen), strict=True))
        tried.append((float(near.mean()), float(np.median(ranks)), shares))
    good = [t for t in tried if t[1] <= aim]
    return max(good)[2] if good else min(tried, key=lambda t: (t[1], -t[0]))[2]


class _Guess:
    """One case's guess, to be scored with many shares."""

    def __init__(self, guess: np.ndarray, case: Case, space: Space):
        about = case.shots - space.mean
        where, seen = np.flatnonzero(case.hidden), np.flatnonzero(~case.hidden)
        visible = about[seen] if len(seen) else np.zeros_like(about[:1])
        line = interpolate(visible, seen, where) if len(seen) else np.zeros_like(guess)
        parts = (guess, line, visible.mean(axis=0))
        self.guess, self.line, self.title = (torch.from_numpy(np.ascontiguousarray(x)) for x in parts)
        self.shots, self.where = unit(about), where
        kernel = baselines.predict_all(case.shots, case.hidden, space.mean, space.bandwidth)["distance_weighted"]
        self.rank_of_baseline = self._true_and_rank(unit(kernel - space.mean))[1]

    def scores(self, shares: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """(H,) centred cosines and ranks, the ranks as a share of the title's shots."""
        said = sharpen(self.guess, self.line, self.title, torch.tensor(shares))
        return self._true_and_rank(unit(said.numpy()))

    def _true_and_rank(self, said: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        similarity = said @ self.shots.T  # (H, N)
        true = np.take_along_axis(similarity, self.where[:, None], axis=1)
        return true[:, 0], rank_among(similarity, self.shots, self.where) / len(self.shots)
