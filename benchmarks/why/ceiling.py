"""How far could a prediction get? The noise floor of kriging's components, and oracles that are told the truth.

Shape letters: J terms of a covariance function, F covariance functions, H hidden shots, V visible shots.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.why.interval import with_interval
from msm import baselines, metrics
from msm.data.catalog import Catalog
from msm.data.scenes import UNKNOWN, scene_numbers
from msm.data.told import NOTHING
from msm.evaluation.protocol import RATIO, Case, hide_titles
from msm.inference.run import Run

SHARES = np.linspace(0, 1, 11)  # of the oracle's choice in the mixture with kriging
ALIKE = (1, 4)  # visible shots that the oracle chooses


def noise_floor(run: Run) -> dict[str, float]:
    """The share of the shots' variance that kriging's covariance functions call noise: no other shot of the title tells it.

    ceiling  the expected cosine √(1 − share) if everything else were known exactly
    """
    fitted = run.space.baselines["kriging"]
    variances = np.asarray(fitted["variances"], dtype=np.float64)  # (J, F)
    noise = variances[np.asarray(fitted["decays"]) == 0].sum(axis=0)
    total = variances.sum(axis=0)
    largest = np.argsort(total[:-1])[::-1]
    return {
        "noise_share": float(noise.sum() / total.sum()),
        "ceiling": float(np.sqrt(1 - noise.sum() / total.sum())),
        "largest_component": float(noise[largest[0]] / total[largest[0]]),
        "ten_largest": float(noise[largest[:10]].sum() / total[largest[:10]].sum()),
        "rest": float(noise[-1] / total[-1]),
    }


def oracles(catalog: Catalog, run: Run) -> dict[str, Any]:
    """Centred cosine on test titles of kriging, of kriging mixed with an oracle's choice, and of the head.

    scene         the mean of the visible shots of the true scene, mixed in by the share that is best on validation titles
    K most alike  the mean of the K visible shots that are most alike the truth: no model can know them, so it is a bound for
                  anything that weighs visible shots
    """
    scores: dict[str, list[np.ndarray]] = {}
    names: list[str] = []
    shares = {name: _best_share(catalog, run, name) for name in ("scene", *ALIKE)}
    for case, scene in _cases(catalog, run, "test"):
        truth, kriging = case.shots[case.hidden], _kriging(run, case)
        names += [case.title_id] * len(truth)
        rows = {"kriging": kriging, "neighbour": run.predict(case.shots, case.hidden, NOTHING)}
        for name, share in shares.items():
            if share is not None:
                key = name if name == "scene" else f"{name} most alike"
                rows[key] = _mixed(kriging, _choice(case, scene, name, run), share)
        for key, predicted in rows.items():
            scores.setdefault(key, []).append(metrics.centred_cosine(predicted, truth, run.space.mean))
    of, title = {k: np.concatenate(v) for k, v in scores.items()}, np.array(names)
    return {
        "shares": {str(k): v for k, v in shares.items()},
        **{k: with_interval(v, title) for k, v in of.items()},
        "gain": {k: with_interval(v - of["kriging"], title) for k, v in of.items() if k != "kriging"},
    }


def _cases(catalog: Catalog, run: Run, split: str) -> Any:
    titles = {t.title_id: t for t in catalog.split(split)}
    for case in hide_titles(list(titles.values()), run.space, RATIO, (0,)):
        yield case, scene_numbers(titles[case.title_id].shots)


def _best_share(catalog: Catalog, run: Run, name: str | int) -> float | None:
    """The share of an oracle's choice with the best mean on validation titles; None where no scene is known."""
    totals, known = np.zeros(len(SHARES)), False
    for case, scene in _cases(catalog, run, "validation"):
        known |= name != "scene" or bool((scene != UNKNOWN).any())
        kriging, choice = _kriging(run, case), _choice(case, scene, name, run)
        for i, share in enumerate(SHARES):
            near = metrics.centred_cosine(_mixed(kriging, choice, share), case.shots[case.hidden], run.space.mean)
            totals[i] += near.sum()
    return float(SHARES[totals.argmax()]) if known else None


def _kriging(run: Run, case: Case) -> np.ndarray:
    space = run.space
    fitted = {"kriging": space.baselines["kriging"]}
    return baselines.predict_all(case.shots, case.hidden, space.mean, space.bandwidth, fitted)["kriging"]


def _choice(case: Case, scene: np.ndarray, name: str | int, run: Run) -> np.ndarray:
    """(H, D): the mean of the visible shots that the oracle chooses for each hidden one; NaN where it has none."""
    where, seen = np.flatnonzero(case.hidden), np.flatnonzero(~case.hidden)
    if name == "scene":
        chosen = (scene[where][:, None] == scene[seen]) & (scene[where][:, None] != UNKNOWN)  # (H, V)
    else:
        about = case.shots - run.space.mean
        about /= np.maximum(np.linalg.norm(about, axis=1, keepdims=True), 1e-12)
        near = about[where] @ about[seen].T
        chosen = near >= np.sort(near, axis=1)[:, -min(int(name), len(seen)), None]
    with np.errstate(invalid="ignore"):
        return (chosen @ case.shots[seen]) / chosen.sum(axis=1, keepdims=True)


def _mixed(kriging: np.ndarray, choice: np.ndarray, share: float) -> np.ndarray:
    return np.where(np.isnan(choice), kriging, (1 - share) * kriging + share * choice)
