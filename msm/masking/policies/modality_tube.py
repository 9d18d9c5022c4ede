"""Whole modalities of a window, hidden in all its shots (VideoMAE, section 3.3: one pattern of space over all time)."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.masking.policies.tube import policy as stretches
from msm.masking.policy import Windows, draw_count
from msm.recipes.recipe import MaskConfig


class ModalityTube:
    """Hide the same modalities in every shot of a window, `ratio` of those that the window has, at least one and never all.

    Modalities take the place of VideoMAE's patches. At least one shot stays whole where a shot would otherwise lose all that it
    has. A window with one modality has no other to hide it from: stretches of its shots are hidden, as by the policy `tube`.
    """

    hides_runs = True
    needs_scenes = False
    needs_shots = False

    def hide(self, windows: Windows, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
        """(B, S) bool where shots have one modality, else (B, S, M) bool, True = hidden."""
        present = windows.present
        if present is None or present.shape[-1] < 2:
            return stretches.hide(windows, cfg, rng)
        present = present & windows.valid.unsqueeze(-1)  # (B, S, M)
        hidden = torch.zeros_like(present)
        whole = stretches.hide(windows, cfg, rng)
        for i, has in enumerate(present):
            there = has.any(dim=0).nonzero()[:, 0]
            if len(there) < 2:
                hidden[i] = whole[i].unsqueeze(-1)
                continue
            count = draw_count(len(there), cfg.ratio, rng)
            chosen = there[torch.randperm(len(there), generator=rng)[:count]]
            hidden[i, :, chosen] = has[:, chosen]
            hidden[i] = _leave_one_whole(hidden[i], has)
        return hidden


def _leave_one_whole(hidden: Tensor, has: Tensor) -> Tensor:
    """(S, M) bool, the same unless every real shot has lost all that it had: then the first is left whole."""
    lost_all = (hidden == has).all(dim=-1)
    if lost_all.all():
        hidden[int(has.any(dim=-1).nonzero()[0])] = False
    return hidden


policy = ModalityTube()
