"""Which shots are hidden: by chance in training and evaluation, by hand in the masking lab.

Shape letters: B windows of a batch, S shots of a window.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from msm.errors import InputError
from msm.recipe import MaskConfig


def choose_hidden(valid: Tensor, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
    """Hide `cfg.ratio` of each window's shots, independently, on the CPU.

    valid   (B, S) bool, True = a real shot
    returns (B, S) bool, True = hidden; at least one hidden and, where a window has two shots,
            one visible; padding never. Drawn on the CPU so that every device agrees.
    """
    valid = valid.cpu()
    draw = torch.rand(valid.shape, generator=rng).masked_fill(~valid, 2.0)
    hidden = draw < cfg.ratio
    hidden |= (draw == draw.amin(dim=1, keepdim=True)) & ~hidden.any(dim=1, keepdim=True)
    everything = (hidden == valid).all(dim=1, keepdim=True) & (valid.sum(dim=1, keepdim=True) > 1)
    last = draw == draw.masked_fill(~valid, -1.0).amax(dim=1, keepdim=True)
    return hidden & valid & ~(everything & last)


def random_hidden(num_shots: int, ratio: float, rng: np.random.Generator) -> np.ndarray:
    """(num_shots,) bool: each shot hidden with probability `ratio`, the protocol of every evaluation.

    One draw a shot and nothing else, so that anyone can repeat it: `rng.random(num_shots) < ratio`.
    """
    return rng.random(num_shots) < ratio


def parse_ranges(text: str, num_shots: int) -> list[int]:
    """Shots named as a person types them, `40-44, 60`, sorted and once each; counted from 0.

    Raises InputError with one sentence for anything that is not a shot of this title.
    """
    shots: set[int] = set()
    for part in (p.strip() for p in re.split(r"[,;\s]+(?![-–])", re.sub(r"\s*[-–]\s*", "-", text))):
        if not part:
            continue
        match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part)
        if not match:
            raise InputError(f"{part!r} is not a shot or a range of shots; write for example 40-44, 60")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise InputError(f"{part} runs backwards; write {last}-{first}")
        if last >= num_shots:
            raise InputError(f"there is no shot {last}: this title has {num_shots} shots, 0 to {num_shots - 1}")
        shots.update(range(first, last + 1))
    return sorted(shots)


def format_ranges(shots: Iterable[int]) -> str:
    """The inverse of `parse_ranges`: [40, 41, 42, 60] → `40-42, 60`."""
    spans: list[list[int]] = []
    for shot in sorted({int(s) for s in shots}):
        if spans and shot == spans[-1][1] + 1:
            spans[-1][1] = shot
        else:
            spans.append([shot, shot])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)
