"""Runs of geometric length that do not touch (SpanBERT, section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.masking.policy import WindowPolicy
from msm.recipes.recipe import MaskConfig


class Span(WindowPolicy):
    """Runs of geometric length, at most `length`, until `count` shots are hidden; the last run is cut to what is left.

    Every arrangement in which no two runs touch is equally likely; where too few visible shots remain to keep them
    apart, they may touch.
    """

    def hide_window(
        self, num_shots: int, count: int, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None
    ) -> Tensor:
        lengths = _draw_lengths(count, cfg, rng)
        gaps = num_shots - count + 1  # before, between and after the visible shots
        if len(lengths) <= gaps:
            places = torch.randperm(gaps, generator=rng)[: len(lengths)].sort().values
        else:
            places = torch.randint(gaps, (len(lengths),), generator=rng).sort().values
        # A hidden shot comes after `places` visible shots and after all the hidden shots before it.
        hidden = torch.zeros(num_shots, dtype=torch.bool)
        hidden[places.repeat_interleave(lengths) + torch.arange(count)] = True
        return hidden


def _draw_lengths(count: int, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
    """(runs,) int, in random order; they sum to `count`."""
    weights = (1 - cfg.span_p) ** torch.arange(cfg.length)  # multinomial normalises them
    drawn = torch.multinomial(weights, count, replacement=True, generator=rng) + 1
    ends = drawn.cumsum(dim=0).clamp(max=count)
    lengths = torch.diff(ends, prepend=ends.new_zeros(1))
    lengths = lengths[lengths > 0]
    return lengths[torch.randperm(len(lengths), generator=rng)]  # so that the cut run is not always the last


policy = Span()
