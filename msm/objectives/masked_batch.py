"""One training batch after masking: the true shots, what the encoder is given, and which shots to predict.

Shape letters: B windows, S shots of a window, M modalities, D width of a shot, G of a metadata embedding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from msm.models.encoder import touched_shots, whole_shots
from msm.models.packing import Part


@dataclass(frozen=True)
class MaskedBatch:
    """The input of one training step. True means hidden in `hidden`, shown as [MASK] in `masked`, real in `valid`."""

    truth: Tensor  # (B, S, D) fused
    shown: Tensor  # (B, S, D) what the encoder is given: the truth, with noise or with other shots in some places
    hidden: Tensor  # (B, S) or (B, S, M) bool, True = to be predicted
    masked: Tensor  # the same shape, True = shown as [MASK]; all that is hidden, except for BERT's 20 %
    valid: Tensor  # (B, S) bool, True = a real shot
    global_: Tensor | None  # (B, G)
    rng: torch.Generator  # on the CPU, for the random choices of the terms
    part: Part | None = None  # of which batch these windows are a part; None = they are the whole batch
    times: Tensor | None = None  # (B, S, 2) seconds at which each shot starts and ends

    @property
    def where(self) -> Tensor:
        """(B, S) bool: the shots to predict, whole or in part."""
        return touched_shots(self.hidden)

    def part_of(self, rows: slice) -> MaskedBatch:
        """Some of the windows, as a part of this batch."""
        if rows == slice(0, len(self.valid)):
            return self
        most_visible = int((self.valid & ~whole_shots(self.masked)).sum(dim=1).max())
        return MaskedBatch(
            truth=self.truth[rows],
            shown=self.shown[rows],
            hidden=self.hidden[rows],
            masked=self.masked[rows],
            valid=self.valid[rows],
            global_=None if self.global_ is None else self.global_[rows],
            rng=self.rng,
            part=Part(rows, len(self.valid), most_visible),
            times=None if self.times is None else self.times[rows],
        )
