"""The embedding map as a Streamlit component: points, colours and the selection in, a lasso or a click out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
    brushes: dict[str, tuple[int, ...]] = field(default_factory=dict)  # by label the bins that its histogram leaves
    go: str = ""  # lab or search: where the clicked point leads


@dataclass(frozen=True)
class Panel:
    """One map: `views.map.component_data.points_part`, what stands above it, and the names of its clusters."""

    points: dict[str, Any]
    label: str
    note: str
    names: Sequence[dict[str, Any]] = ()


@cache
def _component() -> ComponentRenderer:
    """Registered once a process."""
    return st.components.v2.component("msm_shot_map", js=importing_module("shot_map"), css=style_of("shot_map"))


def shot_map(
    about: dict[str, Any],
    panels: Sequence[Panel],
    colours: dict[str, Any] | None,
    facets: Sequence[dict[str, Any]],
    choice: Mapping[str, Any],
    *,
    key: str,
    on_gesture: Callable[[Gesture], None],
) -> None:
    """Show one map, or two of the same points.

    about    `views.map_parts.about_part`: the catalog and titles of the points
    panels   one for each map
    colours  `views.map_parts.colours_part`
    facets   histograms, `views.map.facets`
    choice   shown, hits, path, selected, pinned, size, base, brushes, contours, notes, as `State` in types.d.ts has them
    """
    gesture_key = f"{key}.number"

    def on_change() -> None:
        gesture = _read(st.session_state[key].get("gesture"), about["count"])
        if gesture:
            st.session_state[gesture_key] = gesture.number
            on_gesture(gesture)

    named = [{"points": p.points["key"], "label": p.label, "note": p.note, "names": p.names} for p in panels]
    data = {**choice, "about": about["key"], "panels": named, "colours": colours["key"] if colours else None}
    data["facets"] = [part["key"] for part in facets]
    data["gesture"] = st.session_state.get(gesture_key, 0)
    parts = {part["key"]: part for part in (about, *(p.points for p in panels), colours, *facets) if part}
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
        bins = {str(label): tuple(int(b) for b in bins) for label, bins in (value.get("brushes") or {}).items()}
        return Gesture(str(value["about"]), points, pin, int(value["gesture"]), bins, str(value.get("go") or ""))
    except (AttributeError, TypeError, KeyError, ValueError, InputError):
        return None
