"""The verdict on one fill-in: whether the model was better than copying or interpolating, in one or two sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from msm import baselines
from msm.metrics.intervals import LEVEL
from workbench.views.formatting import count, grouped, number

NOTHING_HIDDEN = "Nothing is hidden. Click a shot, or drag over a few, to see what the model makes of them."
TRAINED_ON = "This is a training title: the model learned from its shots, so it is no test."
FEW = 5  # independent hidden stretches below which nothing is called a measurement
FAINT = 0.3  # centred cosine below which a prediction is called far from the shot
LEAST_GAP = 0.02  # least difference in centred cosine that is reported


def verdict(table: pd.DataFrame, best_baseline_name: str, split: str = "test") -> str:
    """Compare the model with the best baseline in one or two sentences.

    table  a row a hidden shot: shot, centred_cosine, best_baseline, distance, rank, num_shots
    split  of the title: that the model learned from it is said

    "Better" requires that a paired interval over the hidden shots excludes zero; fewer than FEW moments of the film (runs of
    neighbouring hidden shots) are never called a measurement.
    """
    if table.empty:
        return NOTHING_HIDDEN
    deed = baselines.action(best_baseline_name)
    if (table["distance"] >= table["num_shots"]).all():
        return "Everything is hidden, so the model had nothing to go by but the title; leave some shots visible."
    few = len(np.unique(moments(table["shot"]))) < FEW
    said = _of_few(table, deed) if few else f"{_of_many(table, deed)} {_where(table) or _how_near(table)}"
    return f"{said.strip()} {TRAINED_ON}" if split == "train" else said.strip()


def _of_few(table: pd.DataFrame, deed: str) -> str:
    model, baseline = float(table["centred_cosine"].mean()), float(table["best_baseline"].mean())
    first_named, second_named = model, baseline
    hidden = "this shot" if len(table) == 1 else f"these {len(table)} shots"
    if abs(model - baseline) < LEAST_GAP:
        first = f"On {hidden} the model and {deed} came equally near to the truth"
    elif model > baseline:
        first = f"On {hidden} the model came nearer to the truth than {deed}"
    else:
        first = f"On {hidden} {deed} came nearer to the truth than the model"
        first_named, second_named = baseline, model
    several = len(np.unique(moments(table["shot"]))) > 1
    moment = "a few moments" if several else "one moment" if len(table) == 1 else "one stretch"
    faint = " Neither came close." if max(model, baseline) < FAINT else ""
    return (
        f"{first} ({number(first_named)} against {number(second_named)}).{faint} That is {moment}, not a measurement."
    )


def _of_many(table: pd.DataFrame, deed: str) -> str:
    gap = table["centred_cosine"] - table["best_baseline"]
    hidden, nearer = count(len(table), "hidden shot"), int((gap > 0).sum())
    sign = clear_difference(gap, moments(table["shot"]))
    manner = deed.split()[0]  # copying, averaging, interpolating …
    if sign > 0:
        return f"The model did better than {manner}: on {nearer} of {hidden} it came nearer to the truth than {deed}."
    if sign < 0:
        return f"{manner.capitalize()} did better: {deed} came nearer to the truth than the model on {len(table) - nearer} of {hidden}."
    return (
        f"The model did about as well as {deed}, no better: {_why_no_difference(gap, moments(table['shot']), hidden)}"
    )


def _why_no_difference(gap: pd.Series, moment: np.ndarray, hidden: str) -> str:
    """Why a difference does not count: it is small, or chance explains it."""
    mean, (low, high) = float(gap.mean()), interval(gap, moment)
    side = "ahead" if mean > 0 else "behind"
    if abs(mean) < LEAST_GAP:
        return f"on {hidden} the difference is {number(abs(mean), 3)} on average, and below {number(LEAST_GAP)} none is counted."
    where = f"in {count(len(np.unique(moment)), 'moment')} of the film"
    return (
        f"it is {side} by {number(abs(mean))} on average, but on {hidden} {where} that may be chance "
        f"({LEVEL:.0%} interval of the difference: {number(low)} to {number(high)})."
    )


def clear_difference(gap: pd.Series, moment: np.ndarray | None = None) -> int:
    """The sign of the mean difference; 0 where it is small or its interval holds zero.

    gap     difference at each hidden shot, the same shots for both predictions (a paired comparison)
    moment  (H,) from `moments`: neighbouring hidden shots count as one cluster; None = each shot is its own
    """
    low, high = interval(gap, moment)
    if abs(gap.mean()) < LEAST_GAP or low <= 0 <= high:
        return 0
    return 1 if gap.mean() > 0 else -1


def interval(gap: pd.Series, moment: np.ndarray | None = None, level: float = LEVEL) -> tuple[float, float]:
    """Confidence interval of the mean difference: Student's t with cluster-robust errors, one cluster a moment.

    gap, moment  (H,) a row a hidden shot
    """
    _, moment = np.unique(np.arange(len(gap)) if moment is None else moment, return_inverse=True)
    number = int(moment.max()) + 1
    if number < 2:
        return -np.inf, np.inf
    mean = float(gap.mean())
    off = np.bincount(moment, weights=gap.to_numpy() - mean)
    error = np.sqrt(number / (number - 1) * (off**2).sum()) / len(gap)
    half = float(stdtrit(number - 1, (1 + level) / 2)) * error
    return mean - half, mean + half


def moments(shots: pd.Series) -> np.ndarray:
    """(H,) for each hidden shot the number of its run of neighbouring hidden shots."""
    return np.cumsum(np.r_[False, np.abs(np.diff(shots.to_numpy())) > 1])


def _where(table: pd.DataFrame) -> str:
    """Whether the verdict differs right beside a visible shot and farther away."""
    gap = table["centred_cosine"] - table["best_baseline"]
    moment, near = moments(table["shot"]), table["distance"].to_numpy() == 1
    if min(near.sum(), (~near).sum()) < FEW:
        return ""
    near_sign, far_sign = (clear_difference(gap[which], moment[which]) for which in (near, ~near))
    if near_sign <= 0 < far_sign:
        return "Right beside a visible shot that does as well; the model’s lead is in the middle of the gaps."
    if far_sign <= 0 < near_sign:
        return "Its lead is right beside the visible shots; in the middle of the gaps that does as well."
    return ""


def _how_near(table: pd.DataFrame) -> str:
    best = max(table["centred_cosine"].mean(), table["best_baseline"].mean())
    if best < FAINT:
        return "Neither comes close to the real shots."
    model_rank, num_shots = table["rank"].median(), int(table["num_shots"].iloc[0])
    if model_rank <= 1:
        return "Mostly the shot that is really there is the very one nearest to what the model expected."
    return f"Typically {count(int(model_rank) - 1, 'other shot')} of the title’s {grouped(num_shots)} lie nearer to what the model expected than the real one."
