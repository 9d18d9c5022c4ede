"""Hidden shots of a whole title through a model, window by window.

Shape letters: N shots of a title, H hidden shots, D width of a shot, G width of a metadata embedding.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch

from msm.fusion import unit
from msm.model import ShotEncoder


def split_windows(num_shots: int, max_shots: int) -> list[tuple[int, int]]:
    """Cut a title into as few windows as cover it, of nearly equal length: [(start, stop), …]."""
    count = -(-num_shots // max_shots)
    edges = np.linspace(0, num_shots, count + 1).round().astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges)]


@torch.inference_mode()
def predict_hidden(
    model: ShotEncoder, shots: np.ndarray, hidden: np.ndarray, global_embedding: np.ndarray | None = None
) -> np.ndarray:
    """Restore a title's hidden shots.

    shots             (N, D) float32, fused; a title longer than the model's windows is cut
    hidden            (N,)   bool, True = the model does not see this shot
    global_embedding  (G,)   the title's metadata, or None
    returns           (H, D) float32, of the length that the run found best on its validation titles
    """
    model.eval()
    device = model.device
    global_ = None if global_embedding is None else torch.as_tensor(global_embedding, device=device)[None]
    parts = []
    for start, stop in split_windows(len(shots), model.cfg.max_shots):
        inside = torch.as_tensor(hidden[start:stop], device=device)[None]  # (1, S)
        if not inside.any():
            continue
        window = torch.as_tensor(shots[start:stop], device=device)[None]  # (1, S, D)
        predicted = model.restore(window, inside, torch.ones_like(inside), global_)
        parts.append(predicted.float().cpu().numpy())
    if not parts:
        return np.empty((0, shots.shape[1]), dtype=np.float32)
    return model.origin.cpu().numpy() + unit(np.concatenate(parts)) * float(model.prediction_norm)
