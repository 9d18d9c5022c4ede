"""Attention, a part of the attribution panel: the attention of one hidden shot in each layer."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm import Catalog, Title
from msm.data.ranges import format_ranges
from workbench.app_pages.masking_lab.panels.expected import say_and_step
from workbench.components.filmstrip import Arcs
from workbench.layout.figures import draw
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import interpretation_cache, settings, shot_frames
from workbench.views.formatting import percent
from workbench.views.frames import row, styled
from workbench.views.interpret.attention import LOOKED_AT, attention_figure, attention_sentence, attention_words
from workbench.views.interpret.influence import influence_arcs, strongest
from workbench.views.notebook_code import attention_code

SHOWN = 5
ALL = ""  # the mean of all layers


def show(
    catalog: Catalog, title: Title, run_path: Path, hidden: tuple[int, ...], shot: int, foot: DeltaGenerator
) -> Arcs:
    """Draw the attention to visible shots, with its caption in `foot`; returns the arcs for the filmstrip."""
    found = interpretation_cache.attention(catalog, run_path, title.title_id, hidden, shot)
    starts = shot_frames.start_times(catalog, title.title_id)
    head, frames, figure = st.container(), st.container(), st.container()
    layer = choose_layer(found.layers)
    table = found.table(layer or None)
    with head:
        say_and_step(attention_sentence(table, starts), hidden, shot)
    first = int(title.row["first_shot"])
    shown = [shot_frames.frame(catalog, first + shot, of=title.title_id, mark="truth", badge="hidden")]
    for line in strongest(table, SHOWN, by="attention").itertuples():
        badge = percent(line.attention, 1)
        shown.append(shot_frames.frame(catalog, first + int(line.shot), of=title.title_id, badge=badge))
    frames.html(styled(row(shown)))
    drawn = attention_figure(found.weights, found.layers, found.seen, shot, starts, duration_s=title.duration_s)
    with figure:
        draw(drawn, "attention")
    shares = found.shares(layer or None)
    rho = interpretation_cache.agreement_with_influence(catalog, run_path, title.title_id, hidden, shot, table)
    foot.caption(attention_words(shares, layer, rho))
    with foot.expander("Copy as code", icon=":material/code:"):
        code = attention_code(catalog.path, run_path, title.title_id, format_ranges(hidden), shot)
        st.code(code, language="python")
    return Arcs(influence_arcs(table, shot, by="attention"), LOOKED_AT)


def choose_layer(layers: tuple[str, ...]) -> str:
    if len(layers) < 2:
        return ALL
    chosen = st.segmented_control(
        "Layer",
        [ALL, *layers],
        format_func=lambda name: name or "all layers",
        required=True,
        label_visibility="collapsed",
        **settings.choice("layer", [ALL, *layers], ALL),
    )
    return str(chosen)


def about() -> str:
    """The part of the arcs' key that the choices of this panel make up."""
    return settings.text("layer", ALL)
