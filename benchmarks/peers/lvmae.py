"""LV-MAE's own code, a clone of amazon-science/lv-mae on PYTHONPATH: its model, masking, loss and schedule.

Depths are smaller than the paper's, since the budget is minutes of a processor core. Shape letters: N shots of a window, H hidden shots,
D width of a shot and of the model.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import math
import sys
import types
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.peers.system import System, bound, decay_groups, training_titles
from msm.data.catalog import Catalog
from msm.data.space import Space
from msm.data.told import Told
from msm.data.windows import split_windows

NAME = "LV-MAE's code"
MASK_RATIO = 0.5
PLACES = 256  # LV-MAE's num_patches
EPOCHS, WARMUP = 151, 40  # of its recommended command; the schedule's shape, whatever the number of steps
BATCH = 2  # 16 on each of 8 GPUs in its command: there would be a handful of steps in minutes of a processor
GLOBAL_BATCH, BASE_LR, DECAY = 128, 1e-3, 0.05  # of its command; the learning rate is left as it is for that batch


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--depth", type=int, default=4, help="of LV-MAE's encoder; 32 in the paper")
    parser.add_argument("--decoder-depth", type=int, default=1, help="of LV-MAE's decoder; 8 in the paper, a quarter")
    parser.add_argument("--semantic", action="store_true", help="LV-MAE's masking by importance instead of at random")


def make(catalog: Catalog, space: Space, seed: int, chosen: argparse.Namespace) -> System:
    """Their model and a step of their training on the catalog's training titles."""
    torch.manual_seed(seed)
    peer, rng, titles = _load(), np.random.default_rng(seed), training_titles(catalog, space)
    model = make_model(peer, catalog.shot_dim, chosen.depth, chosen.decoder_depth)
    lr = BASE_LR * GLOBAL_BATCH / 256
    optimizer = torch.optim.AdamW(decay_groups(model, DECAY), lr=lr, betas=(0.9, 0.95))
    schedule = types.SimpleNamespace(lr=lr, min_lr=0.0, warmup_epochs=WARMUP, epochs=EPOCHS)

    def step(done: float) -> int:
        peer.schedule.adjust_learning_rate(optimizer, done * EPOCHS, schedule)
        windows = [sample(titles, rng) for _ in range(BATCH)]
        loss = loss_of(peer, model, windows, semantic=chosen.semantic)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return sum(len(w) for w in windows)

    return System(NAME, model, step, bound(predict, model), bound(embed, model))


@dataclass(frozen=True)
class Peer:
    """Their modules."""

    models: Any  # models_mae.py
    masking: Any  # an instance of their dataset, for its way of masking
    schedule: Any  # util/lr_sched.py


def _load() -> Peer:
    """Import their modules. Two layers that they take from timm are stood in for, if timm is not installed."""
    if importlib.util.find_spec("timm") is None and "timm" not in sys.modules:
        layers = types.ModuleType("timm.models.layers")
        layers.Mlp, layers.DropPath = Mlp, nn.Identity  # type: ignore[attr-defined]
        sys.modules |= {"timm": types.ModuleType("timm"), "timm.models": types.ModuleType("timm.models")}
        sys.modules["timm.models.layers"] = layers
    dataset = importlib.import_module("data.CombinedData").CombinedData
    masking = dataset.__new__(dataset)
    masking.mask_ratio = MASK_RATIO
    return Peer(importlib.import_module("models_mae"), masking, importlib.import_module("util.lr_sched"))


class Mlp(nn.Module):
    """timm's, as far as LV-MAE uses it: two linear layers with an activation between them."""

    def __init__(self, in_features: int, hidden_features: int, act_layer: type[nn.Module], drop: float):
        super().__init__()
        self.fc1, self.act = nn.Linear(in_features, hidden_features), act_layer()
        self.fc2, self.drop = nn.Linear(hidden_features, in_features), nn.Dropout(drop)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


def make_model(peer: Peer, dim: int, depth: int, decoder_depth: int) -> Any:
    """Their model for shots of this width, which is also the model's; heads as many as divide it, up to 16."""
    heads = math.gcd(dim, 16)
    args = types.SimpleNamespace(num_patches=PLACES, cos_loss=True)
    return peer.models.MaskedAutoencoderViT(
        args=args, embed_dim=dim, depth=depth, num_heads=heads, decoder_embed_dim=512, decoder_depth=decoder_depth,
        decoder_num_heads=16, mlp_ratio=4, norm_layer=partial(nn.LayerNorm, eps=1e-6),
    )  # fmt: skip


def sample(titles: list[torch.Tensor], rng: np.random.Generator) -> torch.Tensor:
    """A stretch of a title as their dataset takes it: between 2 and PLACES segments, anywhere."""
    title = titles[int(rng.integers(len(titles)))]
    length = min(len(title), int(rng.integers(2, PLACES + 1)))
    start = int(rng.integers(len(title) - length + 1))
    return title[start : start + length]


def loss_of(peer: Peer, model: Any, windows: list[torch.Tensor], *, semantic: bool) -> torch.Tensor:
    """Their loss on a batch, masked and padded by their rules."""
    most = max(len(w) for w in windows)
    rows = []
    for window in windows:
        mask = peer.masking.importance_masking if semantic else peer.masking.random_masking
        kept, hidden, restore, shuffle = mask(window)
        pad = most - len(window)
        shown = nn.functional.pad(kept, (0, 0, 0, most - len(kept)))
        padding = torch.arange(most + 1) > len(kept)
        ids = [nn.functional.pad(ids, (0, pad)) for ids in (restore, shuffle)]
        rows.append((shown, padding, *ids, len(kept), nn.functional.pad(window, (0, 0, 0, pad)),
                     nn.functional.pad(hidden, (0, pad)), len(window)))  # fmt: skip
    columns: list[Any] = list(zip(*rows, strict=True))
    shown, padding, restore, shuffle, whole, hidden = (torch.stack(columns[i]) for i in (0, 1, 2, 3, 5, 6))
    loss, _, _ = model(shown, restore, shuffle, torch.tensor(columns[4]), whole, list(columns[7]), hidden, padding)
    return loss


def forward_args(shots: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Their model's inputs for one window: (N, D), (N,) bool → visible shots first, padded to N."""
    order = torch.cat([(~hidden).nonzero()[:, 0], hidden.nonzero()[:, 0]])
    kept = int((~hidden).sum())
    shown = torch.zeros_like(shots)
    shown[:kept] = shots[order[:kept]]
    padding = torch.arange(len(shots) + 1) > kept
    return shown[None], order.argsort()[None], order[None], torch.tensor([kept]), padding[None]


def predict(model: Any, shots: np.ndarray, hidden: np.ndarray, told: Told) -> np.ndarray:
    """(N, D), (N,) → (H, D): their decoder's output at the hidden places, window by window."""
    found = []
    for start, stop in split_windows(len(shots), PLACES):
        inside = torch.from_numpy(hidden[start:stop])
        if not inside.any():
            continue
        window = torch.from_numpy(shots[start:stop]).float()
        if inside.all():  # nothing is visible: their encoder would have nothing to read
            found.append(np.tile(shots[~hidden].mean(axis=0), (int(inside.sum()), 1)))
            continue
        shown, restore, order, kept, padding = forward_args(window, inside)
        latent = model.forward_encoder(shown, padding, ids_shuffle=order, length=[len(window)])
        predicted = model.forward_decoder(latent, restore, kept, [len(window)], None)
        found.append(predicted[0, inside].numpy())
    return np.concatenate(found)


def embed(model: Any, shots: np.ndarray) -> np.ndarray:
    """(N, D) → (N, D): their encoder's output with nothing hidden, which their own probes read."""
    found = []
    for start, stop in split_windows(len(shots), PLACES):
        window = torch.from_numpy(shots[start:stop]).float()
        shown, _, order, _, padding = forward_args(window, torch.zeros(len(window), dtype=torch.bool))
        latent = model.forward_encoder(shown, padding, ids_shuffle=order, length=[len(window)])
        found.append(latent[0, 1:].numpy())
    return np.concatenate(found)
