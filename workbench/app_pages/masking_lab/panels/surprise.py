"""Surprise: every shot hidden in turn, as a curve over the film with its highest peaks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from msm import Catalog, Title
from msm.interpret.surprise import agreement, peaks, peaks_at_scenes
from workbench.app_pages.masking_lab.panels.progress import bar
from workbench.components.filmstrip import Curve
from workbench.layout.figures import draw
from workbench.session import interpretation_cache, shot_frames, state
from workbench.session.cache import Filled
from workbench.session.interpretation_cache import SurpriseCurve
from workbench.views.frames import Frame, row, styled
from workbench.views.interpret.surprise import how_sentence, surprise_figure, surprise_sentence
from workbench.views.notebook_code import surprise_code

MOST_FRAMES = 6


def panel(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    with bar("Hid {:.0%} of the film’s shots, several at a time …") as on_share:
        fast = interpretation_cache.surprise_curve(catalog, run_path, title.title_id, exact=False, on_share=on_share)
    exact = interpretation_cache.known_surprise_curve(catalog, run_path, title.title_id)
    found = exact or fast
    scenes = peaks_at_scenes(found.table)
    top = peaks(found.table, most_peaks(found.table))
    curve = Curve("Surprise", [round(float(s), 3) for s in found.table["surprise"]], [int(p) for p in top])
    if state.draw(about(title, run_path), curve):
        st.rerun()
    st.markdown(f"**{surprise_sentence(scenes, found.table)}**")
    st.html(styled(row([peak_frame(catalog, title, found, int(shot)) for shot in top])))
    figure = surprise_figure(found.table, top, duration_s=title.duration_s)
    draw(figure, "surprise")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_how_sentence(fast, exact, title.num_shots))
        if exact is None and not fast.exact and st.button("Hide every shot alone", icon=":material/timer:"):
            with bar("Hid {:.0%} of the film’s shots, each alone …") as on_share:
                interpretation_cache.surprise_curve(catalog, run_path, title.title_id, exact=True, on_share=on_share)
            st.rerun()
    with st.expander("Copy as code", icon=":material/code:"):
        st.code(surprise_code(catalog.path, run_path, title.title_id), language="python")


def about(title: Title, run_path: Path) -> tuple:
    """A key for the curve on the filmstrip."""
    return ("surprise", str(title.catalog.path), title.title_id, str(run_path))


def most_peaks(table: pd.DataFrame) -> int:
    """The number of peaks to show: as many as scene changes, between 3 and MOST_FRAMES."""
    scenes = peaks_at_scenes(table)
    return max(3, min(MOST_FRAMES, scenes.count if scenes else MOST_FRAMES))


def peak_frame(catalog: Catalog, title: Title, found: SurpriseCurve, shot: int) -> Frame:
    opens = found.table["starts_scene"].fillna(False).to_numpy(dtype=bool)
    closes = shot + 1 < len(opens) and opens[shot + 1]
    badge = "opens a scene" if opens[shot] else "closes a scene" if closes else ""
    return shot_frames.frame(catalog, int(title.row["first_shot"]) + shot, of=title.title_id, badge=badge)


def _how_sentence(fast: SurpriseCurve, exact: SurpriseCurve | None, num_shots: int) -> str:
    if exact is None:
        return how_sentence(fast.passes, num_shots, exact=fast.exact)
    rho = agreement(exact.table["surprise"].to_numpy(), fast.table["surprise"].to_numpy())
    return how_sentence(exact.passes, num_shots, exact=True, rho=rho, faster=exact.seconds / max(fast.seconds, 1e-6))
