"""The map in Streamlit: places, colours and what is chosen go in; a lasso or a click comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from msm import InputError
from msm.data.ranges import parse_ranges
from workbench.components.front_end import fetched, style_of


@dataclass(frozen=True)
class Gesture:
    """What a hand did: the points that are chosen after it, the one that was clicked, on which map, and its number."""

    about: str
    points: tuple[int, ...]
    pin: int | None
    number: int


@cache
def _component() -> Any:
    """One registration a process."""
    return st.components.v2.component("msm_shot_map", js=fetched("shot_map"), css=style_of("shot_map"))


def shot_map(
    about: dict[str, Any],
    panels: Sequence[tuple[dict[str, Any], str, str]],
    colours: dict[str, Any] | None,
    choice: Mapping[str, Any],
    *,
    key: str,
    on_gesture: Callable[[Gesture], None],
) -> None:
    """Show one map, or two of the same points.

    about    `views.map.component_data.about_part`: whose points they are
    panels   (`views.map.component_data.points_part`, label, note) for each map
    colours  `views.map.component_data.colours_part`
    choice   shown, hits, path, selected, pinned, size, as shot_map.js has them
    """
    gesture_key = f"{key}.number"

    def heard() -> None:
        gesture = _read(st.session_state[key].get("gesture"), about["count"])
        if gesture:
            st.session_state[gesture_key] = gesture.number
            on_gesture(gesture)

    named = [{"points": points["key"], "label": label, "note": note} for points, label, note in panels]
    data = {**choice, "about": about["key"], "panels": named, "colours": colours["key"] if colours else None}
    data["gesture"] = st.session_state.get(gesture_key, 0)
    parts = {part["key"]: part for part in (about, *(points for points, _, _ in panels), colours) if part}
    with st.container(gap=None):
        _component()(key=key, data=data, on_gesture_change=heard)
        for part in parts.values():  # constant and above 10 kB: sent once, and afterwards only named
            _component()(key=f"{key}.{part['key']}", data={"part": part}, height=1)


def _read(value: Any, count: int) -> Gesture | None:
    """A browser can send anything: what is not a gesture is nothing."""
    try:
        points = tuple(parse_ranges(str(value["points"]), count))
        pin = None if value["pin"] is None else int(value["pin"])
        if pin is not None and not 0 <= pin < count:
            return None
        return Gesture(str(value["about"]), points, pin, int(value["gesture"]))
    except (TypeError, KeyError, ValueError, InputError):
        return None
