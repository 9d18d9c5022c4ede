"""Runs of a fixed length that may overlap (data2vec, wav2vec 2.0)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from msm.masking.policy import WindowPolicy
from msm.recipes.recipe import MaskConfig


class Block(WindowPolicy):
    """Runs of `length` shots from starts drawn without replacement, until `count` shots are hidden; the last is cut."""

    def hide_window(
        self, num_shots: int, count: int, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None
    ) -> Tensor:
        length = min(cfg.length, count)
        hidden = np.zeros(num_shots, dtype=bool)
        left = count
        for start in torch.randperm(num_shots - length + 1, generator=rng).tolist():
            fresh = start + np.flatnonzero(~hidden[start : start + length])[:left]
            hidden[fresh] = True
            left -= len(fresh)
            if not left:
                break
        return torch.from_numpy(hidden)


policy = Block()
