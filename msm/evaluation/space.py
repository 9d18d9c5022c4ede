"""The space in which predictions are compared, and the baselines' parameters, estimated from a catalog's titles.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from msm import baselines
from msm.baselines import Example
from msm.data.catalog import Title
from msm.data.fusion import fuse
from msm.data.schema import Modality
from msm.data.space import Space
from msm.errors import InputError
from msm.evaluation.protocol import RATIO, RATIOS, SEEDS, SPAN, hide_in_spans, hide_titles

MOST_NUMBERS = (
    2**26
)  # of the training shots that baselines are fitted on: 29,000 shots of 2,304 columns; more titles add little
MOST_VALIDATION = 20_000  # validation shots that they are tuned on


def fit_space(
    train: Sequence[Title], validation: Sequence[Title], modalities: tuple[Modality, ...], fusion: str
) -> Space:
    """Estimate the mean on the training titles, and the parameters of the baselines on both.

    Raises InputError without training titles.
    """
    mean, complete = _mean_of_complete(train, modalities, fusion)
    space = Space(modalities, fusion, mean, bandwidth=float("nan"))
    chosen = _spread(complete, MOST_NUMBERS // len(mean))
    fused = _Again(lambda: (space.fuse(t.embeddings) for t in chosen))
    held_out = _spread(validation, MOST_VALIDATION) if validation else []
    fitted = baselines.fit_all(fused, _Again(lambda: _examples(held_out, space)), mean, [m.columns for m in modalities])
    bandwidth = fitted["distance_weighted"].pop("bandwidth")
    return Space(modalities, fusion, mean, bandwidth, fitted)


def training_mean(train: Iterable[Title], modalities: tuple[Modality, ...], fusion: str) -> np.ndarray:
    """(D,) mean of the fused training shots, in one pass.

    A title in which no shot has some modality is missing data: it is left out, unless every title lacks one. Raises
    InputError without titles.
    """
    return _mean_of_complete(train, modalities, fusion)[0]


def _mean_of_complete(
    train: Iterable[Title], modalities: tuple[Modality, ...], fusion: str
) -> tuple[np.ndarray, list[Title]]:
    """`training_mean`, and the titles that it was taken over."""
    sums: dict[bool, np.ndarray] = {}
    counts = {True: 0, False: 0}
    titles: dict[bool, list[Title]] = {True: [], False: []}
    for title in train:
        fused = fuse(title.embeddings, modalities, fusion)
        complete = all(fused[:, m.columns].any() for m in modalities)
        sums[complete] = sums.get(complete, 0.0) + fused.sum(axis=0, dtype=np.float64)
        counts[complete] += len(fused)
        titles[complete].append(title)
    if not sums:
        raise InputError("there is no title in the train split, so there is nothing to learn from")
    whole = True in sums
    total, count = sums[whole], counts[whole]
    return (total / count).astype(np.float32), titles[whole]


def _spread(titles: Sequence[Title], most_shots: int) -> list[Title]:
    """Titles spread evenly over the given ones, of about `most_shots` shots together; at least one."""
    share = min(1.0, most_shots / max(1, sum(t.num_shots for t in titles)))
    return [titles[int(i)] for i in np.linspace(0, len(titles) - 1, max(1, round(share * len(titles))))]


def _examples(titles: Sequence[Title], space: Space) -> Iterator[tuple[Example, np.ndarray]]:
    """The cases of the whole report as baselines are given them; a case without a visible shot is left out."""
    long_enough = [t for t in titles if t.num_shots >= SPAN + 2]
    cases = itertools.chain(
        hide_titles(titles, space, RATIO, SEEDS),
        *(hide_titles(titles, space, ratio, SEEDS[:1]) for ratio in RATIOS if ratio != RATIO),
        hide_titles(long_enough, space, RATIO, SEEDS[:1], hide_in_spans),
    )
    for case in cases:
        where, seen = np.flatnonzero(case.hidden), np.flatnonzero(~case.hidden)
        if len(seen):
            yield Example(case.shots[seen], seen, where, space.mean), case.shots[where]


class _Again:
    """An iterable that starts anew each time, since each baseline reads it for itself."""

    def __init__(self, start: Callable[[], Iterator[Any]]):
        self._start = start

    def __iter__(self) -> Iterator[Any]:
        return self._start()
