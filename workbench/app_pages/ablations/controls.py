"""The head of the Ablations page: which ablation is shown."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.app_pages.ablations import cached
from workbench.session import page_texts, settings, state, url_state

ELSEWHERE = "by path …"
ABLATION = "ablation"  # among the settings of the page
STARTED = "ablations.started"  # in the session: the one that was started last


def choose_ablation(names: dict[str, Path]) -> Path | None:
    """The head of the page: its name, and which ablation; the address bar keeps the choice."""
    heading, chooser = st.columns([3, 2], vertical_alignment="bottom")
    heading.header("Ablations", anchor=False)
    linked = settings.text(ABLATION)
    if linked not in names and linked == st.session_state.get(STARTED):
        linked = next(iter(names), "")  # until its folder is there
    options = [*names, ELSEWHERE]
    first = linked if linked in names else ELSEWHERE if linked or not names else options[0]
    if names and not linked:
        page_texts.put(ABLATION, first)  # named also where it is the first: another one may be the first soon
    with chooser:
        chosen = ELSEWHERE
        if names:
            key = state.widget_key("ablation", first)
            st.selectbox("Ablation", options, key=key, label_visibility="collapsed", on_change=lambda: _choose(key))
            chosen = first
        path = names.get(chosen)
        if path is None:
            key = state.widget_key("ablation.path", "" if linked == ELSEWHERE else linked)
            typed = st.text_input(
                "Folder or table.json",
                key=key,
                placeholder="/results/my-ablation",
                on_change=lambda: _choose(key),
            ).strip()
            chosen, path = typed, Path(typed).expanduser() if typed else None
    if chosen and path and chosen.startswith(cached.OURS):
        st.caption(
            "Measured by this project on films of its own or of others, not on your catalog; one on yours starts below."
        )
    return path


def _choose(key: str) -> None:
    page_texts.put(ABLATION, st.session_state[key].strip() or ELSEWHERE)
    url_state.write()
