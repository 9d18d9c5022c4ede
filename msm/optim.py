"""Which parameter goes to which optimiser, and the learning rate over the steps."""

from __future__ import annotations

import math

import torch
from torch import nn

from msm.recipe import OptimConfig


def make_optimizers(model: nn.Module, cfg: OptimConfig) -> list[torch.optim.Optimizer]:
    """`muon`: Muon for the blocks' matrices, AdamW for the rest; `adamw`: AdamW for everything.

    Biases, norms, positions and the learned vectors are not decayed.
    """
    hidden, decayed, free = [], [], []
    for name, parameter in model.named_parameters():
        if parameter.ndim != 2 or name == "position":
            free.append(parameter)
        elif name.startswith("blocks.") and cfg.name == "muon":
            hidden.append(parameter)
        else:
            decayed.append(parameter)
    groups = [{"params": decayed, "weight_decay": cfg.weight_decay}, {"params": free, "weight_decay": 0.0}]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=cfg.lr, betas=(0.9, 0.95))]
    if hidden:
        # match_rms_adamw: an update as large as AdamW's, so one learning rate serves both (arXiv 2502.16982)
        muon = torch.optim.Muon(hidden, lr=cfg.lr, weight_decay=cfg.weight_decay, adjust_lr_fn="match_rms_adamw")
        optimizers.append(muon)
    return optimizers


def learning_rate(step: int, steps: int, cfg: OptimConfig) -> float:
    """Linear warm-up, then a cosine down to `final_lr` of the peak. A function of the step alone."""
    warmup = max(1, round(cfg.warmup * steps))
    if step < warmup:
        return cfg.lr * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return cfg.lr * (cfg.final_lr + (1 - cfg.final_lr) * 0.5 * (1 + math.cos(math.pi * progress)))


def set_learning_rate(optimizers: list[torch.optim.Optimizer], lr: float) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = lr
