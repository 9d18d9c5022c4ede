"""Embeddings of a shot as probes compare them; those in context are `msm.inference.predict.contextual_embeddings`.

Shape letters: N shots of a title, D width of a shot, C width of a contextual embedding.
"""

from __future__ import annotations

import numpy as np
import torch

from msm.inference.run import Run

SINGLE_SHOT_BATCH = 1024  # windows of one shot


@torch.inference_mode()
def alone(run: Run, shots: np.ndarray) -> np.ndarray:
    """(N, D) fused → (N, C): each shot as a window of its own, with no title around it."""
    if not run.model.head.encodes_context:
        about = run.model.about_mean(torch.from_numpy(shots).to(run.model.device))
        return run.model.head.contextual_alone(about).cpu().numpy()
    parts = []
    for start in range(0, len(shots), SINGLE_SHOT_BATCH):
        window = torch.from_numpy(shots[start : start + SINGLE_SHOT_BATCH, None]).to(run.model.device)  # (B, 1, D)
        valid = torch.ones(window.shape[:2], dtype=torch.bool, device=window.device)
        parts.append(run.model.encode(window, ~valid, valid, None).shots[:, 0].float().cpu().numpy())
    return np.concatenate(parts)
