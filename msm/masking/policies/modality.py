"""One modality of each hidden shot; the others stay visible."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.errors import InputError
from msm.masking.modalities import draw_modality
from msm.masking.policies.independent import hide_independently
from msm.masking.policy import Windows
from msm.recipes.recipe import MaskConfig


class ModalityOnly:
    """Of shots chosen independently, hide the modality `mask.modality`, or one that the shot has, drawn for each shot."""

    hides_runs = False
    needs_scenes = False
    needs_shots = False

    def hide(self, windows: Windows, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
        """(B, S, M) bool, True = hidden."""
        present = windows.present
        if present is None or present.shape[-1] < 2:
            raise InputError("mask.policy=modality needs shots of two modalities or more")
        present = present & windows.valid.unsqueeze(-1)
        if cfg.modality:
            present = _restrict(present, cfg.modality, windows)
        shots = hide_independently(present.any(dim=-1), cfg.ratio, rng)
        return draw_modality(present, rng) & shots.unsqueeze(-1)


def _restrict(present: Tensor, modality: str, windows: Windows) -> Tensor:
    """(B, S, M) bool: the shots that have this modality. A window without any keeps all, so that it hides something."""
    if modality not in windows.names:
        raise InputError(f"mask.modality is {modality!r}, but the modalities are {', '.join(windows.names)}")
    wanted = torch.tensor([name == modality for name in windows.names])
    able = (present & wanted).any(dim=-1)
    return torch.where(able.any(dim=1)[:, None, None], present & wanted, present)


policy = ModalityOnly()
