"""A game: which of a few hidden shots belongs at this place? A person plays against the model and a baseline.

All choices are hidden shots of the same title, so none of them is visible elsewhere, and no two of them look alike.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from msm.data.fusion import unit
from msm.data.space import Space
from msm.inference.reconstruction import FillIn

MOST_CHOICES = 5
LEAST_CHOICES = 3
ALIKE = 0.9  # centred cosine of `what_is_seen`, from which two shots look the same to a person


@dataclass(frozen=True)
class Round:
    """One round: a hidden shot, to be found among the choices."""

    shot: int  # the right choice
    choices: tuple[int, ...]  # shots, in random order
    model: int  # the choice nearest to the model's prediction
    copy: int  # the choice nearest to the nearest visible shot


def deal(fill: FillIn, number: int, seed: int = 0, *, shot: int | None = None) -> Round | None:
    """Make one round of the game; None where too few of the hidden shots look different.

    The same hidden shots, seed and number give the same round; every hidden shot has its turn before one is repeated.

    shot  the hidden shot to find; None = the next in turn
    """
    rng = np.random.default_rng([seed, number, zlib.crc32(fill.title_id.encode())])
    turn = np.random.default_rng([seed, zlib.crc32(fill.title_id.encode())]).permutation(len(fill.hidden))
    seen = what_is_seen(fill.shots, fill.space)
    for place in np.roll(turn, -number) if shot is None else np.flatnonzero(fill.hidden == shot):
        here = int(fill.hidden[place])
        chosen = different_shots(here, fill.hidden, seen)
        if len(chosen) >= LEAST_CHOICES:
            choices = tuple(int(c) for c in rng.permutation(chosen))
            return Round(
                here,
                choices,
                nearest_choice(fill.compared[place], choices, fill),
                nearest_choice(fill.baseline("nearest_visible")[place], choices, fill),
            )
    return None


def different_shots(shot: int, hidden: np.ndarray, seen: np.ndarray, most: int = MOST_CHOICES) -> list[int]:
    """Choose a hidden shot and the nearest others in time, each unlike all those before it.

    hidden  (H,) shots
    seen    (N, D) as `what_is_seen` returns it
    """
    chosen = [shot]
    for other in hidden[np.argsort(np.abs(hidden - shot), kind="stable")]:
        if len(chosen) == most:
            break
        if other != shot and (seen[chosen] @ seen[other] < ALIKE).all():
            chosen.append(int(other))
    return chosen


def what_is_seen(shots: np.ndarray, space: Space) -> np.ndarray:
    """(N, D) → (N, D'): the first modality of the shots, as directions from its training mean.

    Whole shots where some of them lack it.
    """
    first = space.modalities[0].columns
    columns = first if shots[:, first].any(axis=1).all() else slice(None)
    return unit(shots[:, columns] - space.mean[columns])


def nearest_choice(prediction: np.ndarray, choices: tuple[int, ...], fill: FillIn) -> int:
    """(D,) → the choice nearest to it; the first of equals."""
    mean = fill.space.mean
    similarity = unit(fill.shots[list(choices)] - mean) @ unit(prediction - mean)
    return choices[int(similarity.argmax())]
