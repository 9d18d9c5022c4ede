"""The one selection that all pages share: catalog, title, run, hidden shots, the shot looked at. In the session.

The session is the truth while it lasts; `link` writes the address from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from msm.data.selection import Selection, shots_of_rows
from msm.masking.parts import format_parts, parse_parts, simplest
from msm.masking.policies import parse_ranges
from workbench.views.default_selection import hide_at_random, opening_title

_TITLE, _RUN, _HIDDEN, _SEED = "selection.title", "selection.run", "selection.hidden", "selection.seed"
_EXPECTED = "training.expected"
_CATALOG, _SELECTED, _FORMS = "selection.catalog", "selection.shots", "forms.emptied"
_TITLES, _SHOTS = "selection.titles", "selection.shots by title"  # where rows belong; (rows, the same by title)
_FOCUS, _MODALITY = "selection.focus", "selection.modality"
_PARTS = "selection.parts"  # of titles whose hidden shots lose different modalities
_PANEL, _DRAWN = "lab.panel", "lab.drawn"
_SLIDE, _SCRIPT, _LEAVE = "presenter.slide", "presenter.script", "presenter.leave"
_COMPLAINT = "ranges.complaint"
T = TypeVar("T")


def widget_key(name: str, value: Any, *, keep: bool = False) -> str:
    """The key of a widget that shows `value`; with `keep` it goes on showing what was typed.

    Streamlit forgets a widget's value with the page it stood on, so the selection never lives there.
    """
    key = f"widget.{name}"
    if not keep or key not in st.session_state:
        st.session_state[key] = value
    return key


def form_key(name: str) -> str:
    """The key of a field in a form: another one, and so an empty field, after `empty_forms`."""
    return f"form.{st.session_state.get(_FORMS, 0)}.{name}"


def clear_forms() -> None:
    st.session_state[_FORMS] = st.session_state.get(_FORMS, 0) + 1


def has_title() -> bool:
    """Whether one was chosen in this session, of whatever catalog."""
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
    """The hidden shots of the chosen title, ascending."""
    return st.session_state[_HIDDEN][title()]


def hide(shots: Iterable[int]) -> None:
    st.session_state.setdefault(_HIDDEN, {})[title()] = sorted({int(s) for s in shots})
    clear_range_error()


def modality() -> str | None:
    """The one modality that is hidden of the hidden shots, or as `msm.masking.parts` writes it, where they lose different ones;
    None = whole shots."""
    of_shots = st.session_state.get(_PARTS, {}).get(title())
    if of_shots is None or not hidden():
        return st.session_state.get(_MODALITY)
    return format_parts(simplest(parse_parts(of_shots), hidden())) or None


def hide_only(parts: str | None) -> None:
    """Hide only this modality of the hidden shots, or of each what `msm.masking.parts` reads there; with None whole shots.

    One for all of them is one for every title; of shots that lose different ones each title has its own.
    """
    of_shots = bool(parts) and ":" in str(parts)
    st.session_state.setdefault(_PARTS, {})[title()] = parts if of_shots else None
    if not of_shots:
        st.session_state[_MODALITY] = parts or None


def focus() -> int | None:
    """The shot of the chosen title that a person points at; None where nobody has yet."""
    return st.session_state.get(_FOCUS, {}).get(title())


def look_at(shot: int | None) -> None:
    """Point at a shot of the chosen title, or with None at none."""
    st.session_state.setdefault(_FOCUS, {})[title()] = None if shot is None else int(shot)


def panel() -> str | None:
    """The panel of the masking lab that is open; None where nobody has chosen one."""
    return st.session_state.get(_PANEL)


def open_panel(name: str) -> None:
    st.session_state[_PANEL] = name


def drawn(about: tuple, kind: type[T]) -> T | None:
    """The drawing of this kind that a panel put on the filmstrip; None where it is about something else."""
    known, drawing = st.session_state.get(_DRAWN, ((), None))
    return drawing if known == about and isinstance(drawing, kind) else None


def draw(about: tuple, drawing: object) -> bool:
    """Put a drawing on the filmstrip; True where it is another one than before, and the strip has to be shown again."""
    news = st.session_state.get(_DRAWN) != (about, drawing)
    st.session_state[_DRAWN] = (about, drawing)
    return news


def script() -> str | None:
    """The name of the chosen presentation; None where nobody has chosen one."""
    return st.session_state.get(_SCRIPT)


def choose_script(name: str) -> None:
    st.session_state[_SCRIPT] = name
    go_to_slide(0)


def slide() -> int:
    """Which view of a presentation is shown, counted from 0."""
    return st.session_state.get(_SLIDE, 0)


def go_to_slide(slide: int) -> None:
    st.session_state[_SLIDE] = max(0, slide)


def leave_stage() -> None:
    """Escape was pressed: the presenter's page ends at its next run."""
    st.session_state[_LEAVE] = True


def stage_left() -> bool:
    """Whether it was pressed since the last time of asking."""
    return st.session_state.pop(_LEAVE, False)


def selected() -> tuple[int, ...]:
    """The shots that a person picked out of the whole catalog (a lasso, a search), as its rows, ascending."""
    return st.session_state.get(_SELECTED, ())


def select(rows: Iterable[int]) -> None:
    """Empty rows let go of the selection."""
    st.session_state[_SELECTED] = tuple(sorted({int(r) for r in rows}))


def await_training(name: str) -> None:
    """Watch this training as soon as its folder is there."""
    st.session_state[_EXPECTED] = name


def awaited_training() -> str | None:
    return st.session_state.get(_EXPECTED)


def hide_next_at_random(num_shots: int) -> None:
    """Another draw of 20 % each time it is asked for."""
    st.session_state[_SEED] = seed = st.session_state.get(_SEED, 0) + 1
    hide(hide_at_random(num_shots, seed))


def hide_typed(text: str, num_shots: int) -> None:
    """Hide the ranges that a person typed; what cannot be read is complained of and changes nothing."""
    try:
        hide(parse_ranges(text, num_shots))
    except InputError as error:
        st.session_state[_COMPLAINT] = str(error)


def range_error() -> str | None:
    """What is wrong with the ranges typed last."""
    return st.session_state.get(_COMPLAINT)


def clear_range_error() -> None:
    st.session_state.pop(_COMPLAINT, None)


def catalog_name() -> str | None:
    """The name of the chosen catalog, None for the one that the app was started on."""
    return st.session_state.get(_CATALOG)


def choose_catalog(name: str | None) -> None:
    if name != catalog_name():
        select(())  # rows of another catalog are other shots
    st.session_state[_CATALOG] = name
    clear_range_error()


def fill_defaults(catalog: Catalog, runs: pd.DataFrame) -> None:
    """Fill in what nobody chose of this catalog, and drop what another one left."""
    st.session_state[_TITLES] = catalog.titles
    _repair(catalog, runs)


def selection() -> Selection:
    """All of it as one value, as a notebook reads it from the link."""
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
    """Fill in what nobody chose, and drop what another catalog left."""
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
