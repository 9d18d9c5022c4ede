"""Geometry of embeddings, to detect representation collapse: a model that predicts the same for every shot.

RankMe (Garrido et al., ICML 2023) is the effective number of dimensions: the exponential of the entropy of the
normalised singular values. The mean cosine of random pairs measures how narrow the cone of the vectors is, the
deviation how much a column varies between shots. docs/metrics.md has the thresholds.

Shape letters: N vectors, K their width, H hidden shots, D width of a shot, W width inside the encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from msm.data.fusion import unit
from msm.inference.predict import contextual_embeddings
from msm.models.encoder import ShotEncoder

WINDOWS, WINDOW = 4, 32  # titles, and shots of each, whose contextual embeddings are measured
SAMPLE = 256  # vectors measured: RankMe can be no higher
NARROW = 0.97  # mean cosine of random pairs above which all vectors are nearly equal
FEW_DIMENSIONS = 2.0  # RankMe below which they lie on a line
FLAT = 0.05  # deviation, relative to that of the real shots, below which all predictions are nearly equal


def rankme(vectors: np.ndarray) -> float:
    """(N, K) → effective number of dimensions, 1 to min(N, K); 1 for vectors that are all zero."""
    gram = vectors @ vectors.T if len(vectors) <= vectors.shape[1] else vectors.T @ vectors
    strength = np.sqrt(np.clip(np.linalg.eigvalsh(gram.astype(np.float64)), 0, None))
    if not strength.sum() > 0:
        return 1.0
    share = strength / strength.sum() + 1e-7  # as in the paper, so that an empty direction adds nothing
    return float(np.exp(-(share * np.log(share)).sum()))


def pair_cosine(vectors: np.ndarray) -> float:
    """(N, K) → mean cosine of two different rows: 0 for a cloud around the origin, 1 where all have one direction."""
    rows = unit(vectors).astype(np.float64)
    count = len(rows)
    if count < 2:
        return 1.0
    return float((np.square(rows.sum(axis=0)).sum() - np.square(rows).sum()) / (count * (count - 1)))


def deviation(vectors: np.ndarray) -> float:
    """(N, K) → standard deviation of a column of the unit vectors, times √K: 1 for an even cloud, 0 for one point."""
    rows = unit(vectors)
    return float(rows.std(axis=0).mean() * np.sqrt(rows.shape[1]))


def shape_of(vectors: np.ndarray) -> dict[str, float]:
    """RankMe, pair cosine and deviation of at most SAMPLE evenly spaced vectors, (N, K)."""
    few = vectors[np.linspace(0, len(vectors) - 1, min(SAMPLE, len(vectors))).astype(int)]
    return {"rankme": rankme(few), "pair_cosine": pair_cosine(few), "deviation": deviation(few)}


def alarm(predictions: Mapping[str, float], contextual: Mapping[str, float], truth: Mapping[str, float]) -> str | None:
    """A sentence where the model has collapsed, None where it has not; each argument from `shape_of`.

    truth  of the real shots that were predicted: where these are nearly equal, so may the predictions be
    """
    if contextual["pair_cosine"] > max(NARROW, truth["pair_cosine"]):
        return f"collapse: contextual embeddings of any two shots are alike (cosine {contextual['pair_cosine']:.3f})"
    if contextual["rankme"] < min(FEW_DIMENSIONS, truth["rankme"]):
        return f"collapse: contextual embeddings use {contextual['rankme']:.1f} dimensions"
    if predictions["deviation"] < FLAT * truth["deviation"]:
        return f"collapse: the model predicts the same for every shot (cosine {predictions['pair_cosine']:.3f})"
    return None


def geometry(predictions: np.ndarray, contextual: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """The geometry of one validation: {"predictions", "contextual", "truth": shape_of, "alarm": sentence or None}.

    predictions (H, D) and truth (H, D) of hidden shots, contextual (N, W) of shots that are all visible
    """
    shapes = {"predictions": shape_of(predictions), "contextual": shape_of(contextual), "truth": shape_of(truth)}
    return {**shapes, "alarm": alarm(**shapes)}


@torch.inference_mode()
def contextual_sample(model: ShotEncoder, titles: Sequence[np.ndarray]) -> np.ndarray:
    """(N, C): contextual embeddings of the first shots of evenly spaced titles, nothing hidden.

    titles  fused shots of each, (shots, D)
    """
    most = min(WINDOW, model.cfg.max_shots)
    chosen = [titles[int(i)][:most] for i in np.linspace(0, len(titles) - 1, min(WINDOWS, len(titles)))]
    if not model.head.encodes_context:  # such a head's encoder only corrects, and may rightly add nothing
        return np.concatenate([contextual_embeddings(model, rows)[0] for rows in chosen])
    shots = np.zeros((len(chosen), max(map(len, chosen)), chosen[0].shape[1]), dtype=np.float32)
    valid = np.zeros(shots.shape[:2], dtype=bool)
    for i, rows in enumerate(chosen):
        shots[i, : len(rows)], valid[i, : len(rows)] = rows, True
    model.eval()
    seen = torch.from_numpy(valid).to(model.device)
    encoded = model.encode(torch.from_numpy(shots).to(model.device), torch.zeros_like(seen), seen)
    return encoded.shots.float().cpu().numpy()[valid]
