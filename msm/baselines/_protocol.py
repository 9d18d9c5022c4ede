"""The interface of a baseline, and what it is given.

To add one, write `msm/baselines/NAME.py`, or a package of that name, with the module constants `LABEL`, `TERM` and `ACTION`, a function `predict`, and
`fit` where it has parameters to estimate; the registry finds it by its file name.

Shape letters: N shots of a title, V visible shots, H hidden shots, M modalities, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Known:
    """The visible modalities of hidden shots."""

    shots: np.ndarray  # (H, D) fused; hidden columns are never read
    parts: np.ndarray  # (H, M) bool, True where a modality of a shot is known
    blocks: tuple[slice, ...]  # the columns of each of the M modalities


@dataclass(frozen=True)
class Example:
    """The visible shots of one title, and the places that a baseline is to predict."""

    visible: np.ndarray  # (V, D) fused, V at least 1
    seen: np.ndarray  # (V,) int, places of the visible shots, ascending
    where: np.ndarray  # (H,) int, places of the hidden shots, ascending
    mean: np.ndarray  # (D,) of the training shots
    known: Known | None = None  # what is known of the hidden shots, where only some of their modalities are hidden
    kept: dict[str, Any] | None = (
        None  # of this very title and these parameters, for its next hidden shots; None = nothing
    )


class Baseline(Protocol):
    """What the module of a baseline defines."""

    LABEL: str  # the name in tables, such as "distance-weighted mean"
    TERM: str  # the name in the app, such as "Distance-weighted mean"
    ACTION: str  # what it does, as in "better than averaging the visible shots around it"

    # NEEDS_KNOWN = True        where it predicts only shots of which some modalities are visible
    # BUILDS_ON = ("kriging",)  baselines whose parameters its `fit` and `predict` are given too, by their names; {} where there are none

    def predict(self, example: Example, **parameters: Any) -> np.ndarray:
        """Predict the hidden shots, (H, D), with the parameters that `fit` returned."""


class FittedBaseline(Baseline, Protocol):
    """A baseline with parameters. It may define `fits(width, parameters)`: whether those from a file are of such shots."""

    def fit(
        self,
        train: Iterable[np.ndarray],
        validation: Iterable[tuple[Example, np.ndarray]],
        mean: np.ndarray,
        blocks: Sequence[slice],
    ) -> dict[str, Any]:
        """Estimate the parameters: JSON values, kept in run.json, and NumPy arrays, kept in baselines.safetensors.

        train       (N, D) fused shots of each training title, read when they are iterated over
        validation  validation titles with hidden shots, each with the truth (H, D)
        mean        (D,) of the training shots
        blocks      the columns of each modality
        returns     an empty dictionary where the baseline cannot predict such shots
        """
