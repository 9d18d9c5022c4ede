"""Shots as cards in a Streamlit component: cards in, one gesture at a time out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.components.front_end import importing_module, style_of
from workbench.views import palette

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

ACTIONS = ("ask", "like", "unlike", "play", "lab", "drop")


@dataclass(frozen=True)
class Gesture:
    """One gesture of the user: an action on the shot in a row of the catalog, and the component's key."""

    frames: str
    action: str
    row: int


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("msm_frames", js=importing_module("frames"), css=style_of("frames"))


def frames(
    items: Sequence[dict[str, Any]],
    *,
    key: str,
    actions: Sequence[str],
    on_gesture: Callable[[Gesture], None],
    size: str = "",
    accent: str = palette.MODEL,
) -> None:
    """Show cards (`views.search_results.cards`).

    actions  of ACTIONS: the first is what a click on the frame does, the others are buttons on it
    size     "" a wall, small, row (one line), large (one)
    """

    def on_change() -> None:
        gesture = _read(st.session_state[key].get("gesture"), items)
        if gesture is not None and gesture.action in actions:
            on_gesture(gesture)

    data = {"key": key, "items": list(items), "actions": list(actions), "size": size, "accent": accent}
    _component()(key=key, data=data, on_gesture_change=on_change)


def _read(value: Any, items: Sequence[dict[str, Any]]) -> Gesture | None:
    """The gesture in a message of the browser; None where it is not about a card that is shown."""
    try:
        gesture = Gesture(str(value["frames"]), str(value["action"]), int(value["row"]))
    except (TypeError, KeyError, ValueError):
        return None
    return gesture if gesture.row in {item["row"] for item in items} else None
