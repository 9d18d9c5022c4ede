"""Optimisers and their parameter groups, the learning rate schedule, and the average of the weights."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import nn

from msm.models.transformer import TABLES
from msm.recipes.recipe import OptimConfig
from msm.training.fsdp import load_whole
from msm.training.muon import Muon


def make_optimizers(
    model: nn.Module, cfg: OptimConfig, *others: nn.Module, precision: str = "auto"
) -> list[torch.optim.Optimizer]:
    """Build the optimisers: `muon` is Muon for the blocks' matrices and AdamW for the rest, `adamw` is AdamW for all.

    Biases, norms, positions and the learned vectors are not decayed.

    others     further modules to train, such as the terms of an objective
    precision  of the recipe; Muon's products have the dtype of `muon_dtype`
    """
    hidden: list[nn.Parameter] = []
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {(b, f): [] for b in (False, True) for f in (False, True)}
    named = (pair for module in (model, *others) for pair in module.named_parameters())
    for name, parameter in named:
        if not parameter.requires_grad:
            continue
        free, in_block = parameter.ndim != 2 or name.endswith(TABLES), "blocks." in name
        if in_block and not free and cfg.name == "muon":
            hidden.append(parameter)
        else:  # a block may be sharded (msm.training.fsdp), and one group is one kernel
            groups[in_block, free].append(parameter)
    chosen = [
        {"params": some, "weight_decay": 0.0 if free else cfg.weight_decay}
        for (_, free), some in groups.items()
        if some
    ]
    fused = all(p.device.type in ("cpu", "cuda") for some in groups.values() for p in some)
    adamw = torch.optim.AdamW(chosen, lr=cfg.lr, betas=(0.9, 0.95), fused=fused or None)
    optimizers: list[torch.optim.Optimizer] = [adamw]
    if hidden:
        dtype = muon_dtype(precision, hidden[0].device)
        optimizers.append(Muon(hidden, lr=cfg.lr, weight_decay=cfg.weight_decay, dtype=dtype))
    return optimizers


def muon_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The number format of Muon's products: bfloat16, as published, where the machine computes in it.

    `float32` is exact, so that several processes reproduce one process to 1e-5. A CPU without bfloat16 emulates it, which takes
    fifteen times as long as float32, so `auto` is float32 there.
    """
    if precision == "float32" or (precision == "auto" and device.type == "cpu" and not cpu_has_bfloat16()):
        return torch.float32
    return torch.bfloat16


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 matrices itself: AVX-512 BF16 or AMX on x86, BF16 on Arm."""
    found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(found.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def learning_rate(step: int, steps: int, cfg: OptimConfig) -> float:
    """Linear warm-up, then a cosine decay to `final_lr` of the peak. Depends on the step only."""
    warmup = max(1, round(cfg.warmup * steps))
    if step < warmup:
        return cfg.lr * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return cfg.lr * (cfg.final_lr + (1 - cfg.final_lr) * 0.5 * (1 + math.cos(math.pi * progress)))


def set_learning_rate(optimizers: list[torch.optim.Optimizer], lr: float) -> None:
    """Set the learning rate of every parameter group."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = lr


class WeightAverage:
    """An exponential moving average of a model's weights (Polyak averaging), for validation and for the saved run.

    The decay is min(decay, (1 + n) / (10 + n)) after n steps, so that the initial weights are forgotten quickly.
    """

    def __init__(self, model: nn.Module, decay: float):
        self.model: Any = copy.deepcopy(model).requires_grad_(False)
        self.decay, self.num_steps = decay, 0

    @torch.no_grad()
    def follow(self, model: nn.Module) -> None:
        """Update the average with the weights after a step."""
        decay = min(self.decay, (1 + self.num_steps) / (10 + self.num_steps))
        for own, new in zip(
            self.model.parameters(), model.parameters(), strict=True
        ):  # not all at once: some may be sharded
            own.lerp_(new, 1 - decay)
        self.num_steps += 1

    def state_dict(self) -> dict[str, Any]:
        """The state to resume from."""
        return {"num_steps": self.num_steps, "model": self.model.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from `state_dict`."""
        self.num_steps = state["num_steps"]
        load_whole(self.model, state["model"])
