"""The filmstrip in Streamlit: what is hidden goes in, one gesture at a time comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import streamlit as st

from msm.errors import InputError
from msm.masking.parts import format_parts, parse_parts
from workbench.components.front_end import fetched, style
from workbench.views.fill_in.filmstrip import as_message, of_message


@dataclass(frozen=True)
class Gesture:
    """What a hand did: the shots that are hidden after it, in which strip, and its number."""

    strip: str
    hidden: tuple[int, ...]
    number: int
    modality: str = ""  # what is hidden of them, as `msm.masking.parts` writes it; "" = whole shots
    look: int | None = None  # the shot that the hand pointed at, where it did


@dataclass(frozen=True)
class Curve:
    """A number a shot along the film, such as surprise; None where there is none."""

    label: str
    values: Sequence[float | None]
    peaks: Sequence[int] = ()  # shots to mark


Arc = tuple[int, int, float]  # from one shot to another, with a weight of −1 to 1


@dataclass(frozen=True)
class Arcs:
    """Lines from shot to shot, the stronger the heavier, and what they mean."""

    drawn: Sequence[Arc]
    toward: str  # what those of positive weight are called
    against: str = ""  # and those of negative weight, where there can be some


@cache
def _component() -> Any:
    """One registration a process."""
    return st.components.v2.component("msm_filmstrip", js=fetched("filmstrip"), css=style())


def filmstrip(
    shots: dict[str, Any],
    hidden: Sequence[int],
    answer: dict[str, Any] | None,
    *,
    key: str,
    on_gesture: Callable[[Gesture], None],
    modality: str = "",
    curve: Curve | None = None,
    arcs: Arcs | None = None,
    cursor: int | None = None,
    ask: str | None = None,
) -> None:
    """Show a title's shots (`views.strip.strip_shots`), those hidden, and what came of it (`views.strip.strip_answer`).

    modality  the one that is hidden of them, or as `msm.masking.parts` writes it; "" = whole shots
    curve     drawn along the film, its peaks marked
    arcs      drawn from shot to shot, their meanings named
    cursor    the shot that is looked at
    ask       address that tells the answer to a gesture before the rerun does (`workbench.server.fill_endpoint`)
    """
    gesture_key = f"{key}.number"

    def heard() -> None:
        gesture = _read(st.session_state[key].get("gesture"))
        if gesture:
            st.session_state[gesture_key] = gesture.number
            on_gesture(gesture)

    # A constant message above 10 kB is sent once and afterwards only named, so it is kept apart.
    data = {
        "strip": shots["key"],
        "hidden": list(hidden),
        "modality": as_message(parse_parts(modality), hidden),
        "answer": answer,
        "curve": curve and {"label": curve.label, "values": list(curve.values), "peaks": list(curve.peaks)},
        "arcs": arcs and {"drawn": [list(a) for a in arcs.drawn], "toward": arcs.toward, "against": arcs.against},
        "cursor": cursor,
        "ask": ask,
        "gesture": st.session_state.get(gesture_key, 0),
        "session": st.session_state.setdefault(f"{key}.session", uuid4().hex[:8]),
    }
    with st.container(gap=None):
        _component()(key=key, data=data, on_gesture_change=heard)
        _component()(key=f"{key}.shots", data={"shots": shots}, height=1)


def _read(value: Any) -> Gesture | None:
    """A browser can send anything: what is not a gesture is nothing."""
    try:
        look = value.get("look")
        return Gesture(
            strip=str(value["strip"]),
            hidden=tuple(sorted({int(s) for s in value["hidden"]})),
            number=int(value["gesture"]),
            modality=format_parts(of_message(value.get("modality") or "", value["hidden"])),
            look=None if look is None else int(look),
        )
    except (AttributeError, TypeError, KeyError, ValueError, InputError):
        return None
