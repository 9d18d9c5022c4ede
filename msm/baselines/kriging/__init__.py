"""Kriging: a Gaussian process over the shots of a title, one for each principal component.

Simple kriging (Cressie, *Statistics for Spatial Data*, 1993, chapter 3) with the place of a shot as its only coordinate.
The training shots are taken about their mean and rotated to their principal components. The leading ones and the remainder each
get a covariance function of the distance between two shots, fitted on the training titles (`fit`). The prediction is the posterior
mean given all visible shots (`posterior`): closed form, no network, nothing chosen by hand.

A component that changes slowly is so averaged over many shots, one that changes fast is read from the next ones, one that
alternates (shot and reverse shot) from every second. Where the visible shots say nothing, the prediction is the training mean; a
constant part of the covariance makes it the mean of the title where titles differ.

Shape letters: V visible shots, H hidden shots, D width of a shot, R principal components, J terms of a covariance function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from msm.baselines._protocol import Example
from msm.baselines.kriging.fit import fit
from msm.baselines.kriging.kept import MOST_SHOTS, KeptTitle, observe
from msm.baselines.kriging.leave_one_out import leave_one_out
from msm.baselines.kriging.posterior import PRECISIONS, by_covariance, by_precision, covariance
from msm.baselines.kriging.windows import LONGEST, Window, split

__all__ = ["ACTION", "LABEL", "TERM", "fit", "fits", "leave_one_out", "predict"]

LABEL = "kriging predictor"
TERM = "Kriging"
ACTION = "interpolating the visible shots (kriging)"


def predict(example: Example, components: np.ndarray, decays: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Predict the hidden shots, (H, D), by the posterior mean given the visible ones.

    components  (D, R) principal components of the training shots
    decays      (J,) and variances (J, R + 1) of the covariance functions, as `posterior.covariance` reads them

    A title longer than `windows.LONGEST` is predicted in overlapping windows.
    """
    basis = components.astype(np.float64)
    table = covariance(int(max(example.seen[-1], example.where.max(initial=0))) + 1, decays, variances)
    kept = _kept(example)
    scores, about = observe(example.visible, example.mean, basis) if kept is None else kept.observe(example, basis)
    rows = np.arange(len(example.seen)) if kept is None else example.seen  # of these tables
    predicted = np.zeros((len(example.where), len(basis)))
    for window in split(example.where, example.seen):
        seen = example.seen[window.visible]
        found = kept.prediction(window, seen) if kept else None
        if found is None:
            own = rows[window.visible]
            leading, rest = _posterior_means(window, seen, table, scores[own], about[own])
            # `rest` is of whole shots: their parts along the components are replaced by the components' own predictions.
            found = rest + (leading - rest @ basis) @ basis.T
            if kept:
                kept.keep(window, seen, found)
        predicted[window.predicted] = found
    return (example.mean + predicted).astype(example.visible.dtype)


def _kept(example: Example) -> KeptTitle | None:
    """What was computed of the title before; None where nothing is to be kept of it."""
    if example.kept is None or max(example.seen[-1], example.where.max(initial=0)) >= MOST_SHOTS:
        return None
    return example.kept.setdefault("kriging", KeptTitle())


def fits(width: int, parameters: Mapping[str, Any]) -> bool:
    """Whether parameters that were read from a file are complete, finite, and of shots of this width."""
    if set(parameters) != {"components", "decays", "variances"}:
        return False
    arrays = [np.asarray(parameters[name]) for name in ("components", "decays", "variances")]
    if not all(a.dtype.kind == "f" and np.isfinite(a).all() for a in arrays):
        return False
    components, decays, variances = arrays
    shaped = components.ndim == 2 and len(components) == width and decays.ndim == 1
    if not shaped or variances.shape != (len(decays), components.shape[1] + 1):
        return False
    nugget = variances[decays == 0].sum(axis=0)  # without one, equal places would have equal shots
    return bool((np.abs(decays) <= 1).all() and (variances >= 0).all() and (nugget > 0).all())


def _posterior_means(
    window: Window, seen: np.ndarray, table: np.ndarray, scores: np.ndarray, about: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of the wanted shots of a window: the components (H, R), and whole shots by the last covariance function (H, D).

    scores, about  (V, R) and (V, D) of its visible shots at the places `seen` (V,)
    """
    observed = scores, about
    count = len(window.hidden) + len(seen)
    first, last = min(window.hidden[0], seen[0]), max(window.hidden[-1], seen[-1])
    if len(window.hidden) > len(seen) or count > LONGEST or count <= last - first:  # or there are shots of neither kind
        return by_covariance(table, window.hidden[window.wanted], seen, *observed)
    hidden = np.zeros(count, dtype=bool)
    hidden[window.hidden - first] = True
    leading, rest = by_precision(PRECISIONS.get(np.ascontiguousarray(table[:, :count])), hidden, *observed)
    return leading[window.wanted], rest[window.wanted]
