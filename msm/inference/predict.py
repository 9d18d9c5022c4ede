"""Hidden shots of a whole title through a model, window by window.

Shape letters: N shots of a title, H hidden shots, D width of a shot, G width of a metadata embedding.
"""

from __future__ import annotations

import numpy as np
import torch

from msm.data.fusion import unit
from msm.data.windows import split_windows
from msm.models.encoder import ShotEncoder
from msm.models.heads import window_cache
from msm.models.heads.window_cache import Compared

FOLDS = 5  # a fifth of the shots hidden at a time, as in training


Kept = dict[int, Compared]  # by the window's first shot
MOST_KEPT = 16  # windows of a title; one of 512 shots takes some 7 MB


@torch.inference_mode()
def predict_hidden(
    model: ShotEncoder,
    shots: np.ndarray,
    hidden: np.ndarray,
    global_embedding: np.ndarray | None = None,
    kept: Kept | None = None,
) -> np.ndarray:
    """Restore a title's hidden shots.

    shots             (N, D) float32, fused; a title longer than the model's windows is cut
    hidden            (N,)   bool, True = the model does not see this shot; or (N, M), this modality of the shot
    global_embedding  (G,)   the title's metadata, or None
    kept              what an earlier call for these very shots left there, and this one leaves for the next; None = nothing
    returns           (H, D) float32, of the length that the run found best on its validation titles
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
        if kept is not None and window_cache.can_compare(model, inside):
            predicted = window_cache.restore(model, _compared(model, window[0], start, kept), inside, global_)
        else:
            valid = torch.ones(window.shape[:2], dtype=torch.bool, device=device)
            predicted = model.restore(window, inside, valid, global_)
        parts.append(predicted.float().cpu().numpy())
    if not parts:
        return np.empty((0, shots.shape[1]), dtype=np.float32)
    return model.origin.cpu().numpy() + unit(np.concatenate(parts)) * float(model.prediction_norm)


def _compared(model: ShotEncoder, window: torch.Tensor, start: int, kept: Kept) -> Compared:
    """Worked out once; several threads may ask at the same time, and then it is worked out twice."""
    known = kept.get(start)
    if known is None:
        known = Compared.of(model, window)
        if len(kept) < MOST_KEPT:
            kept[start] = known
    return known


@torch.inference_mode()
def contextual_embeddings(
    model: ShotEncoder, shots: np.ndarray, global_embedding: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What a model makes of each shot with its whole title in view, and of the title.

    shots    (N, D) float32, fused
    returns  (N, C) float32, and (W,) the mean [CLS] of the windows. C is W: the encoder's output, nothing hidden. A
             neighbour head's encoder only corrects, so there it is the shot beside what its title makes one expect and
             how much turns here (`NeighbourHead.contextual`)
    """
    model.eval()
    global_ = None if global_embedding is None else torch.as_tensor(global_embedding, device=model.device)[None]
    parts, tokens = [], []
    for start, stop in split_windows(len(shots), model.cfg.max_shots):
        window = torch.as_tensor(shots[None, start:stop], device=model.device)
        valid = torch.ones(window.shape[:2], dtype=torch.bool, device=model.device)
        encoded = model.encode(window, ~valid, valid, global_)
        tokens.append(encoded.cls[0].float().cpu().numpy())
        if model.neighbour is None:
            parts.append(encoded.shots[0].float().cpu().numpy())
        else:
            expected = _expected(model, window, valid, global_)
            parts.append(model.neighbour.contextual(model.about_mean(window)[0], expected).cpu().numpy())
    return np.concatenate(parts), np.mean(tokens, axis=0)


def _expected(
    model: ShotEncoder, window: torch.Tensor, valid: torch.Tensor, global_: torch.Tensor | None
) -> torch.Tensor:
    """(1, S, D) → (S, D): what a neighbour head expects of each shot while it and every fifth other is hidden."""
    head = model.neighbour
    assert head is not None
    expected = torch.zeros(window.shape[1:], device=window.device)
    place = torch.arange(window.shape[1], device=window.device)
    for fold in range(min(FOLDS, window.shape[1])):
        hidden = (place % FOLDS == fold)[None]
        encoded = model.encode(window, hidden, valid, global_)
        assert encoded.guess is not None
        # Not sharpened: what the title has in common belongs to an embedding.
        said = head(encoded.guess.float(), encoded.shots.float(), hidden, valid, sharpened=False)
        expected[hidden[0]] = said[0][hidden[0]]
    return expected
