"""The space in which predictions are compared, and the baselines' parameters, estimated from a catalog's titles.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

import itertools
import math
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
from msm.runner.threads import limit_blas_threads

MOST_NUMBERS = (
    2**26
)  # of the training shots that baselines are fitted on: 29,000 shots of 2,304 columns; more titles add little
MOST_MEAN = (
    2**28
)  # of a catalog, 2,000,000 shots of 128 columns: the mean of a larger one is of about as many of its shots
SEED = 0  # of that sample
MOST_VALIDATION = 20_000  # validation shots that they are tuned on


def fit_space(
    train: Sequence[Title], validation: Sequence[Title], modalities: tuple[Modality, ...], fusion: str
) -> Space:
    """Estimate the mean on the training titles, and the parameters of the baselines on both.

    Raises InputError without training titles.
    """
    return fit_with_facts(train, validation, modalities, fusion)[0]


def fit_with_facts(
    train: Sequence[Title], validation: Sequence[Title], modalities: tuple[Modality, ...], fusion: str
) -> tuple[Space, dict[str, Any]]:
    """`fit_space`, and what was read for it: `mean_shots`, `baseline_shots` and `validation_shots`, each of how many (`_of`)."""
    mean, complete, mean_shots = _mean_of_complete(train, modalities, fusion)
    space = Space(modalities, fusion, mean, bandwidth=float("nan"))
    chosen = _spread(complete, MOST_NUMBERS // len(mean))
    fused = _Again(lambda: (space.fuse(t.embeddings) for t in chosen))
    held_out = _spread(validation, MOST_VALIDATION) if validation else []
    blocks = [m.columns for m in modalities]
    with limit_blas_threads():  # small products, title by title
        fitted = baselines.fit_all(fused, _Again(lambda: _examples(held_out, space)), mean, blocks)
    bandwidth = fitted["distance_weighted"].pop("bandwidth")
    facts = {
        "mean_shots": mean_shots,
        "mean_shots_of": _shots(complete),
        "baseline_shots": _shots(chosen),
        "baseline_shots_of": _shots(complete),
        "validation_shots": _shots(held_out),
        "validation_shots_of": _shots(validation),
        "seed": SEED,
    }
    return Space(modalities, fusion, mean, bandwidth, fitted), facts


def training_mean(train: Sequence[Title], modalities: tuple[Modality, ...], fusion: str) -> np.ndarray:
    """(D,) mean of the fused training shots, in one pass; of more than MOST_MEAN numbers, of a seeded sample of every title.

    A title in which no shot has some modality is missing data: it is left out, unless every title lacks one. Raises
    InputError without titles.
    """
    return _mean_of_complete(train, modalities, fusion)[0]


def _shots(titles: Iterable[Title]) -> int:
    return sum(t.num_shots for t in titles)


def _mean_of_complete(
    train: Sequence[Title], modalities: tuple[Modality, ...], fusion: str
) -> tuple[np.ndarray, list[Title], int]:
    """`training_mean`, the titles that it was taken over, and how many of their shots."""
    sums: dict[bool, np.ndarray] = {}
    counts = {True: 0, False: 0}
    titles: dict[bool, list[Title]] = {True: [], False: []}
    for title, embeddings, known in _to_average(train, sum(m.dim for m in modalities)):
        fused = fuse(embeddings, modalities, fusion)
        complete = all(fused[:, m.columns].any() for m in modalities) if known is None else known
        sums[complete] = sums.get(complete, 0.0) + fused.sum(axis=0, dtype=np.float64)
        counts[complete] += len(fused)
        titles[complete].append(title)
    if not sums:
        raise InputError("there is no title in the train split, so there is nothing to learn from")
    whole = True in sums
    total, count = sums[whole], counts[whole]
    return (total / count).astype(np.float32), titles[whole], count


def _to_average(train: Sequence[Title], width: int) -> Iterator[tuple[Title, np.ndarray, bool | None]]:
    """Each title with its raw vectors, (N, D), and None; of a large catalog with some of them, and whether it is complete.

    Every k-th shot of every title, and not whole titles or stretches: titles differ more than the scenes of one do, and
    scenes more than shots.
    """
    if not train:
        return
    catalog = train[0].catalog
    step = math.ceil(width * catalog.num_shots / MOST_MEAN)
    covered = catalog.coverage if step > 1 else None  # shots alone may lack what their title has
    if covered is None:
        yield from ((title, title.embeddings, None) for title in train)
        return
    incomplete = covered.incomplete(len(catalog))
    rng = np.random.default_rng(SEED)
    for title in train:
        first = int(rng.integers(min(step, title.num_shots)))
        yield title, title.rows(first, title.num_shots, step), not incomplete[title.index]


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
