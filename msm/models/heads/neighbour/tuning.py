"""What a neighbour head that starts from kriging chooses on the validation titles: how far its predictions depart from it.

Shape letters: H hidden shots of all cases, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from msm.models.head import Case
from msm.models.heads.neighbour.pair_features import CELLS, cells_of

TRUSTS = (0.0, 0.5, 1.0)  # candidates for the share of the encoder's output that counts
SHARES = (1.0, 0.5, 0.0)  # candidates for the share of the way from kriging to what was learned


class Parts(NamedTuple):
    """The parts of predictions about the training mean, (H, D) each."""

    start: Tensor
    departed: Tensor
    correction: Tensor

    def prediction(self, trust: float, share: float) -> Tensor:
        """(H, D): the predictions with these settings."""
        return self.start + share * (self.departed + trust * self.correction - self.start)

    @classmethod
    def joined(cls, parts: Sequence[Parts]) -> Parts:
        """The parts of several passes, one after the other, on the CPU."""
        return cls(*(torch.cat(tables).float().cpu() for tables in zip(*parts, strict=True)))


def choose_departure(parts: Parts, cases: Sequence[Case], mean: np.ndarray) -> tuple[float, list[float]]:
    """Choose the share of the encoder's output that counts, and of the way from kriging in each cell, by the cosine on the cases.

    The first counts each protocol alike; a cell without shots gets the least share. Every candidate is a combination of the parts
    of one pass over the cases.

    mean  (D,) of the training shots
    """
    truth = torch.from_numpy(np.concatenate([c.shots[c.hidden] for c in cases]) - mean)
    protocols = np.concatenate([np.full(c.hidden.sum(), c.protocol) for c in cases])

    def cosines(trust: float, share: float) -> np.ndarray:
        return F.cosine_similarity(parts.prediction(trust, share), truth, dim=-1).numpy()

    def level(found: np.ndarray) -> float:
        return float(np.mean([found[protocols == p].mean() for p in np.unique(protocols)]))

    trust = max(TRUSTS, key=lambda t: level(cosines(t, 1.0)))
    tried = np.stack([cosines(trust, share) for share in SHARES])  # (shares, H)
    cells = np.concatenate([cells_of(c.hidden) for c in cases])
    best = [int(tried[:, cells == i].mean(axis=1).argmax()) if (cells == i).any() else -1 for i in range(CELLS)]
    return trust, [SHARES[i] for i in best]
