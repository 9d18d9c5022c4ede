"""The embedding map as a Streamlit component: points, colours and the selection in, a lasso or a click out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from msm import InputError
from msm.data.ranges import parse_ranges
from workbench.components.front_end import importing_module, style_of

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True)
class Gesture:
    """One gesture of the user: the points that are selected after it, the point that was clicked, the map, and its number."""

    about: str
    points: tuple[int, ...]
    pin: int | None
    number: int


@cache
def _component() -> ComponentRenderer:
    """Registered once a process."""
    return st.components.v2.component("msm_shot_map", js=importing_module("shot_map"), css=style_of("shot_map"))


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

    about    `views.map_parts.about_part`: the catalog and titles of the points
    panels   (`views.map_parts.points_part`, label, note) for each map
    colours  `views.map_parts.colours_part`
    choice   shown, hits, path, selected, pinned, size, as `State` in types.d.ts has them
    """
    gesture_key = f"{key}.number"

    def on_change() -> None:
        gesture = _read(st.session_state[key].get("gesture"), about["count"])
        if gesture:
            st.session_state[gesture_key] = gesture.number
            on_gesture(gesture)

    named = [{"points": points["key"], "label": label, "note": note} for points, label, note in panels]
    data = {**choice, "about": about["key"], "panels": named, "colours": colours["key"] if colours else None}
    data["gesture"] = st.session_state.get(gesture_key, 0)
    parts = {part["key"]: part for part in (about, *(points for points, _, _ in panels), colours) if part}
    with st.container(gap=None):
        _component()(key=key, data=data, on_gesture_change=on_change)
        for part in parts.values():  # constant and above 10 kB: Streamlit sends these once, afterwards their hash
            _component()(key=f"{key}.{part['key']}", data={"part": part}, height=1)


def _read(value: Any, count: int) -> Gesture | None:
    """The gesture in a message of the browser; None for anything else."""
    try:
        points = tuple(parse_ranges(str(value["points"]), count))
        pin = None if value["pin"] is None else int(value["pin"])
        if pin is not None and not 0 <= pin < count:
            return None
        return Gesture(str(value["about"]), points, pin, int(value["gesture"]))
    except (TypeError, KeyError, ValueError, InputError):
        return None
