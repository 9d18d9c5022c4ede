"""The mean of all visible shots, with weights that decay exponentially with distance.

How far the weights should reach depends on what is hidden: where most shots are, the nearest visible one says little more than others.
The bandwidth is therefore chosen for each kind of hidden set separately, on validation titles.

Shape letters: V visible shots, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from msm import metrics
from msm.baselines._protocol import Example

LABEL = "distance-weighted mean"
TERM = "Distance-weighted mean"
ACTION = "averaging the visible shots around it"
BANDWIDTHS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0, 128.0)  # candidates, in shots
DEFAULT_BANDWIDTH = BANDWIDTHS[2]  # without a validation title
# Kinds of hidden sets: the share of hidden shots, and 1 / the mean length of a run of them, which is 1 − share at random.
KINDS = {f"{share:.0%}": (share, 1 - share) for share in (0.1, 0.2, 0.4, 0.6, 0.8)} | {"spans": (0.2, 1 / 7)}
USUAL = "20%"  # the kind whose bandwidth serves where no other was chosen


def fit(
    train: Iterable[np.ndarray],
    validation: Iterable[tuple[Example, np.ndarray]],
    mean: np.ndarray,
    blocks: Sequence[slice] = (),
) -> dict[str, float | dict[str, float]]:
    """Choose the bandwidth with the highest centred cosine on the validation titles, for each kind of hidden set.

    returns  `bandwidth` of the usual kind, and `bandwidths` of every kind that the validation titles have
    """
    sums = {kind: np.zeros(len(BANDWIDTHS)) for kind in KINDS}
    for example, truth in validation:
        scored = [metrics.centred_cosine(predict(example, b), truth, mean).sum() for b in BANDWIDTHS]
        sums[kind_of(example.where, example.seen)] += scored
    chosen = {kind: BANDWIDTHS[int(own.argmax())] for kind, own in sums.items() if own.any()}
    return {"bandwidth": chosen.get(USUAL, DEFAULT_BANDWIDTH), "bandwidths": chosen}


def predict(example: Example, bandwidth: float, bandwidths: Mapping[str, float] | None = None) -> np.ndarray:
    """(H, D), with the bandwidth of this kind of hidden set, or with `bandwidth` where it has none of its own."""
    chosen = bandwidth_for(example.where, example.seen, bandwidth, bandwidths)
    return weighted_mean(example.visible, example.seen, example.where, chosen)


def bandwidth_for(
    where: np.ndarray, seen: np.ndarray, bandwidth: float, bandwidths: Mapping[str, float] | None = None
) -> float:
    """The bandwidth for hidden shots at `where` (H,) among visible ones at `seen` (V,), in shots."""
    return bandwidths.get(kind_of(where, seen), bandwidth) if bandwidths else bandwidth


def kind_of(where: np.ndarray, seen: np.ndarray) -> str:
    """The kind of KINDS that is most like hidden shots at `where` (H,) among visible ones at `seen` (V,)."""
    share = len(where) / max(1, len(where) + len(seen))
    runs = 1 + int((np.diff(where) > 1).sum())
    found = np.array([share, runs / max(1, len(where))])
    return min(KINDS, key=lambda kind: float(np.abs(found - KINDS[kind]).sum()))


def weighted_mean(visible: np.ndarray, seen: np.ndarray, where: np.ndarray, bandwidth: float) -> np.ndarray:
    """(V, D), (V,), (H,) → (H, D): the weights are exp(−distance / bandwidth)."""
    distance = np.abs(where[:, None] - seen[None, :])
    weights = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / bandwidth)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(visible.dtype) @ visible
