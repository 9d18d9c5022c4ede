"""Whole scenes, as the labels `scene_start` or `scene` of the catalog give them."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.errors import InputError
from msm.masking.policies.independent import hide_independently
from msm.masking.policy import WindowPolicy, draw_uniform
from msm.recipes.recipe import MaskConfig


class Scene(WindowPolicy):
    """Whole scenes in random order; the one that would exceed `count` is taken with the probability that keeps the mean.

    A scene is a run of shots with the same number. A shot with a negative number, which means unknown, is a scene of
    its own. In a window that is one scene, shots are hidden independently.
    """

    needs_scenes = True

    def hide_window(
        self, num_shots: int, count: int, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None
    ) -> Tensor:
        if scenes is None:
            raise InputError(
                "mask.policy=scene needs the label `scene` or `scene_start` in the catalog's shots.parquet"
            )
        number = _renumber(scenes)
        if not number[-1]:
            return hide_independently(torch.ones(1, num_shots, dtype=torch.bool), cfg.ratio, rng)[0]
        return torch.isin(number, torch.tensor(_choose_scenes(number.bincount().tolist(), count, rng)))


def _renumber(scenes: Tensor) -> Tensor:
    """(n,) int → (n,) int: 0, 1, 2, … by runs of the same number, unknown shots each by themselves."""
    new = torch.ones(len(scenes), dtype=torch.bool)
    new[1:] = (scenes[1:] != scenes[:-1]) | (scenes[1:] < 0)
    return new.cumsum(dim=0) - 1


def _choose_scenes(lengths: list[int], count: int, rng: torch.Generator) -> list[int]:
    """The scenes to hide, by number."""
    chosen: list[int] = []
    left, most = count, sum(lengths) - 1  # one shot at least stays visible
    for i in torch.randperm(len(lengths), generator=rng).tolist():
        fits = lengths[i] <= left
        wanted = fits or draw_uniform(rng) < left / lengths[i] or not chosen
        if wanted and lengths[i] <= most:
            chosen.append(i)
            left, most = left - lengths[i], most - lengths[i]
        if not fits:
            break
    return chosen


policy = Scene()
