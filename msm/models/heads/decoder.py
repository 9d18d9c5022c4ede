"""The decoder head: MAE's light decoder, a second transformer between the encoder and the output layer.

Shape letters: B windows, S shots of a window, T = S + 2 tokens with [CLS] and [GLOBAL], N tokens of all windows packed,
W width inside the encoder, V width inside the decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.models.encoder import whole_shots
from msm.models.head import Encoded, Head
from msm.models.packing import Packing, Part
from msm.models.transformer import Block, Rotating, position_table, turns, turns_of
from msm.recipes.model import ModelConfig


class DecoderHead(Rotating, Head):
    """MAE's light decoder (He et al. 2022, section 3): a narrower, shallower transformer over every place of a window.

    A shot that the encoder has read enters as its encoding, one that was dropped as the decoder's own mask vector,
    each with its position.
    """

    positionwise = False
    fixed_position: Tensor | None

    def __init__(self, cfg: ModelConfig, shot_dim: int, modality_dims: Sequence[int] | None = None):
        super().__init__(cfg, shot_dim, modality_dims)
        width = self.feature_width = cfg.decoder_width
        self.tokens_dropped = cfg.tokens == "dropped"
        self.mask_vector = nn.Parameter(torch.zeros(width))
        rotary = cfg.positions == "rotary"
        self.position, fixed = position_table(cfg, width)
        self.register_buffer("fixed_position", fixed, persistent=False)
        self.register_buffer("turn", turns(cfg.max_shots, width // cfg.heads) if rotary else None, persistent=False)
        self.token_in = nn.Linear(cfg.width, width)
        self.blocks = nn.ModuleList(Block(width, cfg.heads, cfg.dropout) for _ in range(cfg.decoder_depth))
        self.out_norm = nn.LayerNorm(width)

    def features(
        self,
        encoded: Encoded,
        hidden: Tensor,
        valid: Tensor,
        order: Tensor | None = None,
        part: Part | None = None,
    ) -> Tensor:
        encodes = valid & ~whole_shots(hidden) if self.tokens_dropped else valid
        front = torch.stack([encoded.cls, encoded.from_global], dim=1)
        return self(front, encoded.shots, encodes, valid, order, part)

    def forward(
        self,
        front: Tensor,
        shots: Tensor,
        encodes: Tensor,
        valid: Tensor,
        order: Tensor | None = None,
        part: Part | None = None,
    ) -> Tensor:
        """Run the decoder over every place of the windows.

        front    (B, 2, W)  the encodings of [CLS] and [GLOBAL]
        shots    (B, S, W)  the encodings of the shots
        encodes  (B, S)     bool, True = the encoder has a token here
        valid    (B, S)     bool, True = a real shot
        order    (B, S)     which place's token stands at each place; None = its own
        part               of which batch these windows are a part
        returns  (B, S, V)
        """
        num_shots = shots.shape[1]
        x = self.token_in(shots)
        x = torch.where(encodes.unsqueeze(-1), x, self.mask_vector.to(x.dtype))
        x = x if order is None else torch.take_along_dim(x, order.unsqueeze(-1), dim=1)
        table = self.fixed_position if self.position is None else self.position
        x = x if table is None else x + table[:num_shots]
        packing = Packing(F.pad(valid, (2, 0), value=True), part)
        x = packing.pack(torch.cat([self.token_in(front), x], dim=1))  # (N, V)
        turn = turns_of(packing, self.turn)
        for block in self.blocks:
            x = block(x, packing, turn)
        return packing.pad(self.out_norm(x))[:, 2:]

    def attention_blocks(self) -> Sequence[Block]:
        return cast(Sequence[Block], self.blocks)


HEAD = DecoderHead
