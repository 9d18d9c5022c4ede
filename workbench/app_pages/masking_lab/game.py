"""State of the game "Guess the shot": the round stands in the address, the picks and the score in the session."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from workbench.session import page_texts, settings, url_state

_GAME, ROUND = "lab.game", "round"  # in the session; among the settings of the page
MOST_ROUNDS = 10_000


@dataclass
class Game:
    """A game on one title and its hidden shots; the score is kept when another one starts."""

    about: str
    picks: dict[int, int] = field(default_factory=dict)  # number of a round → the shot that the person chose in it
    rounds: list[tuple[bool, bool, bool]] = field(default_factory=list)  # who was right: person, model, copy

    @property
    def number(self) -> int:
        """The round that is played, as the address has it."""
        text = settings.text(ROUND, "0")
        return min(int(text), MOST_ROUNDS) if text.isdecimal() and text.isascii() else 0

    @property
    def pick(self) -> int | None:
        """The shot that the person chose in this round."""
        return self.picks.get(self.number)


def game_about(about: str) -> Game:
    """The current game about a title and its hidden shots; a new one starts with the score of the last, at its first round."""
    known: Game | None = st.session_state.get(_GAME)
    if known is None or known.about != about:
        if known is not None:
            page_texts.put(ROUND, None)
        known = st.session_state[_GAME] = Game(about, rounds=known.rounds if known else [])
    return known


def answer_round(game: Game, pick: int, right: tuple[bool, bool, bool]) -> None:
    if game.pick is None:
        game.picks[game.number] = pick
        game.rounds.append(right)


def next_round(game: Game) -> None:
    page_texts.put(ROUND, str(game.number + 1))
    url_state.write()
