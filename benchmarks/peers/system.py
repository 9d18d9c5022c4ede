"""A system under comparison, and its training for a given processor time.

Shape letters: N shots of a title, H hidden shots, D width of a shot, C width of a contextual embedding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from msm import metrics
from msm.data.catalog import Catalog
from msm.data.space import Space
from msm.data.told import NOTHING
from msm.evaluation.protocol import RATIO, SEEDS, Predictor, hide_titles

CHECKS = 10  # validations of a training, evenly spaced in time
WARMUP = 0.1  # of the time, where a system has no schedule of its own


@dataclass(frozen=True)
class System:
    """A model with the code that trains it."""

    name: str
    model: nn.Module
    step: Callable[[float], int]  # share of the time that has passed → shots of the batch that it was trained on
    predict: Predictor
    embed: Callable[[np.ndarray], np.ndarray]  # (N, D) → (N, C)


def train_for(seconds: float, system: System, catalog: Catalog, space: Space) -> dict[str, Any]:
    """Train for so many CPU seconds and leave the weights of the best validation in the model.

    Validation is not counted. Returns what the training was like: steps, best_step, shots_per_cpu_s, cpu_s, curve (centred cosine on
    validation titles at each check).
    """
    began, apart, step, shots = time.process_time(), 0.0, 0, 0
    curve: list[float] = []
    best: tuple[float, int, dict[str, torch.Tensor]] = (-1.0, 0, {})
    spent = 0.0
    while spent < seconds or not curve:
        system.model.train()
        shots += system.step(min(spent / seconds, 1.0))
        step += 1
        spent = time.process_time() - began - apart
        if spent >= seconds * (len(curve) + 1) / CHECKS:
            before = time.process_time()
            curve.append(held_out(system.predict, catalog, space))
            if curve[-1] > best[0]:
                best = (curve[-1], step, {k: v.clone() for k, v in system.model.state_dict().items()})
            apart += time.process_time() - before
    system.model.load_state_dict(best[2])
    return {"steps": step, "best_step": best[1], "shots_per_cpu_s": shots / spent, "cpu_s": spent, "curve": curve}


def held_out(predict: Predictor, catalog: Catalog, space: Space) -> float:
    """Mean centred cosine on the validation titles, 20 % hidden, one draw."""
    scored = [
        metrics.centred_cosine(predict(case.shots, case.hidden, NOTHING), case.shots[case.hidden], space.mean)
        for case in hide_titles(catalog.split("validation"), space, RATIO, SEEDS[:1])
    ]
    return float(np.concatenate(scored).mean())


def training_titles(catalog: Catalog, space: Space) -> list[torch.Tensor]:
    """(N, D) float32 each, fused, of two shots or more."""
    titles = [torch.from_numpy(space.fuse(t.embeddings)).float() for t in catalog.split("train")]
    return [t for t in titles if len(t) >= 2]


def decay_groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Parameters of matrices with weight decay, all others without."""
    learned = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]


def cosine_with_warmup(done: float, lr: float, warmup: float = WARMUP) -> float:
    """The learning rate after a share of the training: linear warm-up, then half a cosine down to zero."""
    if done < warmup:
        return lr * (done + 1e-3) / (warmup + 1e-3)
    return lr * 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))


def bound(function: Callable[..., Any], model: nn.Module) -> Callable[..., Any]:
    """`function` with the model as its first argument, in evaluation mode and without gradients."""

    @torch.inference_mode()
    def call(*args: Any) -> Any:
        model.eval()
        return partial(function, model)(*args)

    return call
