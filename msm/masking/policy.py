"""The interface of a masking policy, and the loop over windows that most policies share.

Shape letters: B windows of a batch, S shots of a window, M modalities, n shots of one window.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from msm.recipes.recipe import MaskConfig


@dataclass(frozen=True)
class Windows:
    """What a policy may read of a batch; everything is on the CPU."""

    valid: Tensor  # (B, S) bool, True = a real shot
    scenes: Tensor | None = None  # (B, S) int, the number of each shot's scene, negative where unknown
    present: Tensor | None = None  # (B, S, M) bool, True = the shot has the modality
    names: Sequence[str] = ()  # of the M modalities
    shots: Tensor | None = None  # (B, S, D) float, the embeddings


class Policy(Protocol):
    """Chooses the hidden shots of every window of a batch.

    hides_runs    hidden shots stand next to each other, and BERT's replacement is drawn once a run
    needs_scenes  `Windows.scenes` must be given
    needs_shots   `Windows.shots` must be given
    """

    hides_runs: bool
    needs_scenes: bool
    needs_shots: bool

    def hide(self, windows: Windows, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
        """(B, S) or (B, S, M) bool, True = hidden.

        At least one shot is hidden and, where a window has two, at least one stays visible; padding is never hidden.
        All randomness comes from `rng`.
        """
        ...


class WindowPolicy(ABC):
    """A policy that hides whole shots and treats each window by itself."""

    hides_runs = True
    needs_scenes = False
    needs_shots = False

    def hide(self, windows: Windows, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
        """(B, S) bool, True = hidden."""
        hidden = torch.zeros_like(windows.valid)
        for i, valid in enumerate(windows.valid):
            real = valid.nonzero()[:, 0]
            n = len(real)
            if not n:
                continue
            count = draw_count(n, cfg.ratio, rng)
            scenes = None if windows.scenes is None else windows.scenes[i, real]
            hidden[i, real] = self.hide_window(n, count, cfg, rng, scenes) if n > 1 else torch.ones(1, dtype=torch.bool)
        return hidden

    @abstractmethod
    def hide_window(
        self, num_shots: int, count: int, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None
    ) -> Tensor:
        """(num_shots,) bool, True = hidden, for one window of two shots or more.

        count   how many shots to hide, at least 1 and fewer than `num_shots`
        scenes  (num_shots,) int, the number of each shot's scene, where the catalog has them
        """


def draw_count(num_shots: int, ratio: float, rng: torch.Generator) -> int:
    """num_shots × ratio, rounded up or down at random so that it holds on average; at least 1, at most num_shots − 1."""
    floor, rest = divmod(num_shots * ratio, 1)
    return max(1, min(num_shots - 1, int(floor) + int(draw_uniform(rng) < rest)))


def draw_uniform(rng: torch.Generator) -> float:
    """One number between 0 and 1."""
    return float(torch.rand((), generator=rng))
