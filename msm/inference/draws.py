"""Predictors that answer several sets of hidden shots of one title together, which takes much less time than one after the other.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from msm.data.told import Told

TOGETHER = 2048  # shots of a title at most whose sets of hidden shots are predicted together
F = TypeVar("F", bound=Callable[..., Any])


def takes_draws(predict: F) -> F:
    """Mark a predictor (`msm.evaluation.protocol`) that answers a list of sets of hidden shots with a list of predictions."""
    predict.takes_draws = True  # type: ignore[attr-defined]
    return predict


def of_draws(
    predict: Callable[..., Any], shots: np.ndarray, draws: Sequence[np.ndarray], told: Told
) -> Iterator[np.ndarray]:
    """A predictor's (H, D) for each of several sets of hidden shots (N,) of one title (N, D).

    Together where it takes them so; of a long title one after the other, so that the predictions of one are held at a time.
    """
    if getattr(predict, "takes_draws", False) and len(draws) > 1 and len(shots) <= TOGETHER:
        yield from predict(shots, list(draws), told)
    else:
        for hidden in draws:
            yield predict(shots, hidden, told)
