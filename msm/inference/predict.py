"""Predictions and contextual embeddings of a whole title, computed window by window.

Shape letters: N shots of a title, H hidden shots, D width of a shot, G width of a metadata embedding.
"""

from __future__ import annotations

import numpy as np
import torch

from msm.data.fusion import unit
from msm.data.windows import split_windows
from msm.models.encoder import ShotEncoder
from msm.models.head import WindowCache

Caches = dict[int, WindowCache]  # by the window's first shot
MOST_CACHES = 16  # windows of a title; one of 512 shots takes some 7 MB


@torch.inference_mode()
def predict_hidden(
    model: ShotEncoder,
    shots: np.ndarray,
    hidden: np.ndarray,
    global_embedding: np.ndarray | None = None,
    caches: Caches | None = None,
) -> np.ndarray:
    """Predict the hidden shots of a title.

    shots             (N, D) float32, fused; a title longer than the model's windows is cut
    hidden            (N,)   bool, True = the model must not see this shot; or (N, M), this modality of the shot
    global_embedding  (G,)   the title's metadata, or None
    caches            of the windows of these very shots, filled by this call for later ones; None = no caching
    returns           (H, D) float32, of the length chosen on the validation titles
    """
    model.eval()
    device = model.device
    global_ = None if global_embedding is None else torch.as_tensor(global_embedding, device=device)[None]
    parts = []
    for start, stop in split_windows(len(shots), model.cfg.max_shots):
        inside = torch.as_tensor(hidden[start:stop], device=device)[None]  # (1, S) or (1, S, M)
        if not inside.any():
            continue
        window = torch.as_tensor(shots[start:stop], device=device)[None]  # (1, S, D)
        if caches is not None and model.head.can_cache(inside):
            predicted = _cached(model, window[0], start, caches).restore(inside, global_)
        else:
            valid = torch.ones(window.shape[:2], dtype=torch.bool, device=device)
            predicted = model.restore(window, inside, valid, global_)
        parts.append(predicted.float().cpu().numpy())
    if not parts:
        return np.empty((0, shots.shape[1]), dtype=np.float32)
    return model.origin.cpu().numpy() + unit(np.concatenate(parts)) * float(model.prediction_norm)


def sharpened(model: ShotEncoder, shots: np.ndarray, hidden: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Predictions as ranks and lists of candidates compare them, (H, D); the given ones where the head does not sharpen.

    shots, hidden  as `predict_hidden` was given them, hidden (N,): only predictions of whole shots are sharpened
    predicted      (H, D) as it returned them
    """
    mean, origin = model.shot_mean.cpu().numpy(), model.origin.cpu().numpy()
    about = predicted - mean
    sharp = model.head.sharpen(about, shots - mean, hidden)
    return predicted if sharp is about else origin + unit(sharp) * float(model.prediction_norm)


def _cached(model: ShotEncoder, window: torch.Tensor, start: int, caches: Caches) -> WindowCache:
    """The cache of one window. Two threads that ask at the same time may both compute it."""
    cache = caches.get(start)
    if cache is None:
        cache = model.head.cache_window(model, window)
        if len(caches) < MOST_CACHES:
            caches[start] = cache
    return cache


@torch.inference_mode()
def contextual_embeddings(
    model: ShotEncoder, shots: np.ndarray, global_embedding: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the contextual embedding of each shot, with its whole title visible, and an embedding of the title.

    shots    (N, D) float32, fused
    returns  (N, C) float32 as the model's head defines them (`Head.contextual`), by default the encoder's output, C = W;
             and (W,) the mean [CLS] of the windows
    """
    model.eval()
    global_ = None if global_embedding is None else torch.as_tensor(global_embedding, device=model.device)[None]
    parts, tokens = [], []
    for start, stop in split_windows(len(shots), model.cfg.max_shots):
        window = torch.as_tensor(shots[None, start:stop], device=model.device)
        valid = torch.ones(window.shape[:2], dtype=torch.bool, device=model.device)
        encoded = model.encode(window, ~valid, valid, global_)
        tokens.append(encoded.cls[0].float().cpu().numpy())
        parts.append(model.head.contextual(model, encoded, model.about_mean(window)[0], global_).float().cpu().numpy())
    return np.concatenate(parts), np.mean(tokens, axis=0)
