"""Settings: the controls of a page that change what is seen. Each stands in the address, so that a link, a reload and Back show it.

    st.toggle("Veil the real shot", **settings.flag("veil"))
    chosen = st.selectbox("Map", maps, **settings.choice("map", maps, maps[0]))

Each function returns the `key` and the `on_change` of a widget that shows the setting `name`. A text in the address that is not a
value of it is passed over. Fields of a form that starts a job are none: a link does not fill in a form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypedDict, TypeVar
from urllib.parse import quote, unquote

import streamlit as st

from workbench.session import page_texts, url_state

T = TypeVar("T")


class Bound(TypedDict):
    """Keyword arguments of a widget."""

    key: str
    on_change: Callable[[], None]


def choice(name: str, options: Iterable[T], default: T | None, texts: Iterable[str] | None = None) -> Bound:
    """One of several options, named in the address by its `str` or by its text in `texts`."""
    listed = list(options)
    named = dict(zip(map(str, listed) if texts is None else texts, listed, strict=True))
    return _bound(name, default, named.__getitem__, lambda chosen: next(t for t, o in named.items() if o == chosen))


def several(name: str, options: Iterable[str], default: Sequence[str] = ()) -> Bound:
    """Any number of options, in the order in which they were chosen."""
    there = set(options)

    def read(text: str) -> list[str]:
        return [word for word in map(unquote, filter(None, text.split(","))) if word in there]

    kept = [word for word in default if word in there]
    return _bound(name, kept, read, _listed)


def flag(name: str, default: bool = False) -> Bound:
    """Something that is on or off."""
    return _bound(name, default, {"yes": True, "no": False}.__getitem__, lambda on: "yes" if on else "no")


def words(name: str, default: str = "") -> Bound:
    """Words that somebody typed."""
    return _bound(name, default, str, str)


def number(name: str, low: float, high: float, default: float) -> Bound:
    """A whole number where `default` is one, otherwise any number; from `low` to `high`."""

    def read(text: str) -> float:
        value = type(default)(text)
        if not low <= value <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        return value

    return _bound(name, default, read, lambda value: f"{value:g}" if isinstance(value, float) else str(value))


def span(name: str, low: float, high: float) -> Bound:
    """Two numbers from `low` to `high`; all of it by default."""

    def read(text: str) -> tuple[float, float]:
        least, most = (float(word) for word in text.split(".."))
        if not low <= least <= most <= high:
            raise ValueError(f"{text} is not inside {low} to {high}")
        return least, most

    return _bound(name, (low, high), read, _spanned)


def put_flag(name: str, on: bool) -> None:
    """Set what `flag` reads where it is off by default, without its widget, and write the address."""
    page_texts.put(name, "yes" if on else None)
    url_state.write()


def put_several(name: str, words: Sequence[str]) -> None:
    """Set what `several` reads, without its widget; no words are the default."""
    page_texts.put(name, _listed(words) if words else None)


def put_span(name: str, both: tuple[float, float] | None) -> None:
    """Set what `span` reads, without its widget; None is the default."""
    page_texts.put(name, None if both is None else _spanned(both))


def _listed(words: Iterable[str]) -> str:
    return ",".join(quote(word, safe=" ") for word in words)


def _spanned(both: Sequence[float]) -> str:
    return f"{both[0]!r}..{both[1]!r}"


def text(name: str, default: str = "") -> str:
    """The setting as it stands in the address, before its widget is drawn."""
    return page_texts.texts().get(name, default)


def _bound(name: str, default: Any, read: Callable[[str], Any], write: Callable[[Any], str]) -> Bound:
    key = f"widget.{name}"
    st.session_state[key] = _value(name, default, read)

    def keep() -> None:
        value = st.session_state[key]
        page_texts.put(name, None if value == default else write(value))
        url_state.write()

    return {"key": key, "on_change": keep}


def _value(name: str, default: Any, read: Callable[[str], Any]) -> Any:
    written = page_texts.texts().get(name)
    try:
        return default if written is None else read(written)
    except (ValueError, KeyError):  # a link of old, or one that somebody typed
        return default
