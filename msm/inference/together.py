"""Forward passes that several titles share: their windows are stacked, padded to the longest, and separated again.

The encoder packs the windows of a batch, so padding costs nothing and changes nothing but the order of sums.

Shape letters: B windows, S shots of the longest, N shots of a title, H hidden shots, D width of a shot, C width of a contextual
embedding, G width of a metadata embedding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from msm.data.fusion import unit
from msm.data.windows import split_windows
from msm.inference.masked_title import MaskedTitle
from msm.inference.predict import contextual_embeddings
from msm.models.encoder import ShotEncoder, touched_shots

Embeddable = tuple[np.ndarray, np.ndarray | None]  # (N, D) fused shots, and (G,) metadata or None


@dataclass(frozen=True)
class _Window:
    owner: int  # of which title, or masked title
    start: int
    shots: np.ndarray  # (S, D)
    hidden: np.ndarray  # (S,) or (S, M)
    metadata: np.ndarray | None


def predict_together(model: ShotEncoder, masked: Sequence[MaskedTitle]) -> list[np.ndarray]:
    """Predict the hidden shots of several titles; (H, D) of each, as `msm.inference.predict.predict_hidden` returns it."""
    windows = []
    for owner, one in enumerate(masked):
        given = one.given
        cut = split_windows(len(one.shots), model.cfg.max_shots)
        windows += [_Window(owner, a, one.shots[a:b], given[a:b], one.metadata) for a, b in cut if given[a:b].any()]
    found: dict[tuple[int, int], np.ndarray] = {}
    for group in _alike(windows):
        found |= _restored(model, group)
    origin, norm = model.origin.cpu().numpy(), float(model.prediction_norm)
    parts = [[found[key] for key in sorted(found) if key[0] == owner] for owner in range(len(masked))]
    return [origin + unit(np.concatenate(of_one)) * norm for of_one in parts]


def embed_together(model: ShotEncoder, titles: Sequence[Embeddable]) -> list[np.ndarray]:
    """The contextual embeddings of several titles, (N, C) of each; titles one by one where the head needs several passes."""
    if not model.head.encodes_context or model.head.fills_in_first:
        return [contextual_embeddings(model, shots, metadata)[0] for shots, metadata in titles]
    windows = []
    for owner, (shots, metadata) in enumerate(titles):
        for a, b in split_windows(len(shots), model.cfg.max_shots):
            windows.append(_Window(owner, a, shots[a:b], np.zeros(b - a, dtype=bool), metadata))
    found: dict[tuple[int, int], np.ndarray] = {}
    for group in _alike(windows):
        found |= _encoded(model, group)
    return [np.concatenate([found[k] for k in sorted(found) if k[0] == owner]) for owner in range(len(titles))]


def _alike(windows: Sequence[_Window]) -> list[list[_Window]]:
    """Windows that one call of the model takes: all with metadata or all without, hidden shots or hidden modalities."""
    groups: dict[tuple[int, bool], list[_Window]] = defaultdict(list)
    for window in windows:
        groups[window.hidden.ndim, window.metadata is None].append(window)
    return list(groups.values())


def _stacked(model: ShotEncoder, windows: Sequence[_Window]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(B, S, D) shots, (B, S) or (B, S, M) hidden, (B, S) valid."""
    size = len(windows), max(len(w.shots) for w in windows)
    shots = np.zeros((*size, windows[0].shots.shape[1]), dtype=np.float32)
    hidden = np.zeros((*size, *windows[0].hidden.shape[1:]), dtype=bool)
    valid = np.zeros(size, dtype=bool)
    for row, window in enumerate(windows):
        count = len(window.shots)
        shots[row, :count], hidden[row, :count], valid[row, :count] = window.shots, window.hidden, True
    shown, masked, real = (torch.as_tensor(array, device=model.device) for array in (shots, hidden, valid))
    return shown, masked, real


def _metadata(model: ShotEncoder, windows: Sequence[_Window]) -> torch.Tensor | None:
    known = [w.metadata for w in windows if w.metadata is not None]
    return torch.as_tensor(np.stack(known), device=model.device) if known else None


@torch.inference_mode()
def _restored(model: ShotEncoder, windows: Sequence[_Window]) -> dict[tuple[int, int], np.ndarray]:
    shots, hidden, valid = _stacked(model, windows)
    restored = model.eval().restore(shots, hidden, valid, _metadata(model, windows)).float().cpu()
    counts = touched_shots(hidden).sum(dim=1).tolist()
    return {(w.owner, w.start): part.numpy() for w, part in zip(windows, restored.split(counts), strict=True)}


@torch.inference_mode()
def _encoded(model: ShotEncoder, windows: Sequence[_Window]) -> dict[tuple[int, int], np.ndarray]:
    shots, hidden, valid = _stacked(model, windows)
    encoded = model.eval().encode(shots, hidden, valid, _metadata(model, windows)).shots.float().cpu().numpy()
    return {(w.owner, w.start): row[: len(w.shots)] for w, row in zip(windows, encoded, strict=True)}
