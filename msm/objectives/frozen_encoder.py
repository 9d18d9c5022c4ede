"""A copy of the encoder that is not trained by gradients and whose latents are predicted.

The copy sees every shot. Where its latents no longer differ between shots, there is nothing left to learn: the targets
have collapsed, which ends the run with an InputError.

Shape letters: B windows, S shots of a window, H shots, W width inside the encoder.
"""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from msm.errors import InputError
from msm.models.encoder import ShotEncoder
from msm.objectives.term import Term

COLLAPSED = 1e-3  # deviation between shots of latents whose own deviation is 1


class FrozenEncoder(Term):
    """Base of the terms that predict the latents of a copy of the encoder."""

    copy: ShotEncoder

    def __init__(self, model: ShotEncoder):
        super().__init__()
        self.copy = copy.deepcopy(model).requires_grad_(False)

    def train(self, mode: bool = True) -> Any:
        super().train(mode)
        self.copy.eval()  # no dropout in the targets
        return self

    def check_spread(self, targets: Tensor) -> None:
        """Measure `target_std` of (H, W) latents; InputError where they have collapsed."""
        if len(targets) < 2:
            return
        self.target_std = float(F.layer_norm(targets.float(), targets.shape[-1:]).std(dim=0).mean())
        if self.target_std < COLLAPSED:
            raise InputError(
                f"the targets have collapsed: the latents of all shots are the same (deviation {self.target_std:.1e}); "
                "try a lower optim.lr or a higher objective.teacher_decay"
            )
