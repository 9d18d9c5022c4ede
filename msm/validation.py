"""What a training is steered by: the report on held-out titles, and what a model is set to by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from msm import metrics
from msm.catalog import Title
from msm.choices import choose_sharpening
from msm.evaluate import RATIO, SEEDS, Case, Space, hide_titles, report, score_fill_in
from msm.geometry import contextual_sample, geometry
from msm.model import ShotEncoder
from msm.neighbour import TRUSTS
from msm.predict import predict_hidden

CHOSEN_ON = 1000  # hidden shots, about, on which a neighbour head is told what the validation titles say


def seeds_for(model: ShotEncoder, titles: Sequence[Title]) -> tuple[int, ...]:
    """One draw of the hidden shots; for a neighbour head so many that its choices do not hang on a handful of them."""
    if model.neighbour is None:
        return SEEDS[:1]
    hidden = RATIO * sum(t.num_shots for t in titles)
    return SEEDS[: max(1, min(len(SEEDS), round(CHOSEN_ON / max(hidden, 1))))]


def validate(
    model: ShotEncoder, titles: Sequence[Title], space: Space, seeds: Sequence[int] = SEEDS[:1]
) -> dict[str, Any]:
    """The report on held-out titles, with its geometry; sets the model's `prediction_norm` on the way.

    The cosine loss says nothing about a prediction's length, but centring does depend on it: it gets
    the length nearest to the truths in least squares. A neighbour head's trust and sharpening are chosen here too.
    """
    model.prediction_norm.fill_(1.0)
    cases = list(hide_titles(titles, space, RATIO, seeds))
    truths = [c.shots[c.hidden] for c in cases]
    guesses = _with_best_choices(model, cases, truths, space)
    origin = model.origin.cpu().numpy()
    lengths = [((g - origin) * (t - origin)).sum(axis=1) for g, t in zip(guesses, truths, strict=True)]
    norm = float(np.clip(np.concatenate(lengths).mean(), 0.05, 1.0))
    model.prediction_norm.fill_(norm)
    tables = [
        score_fill_in(c.shots, c.hidden, origin + (g - origin) * norm, space).assign(title_id=c.title_id)
        for g, c in zip(guesses, cases, strict=True)
    ]
    measured = report(pd.concat(tables, ignore_index=True), "validation")
    truth = np.concatenate([c.shots[c.hidden] for c in cases])
    contextual = contextual_sample(model, [c.shots for c in cases])
    return {**measured, "geometry": geometry(np.concatenate(guesses), contextual, truth)}


def _with_best_choices(
    model: ShotEncoder, cases: Sequence[Case], truths: Sequence[np.ndarray], space: Space
) -> list[np.ndarray]:
    """Each case's (H, D) guess; a neighbour head relies on its encoder as far as that helps in these cases, and is
    sharpened as they ask for."""

    def guess() -> list[np.ndarray]:
        return [predict_hidden(model, c.shots, c.hidden, c.global_embedding) for c in cases]

    if model.neighbour is None:
        return guess()
    tried, chosen = [], model.cfg.sharpen == "chosen"
    if chosen:
        model.neighbour.sharpening.zero_()
    for trust in TRUSTS:
        model.neighbour.trust.fill_(trust)
        guesses = guess()
        near = [metrics.centred_cosine(g, t, space.mean) for g, t in zip(guesses, truths, strict=True)]
        tried.append((float(np.concatenate(near).mean()), trust, guesses))
    _, trust, guesses = max(tried, key=lambda t: t[0])
    model.neighbour.trust.fill_(trust)
    if not chosen:
        return guesses
    shares = choose_sharpening([g - model.origin.cpu().numpy() for g in guesses], cases, space)
    model.neighbour.sharpening.copy_(torch.tensor(shares))
    return guess()
