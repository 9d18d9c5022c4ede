"""Muon as torch has it, for many matrices at once and for sharded ones.

The update of a matrix is its momentum made orthogonal by five Newton–Schulz steps (Jordan et al., 2024): products of
small matrices, of which an encoder has six a block. On a GPU, which is done with one of them before the next is begun,
those of one shape go through together; a CPU gains nothing by that (docs/train.md). They are in bfloat16, as published, where
the last digit of a sum can tip a rounding: in float32 two processes end where one does, at four times the cost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from msm.training.fsdp import is_sharded, parted, whole


class Muon(torch.optim.Muon):
    """torch's Muon with `adjust_lr_fn="match_rms_adamw"`: an update as large as AdamW's (arXiv 2502.16982).

    dtype  of the Newton–Schulz steps
    """

    def __init__(self, params: Any, *, lr: float, weight_decay: float, dtype: torch.dtype = torch.bfloat16):
        super().__init__(params, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Every matrix that has a gradient moves against it, made orthogonal."""
        parameters = [p for group in self.param_groups for p in group["params"]]
        if self.dtype != torch.bfloat16 or any(is_sharded(p) or p.is_cuda for p in parameters):
            self.step_together()
        else:
            super().step()

    @torch.no_grad()
    def step_together(self) -> None:
        """The same step, for matrices of one shape at once, or for sharded ones, each put together where its turn comes."""
        for group in self.param_groups:
            for some in _of_one_shape([p for p in group["params"] if p.grad is not None]):
                directions = orthogonal(
                    torch.stack([whole(self._direction(p, group["momentum"])) for p in some]).to(self.dtype),
                    group["ns_coefficients"],
                    group["ns_steps"],
                    group["eps"],
                )
                lr = group["lr"] * 0.2 * math.sqrt(max(some[0].shape))
                for p, direction in zip(some, directions, strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(parted(direction, p), alpha=-lr)

    def _direction(self, p: Tensor, momentum: float) -> Tensor:
        """The gradient, smoothed and looked ahead (Nesterov)."""
        state, gradient = self.state[p], p.grad
        assert gradient is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["momentum_buffer"], momentum)


def orthogonal(matrices: Tensor, coefficients: Sequence[float], steps: int, eps: float) -> Tensor:
    """(N, R, C) → (N, R, C), in their own dtype: each with singular values near 1, its singular vectors kept."""
    a, b, c = coefficients
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / torch.stack([m.norm() for m in x]).clamp(min=eps)[:, None, None]
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def _of_one_shape(parameters: Sequence[Tensor]) -> list[list[Tensor]]:
    """Those that go through together; sharded ones one at a time, since nobody has room for all of them whole."""
    by_shape: dict[Any, list[Tensor]] = {}
    for i, parameter in enumerate(parameters):
        by_shape.setdefault(i if is_sharded(parameter) else parameter.shape, []).append(parameter)
    return list(by_shape.values())
