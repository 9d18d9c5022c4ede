"""Predictions without a model: what a masked-shot model has to beat. One file a baseline; arrays in, arrays out.

`predict_all` predicts with every baseline, `fit_all` estimates their parameters. To add one, write a file
as `msm.baselines._protocol.Baseline` says.

Shape letters: N shots of a title, V visible shots, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from msm.baselines._protocol import Baseline, Example, FittedBaseline, Known
from msm.baselines.distance_weighted import BANDWIDTHS
from msm.config.registry import Registry

__all__ = [
    "BANDWIDTHS",
    "NAMES",
    "Baseline",
    "Example",
    "FittedBaseline",
    "Known",
    "Parameters",
    "action",
    "best_label",
    "distance_to_visible",
    "fit_all",
    "fitted_names",
    "label",
    "misfit",
    "predict_all",
    "term",
]

REGISTRY = Registry(
    "msm.baselines",
    "baseline",
    order=(
        "global_mean",
        "title_mean",
        "nearest_visible",
        "linear",
        "distance_weighted",
        "kriging",
        "known_modalities",
    ),  # the simplest first
)
NAMES = REGISTRY.names()

Parameters = Mapping[str, Mapping[str, Any]]  # name of a baseline → what its `fit` returned


def predict_all(
    shots: np.ndarray,
    hidden: np.ndarray,
    global_mean: np.ndarray,
    bandwidth: float,
    parameters: Parameters | None = None,
    known: Known | None = None,
    kept: dict[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """Predict a title's hidden shots with every baseline that has what it needs: its parameters, and what is known of them.

    shots        (N, D) float, fused; hidden rows are never read
    hidden       (N,)   bool, True = hidden
    global_mean  (D,)   mean of the training shots; every baseline's prediction where no shot is visible
    bandwidth    of the distance-weighted mean, in shots, where `parameters` has none for this kind of hidden set
    parameters   of the baselines that are fitted, as `fit_all` returns them
    known        of the hidden shots, where only some of their modalities are hidden and the others may be used
    kept         what baselines compute of these very shots with these parameters is kept in it, for the next call with it
    returns      name → (H, D)
    """
    fitted = dict(parameters or {})
    fitted["distance_weighted"] = {"bandwidth": bandwidth, **fitted.get("distance_weighted", {})}
    able = [name for name in NAMES if _able(name, fitted, known)]
    where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    if not len(seen):
        return dict.fromkeys(able, np.broadcast_to(global_mean, (len(where), shots.shape[1])))
    example = Example(shots[seen], seen, where, global_mean, known, kept)
    return {
        name: REGISTRY.get(name).predict(example, **fitted.get(name, {}), **_built_on(name, fitted)) for name in able
    }


def _built_on(name: str, fitted: Parameters) -> dict[str, Mapping[str, Any]]:
    """The parameters of the baselines that this one makes use of, by their names."""
    return {other: fitted.get(other, {}) for other in getattr(REGISTRY.get(name), "BUILDS_ON", ())}


def _able(name: str, fitted: Parameters, known: Known | None) -> bool:
    """Whether a baseline has the parameters that it needs, and is told of the hidden shots what it needs."""
    module = REGISTRY.get(name)
    told = known is not None and bool(known.parts.any())
    return bool(fitted.get(name) or not hasattr(module, "fit")) and (told or not getattr(module, "NEEDS_KNOWN", False))


def fit_all(
    train: Iterable[np.ndarray],
    validation: Iterable[tuple[Example, np.ndarray]],
    mean: np.ndarray,
    blocks: Sequence[slice],
) -> dict[str, dict[str, Any]]:
    """Estimate the parameters of every baseline that has some.

    train       (N, D) fused shots of each training title
    validation  validation titles with hidden shots, each with the truth (H, D)
    mean        (D,) of the training shots
    blocks      the columns of each modality
    returns     name → JSON values, kept in run.json, and arrays, kept in baselines.safetensors; {} of a baseline that cannot
                predict such shots

    Both iterables are read once for each such baseline, so they must start anew each time.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in fitted_names():  # those that others build on come first
        found[name] = REGISTRY.get(name).fit(train, validation, mean, blocks, **_built_on(name, found))
    return found


def fitted_names() -> tuple[str, ...]:
    """The baselines with parameters."""
    return tuple(name for name in NAMES if hasattr(REGISTRY.get(name), "fit"))


def misfit(parameters: Parameters, width: int) -> str | None:
    """Name the first baseline whose parameters, read from a file, are not of shots of this width; None where all are."""
    for name in NAMES:
        fits = getattr(REGISTRY.get(name), "fits", None)
        if parameters.get(name) and fits is not None and not fits(width, parameters[name]):
            return name
    return None


def label(name: str) -> str:
    """A baseline's name in tables; its key where it is none of ours, as in the report of a newer version."""
    return _constant(name, "LABEL")


def term(name: str) -> str:
    """A baseline's name in the app, such as "Distance-weighted mean"; its key where it is none of ours."""
    return _constant(name, "TERM")


def best_label(name: str) -> str:
    """The name of the best baseline where it stands beside the model: `Best baseline (kriging)`."""
    return f"Best baseline ({term(name).lower()})"


def action(name: str) -> str:
    """What a baseline does, to follow "better than …"; its key where it is none of ours."""
    return _constant(name, "ACTION")


def _constant(name: str, constant: str) -> str:
    return getattr(REGISTRY.get(name), constant) if name in NAMES else name.replace("_", " ")


def distance_to_visible(hidden: np.ndarray) -> np.ndarray:
    """(N,) bool → (H,) int: shots from each hidden one to the nearest visible one; N where none is."""
    where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    if not len(seen):
        return np.full(len(where), len(hidden))
    return np.abs(where[:, None] - seen[None, :]).min(axis=1)
