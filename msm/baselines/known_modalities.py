"""Kriging and the mean of the visible shots that are like the known modalities of a hidden shot, with a cross-modal regression.

Where only some modalities of a shot are hidden, a model that is given the others has to beat a prediction that is given them too.
In a weighted mean the weight of a visible shot is exp(−distance / bandwidth) · exp(cosine of the known modalities / temperature).
A share of the kriging prediction is mixed in. What the mixture leaves of the known modalities predicts what it leaves of the hidden
one, by ridge regression between principal components; it is estimated on what kriging leaves of each training shot that has the
hidden modality, where that shot alone is hidden. Bandwidth, temperature, the shares of kriging and of the regression, and its
ridge are chosen on validation titles. (Where all terms of a Gaussian process over all modalities have their say, this is cokriging:
Cressie, *Statistics for Spatial Data*, 1993, section 3.2.3.)

Shape letters: V visible shots, H hidden shots, M modalities, K of them known, D width of a shot, W of the hidden modality,
R components of a modality, G settings that are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np

from msm.baselines import kriging as kriging_baseline
from msm.baselines._components import principal_components
from msm.baselines._protocol import Example, Known
from msm.baselines.distance_weighted import USUAL, kind_of
from msm.data.fusion import unit

LABEL = "kriging with the known modalities"
TERM = "Modality-aware kriging"
ACTION = "interpolating the visible shots (kriging) with the known part of this one"
NEEDS_KNOWN = True
BUILDS_ON = ("kriging",)
COMPONENTS = 48  # of each modality
BANDWIDTHS = (2.0, 4.0, 8.0, 16.0, 32.0)  # candidates, in shots
TEMPERATURES = (0.1, 0.2, 0.3, 0.5)  # candidates
SHARES, RIDGES = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5), (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # candidates of the regression
KRIGING = (0.0, 0.25, 0.5, 0.75, 1.0)  # candidates of its share
# Bandwidth, temperature, share and ridge of the regression, share of kriging: without a validation title.
DEFAULT = (8.0, 0.2, 0.75, 0.1, 0.5)
BEFORE_KRIGING = 4  # settings of a modality in files that were written before kriging had a share
MOST_FITTED = 20_000  # about how many shots the regressions are estimated on, of titles at equal steps
MOST_TUNED = 1000  # about how many hidden shots the settings are chosen on


def fit(
    train: Iterable[np.ndarray],
    validation: Iterable[tuple[Example, np.ndarray]],
    mean: np.ndarray,
    blocks: Sequence[slice],
    kriging: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Estimate the regressions on training titles and choose the settings of each modality; {} with a single modality.

    kriging  the parameters of that baseline; None or {} = the training mean stands for its predictions
    """
    if len(blocks) < 2:
        return {}
    components = np.zeros((len(mean), COMPONENTS), dtype=np.float16)
    for block in blocks:
        own = principal_components((shots[:, block] - mean[block] for shots in train), COMPONENTS)
        components[block, : own.shape[1]] = own
    bases = [components[block] for block in blocks]
    covariance, counts = np.zeros((len(blocks), *(len(blocks) * COMPONENTS,) * 2)), np.zeros(len(blocks))
    step = max(1, round(sum(map(len, train)) / MOST_FITTED))
    for shots in islice(train, 0, None, step):
        left = _about(shots, mean, blocks)
        if kriging:
            left = left - (kriging_baseline.leave_one_out(mean + left, mean, **kriging) - mean)
        scores = _scores(left, bases)
        for place, block in enumerate(blocks):
            having = scores[shots[:, block].any(axis=1)]
            covariance[place] += having.T @ having
            counts[place] += len(having)
    covariance /= np.maximum(counts, 1)[:, None, None]
    parameters = {"components": components, "covariance": covariance.astype(np.float32)}
    cases = _few(validation)
    return {
        **parameters,
        "settings": [_tune(cases, place, blocks, parameters, kriging) for place in range(len(blocks))],
    }


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
    cases: Sequence[tuple[Example, np.ndarray]],
    place: int,
    blocks: Sequence[slice],
    parameters: Mapping[str, Any],
    kriging: Mapping[str, Any] | None,
) -> list[float]:
    """The settings with the highest centred cosine of one modality hidden, of all that are candidates."""
    block, parts = blocks[place], np.arange(len(blocks)) != place
    prepared = []
    for example, truth in cases:
        there = truth[:, block].any(axis=1)
        known = Known(truth, np.tile(parts, (len(truth), 1)), tuple(blocks))
        given = Example(example.visible, example.seen, example.where, example.mean, known)
        rows = np.flatnonzero(there)
        evidence = Evidence.of(given, rows, place, parts, parameters["components"], expected(given, kriging))
        prepared.append((evidence, truth[rows][:, block] - example.mean[block]))
    if not sum(len(truth) for _, truth in prepared):
        return list(DEFAULT if kriging else (*DEFAULT[:-1], 0.0))
    slopes = {ridge: slopes_for(place, parts, parameters["covariance"][place], ridge) for ridge in RIDGES}
    tried = (
        (level, setting) for grid in _grids(prepared, slopes, KRIGING if kriging else (0.0,)) for level, setting in grid
    )
    return list(max(tried, key=lambda pair: pair[0])[1])


def _grids(
    prepared: Sequence[tuple[Evidence, np.ndarray]], slopes: Mapping[float, np.ndarray], of_kriging: Sequence[float]
) -> Iterator[list[tuple[float, tuple[float, ...]]]]:
    """For each bandwidth, temperature and ridge: the mean cosine and the settings, for all shares.

    A prediction is a sum of four terms, mean and kriging and the regressions from either, weighted by the shares. So the scalar products
    of the four with each other and with the truth give the cosine for any shares.
    """
    shares = np.array(list(product(SHARES, of_kriging)))  # (G, 2)
    of_terms = np.stack([1 - shares[:, 1], shares[:, 1]], axis=1)
    of_terms = np.concatenate([of_terms, of_terms * shares[:, :1]], axis=1)  # (G, 4)
    truth_length = np.concatenate([np.linalg.norm(truth, axis=1) for _, truth in prepared])
    for bandwidth, temperature in product(BANDWIDTHS, TEMPERATURES):
        terms = [e.terms(bandwidth, temperature) for e, _ in prepared]
        bases = [e.basis for e, _ in prepared]
        among = np.concatenate([m @ m.transpose(0, 2, 1) for m, _ in terms])  # (H, 2, 2)
        inside = np.concatenate([m @ basis for (m, _), basis in zip(terms, bases, strict=True)])  # (H, 2, R)
        left = np.concatenate([left for _, left in terms])  # (H, 2, K · R)
        along = np.concatenate([(m @ t[:, :, None])[..., 0] for (m, _), (_, t) in zip(terms, prepared, strict=True)])
        truth_inside = np.concatenate([t @ basis for (_, t), basis in zip(prepared, bases, strict=True)])  # (H, R)
        for ridge, slope in slopes.items():
            found = left @ slope  # (H, 2, R)
            across = inside @ found.transpose(0, 2, 1)
            products = np.block([[among, across], [across.transpose(0, 2, 1), found @ found.transpose(0, 2, 1)]])
            with_truth = np.concatenate([along, (found @ truth_inside[:, :, None])[..., 0]], axis=1)  # (H, 4)
            squared = np.einsum("gi,hij,gj->hg", of_terms, products, of_terms, optimize=True)
            length = np.sqrt(np.maximum(squared, 0)) * truth_length[:, None]
            cosines = np.divide(with_truth @ of_terms.T, length, out=np.zeros_like(length), where=length > 0)
            levels = cosines.mean(axis=0)
            yield [
                (float(level), (bandwidth, temperature, float(share), ridge, float(kriged)))
                for level, (share, kriged) in zip(levels, shares, strict=True)
            ]


def predict(
    example: Example,
    components: np.ndarray,
    covariance: np.ndarray,
    settings: Sequence[Sequence[float]],
    kriging: Mapping[str, Any] | None = None,
) -> np.ndarray:
    """(H, D): the hidden modalities; the known columns as they are. `kriging`: the parameters of that baseline."""
    known = example.known
    if known is None:
        raise ValueError("nothing is known of the hidden shots")
    predicted = np.zeros((len(example.where), len(example.mean)), dtype=np.float32)
    kriged = expected(example, kriging)
    for parts in np.unique(known.parts, axis=0):
        rows = np.flatnonzero((known.parts == parts).all(axis=1))
        for place, block in enumerate(known.blocks):
            if parts[place]:
                predicted[rows, block] = known.shots[rows, block]
                continue
            setting = complete(settings[place]) if kriging else (*complete(settings[place])[:-1], 0.0)
            evidence = Evidence.of(example, rows, place, parts, components, kriged)
            slopes = slopes_for(place, parts, of_place(covariance, place), setting[3])
            predicted[rows, block] = example.mean[block] + evidence.estimate(setting, slopes)
    return predicted


def expected(example: Example, kriging: Mapping[str, Any] | None) -> np.ndarray:
    """(H, D) kriging predictions about the mean, from visible shots at the mean in modalities that they lack; zeros without parameters."""
    if not kriging:
        return np.zeros((len(example.where), len(example.mean)), dtype=np.float32)
    assert example.known is not None
    visible = example.mean + _about(example.visible, example.mean, example.known.blocks)
    kept = None if example.kept is None else example.kept.setdefault("known_modalities", {})
    whole = Example(visible, example.seen, example.where, example.mean, kept=kept)
    return (kriging_baseline.predict(whole, **kriging) - example.mean).astype(np.float32)


def complete(setting: Sequence[float]) -> tuple[float, ...]:
    """The settings of a modality; from files that were written before kriging had a share, with none."""
    return (*setting, 0.0) if len(setting) == BEFORE_KRIGING else tuple(setting)


def of_place(covariance: np.ndarray, place: int) -> np.ndarray:
    """The covariance for one hidden modality; files that were written before each had its own have one for all."""
    return covariance if covariance.ndim == 2 else covariance[place]


@dataclass(frozen=True)
class Evidence:
    """What the visible shots and the known modalities say of one hidden modality of some shots; shots are about the training mean."""

    similarity: np.ndarray  # (H, V) cosine of the known modalities
    distance: np.ndarray  # (H, V) shots
    there: np.ndarray  # (V,) bool, the visible shots that have the hidden modality
    values: np.ndarray  # (V, W) of the visible shots
    kriged: np.ndarray  # (H, W) by kriging
    basis: np.ndarray  # (W, R)
    own: np.ndarray  # (H, K · R) components of the K known modalities
    others: np.ndarray  # (V, K · R) of the visible shots
    kriged_others: np.ndarray  # (H, K · R) by kriging

    @classmethod
    def of(
        cls,
        example: Example,
        rows: np.ndarray,
        place: int,
        parts: np.ndarray,
        components: np.ndarray,
        kriged: np.ndarray,
    ) -> Evidence:
        """Of the hidden shots in `rows`, of which the modalities `parts` (M,) are known and that at `place` is wanted.

        kriged  (H, D) as `expected` returns it
        """
        assert example.known is not None
        blocks, block = example.known.blocks, example.known.blocks[place]
        told = [blocks[i] for i in np.flatnonzero(parts)]
        bases = [components[b] for b in told]
        own, others = (_about(s, example.mean, told) for s in (example.known.shots[rows], example.visible))
        by_kriging = kriged[rows]
        return cls(
            unit(own) @ unit(others).T,
            np.abs(example.where[rows][:, None] - example.seen),
            np.asarray(example.visible[:, block].any(axis=1)),
            _about(example.visible, example.mean, [block]),
            by_kriging[:, block],
            components[block].astype(np.float32),
            _scores(own, bases),
            _scores(others, bases),
            _scores(np.concatenate([by_kriging[:, b] for b in told], axis=1) if told else by_kriging[:, :0], bases),
        )

    def terms(self, bandwidth: float, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """The weighted mean and kriging: (H, 2, W), and what they leave of the known modalities, (H, 2, K · R)."""
        nearness = self.similarity / temperature - self.distance / bandwidth
        if self.there.any():  # a visible shot that lacks the modality says nothing of it
            nearness = np.where(self.there, nearness, -np.inf)
        weights = np.exp(nearness - nearness.max(axis=1, keepdims=True))
        weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        means = np.stack([weights @ self.values, self.kriged], axis=1)
        return means, self.own[:, None] - np.stack([weights @ self.others, self.kriged_others], axis=1)

    def estimate(self, setting: Sequence[float], slopes: np.ndarray) -> np.ndarray:
        """(H, W); `slopes` (K · R, R) of the regression, as `slopes_for` gives them."""
        bandwidth, temperature, share, _, kriged = setting
        mix = np.array([1 - kriged, kriged], dtype=np.float32)
        means, left = ((mix[:, None] * terms).sum(axis=1) for terms in self.terms(bandwidth, temperature))
        return means + share * (left @ slopes) @ self.basis.T if share else means


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
    known_lengths = (len(DEFAULT), BEFORE_KRIGING)
    if components.shape != (width, COMPONENTS) or settings.ndim != 2 or settings.shape[1] not in known_lengths:
        return False
    square = (len(settings) * COMPONENTS,) * 2
    if covariance.shape not in (square, (len(settings), *square)):
        return False
    try:
        numbers = settings.astype(float)
    except (TypeError, ValueError):
        return False
    positive = (numbers[:, [0, 1]] > 0).all() and (numbers >= 0).all() and (numbers[:, BEFORE_KRIGING:] <= 1).all()
    return bool(positive and all(np.isfinite(a).all() for a in (components, covariance, numbers)))
