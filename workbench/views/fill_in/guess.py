"""The game "Guess the shot": its question, who was right, and the score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msm.interpret.guess import Round
from workbench.views.formatting import count


class Outcome(NamedTuple):
    """Who was right in one round."""

    person: bool
    model: bool
    copy: bool


def judge(played: Round, pick: int) -> Outcome:
    return Outcome(pick == played.shot, played.model == played.shot, played.copy == played.shot)


def question(when: str, number: int) -> str:
    return f"Which of these {number} hidden shots stands at {when}?"


def outcome_sentence(outcome: Outcome) -> str:
    """Who was right, as a sentence."""
    right = [
        who for who, yes in (("you", outcome.person), ("the model", outcome.model), ("copying", outcome.copy)) if yes
    ]
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
    """The score after some rounds.

    rounds  an `Outcome` for each
    """
    if not rounds:
        return "You, the model and a copy of the nearest visible shot each make one choice."
    person, model, copy = (sum(right) for right in zip(*rounds, strict=True))
    return f"After {count(len(rounds), 'round')}: you {person}, the model {model}, copying {copy}. A game, not a measurement."


def cards(played: Round, frames: Sequence[dict], pick: int | None) -> list[dict]:
    """Cards for the component; the choices of model and copy are shown only after the person has picked.

    frames  of each choice: picture, colour, text
    """
    if pick is None:
        return [dict(f) for f in frames]
    drawn = []
    for shot, frame in zip(played.choices, frames, strict=True):
        chosen = (("you", "", pick), ("model", "model", played.model), ("copying", "baseline", played.copy))
        badges = [{"word": word, "mark": mark} for word, mark, choice in chosen if choice == shot]
        drawn.append({**frame, "badges": badges, "mark": "truth" if shot == played.shot else ""})
    return drawn


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
