"""The evaluation protocol: which shots of which titles are hidden.

Each title's shots are hidden independently with the given ratio, titles in file order, one NumPy
generator a seed; every hidden shot counts once. See docs/metrics.md for what the numbers mean.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from msm.data.catalog import Title
from msm.data.space import Space
from msm.data.told import Told
from msm.masking import random_hidden

SEEDS = (0, 1, 2, 3, 4)
RATIO = 0.2  # share of shots hidden, whatever a run was trained with, so that runs compare
RATIOS = (0.1, 0.2, 0.4, 0.6, 0.8)  # of the full report
MOST_HELD = 1 << 24  # numbers of titles that are read once for all seeds, 64 MB; more are read again for each
SPAN = 7  # shots in a row that the full report hides: the middle one is four from the nearest visible shot

# shots (N, D), hidden (N,), what is told beside them → predictions (H, D); `msm.inference.draws.takes_draws` marks those
# that answer several sets of hidden shots together
Predictor = Callable[[np.ndarray, np.ndarray, Told], np.ndarray]
# shots, hidden, predictions (H, D) → the predictions whose ranks are reported (H, D)
Sharpen = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
Hide = Callable[[int, np.random.Generator], np.ndarray]  # number of shots, randomness → hidden (N,) bool


def hide_at_random(ratio: float) -> Hide:
    """Hide each shot independently with this probability."""
    return lambda num_shots, rng: random_hidden(num_shots, ratio, rng)


def hide_in_spans(num_shots: int, rng: np.random.Generator) -> np.ndarray:
    """(num_shots,) bool: spans of SPAN shots, in all about RATIO of them, at least one span, never two that touch."""
    hidden = np.zeros(num_shots, dtype=bool)
    count = max(1, round(RATIO * num_shots / SPAN))
    # Distinct numbers, moved apart by one span each, so that every placement with gaps is equally likely.
    places = np.sort(rng.choice(num_shots - count * SPAN + 1, count, replace=False)) + SPAN * np.arange(count)
    hidden[places[:, None] + np.arange(SPAN)] = True
    return hidden


@dataclass(frozen=True)
class Case:
    """One title with some of its shots hidden."""

    seed: int
    title_id: str
    shots: np.ndarray  # (N, D) fused
    hidden: np.ndarray  # (N,) bool
    told: Told  # beside the shots
    protocol: str = f"{RATIO:.0%}"  # what was hidden


def hide_titles(
    titles: Sequence[Title],
    space: Space,
    ratio: float,
    seeds: Sequence[int],
    hide: Hide | None = None,
    *,
    by_title: bool = False,
) -> Iterator[Case]:
    """Every seed's cases, title by title; a title of which no shot was hidden is left out.

    hide      chooses the hidden shots instead of `ratio`
    by_title  the same cases in another order, every title's together: it is read once, and so is what follows from it
    """
    protocol = f"{ratio:.0%}" if hide is None else "spans" if hide is hide_in_spans else "other"
    hide = hide or hide_at_random(ratio)
    if by_title:
        rngs = [(seed, np.random.default_rng(seed)) for seed in seeds]
        for title in titles:
            drawn = [(seed, hide(title.num_shots, rng)) for seed, rng in rngs]
            if any(hidden.any() for _, hidden in drawn):
                shots, told = space.fuse(title.embeddings), Told.of(title)
                yield from (Case(s, title.title_id, shots, h, told, protocol) for s, h in drawn if h.any())
        return
    fused = lambda title: (space.fuse(title.embeddings), Told.of(title))  # noqa: E731
    few = sum(t.num_shots for t in titles) * len(space.mean) <= MOST_HELD
    held = {t.title_id: fused(t) for t in titles} if few else {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for title in titles:
            hidden = hide(title.num_shots, rng)
            if hidden.any():
                shots, told = held[title.title_id] if few else fused(title)
                yield Case(seed, title.title_id, shots, hidden, told, protocol)
