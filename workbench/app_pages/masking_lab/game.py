"""State of the game "Guess the shot" in the session: the round, the pick and the score."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

_GAME = "lab.game"


@dataclass
class Game:
    """A game on one title and its hidden shots; the score is kept when another one starts."""

    about: str
    number: int = 0  # of the round
    pick: int | None = None  # the shot that the person chose in it
    rounds: list[tuple[bool, bool, bool]] = field(default_factory=list)  # who was right: person, model, copy


def game_about(about: str) -> Game:
    """The current game about a title and its hidden shots; a new one starts with the score of the last."""
    known: Game | None = st.session_state.get(_GAME)
    if known is None or known.about != about:
        known = st.session_state[_GAME] = Game(about, rounds=known.rounds if known else [])
    return known


def answer_round(game: Game, pick: int, right: tuple[bool, bool, bool]) -> None:
    if game.pick is None:
        game.pick = pick
        game.rounds.append(right)


def next_round(game: Game) -> None:
    game.number, game.pick = game.number + 1, None
