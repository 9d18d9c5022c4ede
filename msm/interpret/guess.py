"""A game with a fill-in: which of a few hidden shots stands at this place? A person, the model and a copy each answer.

All the choices are hidden shots of the same title, so nobody can find one by seeing it elsewhere, and no two of them
look alike.

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
ALIKE = 0.9  # centred cosine of what is seen, above which two shots are the same picture to an eye


@dataclass(frozen=True)
class Round:
    """One question: the shot that stands at a place is among the choices."""

    shot: int  # the hidden shot that is asked for
    choices: tuple[int, ...]  # shots, in an order that says nothing
    model: int  # the shot that the model chooses
    copy: int  # the one that a copy of the nearest visible shot chooses


def deal(fill: FillIn, number: int, seed: int = 0, *, shot: int | None = None) -> Round | None:
    """The round of this number about these hidden shots; None where too few of them look different.

    The same hidden shots, seed and number are the same round; every hidden shot is asked for before one is again.

    shot  asks for this one and no other
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
                answer(fill.predicted[place], choices, fill),
                answer(fill.baseline("nearest_visible")[place], choices, fill),
            )
    return None


def different_shots(shot: int, hidden: np.ndarray, seen: np.ndarray, most: int = MOST_CHOICES) -> list[int]:
    """A hidden shot and the nearest others in time, each unlike all those before it.

    hidden  (H,) shots
    seen    (N, D) of `what_is_seen`
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

    Whole shots where some lack it: what nobody sees cannot tell them apart.
    """
    first = space.modalities[0].columns
    columns = first if shots[:, first].any(axis=1).all() else slice(None)
    return unit(shots[:, columns] - space.mean[columns])


def answer(guess: np.ndarray, choices: tuple[int, ...], fill: FillIn) -> int:
    """(D,) → the choice nearest to it; the first of equals."""
    mean = fill.space.mean
    likeness = unit(fill.shots[list(choices)] - mean) @ unit(guess - mean)
    return choices[int(likeness.argmax())]
