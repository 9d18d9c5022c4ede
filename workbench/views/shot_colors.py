"""A colour for each shot: shots with similar embeddings get similar colours.

Shape letters: N shots of a title, D width of a shot embedding.
"""

from __future__ import annotations

import numpy as np

LIGHTNESS, LIGHTNESS_SPREAD, CHROMA = 0.66, 0.13, 0.115
_SEED, _EXTRA, _ROUNDS = 0, 5, 8


def fingerprint_colors(embeddings: np.ndarray) -> list[str]:
    """(N, D) → N colours `#rrggbb`: the first three principal components as a place in OKLab.

    The strongest component becomes the hue's one axis, the second its other, the third lightness,
    so that most of the variance between shots is seen as hue and no shot is too dark to read.
    """
    components = principal_components(embeddings, 3)  # (N, 3)
    spread = components.std(axis=0)
    squashed = np.tanh(components / np.where(spread > 1e-9, 1.6 * spread, 1.0))
    lab = np.stack(
        [LIGHTNESS + LIGHTNESS_SPREAD * squashed[:, 2], CHROMA * squashed[:, 0], CHROMA * squashed[:, 1]], axis=1
    )
    rgb = np.round(255 * oklab_to_srgb(lab)).astype(int)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rgb]


def principal_components(embeddings: np.ndarray, count: int) -> np.ndarray:
    """(N, D) → (N, count) scores, strongest first; zeros where the title has fewer.

    Rows are brought to unit length first. A few rounds of subspace iteration: a long title takes
    milliseconds, where a full decomposition takes seconds. The sign is fixed, so that a title
    keeps its colours.
    """
    rows = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    rows = rows - rows.mean(axis=0)
    rank = min(count + _EXTRA, *rows.shape)
    basis = np.random.default_rng(_SEED).standard_normal((rows.shape[1], rank)).astype(rows.dtype)
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(rows.T @ (rows @ basis))
    left, strength, _ = np.linalg.svd(rows @ basis, full_matrices=False)
    scores = left * strength
    largest = np.take_along_axis(scores, np.abs(scores).argmax(axis=0)[None], axis=0)
    scores = scores * np.where(largest < 0, -1, 1)
    return np.pad(scores[:, :count], ((0, 0), (0, max(0, count - scores.shape[1]))))


def oklab_to_srgb(lab: np.ndarray) -> np.ndarray:
    """(N, 3) OKLab → (N, 3) sRGB in 0 … 1 (Ottosson 2020), out-of-gamut values clipped."""
    to_lms = np.array(
        [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
    )
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip((lab @ to_lms.T) ** 3 @ to_rgb.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
