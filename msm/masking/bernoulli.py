"""The random hidden shots of every evaluation: one Bernoulli draw a shot."""

from __future__ import annotations

import numpy as np


def random_hidden(num_shots: int, ratio: float, rng: np.random.Generator) -> np.ndarray:
    """(num_shots,) bool: each shot is hidden with probability `ratio`.

    One draw a shot and nothing else, so that anybody can reproduce it: `rng.random(num_shots) < ratio`.
    """
    return rng.random(num_shots) < ratio
