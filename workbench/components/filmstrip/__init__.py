"""The filmstrip as a Streamlit component: shots and hidden shots in, one gesture at a time out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import streamlit as st

from msm.errors import InputError
from msm.masking.parts import format_parts, parse_parts, parts_of_json
from workbench.components.front_end import importing_module, style
from workbench.views.fill_in.filmstrip import as_message

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True)
class Gesture:
    """One gesture of the user: the shots that are hidden after it, the strip, and its number."""

    strip: str
    hidden: tuple[int, ...]
    number: int
    modality: str = ""  # the hidden parts in the notation of `msm.masking.parts`; "" = whole shots
    look: int | None = None  # the shot that was pointed at


@dataclass(frozen=True)
class Curve:
    """One value a shot, such as surprise; None where there is none."""

    label: str
    values: Sequence[float | None]
    peaks: Sequence[int] = ()  # shots to mark


Arc = tuple[int, int, float]  # from one shot to another, with a weight of −1 to 1


@dataclass(frozen=True)
class Arcs:
    """Arcs between shots, drawn heavier for a larger weight, and their meaning."""

    drawn: Sequence[Arc]
    toward: str  # the label of positive weights
    against: str = ""  # the label of negative weights, where there can be some


@cache
def _component() -> ComponentRenderer:
    """Registered once a process."""
    return st.components.v2.component("msm_filmstrip", js=importing_module("filmstrip"), css=style())


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
    notes: Mapping[int, str] | None = None,
    view: Mapping[str, str] | None = None,
    on_view: Callable[[dict[str, str]], None] | None = None,
) -> None:
    """Show a title's shots (`views.strip.strip_shots`), the hidden ones, and the scores of the fill-in (`views.strip.strip_answer`).

    modality  the hidden modality, or parts in the notation of `msm.masking.parts`; "" = whole shots
    curve     drawn along the film, its peaks marked
    arcs      drawn from shot to shot, their meanings named
    cursor    the focused shot
    notes     what people noted about shots
    view      how the strip is looked at: `measure` of the timeline and `zoom` of the frames; what is not named is at its default
    on_view   called with the view after a person has changed it
    ask       address of the fill-in, requested at each gesture before the rerun (`workbench.server.fill_endpoint`)
    """
    gesture_key = f"{key}.number"

    def on_change() -> None:
        gesture = _read(st.session_state[key].get("gesture"))
        if gesture:
            st.session_state[gesture_key] = gesture.number
            on_gesture(gesture)

    def on_view_change() -> None:
        if on_view is not None:
            on_view(_read_view(st.session_state[key].get("view")))

    # Streamlit sends a constant message above 10 kB once and its hash afterwards, so the shots are a message of their own.
    data = {
        "strip": shots["key"],
        "hidden": list(hidden),
        "modality": as_message(parse_parts(modality), hidden),
        "answer": answer,
        "curve": curve and {"label": curve.label, "values": list(curve.values), "peaks": list(curve.peaks)},
        "arcs": arcs and {"drawn": [list(a) for a in arcs.drawn], "toward": arcs.toward, "against": arcs.against},
        "cursor": cursor,
        "notes": {str(shot): text for shot, text in notes.items()} if notes else None,
        "ask": ask,
        "view": dict(view or {}),
        "gesture": st.session_state.get(gesture_key, 0),
        "session": st.session_state.setdefault(f"{key}.session", uuid4().hex[:8]),
    }
    with st.container(gap=None):
        _component()(
            key=key, data=data, on_gesture_change=on_change, on_view_change=on_view_change, height=_usual_height(shots)
        )
        _component()(key=f"{key}.shots", data={"shots": shots}, height=1)


def _usual_height(shots: dict[str, Any]) -> int:
    """Pixels to reserve until the front end has drawn the strip and sets the height free: about what it will take.

    Without them everything below jumps by half a page a moment after it came, away from under the pointer.
    """
    many = len(shots["starts"]) > 150  # they fill the box that scrolls
    if shots["thumbnails"]:
        return 605 if many else 556
    return 560 if many else 350


def _read_view(value: Any) -> dict[str, str]:
    """The view in a message of the browser; nothing of a value that is none."""
    given = value if isinstance(value, dict) else {}
    return {name: str(given[name])[:40] for name in ("measure", "zoom") if given.get(name)}


def _read(value: Any) -> Gesture | None:
    """The gesture in a message of the browser; None for anything else."""
    try:
        look = value.get("look")
        return Gesture(
            strip=str(value["strip"]),
            hidden=tuple(sorted({int(s) for s in value["hidden"]})),
            number=int(value["gesture"]),
            modality=format_parts(parts_of_json(value.get("modality") or "", value["hidden"])),
            look=None if look is None else int(look),
        )
    except (AttributeError, TypeError, KeyError, ValueError, InputError):
        return None
