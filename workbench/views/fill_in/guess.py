"""Guess the shot, in words: the question, who was right, and the score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msm.interpret.guess import Round
from workbench.views.formatting import count


class Answered(NamedTuple):
    """How one round went."""

    person: bool
    model: bool
    copy: bool


def answered(asked: Round, pick: int) -> Answered:
    return Answered(pick == asked.shot, asked.model == asked.shot, asked.copy == asked.shot)


def question(when: str, number: int) -> str:
    return f"Which of these {number} hidden shots stands at {when}?"


def outcome(told: Answered) -> str:
    """Who was right, plainly."""
    right = [who for who, yes in (("you", told.person), ("the model", told.model), ("copying", told.copy)) if yes]
    if len(right) == 3:
        return "All three are right: you, the model and copying."
    if not right:
        return "Nobody is right this time: neither you, nor the model, nor copying."
    if len(right) == 2:
        wrong = next(w for w in ("you", "the model", "copying") if w not in right)
        verb = "are" if wrong == "you" else "is"
        return f"{_upper(' and '.join(right))} are right; {wrong} {verb} not."
    verb = "are" if right[0] == "you" else "is"
    return f"Only {right[0]} {verb} right."


def score_sentence(rounds: Sequence[tuple[bool, bool, bool]]) -> str:
    """The score so far, a few rounds of `Answered`: a game."""
    if not rounds:
        return "You, the model and a copy of the nearest visible shot each make one choice."
    person, model, copy = (sum(told) for told in zip(*rounds, strict=True))
    return f"After {count(len(rounds), 'round')}: you {person}, the model {model}, copying {copy}. A game, not a measurement."


def cards(asked: Round, frames: Sequence[dict], pick: int | None) -> list[dict]:
    """The component's cards; who chose what is told only after the answer.

    frames  of each choice: picture, colour, text
    """
    if pick is None:
        return [dict(f) for f in frames]
    drawn = []
    for shot, frame in zip(asked.choices, frames, strict=True):
        chosen = (("you", "", pick), ("model", "model", asked.model), ("copying", "baseline", asked.copy))
        badges = [{"word": word, "mark": mark} for word, mark, choice in chosen if choice == shot]
        drawn.append({**frame, "badges": badges, "mark": "truth" if shot == asked.shot else ""})
    return drawn


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
