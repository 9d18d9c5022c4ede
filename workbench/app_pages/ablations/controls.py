"""The head of the Ablations page: which ablation is shown."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.app_pages.ablations import cached

ELSEWHERE = "by path …"


def choose_ablation(names: dict[str, Path]) -> Path | None:
    """The head of the page: its name, and which ablation; the address bar keeps the choice."""
    heading, chooser = st.columns([3, 2], vertical_alignment="bottom")
    heading.header("Ablations", anchor=False)
    linked = st.query_params.get("ablation")
    options = [*names, ELSEWHERE]
    first = options.index(linked) if linked in names else (len(names) if linked else 0)
    with chooser:
        chosen = st.selectbox("Ablation", options, index=first, label_visibility="collapsed") if names else ELSEWHERE
        path = names.get(chosen)
        if path is None:
            typed = st.text_input(
                "Folder or table.json",
                value="" if linked in names else linked or "",
                placeholder="/results/my-ablation",
            ).strip()
            chosen, path = typed, Path(typed).expanduser() if typed else None
    if chosen and st.query_params.get("ablation") != chosen:
        st.query_params["ablation"] = chosen
    if chosen and path and chosen.startswith(cached.OURS):
        st.caption(
            "Measured by this project on films of its own or of others, not on your catalog; one on yours starts below."
        )
    return path
