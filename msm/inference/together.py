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
from msm.data.told import Told
from msm.data.windows import split_windows
from msm.inference.masked_title import MaskedTitle
from msm.inference.predict import contextual_embeddings
from msm.models.encoder import ShotEncoder, touched_shots

Embeddable = tuple[np.ndarray, Told]  # (N, D) fused shots, and what the model is told beside them


@dataclass(frozen=True)
class _Window:
    owner: int  # of which title, or masked title
    start: int
    shots: np.ndarray  # (S, D)
    hidden: np.ndarray  # (S,) or (S, M)
    told: Told


def predict_together(model: ShotEncoder, masked: Sequence[MaskedTitle]) -> list[np.ndarray]:
    """Predict the hidden shots of several titles; (H, D) of each, as `msm.inference.predict.predict_hidden` returns it."""
    windows = []
    for owner, one in enumerate(masked):
        given = one.given
        cut = split_windows(len(one.shots), model.cfg.max_shots)
        told = one.told
        windows += [
            _Window(owner, a, one.shots[a:b], given[a:b], told.window(a, b)) for a, b in cut if given[a:b].any()
        ]
    found: dict[tuple[int, int], np.ndarray] = {}
    for group in _alike(windows):
        found |= _restored(model, group)
    origin, norm = model.origin.cpu().numpy(), float(model.prediction_norm)
    parts = [[found[key] for key in sorted(found) if key[0] == owner] for owner in range(len(masked))]
    return [origin + unit(np.concatenate(of_one)) * norm for of_one in parts]


def embed_together(model: ShotEncoder, titles: Sequence[Embeddable]) -> list[np.ndarray]:
    """The contextual embeddings of several titles, (N, C) of each; titles one by one where the head needs several passes."""
    if not model.head.encodes_context or model.head.fills_in_first:
        return [contextual_embeddings(model, shots, told)[0] for shots, told in titles]
    windows = []
    for owner, (shots, told) in enumerate(titles):
        for a, b in split_windows(len(shots), model.cfg.max_shots):
            windows.append(_Window(owner, a, shots[a:b], np.zeros(b - a, dtype=bool), told.window(a, b)))
    found: dict[tuple[int, int], np.ndarray] = {}
    for group in _alike(windows):
        found |= _encoded(model, group)
    return [np.concatenate([found[k] for k in sorted(found) if k[0] == owner]) for owner in range(len(titles))]


def _alike(windows: Sequence[_Window]) -> list[list[_Window]]:
    """Windows that one call of the model takes: all told of the same, hidden shots or hidden modalities."""
    groups: dict[tuple[int, bool, bool], list[_Window]] = defaultdict(list)
    for window in windows:
        groups[window.hidden.ndim, window.told.metadata is None, window.told.times is None].append(window)
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


def _told(model: ShotEncoder, windows: Sequence[_Window]) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """(B, G) metadata and (B, S, 2) times, each None where these windows have none."""
    known = [w.told.metadata for w in windows if w.told.metadata is not None]
    metadata = torch.as_tensor(np.stack(known), device=model.device) if known else None
    timed = [w.told.times for w in windows if w.told.times is not None]
    if not timed:
        return metadata, None
    times = np.zeros((len(timed), max(map(len, timed)), 2), dtype=np.float32)
    for row, own in enumerate(timed):
        times[row, : len(own)] = own
    return metadata, torch.as_tensor(times, device=model.device)


@torch.inference_mode()
def _restored(model: ShotEncoder, windows: Sequence[_Window]) -> dict[tuple[int, int], np.ndarray]:
    shots, hidden, valid = _stacked(model, windows)
    metadata, times = _told(model, windows)
    restored = model.eval().restore(shots, hidden, valid, metadata, times=times).float().cpu()
    counts = touched_shots(hidden).sum(dim=1).tolist()
    return {(w.owner, w.start): part.numpy() for w, part in zip(windows, restored.split(counts), strict=True)}


@torch.inference_mode()
def _encoded(model: ShotEncoder, windows: Sequence[_Window]) -> dict[tuple[int, int], np.ndarray]:
    shots, hidden, valid = _stacked(model, windows)
    metadata, times = _told(model, windows)
    encoded = model.eval().encode(shots, hidden, valid, metadata, times=times).shots.float().cpu().numpy()
    return {(w.owner, w.start): row[: len(w.shots)] for w, row in zip(windows, encoded, strict=True)}
