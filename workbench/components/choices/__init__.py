"""Numbered pictures to choose among, by hand or by key, and keys that mean something by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.components.front_end import fetched, style_of

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("msm_choices", js=fetched("choices"), css=style_of("choices"))


def choices(
    cards: Sequence[Mapping[str, Any]],
    *,
    key: str,
    asked: str,
    on_answer: Callable[[str], None],
    keys: Mapping[str, str] | None = None,
    open: bool = True,
) -> None:
    """Show cards, numbered from 1; the keys 1 to 9 and a click answer with the number.

    cards      picture (an address or a data URI, or None), colour, text, and mark and badges once it is answered
    asked      names the question: a number that answers another one is not heard
    on_answer  hears the number of a card as text, or what `keys` makes of a key, e.g. {"ArrowRight": "next"}
    open       False: the cards are shown and can no longer be chosen
    """

    meanings, numbers = set((keys or {}).values()), {str(i + 1) for i in range(len(cards))}

    def heard() -> None:
        value = st.session_state[key].get("answer")
        answer = value.get("answer") if isinstance(value, dict) else None  # a browser can send anything
        if answer in meanings or (answer in numbers and value.get("asked") == asked and open):
            on_answer(answer)

    data = {"cards": [dict(c) for c in cards], "asked": asked, "keys": dict(keys or {}), "open": open}
    _component()(key=key, data=data, on_answer_change=heard)
