"""BaSSL's own code, the folder `bassl` of a clone of kakaobrain/bassl on PYTHONPATH: its encoder and its masked shot model's loss.

Its other three pretext tasks are left out: the comparison is of masked shot models on the same frozen shots. Shape letters: N shots of a
title, H hidden shots, W shots of a window, D width of a shot, C width of its encoder.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import types
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.peers.system import System, bound, cosine_with_warmup, decay_groups, training_titles
from msm.data.catalog import Catalog
from msm.data.space import Space
from msm.data.told import Told

NAME = "BaSSL's masked shot model"
NEIGHBOURS = 8  # on each side
WINDOW = 2 * NEIGHBOURS + 1
MASKED = 0.15
BATCH = 32  # 256 in its configuration: there would be a handful of steps in minutes of a processor
DECAY = 1e-6  # of its configuration
LR = 5e-4  # of AdamW: its LARS, for a ResNet trained at the same time, is of a library that no longer installs
EVALUATED = 512  # windows of a batch without gradients


def make(catalog: Catalog, space: Space, seed: int, chosen: argparse.Namespace) -> System:
    """Their encoder with their masked shot model's head, and a step of training."""
    torch.manual_seed(seed)
    rng, titles = np.random.default_rng(seed), training_titles(catalog, space)
    encoder_class, task = _load()
    config = make_config(catalog.shot_dim)
    model = nn.ModuleDict({"crn": encoder_class.TransformerCRN(config), "head": encoder_class.BertMLMHead(config)})
    optimizer = torch.optim.AdamW(decay_groups(model, DECAY), lr=LR)
    wrapper = task.PretextTaskWrapper
    its = types.SimpleNamespace(
        head_msm=model["head"],
        _compute_masked_hidden=partial(wrapper._compute_masked_hidden, None),  # noqa: SLF001
    )
    loss_of = partial(wrapper._compute_msm_loss, its)  # noqa: SLF001

    def step(done: float) -> int:
        for group in optimizer.param_groups:
            group["lr"] = cosine_with_warmup(done, LR)
        windows = torch.stack([_sample(titles, rng) for _ in range(BATCH)])
        masked = torch.from_numpy(rng.random(windows.shape[:2]) < MASKED)
        masked[~masked.any(dim=1), NEIGHBOURS] = True
        loss = loss_of(model["crn"], windows, masked.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return BATCH * WINDOW

    return System(NAME, model, step, bound(predict, model), bound(embed, model))


def _load() -> tuple[Any, Any]:
    """Import their modules. What only their other tasks use (tslearn, einops, classy_vision) is stood in for where it isn't installed."""
    for name, attribute in (("tslearn", "metrics"), ("einops", "rearrange"), ("misc.dist_utils", "gather_from_all")):
        if name not in sys.modules and not _found(name):
            sys.modules[name] = types.ModuleType(name)
            setattr(sys.modules[name], attribute, None)
    return importlib.import_module("model.crn.trn"), importlib.import_module("pretrain.loss.pretext_task")


def _found(name: str) -> bool:
    needed = "classy_vision" if name == "misc.dist_utils" else name
    return importlib.util.find_spec(needed) is not None


def make_config(dim: int) -> Any:
    """Their configuration of the encoder, for shots of this width; what newer transformers ask for comes from BertConfig."""
    from transformers import BertConfig

    config = BertConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=8, num_hidden_layers=2,
                        hidden_act="gelu", vocab_size=dim, attn_implementation="sdpa")  # fmt: skip
    config.input_dim, config.neighbor_size, config.pooling_method = dim, 2 * NEIGHBOURS, "center"
    return config


def _sample(titles: list[torch.Tensor], rng: np.random.Generator) -> torch.Tensor:
    """(W, D): the window of any shot of any title."""
    title = titles[int(rng.integers(len(titles)))]
    return title[window_of(rng.integers(len(title), size=1), len(title))[0]]


def window_of(centre: np.ndarray, num_shots: int) -> np.ndarray:
    """(H,) → (H, W): numbers of the shots of a window, moved inside the title at its ends as their sampler does.

    The last shot of a title of fewer than W shots is repeated.
    """
    first = np.clip(centre - NEIGHBOURS, 0, max(0, num_shots - WINDOW))
    return np.minimum(first[:, None] + np.arange(WINDOW), num_shots - 1)


def predict(model: Any, shots: np.ndarray, hidden: np.ndarray, told: Told) -> np.ndarray:
    """(N, D), (N,) → (H, D): each hidden shot from the window around it, in which all hidden shots are masked."""
    where = np.flatnonzero(hidden)
    rows, masked = window_of(where, len(shots)), torch.from_numpy(hidden).float()
    return _in_windows(model, shots, rows, where, masked[rows])


def embed(model: Any, shots: np.ndarray) -> np.ndarray:
    """(N, D) → (N, C): their encoder's output at each shot in its window, nothing masked."""
    where = np.arange(len(shots))
    return _in_windows(model, shots, window_of(where, len(shots)), where, None)


def _in_windows(
    model: Any, shots: np.ndarray, rows: np.ndarray, where: np.ndarray, masked: torch.Tensor | None
) -> np.ndarray:
    """The output for the shots `where` (H,), each in its window `rows` (H, W): of the head if some are masked, else of the encoder."""
    found, title = [], torch.from_numpy(shots).float()
    for batch in np.array_split(np.arange(len(where)), -(-len(where) // EVALUATED)):
        part = None if masked is None else masked[batch]
        windows = title[rows[batch]]
        if part is not None:
            windows = (
                windows * (1 - part)[..., None]
            )  # [CLS] is the mean of the masked window in their encoder; here too
        encoded = model["crn"](windows, part)[0][np.arange(len(batch)), 1 + where[batch] - rows[batch, 0]]
        found.append((encoded if part is None else model["head"](encoded)).numpy())
    return np.concatenate(found)
