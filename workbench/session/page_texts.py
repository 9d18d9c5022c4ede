"""The settings of each page as texts: what stands in the address beside the selection.

`settings` binds widgets to them, and `url_state` writes and reads them. A setting at its default has no text.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

_PAGE, _TEXTS = "settings.page", "settings.texts"


def open_page(name: str) -> None:
    """Name the page whose settings the following calls mean."""
    st.session_state[_PAGE] = name


def page() -> str:
    """The name of the page that is open; empty for a page that runs by itself, as in a test."""
    return st.session_state.get(_PAGE, "")


def texts(of: str | None = None) -> dict[str, str]:
    """The settings of the open page, or of the page `of`, by name."""
    return dict(st.session_state.get(_TEXTS, {}).get(page() if of is None else of, {}))


def take(of_page: Mapping[str, str]) -> None:
    """Set all settings of the open page; one that is not named is at its default."""
    st.session_state.setdefault(_TEXTS, {})[page()] = dict(of_page)


def put(name: str, text: str | None, of: str | None = None) -> None:
    """Set one setting; None is its default."""
    named = st.session_state.setdefault(_TEXTS, {}).setdefault(page() if of is None else of, {})
    named.pop(name, None)
    if text is not None:
        named[name] = text
