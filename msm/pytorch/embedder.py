"""Contextual embeddings as a plain module of dense tensors, which `torch.export`, `torch.compile` and ONNX can follow.

`ShotEncoder` packs windows without padding, which depends on the data. Here every window of a batch has the same number of shots.

Shape letters: B windows, S shots, T = S + 2 tokens with [CLS] and [GLOBAL], D width of a shot, W width, H heads, F = W / H.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.errors import InputError
from msm.models.encoder import ShotEncoder
from msm.models.transformer import Block
from msm.pytorch.checks import check_encoder, check_windows


class ShotEmbedder(nn.Module):
    """Windows of shots → their contextual embeddings, the same as `msm.inference.predict.contextual_embeddings`.

    The encoder's weights are shared, not copied. InputError for a head whose embedding is not the encoder's output (`neighbour`).
    """

    sine: Tensor
    cosine: Tensor

    def __init__(self, encoder: ShotEncoder):
        super().__init__()
        check_encoder(encoder)
        if not encoder.head.encodes_context or encoder.head.fills_in_first:
            raise InputError(
                f"embeddings of the head {encoder.cfg.head!r} are no single pass of the encoder, so they cannot be exported; "
                "`msm embed` computes them"
            )
        self.encoder = encoder
        turn = encoder.turn if encoder.turn is not None else torch.ones(encoder.cfg.max_shots, 1, dtype=torch.complex64)
        self.register_buffer("cosine", turn.real.contiguous(), persistent=False)  # (max_shots, F / 2)
        self.register_buffer("sine", turn.imag.contiguous(), persistent=False)

    def forward(self, shots: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S, D) fused → (B, S, W) of the shots, and (B, W) of the window, [CLS]. S is at most max_shots of the encoder.

        InputError for other shapes and kinds, and on the CPU for values that are not finite, unless the module is compiled or exported.
        """
        encoder = self.encoder
        check_windows(encoder, shots)
        x = encoder.shot_in(shots * encoder.shot_dim**0.5)
        table = encoder.fixed_position if encoder.position is None else encoder.position
        if table is not None:
            x = x + table[: shots.shape[1]]
        front = torch.stack([encoder.cls_vector, encoder.global_vector]).expand(shots.shape[0], -1, -1)
        x = torch.cat([front, x], dim=1)
        bias = self._bias(shots.shape[1])
        for block in encoder.blocks:
            x = self._block(block, x, bias)
        x = encoder.out_norm(x)
        return x[:, 2:], x[:, 0]

    def _block(self, block: nn.Module, x: Tensor, bias: Tensor | None) -> Tensor:
        assert isinstance(block, Block)
        read = block.attention_norm(x)
        query, key, value = (_by_head(layer(read), block.heads) for layer in (block.query, block.key, block.value))
        if self.encoder.turn is not None:
            query, key = self._rotate(query), self._rotate(key)
        own = None if block.decay is None or bias is None else block.decay(bias)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=own)
        x = x + block.attention_out(mixed.transpose(1, 2).flatten(2))
        return x + block.feed_out(F.gelu(block.feed_in(block.feed_norm(x))))

    def _rotate(self, x: Tensor) -> Tensor:
        """(B, H, T, F): pairs of features turned by their place; [CLS] and [GLOBAL], the first two, are not turned."""
        front, rest = x[:, :, :2], x[:, :, 2:]
        pairs = rest.unflatten(-1, (-1, 2))
        cosine, sine = self.cosine[: rest.shape[2]], self.sine[: rest.shape[2]]
        first, second = pairs[..., 0], pairs[..., 1]
        turned = torch.stack([first * cosine - second * sine, first * sine + second * cosine], dim=-1).flatten(-2)
        return torch.cat([front, turned.type_as(x)], dim=2)

    def _bias(self, num_shots: int) -> Tensor | None:
        """(T, T): how many shots each place comes after another, 0 for [CLS] and [GLOBAL]; None without decay."""
        if self.encoder.cfg.positions != "decay":
            return None
        place = torch.arange(num_shots, device=self.cosine.device).float()
        return F.pad(place[None, :] - place[:, None], (2, 0, 2, 0))


def _by_head(x: Tensor, heads: int) -> Tensor:
    """(B, T, W) → (B, H, T, F)"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
