"""Metrics of the model: on these hidden shots, on all unseen titles and on other data sets."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from msm.masking.parts import parse_parts
from workbench.layout.figures import draw_fitted
from workbench.layout.metric_help import METRIC_HELP, baseline_help
from workbench.session import state
from workbench.session.cache import Filled
from workbench.views.fill_in.shot_table import shot_table
from workbench.views.formatting import count, hidden_and_shown, modality_label, number, percent
from workbench.views.report.comparison import comparison_figure, comparison_sentence, comparison_table
from workbench.views.report.track_record import track_record, track_record_sentence, track_record_words


def show_metrics(filled: Filled) -> None:
    """Mean scores of model and best baseline, and the skill, in one row."""
    means = filled.table[["centred_cosine", "best_baseline"]].mean()
    name = filled.best_baseline_name
    with st.container(horizontal=True, gap="medium", key="lab-numbers"):
        st.metric(":blue[●] Model", number(means["centred_cosine"]), help=METRIC_HELP["model"], width="content")
        st.metric(":orange[◆] Best baseline", number(means["best_baseline"]), help=baseline_help(name), width="content")
        st.metric("Skill", percent(filled.skill), help=METRIC_HELP["skill"], width="content")


def explain_hidden_parts(modality: str | None, filled: Filled) -> None:
    """Which modalities are hidden, and whether the model was given the others; nothing for whole shots."""
    if not modality:
        return
    sentence = hidden_and_shown(parse_parts(modality), state.hidden(), filled.sees_rest)
    st.caption(f":material/layers: {sentence}")


def explain_colours(strip: dict[str, Any]) -> None:
    """What the colours mean where a title has no thumbnails."""
    if not strip["thumbnails"]:
        st.caption(
            ":material/palette: This title has no pictures. A shot’s colour stands for its embedding: like colours, like shots."
        )


def show_shots(table: pd.DataFrame) -> None:
    """The scores of each hidden shot.

    table  of a fill-in, a row a hidden shot
    """
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
    columns |= {c: figure(modality_label(c), format="%.2f") for c in shown.columns if c not in columns}
    st.dataframe(shown, column_config=columns, hide_index=True, height=min(38 + 35 * len(shown), 320), placeholder="–")


def show_all_titles(evaluation: dict[str, Any] | None) -> None:
    """The comparison over every title that training never saw."""
    if evaluation is None:
        st.caption("This run has not been evaluated yet: `msm evaluate RUN CATALOG` does it.")
        return
    st.subheader("Over all unseen titles", anchor=False)
    st.markdown(comparison_sentence(evaluation))
    alt = "Centred cosine of the model and of every baseline, over all unseen titles"
    draw_fitted(comparison_figure(comparison_table(evaluation)), "comparison", alt)
    facts = f"{count(evaluation['num_titles'], 'title')} of the {evaluation['split']} split, {count(evaluation['num_hidden'], 'hidden shot')}"
    st.caption(f"{facts}; skill {percent(evaluation['skill'])} against the best baseline.")


def show_all_sets(measured: dict[str, Any]) -> None:
    """The results of recipes on the sample data and on other data sets."""
    table = track_record(measured)
    if table.empty:
        return
    st.subheader("Over other films, scripts and series", anchor=False)
    st.markdown(track_record_sentence(table))
    # st.dataframe loads for half a second in the browser and would delay the filmstrip above.
    st.table(track_record_words(table), border="horizontal", hide_index=True)
    st.caption(
        "Centred cosine on titles that training never saw, mean of three trainings from different seeds. "
        "Other people's data is not shipped: `benchmarks/against_baselines.py` measures it where it is at hand."
    )
