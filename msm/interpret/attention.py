"""Where a model looks from a hidden shot: its attention, layer by layer. Attention says where, not why.

A visible shot with much of it may change nothing in the prediction, and one with little may decide it; which shots
mattered is asked by `msm.interpret.influence`, which changes the input and watches the answer.

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
    """What share of its look a hidden shot gives to each visible one, in each layer; the mean over the layer's heads."""

    shot: int
    layers: tuple[str, ...]  # L names, in the order in which they look: "layer 1", …, "decoder 1", …, "head"
    seen: np.ndarray  # (V,) int, the visible shots of the title that the layers could look at
    weights: np.ndarray  # (V, L)
    to_hidden: np.ndarray  # (L,) to the hidden shots, itself among them
    to_title: np.ndarray  # (L,) to [CLS] and [GLOBAL]; with the two above, each layer's shares sum to one

    def table(self, layer: str | None = None) -> pd.DataFrame:
        """A row a visible shot: shot, offset (from the hidden one), attention: of one layer, or the mean of all."""
        share = self.weights.mean(axis=1) if layer is None else self.weights[:, self.layers.index(layer)]
        return pd.DataFrame({"shot": self.seen, "offset": self.seen - self.shot, "attention": share})

    def shares(self, layer: str | None = None) -> tuple[float, float, float]:
        """Of one layer's look, or of the mean of all, what goes to visible shots, to hidden ones and to the title."""
        which = slice(None) if layer is None else self.layers.index(layer)
        parts = (self.weights.sum(axis=0), self.to_hidden, self.to_title)
        visible, hidden, title = (float(np.mean(part[which])) for part in parts)
        return visible, hidden, title


@torch.inference_mode()
def attention(run: Run, title: Title, hidden: Iterable[int], shot: int) -> Attention:
    """Where a run looks from one hidden shot while it restores it.

    hidden  all the shots that are hidden, `shot` among them, else an InputError

    A layer without a token for the hidden shot (an encoder that hidden shots are dropped from) is left out, and an
    encoder in which a `neighbour` head trusts not at all. That head's own weights come last, the mean of its kernels.
    """
    asked = HiddenShot.of(run, title, hidden, shot)
    with listening(run.model, asked) as heard:
        asked.restore(asked.hidden[None])
    looks = np.stack([look.float().cpu().numpy() for look in heard.values()], axis=1)  # (T, L)
    in_shots = looks[2:]
    return Attention(
        shot=shot,
        layers=tuple(heard),
        seen=asked.seen + asked.start,
        weights=in_shots[asked.seen],
        to_hidden=in_shots[asked.hidden].sum(axis=0),
        to_title=looks[:2].sum(axis=0),
    )


@contextmanager
def listening(model: ShotEncoder, asked: HiddenShot) -> Iterator[dict[str, Tensor]]:
    """Fills a dictionary, name of a layer → (T,) shares of its tokens, while the model restores the asked window."""
    heard: dict[str, Tensor] = {}
    hooks = []
    for name, block in _layers(model):
        hooks.append(block.register_forward_pre_hook(_hear_block(heard, name, asked)))
    own = model.head.attention_layer()
    if own is not None:
        hooks.append(own.register_forward_hook(_hear_head(heard, asked)))
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def _layers(model: ShotEncoder) -> Iterator[tuple[str, Block]]:
    parts: list[tuple[str, Any]] = [("layer", model.blocks if model.head.reads_encoder else [])]
    parts += [(model.cfg.head, model.head.attention_blocks())]
    for part, blocks in parts:
        for number, block in enumerate(blocks, 1):
            yield f"{part} {number}", block


def _hear_block(heard: dict[str, Tensor], name: str, asked: HiddenShot) -> Callable[[nn.Module, Any], None]:
    def hear(block: nn.Module, given: Any) -> None:
        x, packing, turn, *more = given
        row = (packing.place == 2 + asked.place).nonzero()[:, 0]
        if not len(row):
            return
        assert isinstance(block, Block)
        share = block.looks(x, packing, turn, more[0] if more else None, row).mean(dim=0)[0]  # (N,)
        heard[name] = share.new_zeros(2 + len(asked.hidden)).index_copy(0, packing.place, share)

    return hear


def _hear_head(heard: dict[str, Tensor], asked: HiddenShot) -> Callable[[nn.Module, Any, Tensor], None]:
    """The head looks several times, each time knowing more; the last time counts."""
    row = int(asked.hidden[: asked.place].sum())

    def hear(_module: nn.Module, _given: Any, weights: Tensor) -> None:
        share = weights[0, :, row].mean(dim=0)  # (1, K, H, S) → (S,)
        heard[HEAD] = torch.cat([share.new_zeros(2), share])

    return hear
