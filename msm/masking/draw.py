"""Draw the hidden shots of a training batch by the policy that the recipe names.

Shape letters: B windows of a batch, S shots of a window, M modalities.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from msm.masking.modalities import hide_parts
from msm.masking.policies import POLICIES
from msm.masking.policy import Policy, Windows
from msm.recipes.recipe import MaskConfig


def choose_hidden(
    valid: Tensor,
    cfg: MaskConfig,
    rng: torch.Generator,
    *,
    scenes: Tensor | None = None,
    present: Tensor | None = None,
    names: Sequence[str] = (),
    shots: Tensor | None = None,
) -> Tensor:
    """Hide `cfg.ratio` of each window's shots by `cfg.policy`, on the CPU, so that the result is the same on every device.

    valid    (B, S) bool, True = a real shot
    scenes   (B, S) int, the number of each shot's scene; for the policy scene
    present  (B, S, M) bool, True = the shot has the modality; for the policy modality and for `cfg.parts`
    names    of the M modalities, for `cfg.modality`
    shots    (B, S, D) the embeddings; for the policy semantic
    returns  (B, S) bool, True = hidden, or (B, S, M) for the policy modality and where parts are hidden. At least one
             shot is hidden and, where a window has two, at least one is left whole; padding is never hidden.

    The ratio is exact up to rounding, which is random so that the ratio holds on average. The policies `independent` and
    `modality` meet it on average, `scene` on average where scenes are short compared with the shots to hide.

    A share `cfg.parts` of the visible shots that have two modalities or more loses one of them as well.
    """
    policy: Policy = POLICIES.get(cfg.policy)
    seen = _on_cpu(shots) if getattr(policy, "needs_shots", False) else None
    windows = Windows(valid.cpu(), _on_cpu(scenes), _on_cpu(present), names, seen)
    hidden = policy.hide(windows, cfg, rng)
    if hidden.ndim == 3 or not cfg.parts or windows.present is None or windows.present.shape[-1] < 2:
        return hidden
    return hidden.unsqueeze(-1) | hide_parts(windows.valid & ~hidden, windows.present, cfg.parts, rng)


def _on_cpu(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.cpu()
