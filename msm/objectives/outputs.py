"""The model's outputs for a masked batch, computed when a term first reads them.

Shape letters: B windows, S shots of a window, H hidden shots, D width of a shot, V width of the features.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from msm.models.encoder import Encoded, ShotEncoder
from msm.objectives.masked_batch import MaskedBatch


class Outputs:
    """Lazy outputs of one forward pass, shared by all terms of an objective.

    shuffled     the decoder gets its tokens, visible and [MASK], in random order (VideoPrism, appendix C.2)
    hidden_only  no term reads `encoded` or `features`, so those of the other shots need not be computed
    """

    def __init__(self, model: ShotEncoder, batch: MaskedBatch, *, shuffled: bool = False, hidden_only: bool = False):
        self.model, self.batch, self.shuffled = model, batch, shuffled
        self.hidden_only = hidden_only

    @cached_property
    def encoded(self) -> Encoded:
        """The encoder's outputs."""
        batch = self.batch
        return self.model.encode(batch.shown, batch.masked, batch.valid, batch.global_, batch.part, batch.times)

    @cached_property
    def target(self) -> Tensor:
        """(B, S, D): the true shots in the space in which the model predicts, raw or minus the training mean."""
        return self.as_target(self.batch.truth)

    def as_target(self, shots: Tensor) -> Tensor:
        """(…, D): true shots in the space in which the model predicts."""
        return self.model.about_mean(shots) if self.model.cfg.centred else shots

    @cached_property
    def features(self) -> Tensor:
        """(B, S, V): the input of the last layer."""
        return self.model.decode(self.encoded, self.batch.masked, self.batch.valid, self._order, self.batch.part)

    @cached_property
    def _order(self) -> Tensor | None:
        return shuffled_places(self.batch) if self.shuffled else None

    @cached_property
    def hidden_features(self) -> Tensor:
        """(H, V): the input of the last layer at the hidden shots."""
        batch = self.batch
        if not self.hidden_only:
            return self.features[batch.where]
        if self.model.head.positionwise:
            return self.model.encode_only(
                batch.where, batch.shown, batch.masked, batch.valid, batch.global_, batch.part
            )
        encoded = self.model.encode_if_read(
            batch.shown, batch.masked, batch.valid, batch.global_, batch.part, batch.times
        )
        return self.model.head.features_of(batch.where, encoded, batch.masked, batch.valid, self._order, batch.part)


def shuffled_places(batch: MaskedBatch) -> Tensor:
    """(B, S) int: a random order of each window's places, hidden ones included; padding stays at the end, in order."""
    places = torch.arange(batch.valid.shape[1], device=batch.valid.device)
    draw = torch.rand(batch.valid.shape, generator=batch.rng).to(places.device)
    return draw.where(batch.valid, 2.0 + places).argsort(dim=1)
