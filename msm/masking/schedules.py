"""Schedules of the mask ratio over the steps of a training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from msm.recipes.recipe import MaskConfig

# step, number of steps → share of the way from `start_ratio` to `ratio`
SHARES: dict[str, Callable[[int, int], float]] = {
    "constant": lambda step, steps: 1.0,
    "linear": lambda step, steps: _progress(step, steps),
    "cosine": lambda step, steps: 0.5 - 0.5 * math.cos(math.pi * _progress(step, steps)),
    "curriculum": lambda step, steps: min(3, 4 * step // steps) / 3,
}


def ratio_at(step: int, steps: int, cfg: MaskConfig) -> float:
    """The share of shots to hide at a step: from `start_ratio` to `ratio`, by `cfg.schedule`.

    linear and cosine reach `ratio` at the last step; curriculum rises in four equal stages.
    """
    share = SHARES[cfg.schedule](step, steps)
    return cfg.start_ratio + (cfg.ratio - cfg.start_ratio) * share if share < 1 else cfg.ratio


def at_step(step: int, steps: int, cfg: MaskConfig) -> MaskConfig:
    """The masking configuration with the ratio that its schedule gives for a step."""
    return cfg if cfg.schedule == "constant" else replace(cfg, ratio=ratio_at(step, steps, cfg))


def _progress(step: int, steps: int) -> float:
    return step / max(1, steps - 1)
