"""What a training is steered by: the report on held-out titles, and what a model is set to by them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch

from msm import metrics
from msm.data.catalog import Title
from msm.data.space import Space
from msm.errors import InputError
from msm.evaluation.geometry import contextual_sample, geometry
from msm.evaluation.protocol import RATIO, SEEDS, Case, hide_titles
from msm.evaluation.report import report
from msm.evaluation.scoring import score_fill_in
from msm.inference.predict import predict_hidden
from msm.models.encoder import ShotEncoder
from msm.models.heads.neighbour import TRUSTS
from msm.training.sharpening import choose_sharpening

CHOSEN_ON = 1000  # hidden shots, about, on which a neighbour head is told what the validation titles say
CHOSEN_BY = 20  # titles; where fewer validate, training titles also say how sharply a neighbour head should speak


def enough_seeds(titles: Sequence[Title]) -> tuple[int, ...]:
    """So many draws of the hidden shots that a choice does not hang on a handful of them."""
    hidden = RATIO * sum(t.num_shots for t in titles)
    return SEEDS[: max(1, min(len(SEEDS), round(CHOSEN_ON / max(hidden, 1))))]


def make_up(titles: Sequence[Title], train: Sequence[Title]) -> list[Title]:
    """Training titles, spread over the split, to make up for few validation titles.

    How an expectation ranks the true shot differs much from title to title and little between titles that were
    trained on and others: a neighbour head has few weights. A title that lacks a modality from end to end is missing
    data, and has a say only where there are no others.
    """
    wanted = min(len(train), max(0, CHOSEN_BY - len(titles)))
    spread = dict.fromkeys(int(i) for i in np.linspace(0, len(train) - 1, wanted))
    in_turn = (train[i] for i in dict.fromkeys([*spread, *range(len(train))]))  # those that are spread out first
    whole = list(islice((t for t in in_turn if t.present.any(axis=0).all()), wanted))
    return whole or [train[i] for i in spread]


def validate(
    model: ShotEncoder,
    titles: Sequence[Title],
    space: Space,
    seeds: Sequence[int] = SEEDS[:1],
    also: Sequence[Title] = (),
) -> dict[str, Any]:
    """The report on held-out titles, with its geometry; sets the model's `prediction_norm` on the way.

    The cosine loss says nothing about a prediction's length, but centring does depend on it: it gets
    the length nearest to the truths in least squares. A neighbour head's trust and sharpening are chosen here too;
    `also` are further titles that have a say in the latter. Where the titles are so few and short that these draws hide
    nothing of them, all the protocol's draws count: one of them always does. InputError where what the model makes of
    them is no longer a number: a step may be finite, and the weights that it leaves may not.
    """
    model.prediction_norm.fill_(1.0)
    cases = list(hide_titles(titles, space, RATIO, seeds)) or list(hide_titles(titles, space, RATIO, SEEDS))
    truths = [c.shots[c.hidden] for c in cases]
    guesses = _with_best_choices(model, cases, truths, space, list(hide_titles(also, space, RATIO, SEEDS[:1])))
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
    contextual = _numbers(contextual_sample(model, [c.shots for c in cases]))
    return {**measured, "geometry": geometry(np.concatenate(guesses), contextual, truth)}


def _with_best_choices(
    model: ShotEncoder, cases: Sequence[Case], truths: Sequence[np.ndarray], space: Space, also: Sequence[Case]
) -> list[np.ndarray]:
    """Each case's (H, D) guess; a neighbour head relies on its encoder as far as that helps in these cases, and is
    sharpened as they, and `also`, ask for."""

    def guess(asked: Sequence[Case] = cases) -> list[np.ndarray]:
        return [_numbers(predict_hidden(model, c.shots, c.hidden, c.global_embedding)) for c in asked]

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
    about = [g - model.origin.cpu().numpy() for g in (*guesses, *guess(also))]
    shares = choose_sharpening(about, [*cases, *also], space)
    model.neighbour.sharpening.copy_(torch.tensor(shares))
    return guess()


def _numbers(made: np.ndarray) -> np.ndarray:
    """What a model made, of any shape; InputError where it is no longer numbers."""
    if not np.isfinite(made).all():
        raise InputError("what the model makes of shots is no longer a number; try a lower optim.lr")
    return made
