"""Validation during training: the report on held-out titles, and the settings of a model that are chosen on them.

Shape letters: H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any

import numpy as np
import pandas as pd

from msm.data.catalog import Title
from msm.data.space import Space
from msm.errors import InputError
from msm.evaluation.geometry import contextual_sample, geometry
from msm.evaluation.protocol import RATIO, SEEDS, SPAN, Case, hide_in_spans, hide_titles
from msm.evaluation.report import report
from msm.evaluation.scoring import score_fill_in
from msm.inference.predict import predict_draws, sharpened
from msm.models.encoder import ShotEncoder
from msm.models.head import mean_by_protocol

TUNING_SHOTS = 1000  # about how many hidden shots a head is tuned on
TUNING_TITLES = 20  # with fewer validation titles, training titles make up the number
MORE_RATIOS = (0.6, 0.8)  # hidden in addition, besides spans, where a recipe is validated on several protocols
MORE_TITLES = 16  # of the validation titles, in each of these


def tuning_seeds(titles: Sequence[Title]) -> tuple[int, ...]:
    """Return the seeds of as many draws of hidden shots as give about TUNING_SHOTS of them."""
    hidden = RATIO * sum(t.num_shots for t in titles)
    return SEEDS[: max(1, min(len(SEEDS), round(TUNING_SHOTS / max(hidden, 1))))]


def further_tuning_titles(titles: Sequence[Title], train: Sequence[Title]) -> list[Title]:
    """Choose training titles, spread over the split, that a head is tuned on where validation titles are few.

    The rank of the true shot differs much between titles and little between training and other titles, because a head that
    is tuned has few weights. Titles that lack a modality from end to end are missing data, and are taken only where there are
    no others.
    """
    wanted = min(len(train), max(0, TUNING_TITLES - len(titles)))
    spread = dict.fromkeys(int(i) for i in np.linspace(0, len(train) - 1, wanted))
    ordered = (train[i] for i in dict.fromkeys([*spread, *range(len(train))]))
    whole = list(islice((t for t in ordered if t.present.any(axis=0).all()), wanted))
    return whole or [train[i] for i in spread]


def validate(
    model: ShotEncoder,
    titles: Sequence[Title],
    space: Space,
    seeds: Sequence[int] = SEEDS[:1],
    further: Sequence[Title] = (),
    *,
    several: bool = False,
    beside: dict[tuple[int, str], pd.DataFrame] | None = None,
) -> dict[str, Any]:
    """Report on held-out titles, with the geometry of the predictions; tunes the head and sets `prediction_norm`.

    The cosine loss leaves the length of a prediction open, but the centred cosine depends on it: `prediction_norm` is the
    length nearest to the truth in least squares. Where these seeds hide no shot of few short titles, all seeds of the
    protocol are used, one of which always does.

    further  titles that the head may be tuned on besides (`Head.tune`)
    several  tune the head on more hidden shots and in spans too; the report then also has `by_protocol`, the centred cosines, and
             `selection`, their mean. The rest of the report is of 20 % hidden in either case.
    beside   the baselines' scores of each case by seed and title, which are the same at every step: kept here for the next call

    Raises InputError where predictions are not finite: a step with a finite loss may leave weights that are not.
    """
    model.prediction_norm.fill_(1.0)
    cases = list(hide_titles(titles, space, RATIO, seeds, by_title=True)) or list(
        hide_titles(titles, space, RATIO, SEEDS, by_title=True)
    )
    count = len(cases)
    cases += more_cases(titles, space) if several else []
    truths = [c.shots[c.hidden] for c in cases]
    more = list(hide_titles(further, space, RATIO, SEEDS[:1]))
    predictions = model.head.tune(partial(_predict, model), cases, more, space)
    origin = model.origin.cpu().numpy()
    lengths = [((p - origin) * (t - origin)).sum(axis=1) for p, t in zip(predictions, truths, strict=True)]
    norm = float(np.clip(np.concatenate(lengths).mean(), 0.05, 1.0))
    model.prediction_norm.fill_(norm)
    means = mean_by_protocol(predictions, cases, space) if several else {}
    cases, predictions = cases[:count], predictions[:count]
    beside = {} if beside is None else beside
    tables = [
        _scores(model, c, origin + (p - origin) * norm, space, beside) for p, c in zip(predictions, cases, strict=True)
    ]
    measured = report(pd.concat(tables, ignore_index=True), "validation")
    if means:
        measured |= {"by_protocol": means, "selection": float(np.mean(list(means.values())))}
    truth = np.concatenate([c.shots[c.hidden] for c in cases])
    contextual = _finite(contextual_sample(model, [c.shots for c in cases]))
    return {**measured, "geometry": geometry(np.concatenate(predictions), contextual, truth)}


def more_cases(titles: Sequence[Title], space: Space) -> list[Case]:
    """Cases of validation titles, spread over the split, with more shots hidden, and with spans hidden."""
    some = [titles[int(i)] for i in np.linspace(0, len(titles) - 1, min(len(titles), MORE_TITLES))]
    found = [case for ratio in MORE_RATIOS for case in hide_titles(some, space, ratio, SEEDS[:1])]
    long_enough = [t for t in some if t.num_shots >= SPAN + 2]
    return [*found, *hide_titles(long_enough, space, RATIO, SEEDS[:1], hide_in_spans)]


def _scores(
    model: ShotEncoder, case: Case, predicted: np.ndarray, space: Space, beside: dict[tuple[int, str], pd.DataFrame]
) -> pd.DataFrame:
    """The scores of one case's predictions (H, D), and those of the baselines, which are put into `beside`."""
    ranked, key = sharpened(model, case.shots, case.hidden, predicted), (case.seed, case.title_id)
    scores = score_fill_in(case.shots, case.hidden, predicted, space, ranked=ranked, beside=beside.get(key))
    beside.setdefault(key, scores[scores["predictor"] != "model"])
    return scores.assign(title_id=case.title_id)


def _predict(model: ShotEncoder, cases: Sequence[Case]) -> list[np.ndarray]:
    """The predictions (H, D) of each case; those of one title that follow each other are made together."""
    predictions = []
    for _, same in groupby(cases, key=lambda case: id(case.shots)):
        some = list(same)
        predictions += predict_draws(model, some[0].shots, [c.hidden for c in some], some[0].told)
    return [_finite(p) for p in predictions]


def _finite(output: np.ndarray) -> np.ndarray:
    """Return the output of a model, of any shape; InputError where it is not finite."""
    if not np.isfinite(output).all():
        raise InputError("the model's output is no longer a number; try a lower optim.lr")
    return output
