"""The selection that all pages share: catalog, title, run, hidden shots, focused shot. It is kept in the session state.

The session state is authoritative; `url_state` writes the URL from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from msm.data.ranges import parse_ranges
from msm.data.selection import Selection, shots_of_rows
from msm.masking.parts import format_parts, parse_parts, simplest
from workbench.views.default_selection import hide_at_random, opening_title

_TITLE, _RUN, _HIDDEN, _SEED = "selection.title", "selection.run", "selection.hidden", "selection.seed"
_AWAITED = "training.expected"
_CATALOG, _SELECTED, _FORMS = "selection.catalog", "selection.shots", "forms.emptied"
_TITLES, _SHOTS = "selection.titles", "selection.shots by title"  # the titles table; (rows, the same shots by title)
_FOCUS, _MODALITY = "selection.focus", "selection.modality"
_PARTS = "selection.parts"  # by title, where hidden shots lose different modalities
_DRAWN = "lab.drawn"
_LEAVE = "presenter.leave"
_RANGE_ERROR = "ranges.complaint"
T = TypeVar("T")


def widget_key(name: str, value: Any, *, keep: bool = False) -> str:
    """The key of a widget that shows `value`; with `keep` it goes on showing what was typed.

    Streamlit discards the values of a page's widgets when the page changes, so the selection is kept apart from them.
    """
    key = f"widget.{name}"
    if not keep or key not in st.session_state:
        st.session_state[key] = value
    return key


def form_key(name: str) -> str:
    """The key of a form field; `clear_forms` changes it, which empties the field."""
    return f"form.{st.session_state.get(_FORMS, 0)}.{name}"


def clear_forms() -> None:
    st.session_state[_FORMS] = st.session_state.get(_FORMS, 0) + 1


def has_title() -> bool:
    """Whether a title of any catalog was chosen in this session."""
    return _TITLE in st.session_state


def title() -> str:
    return st.session_state[_TITLE]


def choose_title(title_id: str) -> None:
    st.session_state[_TITLE] = title_id
    clear_range_error()


def run() -> str | None:
    """The name of the chosen run's folder, None where there is none that fits."""
    return st.session_state.get(_RUN)


def choose_run(name: str | None) -> None:
    st.session_state[_RUN] = name


def hidden() -> list[int]:
    """The hidden shots of the chosen title, ascending; none for a title that was not opened yet."""
    return st.session_state.get(_HIDDEN, {}).get(title(), [])


def hide(shots: Iterable[int]) -> None:
    st.session_state.setdefault(_HIDDEN, {})[title()] = sorted({int(s) for s in shots})
    clear_range_error()


def modality() -> str | None:
    """The modality that is hidden of the hidden shots, in the notation of `msm.masking.parts` where shots lose different ones;
    None where whole shots are hidden."""
    of_shots = st.session_state.get(_PARTS, {}).get(title())
    if of_shots is None or not hidden():
        return st.session_state.get(_MODALITY)
    return format_parts(simplest(parse_parts(of_shots), hidden())) or None


def hide_only(parts: str | None) -> None:
    """Hide only this modality of the hidden shots, or the parts in the notation of `msm.masking.parts`; with None whole shots.

    One modality applies to every title; different parts of different shots apply to the chosen title alone.
    """
    of_shots = bool(parts) and ":" in str(parts)
    st.session_state.setdefault(_PARTS, {})[title()] = parts if of_shots else None
    if not of_shots:
        st.session_state[_MODALITY] = parts or None


def focus() -> int | None:
    """The focused shot of the chosen title; None where there is none."""
    return st.session_state.get(_FOCUS, {}).get(title())


def look_at(shot: int | None) -> None:
    """Focus a shot of the chosen title, or with None no shot."""
    st.session_state.setdefault(_FOCUS, {})[title()] = None if shot is None else int(shot)


def drawn(about: tuple, kind: type[T]) -> T | None:
    """The drawing of this kind that a panel put on the filmstrip; None where it is about something else."""
    known, drawing = st.session_state.get(_DRAWN, ((), None))
    return drawing if known == about and isinstance(drawing, kind) else None


def draw(about: tuple, drawing: object) -> bool:
    """Put a drawing on the filmstrip; True where it is another one than before, and the strip has to be shown again."""
    is_new = st.session_state.get(_DRAWN) != (about, drawing)
    st.session_state[_DRAWN] = (about, drawing)
    return is_new


def leave_stage() -> None:
    """Request, after Escape was pressed, that the presenter's page ends at its next run."""
    st.session_state[_LEAVE] = True


def stage_left() -> bool:
    """Whether that was requested since the last call."""
    return st.session_state.pop(_LEAVE, False)


def selected() -> tuple[int, ...]:
    """The shots selected from the whole catalog, by lasso or search, as ascending rows."""
    return st.session_state.get(_SELECTED, ())


def select(rows: Iterable[int]) -> None:
    """Select these rows of the catalog; none clears the selection."""
    st.session_state[_SELECTED] = tuple(sorted({int(r) for r in rows}))


def await_training(name: str) -> None:
    """Show this training as soon as its folder exists."""
    st.session_state[_AWAITED] = name


def awaited_training() -> str | None:
    return st.session_state.get(_AWAITED)


def hide_next_at_random(num_shots: int) -> None:
    """Hide 20 % of the shots, drawn again at each call."""
    st.session_state[_SEED] = seed = st.session_state.get(_SEED, 0) + 1
    hide(hide_at_random(num_shots, seed))


def hide_typed(text: str, num_shots: int) -> None:
    """Hide the typed ranges; where they are invalid, keep the hidden shots and set `range_error`."""
    try:
        hide(parse_ranges(text, num_shots))
    except InputError as error:
        st.session_state[_RANGE_ERROR] = str(error)


def range_error() -> str | None:
    """What is wrong with the ranges that were typed last; None where nothing is."""
    return st.session_state.get(_RANGE_ERROR)


def clear_range_error() -> None:
    st.session_state.pop(_RANGE_ERROR, None)


def catalog_name() -> str | None:
    """The name of the chosen catalog; None for the one given at the start."""
    return st.session_state.get(_CATALOG)


def choose_catalog(name: str | None) -> None:
    if name != catalog_name():
        select(())  # rows of another catalog are other shots
    st.session_state[_CATALOG] = name
    clear_range_error()


def fill_defaults(catalog: Catalog, runs: pd.DataFrame) -> None:
    """Choose defaults for what was not chosen, and drop choices that do not fit this catalog."""
    st.session_state[_TITLES] = catalog.titles
    _repair(catalog, runs)


def selection() -> Selection:
    """The whole selection as one value, as a notebook reads it from the URL."""
    rows, shots = st.session_state.get(_SHOTS, ((), ()))
    if rows != selected():
        shots = shots_of_rows(selected(), st.session_state[_TITLES])
        st.session_state[_SHOTS] = (selected(), shots)
    return Selection(
        title=title(),
        run=run(),
        hidden=tuple(hidden()),
        shots=shots,
        catalog=catalog_name(),
        modality=modality(),
        look=focus(),
    )


def _repair(catalog: Catalog, runs: pd.DataFrame) -> None:
    if st.session_state.get(_TITLE) not in catalog:
        st.session_state[_TITLE] = opening_title(catalog.titles)
    usable = runs.loc[runs["problem"].isna(), "name"].tolist()
    if run() not in usable:
        choose_run(usable[0] if usable else None)
    if selected() and selected()[-1] >= catalog.num_shots:
        select(())
    num_shots = catalog[title()].num_shots
    chosen: dict[str, Any] = st.session_state.setdefault(_HIDDEN, {})
    if title() not in chosen or any(s >= num_shots for s in chosen[title()]):
        chosen[title()] = hide_at_random(num_shots, seed=0)
    if not {*parse_parts(modality() or "")} <= {m.name for m in catalog.modalities}:
        hide_only(None)
    if (shot := focus()) is not None and shot >= num_shots:
        look_at(None)
