"""Numbered pictures to choose from, by click or by key, and further keyboard shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.components.front_end import importing_module, style_of

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("msm_choices", js=importing_module("choices"), css=style_of("choices"))


def choices(
    cards: Sequence[Mapping[str, Any]],
    *,
    key: str,
    question: str,
    on_answer: Callable[[str], None],
    keys: Mapping[str, str] | None = None,
    open: bool = True,
) -> None:
    """Show cards, numbered from 1; a click or a key from 1 to 9 chooses a card.

    cards      picture (an address or a data URI, or None), colour, text, and mark and badges after the choice
    question   identifies the question; a choice for another question is ignored
    on_answer  called with the number of a card as text, or with the value of a key in `keys`, e.g. {"ArrowRight": "next"}
    open       False: the cards are shown but cannot be chosen
    """

    meanings, numbers = set((keys or {}).values()), {str(i + 1) for i in range(len(cards))}

    def on_change() -> None:
        value = st.session_state[key].get("answer")
        answer = value.get("answer") if isinstance(value, dict) else None
        if answer in meanings or (answer in numbers and value.get("question") == question and open):
            on_answer(answer)

    data = {"cards": [dict(c) for c in cards], "question": question, "keys": dict(keys or {}), "open": open}
    _component()(key=key, data=data, on_answer_change=on_change)
