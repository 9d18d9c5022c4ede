"""Predictions without a model: what a masked-shot model has to beat.

Shape letters: N shots of a title, H hidden shots, V visible shots, D width of a shot.
"""

from __future__ import annotations

import numpy as np

NAMES = ("global_mean", "title_mean", "nearest_visible", "linear", "distance_weighted")
BANDWIDTHS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)  # shots; candidates for the distance-weighted mean


def predict_all(
    shots: np.ndarray, hidden: np.ndarray, global_mean: np.ndarray, bandwidth: float
) -> dict[str, np.ndarray]:
    """Every baseline's prediction of a title's hidden shots.

    shots        (N, D) float, fused; hidden rows are never read
    hidden       (N,)   bool, True = hidden
    global_mean  (D,)   mean of the training shots: also what stands in where nothing is visible
    bandwidth    b of the distance-weighted mean, in shots
    returns      name → (H, D)
    """
    where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    everywhere = np.broadcast_to(global_mean, (len(where), shots.shape[1]))
    if not len(seen):
        return dict.fromkeys(NAMES, everywhere)
    visible = shots[seen]
    return {
        "global_mean": everywhere,
        "title_mean": np.broadcast_to(visible.mean(axis=0), everywhere.shape),
        "nearest_visible": nearest_visible(visible, seen, where),
        "linear": linear(visible, seen, where),
        "distance_weighted": distance_weighted(visible, seen, where, bandwidth),
    }


def nearest_visible(visible: np.ndarray, seen: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Copy the nearest visible shot, the earlier one of two equally near. (V, D), (V,), (H,) → (H, D)."""
    return visible[np.abs(where[:, None] - seen[None, :]).argmin(axis=1)]


def linear(visible: np.ndarray, seen: np.ndarray, where: np.ndarray) -> np.ndarray:
    """On the line between the visible neighbours; before the first and after the last, a copy of it. (V, D), (V,), (H,) → (H, D)."""
    right = np.searchsorted(seen, where).clip(0, len(seen) - 1)
    left = (np.searchsorted(seen, where) - 1).clip(0, len(seen) - 1)
    gap = np.maximum(seen[right] - seen[left], 1)
    weight = ((where - seen[left]) / gap).clip(0, 1)[:, None].astype(visible.dtype)
    return (1 - weight) * visible[left] + weight * visible[right]


def distance_weighted(visible: np.ndarray, seen: np.ndarray, where: np.ndarray, bandwidth: float) -> np.ndarray:
    """Mean of all the visible shots with weights exp(−distance / b). (V, D), (V,), (H,) → (H, D)."""
    distance = np.abs(where[:, None] - seen[None, :])
    weights = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / bandwidth)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(visible.dtype) @ visible


def distance_to_visible(hidden: np.ndarray) -> np.ndarray:
    """(N,) bool → (H,) int: shots from each hidden one to the nearest visible one; N where none is."""
    where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    if not len(seen):
        return np.full(len(where), len(hidden))
    return np.abs(where[:, None] - seen[None, :]).min(axis=1)
