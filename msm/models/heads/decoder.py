"""From what the encoder makes of a window to the shots that were hidden.

The linear head is `ShotEncoder.shot_out` alone: what stands here comes before it.

Shape letters: B windows, S shots of a window, T = S + 2 tokens with [CLS] and [GLOBAL], N tokens of all windows packed,
W width inside the encoder, V width inside the decoder.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.models.packing import Packing, Part
from msm.models.transformer import Block, turns, turns_of
from msm.recipes.recipe import ModelConfig


class Transform(nn.Module):
    """BERT's dense layer, GELU and norm before the output (Devlin et al. 2018, as in their code). (…, W) → (…, W)."""

    def __init__(self, width: int):
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.out_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_norm(F.gelu(self.dense(x)))


class Decoder(nn.Module):
    """MAE's light decoder (He et al. 2022, section 3): a narrower, shallower transformer over every place of a window.

    A shot that the encoder has read comes as its encoding, one that was dropped as the decoder's own mask vector,
    each with its place.
    """

    turn: Tensor | None

    def __init__(self, cfg: ModelConfig):
        super().__init__()
        width = cfg.decoder_width
        self.mask_vector = nn.Parameter(torch.zeros(width))
        rotary = cfg.positions == "rotary"
        self.position = None if rotary else nn.Parameter(torch.zeros(cfg.max_shots, width))
        self.register_buffer("turn", turns(cfg.max_shots, width // cfg.heads) if rotary else None, persistent=False)
        self.token_in = nn.Linear(cfg.width, width)
        self.blocks = nn.ModuleList(Block(width, cfg.heads, cfg.dropout) for _ in range(cfg.decoder_depth))
        self.out_norm = nn.LayerNorm(width)

    def forward(
        self,
        front: Tensor,
        shots: Tensor,
        read: Tensor,
        valid: Tensor,
        order: Tensor | None = None,
        part: Part | None = None,
    ) -> Tensor:
        """What the decoder makes of each place.

        front   (B, 2, W)  the encodings of [CLS] and [GLOBAL]
        shots   (B, S, W)  those of the shots
        read    (B, S)     bool, True = the encoder has a token here
        valid   (B, S)     bool, True = a real shot
        order   (B, S)     which place's token stands at each place; None = its own
        part               of which batch these windows are a part
        returns (B, S, V)
        """
        num_shots = shots.shape[1]
        x = self.token_in(shots)
        x = torch.where(read.unsqueeze(-1), x, self.mask_vector.to(x.dtype))
        x = x if order is None else torch.take_along_dim(x, order.unsqueeze(-1), dim=1)
        x = x if self.position is None else x + self.position[:num_shots]
        packing = Packing(F.pad(valid, (2, 0), value=True), part)
        x = packing.pack(torch.cat([self.token_in(front), x], dim=1))  # (N, V)
        turn = turns_of(packing, self.turn)
        for block in self.blocks:
            x = block(x, packing, turn)
        return packing.pad(self.out_norm(x))[:, 2:]
