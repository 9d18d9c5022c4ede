"""Predictions and contextual embeddings of a whole title, computed window by window.

Shape letters: N shots of a title, H hidden shots, D width of a shot, G width of a metadata embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from msm.data.fusion import unit
from msm.data.told import NOTHING, Told
from msm.data.windows import split_windows
from msm.models.encoder import ShotEncoder, touched_shots
from msm.models.head import WindowCache

Caches = dict[int, WindowCache]  # by the window's first shot
MOST_CACHES = 16  # windows of a title; one of 512 shots takes some 7 MB


@torch.inference_mode()
def predict_hidden(
    model: ShotEncoder,
    shots: np.ndarray,
    hidden: np.ndarray,
    told: Told = NOTHING,
    caches: Caches | None = None,
) -> np.ndarray:
    """Predict the hidden shots of a title.

    shots   (N, D) float32, fused; a title longer than the model's windows is cut
    hidden  (N,)   bool, True = the model must not see this shot; or (N, M), this modality of the shot
    told    what the model is told beside the shots
    caches  of the windows of these very shots, filled by this call for later ones; None = no caching
    returns (H, D) float32, of the length chosen on the validation titles
    """
    model.eval()
    device = model.device
    parts = []
    for start, stop in split_windows(len(shots), model.cfg.max_shots):
        inside = torch.as_tensor(hidden[start:stop], device=device)[None]  # (1, S) or (1, S, M)
        if not inside.any():
            continue
        window = torch.as_tensor(shots[start:stop], device=device)  # (S, D)
        parts.append(_restore(model, window, inside, told.window(start, stop), start, caches))
    if not parts:
        return np.empty((0, shots.shape[1]), dtype=np.float32)
    return _at_their_length(model, np.concatenate(parts))


@torch.inference_mode()
def predict_draws(
    model: ShotEncoder, shots: np.ndarray, draws: Sequence[np.ndarray], told: Told = NOTHING
) -> list[np.ndarray]:
    """`predict_hidden` for several sets of hidden shots of one title: they go through the model together, up to rounding the same.

    A title that is cut into windows is predicted one set after the other; only what follows from its shots alone is shared.

    draws    (N,) bool each, or (N, M) each; of each some shot is hidden
    returns  (H, D) for each
    """
    if len(draws) == 1 or len(shots) > model.cfg.max_shots:
        caches: Caches | None = {} if len(draws) > 1 else None
        return [predict_hidden(model, shots, hidden, told, caches) for hidden in draws]
    model.eval()
    inside = torch.as_tensor(np.stack(draws), device=model.device)  # (B, S) or (B, S, M)
    window = torch.as_tensor(shots, device=model.device)
    predicted = _at_their_length(model, _restore(model, window, inside, told.window(0, len(shots)), 0, {}))
    counts = touched_shots(inside).sum(dim=1).tolist()
    return np.split(predicted, np.cumsum(counts)[:-1])


def _restore(
    model: ShotEncoder, window: torch.Tensor, inside: torch.Tensor, told: Told, start: int, caches: Caches | None
) -> np.ndarray:
    """(S, D), (B, S) or (B, S, M), and what is told of the window from shot `start` → (H, D) of all sets, not of their length yet."""
    count = len(inside)
    if caches is not None and model.head.can_cache(inside):
        global_, times = as_tensors(told, model.device)
        predicted = _cached(model, window, times, start, caches).restore(inside, global_)
    else:
        global_, times = as_tensors(told, model.device, copies=count)
        valid = torch.ones(inside.shape[:2], dtype=torch.bool, device=model.device)
        predicted = model.restore(window.expand(count, -1, -1), inside, valid, global_, times=times)
    return predicted.float().cpu().numpy()


def _at_their_length(model: ShotEncoder, predicted: np.ndarray) -> np.ndarray:
    """(H, D), of the length that was chosen on the validation titles."""
    return model.origin.cpu().numpy() + unit(predicted) * float(model.prediction_norm)


def sharpened(model: ShotEncoder, shots: np.ndarray, hidden: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Predictions as ranks and lists of candidates compare them, (H, D); the given ones where the head does not sharpen.

    shots, hidden  as `predict_hidden` was given them, hidden (N,): only predictions of whole shots are sharpened
    predicted      (H, D) as it returned them
    """
    mean, origin = model.shot_mean.cpu().numpy(), model.origin.cpu().numpy()
    about = predicted - mean
    sharp = model.head.sharpen(about, shots - mean, hidden)
    return predicted if sharp is about else origin + unit(sharp) * float(model.prediction_norm)


def as_tensors(told: Told, device: torch.device, copies: int = 1) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """What is told of one window as the model takes it for so many copies of it: (B, G) and (B, S, 2); None = not known."""
    metadata, times = (None if a is None else torch.as_tensor(a, device=device) for a in (told.metadata, told.times))
    return (
        None if metadata is None else metadata.expand(copies, -1),
        None if times is None else times.expand(copies, -1, -1),
    )


def _cached(
    model: ShotEncoder, window: torch.Tensor, times: torch.Tensor | None, start: int, caches: Caches
) -> WindowCache:
    """The cache of one window. Two threads that ask at the same time may both compute it."""
    cache = caches.get(start)
    if cache is None:
        cache = model.head.cache_window(model, window, None if times is None else times[0])
        if len(caches) < MOST_CACHES:
            caches[start] = cache
    return cache


@torch.inference_mode()
def contextual_embeddings(model: ShotEncoder, shots: np.ndarray, told: Told = NOTHING) -> tuple[np.ndarray, np.ndarray]:
    """Compute the contextual embedding of each shot, with its whole title visible, and an embedding of the title.

    shots    (N, D) float32, fused
    told     what the model is told beside them
    returns  (N, C) float32 as the model's head defines them (`Head.contextual`), by default the encoder's output, C = W;
             and (W,) the mean [CLS] of the windows
    """
    model.eval()
    parts, tokens = [], []
    for start, stop in split_windows(len(shots), model.cfg.max_shots):
        window = torch.as_tensor(shots[None, start:stop], device=model.device)
        valid = torch.ones(window.shape[:2], dtype=torch.bool, device=model.device)
        global_, times = as_tensors(told.window(start, stop), model.device)
        encoded = model.encode(window, ~valid, valid, global_, times=times)
        tokens.append(encoded.cls[0].float().cpu().numpy())
        contextual = model.head.contextual(model, encoded, model.about_mean(window)[0], global_, times)
        parts.append(contextual.float().cpu().numpy())
    return np.concatenate(parts), np.mean(tokens, axis=0)
