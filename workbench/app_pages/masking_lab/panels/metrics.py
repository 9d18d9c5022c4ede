"""The metrics of a fill-in: of these hidden shots, of all unseen titles and of all measured data sets."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from msm.masking.parts import parse_parts
from workbench.components.growing_figure import growing_figure
from workbench.layout.metric_help import METRIC_HELP
from workbench.session import state
from workbench.session.base_path import base_address
from workbench.session.cache import Filled
from workbench.views.fill_in.shot_table import shot_table
from workbench.views.formatting import baseline_label, count, hidden_and_shown, number
from workbench.views.report.comparison import comparison_figure, comparison_sentence, comparison_table
from workbench.views.report.track_record import track_record, track_record_sentence, track_record_words


def show_metrics(filled: Filled) -> None:
    """The model, the best way to copy, and what is won, in one row."""
    means = filled.table[["centred_cosine", "best_baseline"]].mean()
    name = baseline_label(filled.best_baseline_name)
    with st.container(horizontal=True, gap="medium"):
        st.metric(":blue[●] Model", number(means["centred_cosine"]), help=METRIC_HELP["model"], width="content")
        st.metric(f":orange[◆] {name}", number(means["best_baseline"]), help=METRIC_HELP["baseline"], width="content")
        st.metric("Skill", number(100 * filled.skill, 0) + "\u2009%", help=METRIC_HELP["skill"], width="content")


def explain_hidden_parts(modality: str | None, filled: Filled) -> None:
    """Where only a part of each shot is hidden: what the numbers are about, and what the model was shown of the rest."""
    if not modality:
        return
    said = hidden_and_shown(parse_parts(modality), state.hidden(), filled.sees_rest)
    st.caption(f":material/layers: {said}")


def explain_colours(strip: dict[str, Any]) -> None:
    """Where a title has no pictures: what stands for them."""
    if not strip["thumbnails"]:
        st.caption(
            ":material/palette: This title has no pictures. A shot’s colour stands for its embedding: like colours, like shots."
        )


def show_shots(table: pd.DataFrame) -> None:
    """table: a fill-in's table, a row a hidden shot."""
    shown = shot_table(table)
    num_shots = int(table["num_shots"].iloc[0])
    figure = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "shot": figure("Shot", width="small"),
        "time": st.column_config.TextColumn("Time", width="small"),
        "distance": figure("Gap", width="small", help="Shots from here to the nearest visible one."),
        "model": st.column_config.ProgressColumn(
            "Model", min_value=0.0, max_value=1.0, format="%.2f", color="blue", help=METRIC_HELP["model"]
        ),
        "baseline": figure("Best baseline", format="%.2f", help=METRIC_HELP["baseline"]),
        "lead": figure("Model's lead", format="%+.2f"),
        "rank": figure(f"Rank of the real shot, of {num_shots}", format="%.0f", help=METRIC_HELP["rank"]),
    }
    columns |= {c: figure(c.capitalize(), format="%.2f") for c in shown.columns if c not in columns}
    st.dataframe(shown, column_config=columns, hide_index=True, height=min(38 + 35 * len(shown), 320), placeholder="–")


def show_all_titles(evaluation: dict[str, Any] | None) -> None:
    """The comparison over every title that training never saw."""
    if evaluation is None:
        st.caption("This run has not been evaluated yet: `msm evaluate RUN CATALOG` does it.")
        return
    st.subheader("Over all unseen titles", anchor=False)
    st.markdown(comparison_sentence(evaluation))
    growing_figure(
        comparison_figure(comparison_table(evaluation)),
        key="comparison",
        config={"displayModeBar": False},
        base=base_address(),
        alt="Centred cosine of the model and of every way to copy, over all unseen titles",
    )
    facts = f"{count(evaluation['num_titles'], 'title')} of the {evaluation['split']} split, {count(evaluation['num_hidden'], 'hidden shot')}"
    st.caption(f"{facts}; skill {number(100 * evaluation['skill'], 0)} % against the best baseline.")


def show_all_sets(measured: dict[str, Any]) -> None:
    """How the default recipe does on the sample and on real films, scripts and series, won or lost."""
    table = track_record(measured)
    if table.empty:
        return
    st.subheader("Over other films, scripts and series", anchor=False)
    st.markdown(track_record_sentence(table))
    # Not a dataframe, whose browser part takes half a second that the filmstrip above would wait for.
    st.table(track_record_words(table), border="horizontal", hide_index=True)
    st.caption(
        "Centred cosine on titles that training never saw, mean of three trainings from different seeds. "
        "Other people's data is not shipped: `benchmarks/against_baselines.py` measures it where it is at hand."
    )
