"""The attention of a hidden shot to the other shots, layer by layer.

Attention is no attribution: a visible shot with much attention may not change the prediction at all, and one with little may
decide it. `msm.interpret.influence` changes the input and measures the effect on the prediction.

Shape letters: L layers, V visible shots of a window, S shots of it, T tokens, N tokens of the stream, K kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from msm.data.catalog import Title
from msm.inference.run import Run
from msm.interpret.hidden_shot import HiddenShot
from msm.models.encoder import ShotEncoder
from msm.models.transformer import Block

HEAD = "head"


@dataclass(frozen=True)
class Attention:
    """The attention weights of a hidden shot in each layer, averaged over the layer's heads."""

    shot: int
    layers: tuple[str, ...]  # L names, in the order of computation: "layer 1", …, "decoder 1", …, "head"
    seen: np.ndarray  # (V,) int, the visible shots of the window
    weights: np.ndarray  # (V, L)
    to_hidden: np.ndarray  # (L,) to the hidden shots, itself among them
    to_title: np.ndarray  # (L,) to [CLS] and [GLOBAL]; with the two above, the weights of a layer sum to one

    def table(self, layer: str | None = None) -> pd.DataFrame:
        """A row a visible shot: shot, offset (from the hidden one), attention (of one layer, or the mean of all)."""
        share = self.weights.mean(axis=1) if layer is None else self.weights[:, self.layers.index(layer)]
        return pd.DataFrame({"shot": self.seen, "offset": self.seen - self.shot, "attention": share})

    def shares(self, layer: str | None = None) -> tuple[float, float, float]:
        """The attention to visible shots, to hidden shots and to the title, of one layer or the mean of all."""
        which = slice(None) if layer is None else self.layers.index(layer)
        parts = (self.weights.sum(axis=0), self.to_hidden, self.to_title)
        visible, hidden, title = (float(np.mean(part[which])) for part in parts)
        return visible, hidden, title


@torch.inference_mode()
def attention(run: Run, title: Title, hidden: Iterable[int], shot: int) -> Attention:
    """Record the attention of one hidden shot while a run predicts it.

    hidden  all hidden shots, `shot` among them, else an InputError

    Layers without a token for the hidden shot are left out (an encoder that hidden shots are dropped from), and so is an encoder
    that the head does not read. The head's own weights come last, as the mean of its kernels.
    """
    query = HiddenShot.of(run, title, hidden, shot)
    with recording(run.model, query) as recorded:
        query.restore(query.hidden[None])
    weights = np.stack([w.float().cpu().numpy() for w in recorded.values()], axis=1)  # (T, L)
    to_shots = weights[2:]
    return Attention(
        shot=shot,
        layers=tuple(recorded),
        seen=query.seen + query.start,
        weights=to_shots[query.seen],
        to_hidden=to_shots[query.hidden].sum(axis=0),
        to_title=weights[:2].sum(axis=0),
    )


@contextmanager
def recording(model: ShotEncoder, query: HiddenShot) -> Iterator[dict[str, Tensor]]:
    """Fill a dictionary, name of a layer → attention weights (T,), while the model predicts the hidden shot."""
    recorded: dict[str, Tensor] = {}
    hooks = []
    for name, block in _layers(model):
        hooks.append(block.register_forward_pre_hook(_block_hook(recorded, name, query)))
    own = model.head.attention_layer()
    if own is not None:
        hooks.append(own.register_forward_hook(_head_hook(recorded, query)))
    try:
        yield recorded
    finally:
        for hook in hooks:
            hook.remove()


def _layers(model: ShotEncoder) -> Iterator[tuple[str, Block]]:
    parts: list[tuple[str, Any]] = [
        ("layer", model.blocks if model.head.reads_encoder else []),
        (model.cfg.head, model.head.attention_blocks()),
    ]
    for part, blocks in parts:
        for number, block in enumerate(blocks, 1):
            yield f"{part} {number}", block


def _block_hook(recorded: dict[str, Tensor], name: str, query: HiddenShot) -> Callable[[nn.Module, Any], None]:
    def record(block: nn.Module, inputs: Any) -> None:
        x, packing, turn, *more = inputs
        row = (packing.place == 2 + query.place).nonzero()[:, 0]
        if not len(row):
            return
        assert isinstance(block, Block)
        weights = block.attention_weights(x, packing, turn, more[0] if more else None, row).mean(dim=0)[0]  # (N,)
        recorded[name] = weights.new_zeros(2 + len(query.hidden)).index_copy(0, packing.place, weights)

    return record


def _head_hook(recorded: dict[str, Tensor], query: HiddenShot) -> Callable[[nn.Module, Any, Tensor], None]:
    """The head computes its weights in several rounds; the last one is kept."""
    row = int(query.hidden[: query.place].sum())

    def record(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        weights = output[0, :, row].mean(dim=0)  # (1, K, H, S) → (S,)
        recorded[HEAD] = torch.cat([weights.new_zeros(2), weights])

    return record
