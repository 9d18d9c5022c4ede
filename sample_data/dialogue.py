"""Words for the shots in which somebody speaks: questions and answers from the genre's table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np

from sample_data.film import NOBODY, Outline, Shot

Card = TypeVar("Card")


class Deck(Generic[Card]):
    """Deals cards in random order and starts again only when all are used."""

    def __init__(self, cards: Sequence[Card], rng: np.random.Generator):
        self.cards, self.rng = cards, rng
        self.left: list[Card] = []

    def draw(self, allowed: Callable[[Any], bool] = lambda card: True) -> Card:
        """The next card that is allowed; at least one must be."""
        found = next((card for card in self.left if allowed(card)), None)
        if found is None:
            self.left += [self.cards[i] for i in self.rng.permutation(len(self.cards))]
            found = next(card for card in self.left if allowed(card))
        self.left.remove(found)
        return found


def speak(shots: Iterable[Shot], outline: Outline, rng: np.random.Generator) -> list[Shot]:
    """The same shots with text where there is a speaker."""
    exchanges = Deck(outline.genre.exchanges, rng)
    monologue = Deck(outline.genre.monologue, rng)
    spoken, answer = [], ""
    for shot in shots:
        if shot.pattern == "establishing":
            answer = ""  # a question left open at a scene's end stays open
        if shot.speaker == NOBODY:
            spoken.append(shot)
            continue
        if shot.pattern in ("vigil", "observe"):
            line = monologue.draw()
        elif answer:
            line, answer = answer, ""
        else:
            line, answer = exchanges.draw(lambda pair: _fits(pair, shot, outline))  # noqa: B023 — called at once
        spoken.append(replace(shot, text=_fill(line, shot, outline, rng)))
    return spoken


def _fits(pair: tuple[str, str], shot: Shot, outline: Outline) -> bool:
    """Nobody speaks about the opponent to the opponent's face."""
    present = outline.opponent in (*shot.scene.characters, shot.scene.listener)
    return not (present and "{rival}" in "".join(pair))


def _fill(line: str, shot: Shot, outline: Outline, rng: np.random.Generator) -> str:
    me = shot.characters[0] if shot.speaker == outline.genre.narrator else shot.speaker
    elsewhere = [p.name for p in outline.places if p not in (shot.place, outline.genre.exterior)]
    here = shot.place.name if shot.pattern == "observe" else str(rng.choice(elsewhere))
    return with_capitals(
        line.format(
            me=me,
            you=_listener(shot, me),
            role=outline.role(me),
            place=here,
            prop=outline.premise.prop,
            topic=shot.scene.topic,
            rival=outline.opponent,
        )
    )


def _listener(shot: Shot, me: str) -> str:
    others = [c for c in (*shot.characters, *shot.scene.characters, shot.scene.listener) if c and c != me]
    return others[0] if others else "friend"


def with_capitals(text: str) -> str:
    """A capital letter at the start of each sentence, since names of things begin with `the`."""
    letters = list(text)
    for i, letter in enumerate(letters):
        if i == 0 or (i > 1 and letters[i - 1] == " " and letters[i - 2] in ".?!"):
            letters[i] = letter.upper()
    return "".join(letters)
