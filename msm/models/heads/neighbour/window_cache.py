"""A window cache: faster predictions for a window that is asked about repeatedly, with other shots hidden each time.

What the model computes of the shots themselves does not depend on which of them are hidden: their scalar products, their
principal components, their tokens. It is computed once and kept. The predictions are those of `ShotEncoder.restore`, up to
rounding.

Shape letters: B sets of hidden shots, S shots of the window, M modalities, H hidden shots of all sets, D width of a shot, G of a
metadata embedding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from msm.models.encoder import ShotEncoder, touched_shots
from msm.models.heads.neighbour.mixture import Filled, Projection
from msm.models.heads.neighbour.pair_features import HiddenIndex

if TYPE_CHECKING:
    from msm.models.heads.neighbour.head import NeighbourHead


class NeighbourWindowCache:
    """A window of a model with a neighbour head, ready to restore hidden shots.

    shots  (S, D) about the training mean
    times  (S, 2) seconds at which each shot starts and ends; None = not known
    """

    def __init__(self, head: NeighbourHead, encoder: ShotEncoder, shots: Tensor, times: Tensor | None = None):
        self.head, self.encoder = head, encoder
        self.windows = head.windows(shots, times)
        self._projected: Projection | None = None

    def restore(self, hidden: Tensor, global_: Tensor | None = None) -> Tensor:
        """(H, D) predictions of the hidden shots of all sets, in order.

        hidden   (B, S) bool, or (B, S, M), nothing or everything hidden of each shot
        global_  (B, G) or (1, G) the title's metadata; None = no information
        """
        hidden = touched_shots(hidden)
        at = HiddenIndex.of(hidden, torch.ones_like(hidden))
        filled = self.head.fill_in(self.windows, at)
        return self.encoder.predict(self.head(filled, self._encodings(filled, hidden, global_))[at.real])

    def _encodings(self, filled: Filled, hidden: Tensor, global_: Tensor | None) -> Tensor:
        """(B, S, W); zero where the head does not read them."""
        encoder = self.encoder
        if not self.head.needs_encoder():
            return self.windows.shots.new_zeros(*hidden.shape, encoder.cfg.width)
        if self._projected is None:
            self._projected = self.windows.project(encoder.token_weight)
        tokens = filled.tokens_of(self._projected, encoder.token_weight)
        return encoder.encode_tokens(encoder.mark_hidden(tokens, hidden), global_)
