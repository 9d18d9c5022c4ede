"""The mean of the visible shots around that are like the known modalities of a hidden shot, and a cross-modal regression.

Where only some modalities of a shot are hidden, a model that is given the others has to beat a prediction that is given them too.
The weight of a visible shot is exp(−distance / bandwidth) · exp(cosine of the known modalities / temperature). What the weighted
mean leaves of the known modalities predicts the hidden one by ridge regression between principal components, estimated on the
training titles. Bandwidth, temperature, the share of the regression and its ridge are chosen on validation titles.

Shape letters: V visible shots, H hidden shots, M modalities, D width of a shot, R components of a modality.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from msm import metrics
from msm.baselines._components import principal_components
from msm.baselines._protocol import Example, Known
from msm.baselines.distance_weighted import USUAL, kind_of
from msm.data.fusion import unit

LABEL = "mean by distance and known modalities"
TERM = "Modality-aware mean"
ACTION = "averaging the shots around it that are like its visible part"
NEEDS_KNOWN = True
COMPONENTS = 48  # of each modality
BANDWIDTHS = (2.0, 4.0, 8.0, 16.0, 32.0)  # candidates, in shots
TEMPERATURES = (0.1, 0.2, 0.3, 0.5)  # candidates
SHARES, RIDGES = (0.0, 0.5, 0.75, 1.0), (0.3, 1.0, 3.0)  # candidates of the regression
DEFAULT = (8.0, 0.2, 0.5, 1.0)  # bandwidth, temperature, share, ridge: without a validation title
MOST_TUNED = 1000  # about how many hidden shots the settings are chosen on


def fit(
    train: Iterable[np.ndarray],
    validation: Iterable[tuple[Example, np.ndarray]],
    mean: np.ndarray,
    blocks: Sequence[slice],
) -> dict[str, Any]:
    """Estimate the regression on training titles and choose the settings of each modality; {} with a single modality."""
    if len(blocks) < 2:
        return {}
    components = np.zeros((len(mean), COMPONENTS), dtype=np.float16)
    for block in blocks:
        own = principal_components((shots[:, block] - mean[block] for shots in train), COMPONENTS)
        components[block, : own.shape[1]] = own
    covariance, count = np.zeros((len(blocks) * COMPONENTS,) * 2), 0
    for shots in train:
        scores = _scores(_about(shots, mean, blocks), [components[block] for block in blocks])
        covariance += scores.T @ scores
        count += len(scores)
    parameters = {"components": components, "covariance": (covariance / max(count, 1)).astype(np.float32)}
    cases = _few(validation)
    return {**parameters, "settings": [_tune(cases, place, blocks, parameters) for place in range(len(blocks))]}


def _few(validation: Iterable[tuple[Example, np.ndarray]]) -> list[tuple[Example, np.ndarray]]:
    """Cases with the usual share of hidden shots, until there are about MOST_TUNED of them."""
    kept: list[tuple[Example, np.ndarray]] = []
    for example, truth in validation:
        if kind_of(example.where, example.seen) == USUAL:
            kept.append((example, truth))
        if sum(len(t) for _, t in kept) >= MOST_TUNED:
            break
    return kept


def _tune(
    cases: Sequence[tuple[Example, np.ndarray]], place: int, blocks: Sequence[slice], parameters: Mapping[str, Any]
) -> list[float]:
    """The settings with the highest centred cosine of one modality hidden: the weights first, then the regression."""
    block, parts = blocks[place], np.arange(len(blocks)) != place
    prepared = []
    for example, truth in cases:
        known = Known(truth, np.tile(parts, (len(truth), 1)), tuple(blocks))
        given = Example(example.visible, example.seen, example.where, example.mean, known)
        evidence = Evidence.of(given, np.arange(len(truth)), place, parts, parameters["components"])
        prepared.append((evidence, truth[:, block], truth[:, block].any(axis=1), example.mean[block]))

    def score(setting: tuple[float, ...]) -> float:
        slopes = slopes_for(place, parts, parameters["covariance"], setting[3])
        found = ((e.estimate(setting, slopes), truth, there, mean) for e, truth, there, mean in prepared)
        return sum(float(metrics.centred_cosine(p[there], t[there], m).sum()) for p, t, there, m in found)

    if not cases:
        return list(DEFAULT)
    pairs = list(product(BANDWIDTHS, TEMPERATURES))
    weights = pairs[int(np.argmax([score((*pair, 0.0, 1.0)) for pair in pairs]))]
    tried = [(*weights, *pair) for pair in product(SHARES, RIDGES)]
    return list(tried[int(np.argmax([score(setting) for setting in tried]))])


def predict(
    example: Example, components: np.ndarray, covariance: np.ndarray, settings: Sequence[Sequence[float]]
) -> np.ndarray:
    """(H, D): the hidden modalities; the known columns as they are."""
    known = example.known
    if known is None:
        raise ValueError("nothing is known of the hidden shots")
    predicted = np.zeros((len(example.where), len(example.mean)), dtype=np.float32)
    for parts in np.unique(known.parts, axis=0):
        rows = np.flatnonzero((known.parts == parts).all(axis=1))
        for place, block in enumerate(known.blocks):
            if parts[place]:
                predicted[rows, block] = known.shots[rows, block]
                continue
            evidence = Evidence.of(example, rows, place, parts, components)
            slopes = slopes_for(place, parts, covariance, settings[place][3])
            predicted[rows, block] = evidence.estimate(settings[place], slopes)
    return predicted


@dataclass(frozen=True)
class Evidence:
    """What the visible shots and the known modalities say of one hidden modality of some shots."""

    similarity: np.ndarray  # (H, V) cosine of the known modalities
    distance: np.ndarray  # (H, V) shots
    there: np.ndarray  # (V,) bool, the visible shots that have the hidden modality
    values: np.ndarray  # (V, its width) of the visible shots
    basis: np.ndarray  # (its width, R)
    own: np.ndarray  # (H, K · R) components of the K known modalities
    others: np.ndarray  # (V, K · R) of the visible shots

    @classmethod
    def of(cls, example: Example, rows: np.ndarray, place: int, parts: np.ndarray, components: np.ndarray) -> Evidence:
        """Of the hidden shots in `rows`, of which the modalities `parts` (M,) are known and that at `place` is wanted."""
        assert example.known is not None
        blocks = example.known.blocks
        told = [blocks[i] for i in np.flatnonzero(parts)]
        own, others = (_about(s, example.mean, told) for s in (example.known.shots[rows], example.visible))
        values = example.visible[:, blocks[place]]
        distance = np.abs(example.where[rows][:, None] - example.seen)
        scores = (_scores(x, [components[b] for b in told]) for x in (own, others))
        similarity = unit(own) @ unit(others).T
        return cls(
            similarity,
            distance,
            np.asarray(values.any(axis=1)),
            values,
            components[blocks[place]].astype(np.float32),
            *scores,
        )

    def estimate(self, setting: Sequence[float], slopes: np.ndarray) -> np.ndarray:
        """(H, its width); `slopes` (K · R, R) of the regression, as `slopes_for` gives them."""
        bandwidth, temperature, share, _ = setting
        nearness = self.similarity / temperature - self.distance / bandwidth
        if self.there.any():  # a visible shot that lacks the modality says nothing of it
            nearness = np.where(self.there, nearness, -np.inf)
        weights = np.exp(nearness - nearness.max(axis=1, keepdims=True))
        weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        predicted = weights @ self.values
        if share:
            predicted = predicted + share * ((self.own - weights @ self.others) @ slopes) @ self.basis.T
        return predicted


def slopes_for(place: int, parts: np.ndarray, covariance: np.ndarray, ridge: float) -> np.ndarray:
    """(K · R, R): the ridge regression of one modality's components on those of the K known modalities `parts` (M,)."""
    inside = np.repeat(parts, COMPONENTS)
    among = covariance[np.ix_(inside, inside)].astype(np.float64)
    among += (ridge * np.trace(among) / max(1, len(among)) + 1e-12) * np.eye(len(among))
    return np.linalg.solve(among, covariance[inside, place * COMPONENTS : (place + 1) * COMPONENTS]).astype(np.float32)


def _about(shots: np.ndarray, mean: np.ndarray, blocks: Sequence[slice]) -> np.ndarray:
    """(N, D) → (N, width of these blocks), about the mean; zeros for a modality that a shot lacks."""
    if not blocks:
        return np.zeros((len(shots), 1), dtype=np.float32)
    parts = [(shots[:, b] - mean[b]) * shots[:, b].any(axis=1, keepdims=True) for b in blocks]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _scores(centred: np.ndarray, bases: Sequence[np.ndarray]) -> np.ndarray:
    """(N, width of K modalities) → (N, K · R): each modality along its own components."""
    if not bases:
        return np.zeros((len(centred), 0), dtype=np.float32)
    ends = np.cumsum([len(basis) for basis in bases])[:-1]
    pairs = zip(np.split(centred, ends, axis=1), bases, strict=True)
    return np.concatenate([part @ basis.astype(np.float32) for part, basis in pairs], axis=1)


def fits(width: int, parameters: Mapping[str, Any]) -> bool:
    """Whether parameters that were read from a file are complete, finite, and of shots of this width."""
    if set(parameters) != {"components", "covariance", "settings"}:
        return False
    components, covariance = (np.asarray(parameters[name]) for name in ("components", "covariance"))
    settings = np.asarray(parameters["settings"], dtype=object)
    if components.shape != (width, COMPONENTS) or settings.ndim != 2 or settings.shape[1] != len(DEFAULT):
        return False
    if covariance.shape != (len(settings) * COMPONENTS,) * 2:
        return False
    try:
        numbers = settings.astype(float)
    except (TypeError, ValueError):
        return False
    positive = (numbers[:, [0, 1]] > 0).all() and (numbers >= 0).all()
    return bool(positive and all(np.isfinite(a).all() for a in (components, covariance, numbers)))
