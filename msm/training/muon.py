"""torch's Muon, batched over matrices of the same shape and for sharded parameters.

The update of a matrix is its momentum, orthogonalised by five Newton–Schulz steps (Jordan et al., 2024): products of small
matrices, of which an encoder has six a block. On a GPU, which is limited by the number of kernels, matrices of one shape are
batched; a CPU gains nothing by that (docs/train.md). The products are in bfloat16, as published, where the order of a sum can
change the result: in float32 two processes reproduce one process to 1e-5, at four times the cost. On a CPU that has no bfloat16
it is the other way round (`msm.training.optimizers.muon_dtype`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from msm.training.fsdp import is_sharded, shard_like, whole


class Muon(torch.optim.Muon):
    """torch's Muon with `adjust_lr_fn="match_rms_adamw"`: an update as large as AdamW's (arXiv 2502.16982).

    dtype  of the Newton–Schulz steps
    """

    def __init__(self, params: Any, *, lr: float, weight_decay: float, dtype: torch.dtype = torch.bfloat16):
        super().__init__(params, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every matrix that has a gradient."""
        parameters = [p for group in self.param_groups for p in group["params"]]
        if self.dtype != torch.bfloat16 or any(is_sharded(p) or p.is_cuda for p in parameters):
            self.step_batched()
        else:
            super().step()

    @torch.no_grad()
    def step_batched(self) -> None:
        """The same step, batched over matrices of one shape; sharded matrices are gathered one at a time."""
        for group in self.param_groups:
            for some in _group_by_shape([p for p in group["params"] if p.grad is not None]):
                directions = orthogonalise(
                    torch.stack([whole(self._direction(p, group["momentum"])) for p in some]).to(self.dtype),
                    group["ns_coefficients"],
                    group["ns_steps"],
                    group["eps"],
                )
                lr = group["lr"] * 0.2 * math.sqrt(max(some[0].shape))
                for p, direction in zip(some, directions, strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(shard_like(direction, p), alpha=-lr)

    def _direction(self, p: Tensor, momentum: float) -> Tensor:
        """The gradient with Nesterov momentum."""
        state, gradient = self.state[p], p.grad
        assert gradient is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["momentum_buffer"], momentum)


def orthogonalise(matrices: Tensor, coefficients: Sequence[float], steps: int, eps: float) -> Tensor:
    """(N, R, C) → (N, R, C) in the same dtype: singular values near 1, the same singular vectors."""
    a, b, c = coefficients
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / torch.stack([m.norm() for m in x]).clamp(min=eps)[:, None, None]
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def _group_by_shape(parameters: Sequence[Tensor]) -> list[list[Tensor]]:
    """Groups of the same shape; sharded parameters form groups of one, since gathering all of them would exceed the memory."""
    by_shape: dict[Any, list[Tensor]] = {}
    for i, parameter in enumerate(parameters):
        by_shape.setdefault(i if is_sharded(parameter) else parameter.shape, []).append(parameter)
    return list(by_shape.values())
