"""The verdict on one fill-in: what a person without statistics may conclude, and no more."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.views.wording import baseline_deed, count, number

NOTHING_HIDDEN = "Nothing is hidden. Click a shot, or drag over a few, to see what the model makes of them."
FEW = 5  # hidden shots below which nothing is measured
FAINT = 0.3  # centred cosine below which a prediction has hardly anything to do with the shot
NOISE = 2.0  # standard errors that a difference must exceed to be called one
LEAST_GAP = 0.02  # and the difference itself, in centred cosine


def verdict(table: pd.DataFrame, best_baseline_name: str) -> str:
    """One or two plain sentences on the model against the best way of copying.

    table  a row a hidden shot: centred_cosine, best_baseline, distance, num_shots
    """
    if table.empty:
        return NOTHING_HIDDEN
    deed = baseline_deed(best_baseline_name)
    if (table["distance"] >= table["num_shots"]).all():
        return "Everything is hidden, so the model had nothing to go by but the title; leave some shots visible."
    if len(table) < FEW:
        return _of_few(table, deed)
    return f"{_of_many(table, deed)} {_where(table) or _how_near(table)}".strip()


def _of_few(table: pd.DataFrame, deed: str) -> str:
    model, baseline = float(table["centred_cosine"].mean()), float(table["best_baseline"].mean())
    higher, lower = number(max(model, baseline)), number(min(model, baseline))
    hidden = "this shot" if len(table) == 1 else f"these {len(table)} shots"
    if abs(model - baseline) < LEAST_GAP:
        first = f"On {hidden} the model and {deed} came equally near to the truth"
    elif model > baseline:
        first = f"On {hidden} the model came nearer to the truth than {deed}"
    else:
        first = f"On {hidden} {deed} came nearer to the truth than the model"
    moment = "one moment" if len(table) == 1 else "a few moments"
    faint = " Neither came close." if max(model, baseline) < FAINT else ""
    return f"{first} ({higher} against {lower}).{faint} That is {moment}, not a measurement."


def _of_many(table: pd.DataFrame, deed: str) -> str:
    gap = table["centred_cosine"] - table["best_baseline"]
    hidden, nearer = count(len(table), "hidden shot"), int((gap > 0).sum())
    sign = clear_difference(gap)
    if sign > 0:
        return f"The model did better than copying: on {nearer} of {hidden} it came nearer to the truth than {deed}."
    if sign < 0:
        return (
            f"Copying did better: {deed} came nearer to the truth than the model on {len(table) - nearer} of {hidden}."
        )
    return f"The model did about as well as {deed}, no better: on {hidden} the difference is too small to count."


def clear_difference(gap: pd.Series) -> int:
    """1 where the mean is clearly above nothing, −1 clearly below, 0 where chance could have made it."""
    mean, error = gap.mean(), gap.std(ddof=1) / np.sqrt(len(gap))
    if abs(mean) < max(LEAST_GAP, NOISE * error):
        return 0
    return 1 if mean > 0 else -1


def _where(table: pd.DataFrame) -> str:
    """Whether the answer is another one right beside a visible shot than farther off."""
    gap = table["centred_cosine"] - table["best_baseline"]
    beside, far = gap[table["distance"] == 1], gap[table["distance"] > 1]
    if min(len(beside), len(far)) < FEW:
        return ""
    near_sign, far_sign = clear_difference(beside), clear_difference(far)
    if near_sign <= 0 < far_sign:
        return "Right beside a visible shot copying does as well; the model's lead is in the middle of the gaps."
    if far_sign <= 0 < near_sign:
        return "Its lead is right beside the visible shots; in the middle of the gaps copying does as well."
    return ""


def _how_near(table: pd.DataFrame) -> str:
    best = max(table["centred_cosine"].mean(), table["best_baseline"].mean())
    if best < FAINT:
        return "Neither comes close to the real shots."
    model_rank, num_shots = table["rank"].median(), int(table["num_shots"].iloc[0])
    if model_rank <= 1:
        return "Mostly the shot that is really there is the very one nearest to what the model expected."
    return f"Typically {count(int(model_rank) - 1, 'other shot')} of the title's {num_shots} lie nearer to what the model expected than the real one."
