"""A bar for work that may take seconds; it appears only where there is something to wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def bar(words: str) -> Iterator[Callable[[float], object]]:
    """Gives a function that hears the share that is done; `words` has a place for it, e.g. "Read {:.0%} …"."""
    place = st.empty()

    def show(share: float) -> None:
        if share < 1:
            place.progress(share, words.format(share))

    yield show
    place.empty()
