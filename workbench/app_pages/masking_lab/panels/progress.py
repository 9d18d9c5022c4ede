"""A progress bar for work that may take seconds; it appears only once there is progress to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def bar(words: str) -> Iterator[Callable[[float], object]]:
    """Yield a callback for the finished share; `words` is a format string for it, e.g. "Read {:.0%} …"."""
    place = st.empty()

    def show(share: float) -> None:
        if share < 1:
            place.progress(share, words.format(share))

    yield show
    place.empty()
