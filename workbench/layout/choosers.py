"""Pieces of pages: each takes values, shows them, and changes the selection only through `state`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from msm import Catalog, Title
from msm.masking.parts import parse_parts
from msm.masking.policies import format_ranges
from workbench.components.growing_figure import growing_figure
from workbench.session import cache, state
from workbench.session.base_path import base_address
from workbench.session.cache import Filled
from workbench.views.benchmark_record import track_record, track_record_sentence, track_record_words
from workbench.views.catalog_tables import modalities_table
from workbench.views.comparison import comparison_figure, comparison_sentence, comparison_table
from workbench.views.formatting import as_text, baseline_label, count, hidden_and_shown, number, provenance_lines
from workbench.views.shot_table import shot_table
from workbench.views.strip import scene_around, scene_starts

QUICK_GB = 0.5  # a catalog up to this size is read whole when its page opens

HELP = {
    "model": (
        "How near the model's guess comes to the real shots, on average. 1 is exactly right, 0 is no better than the "
        "average shot of all titles. (Cosine after the average shot is taken away.)"
    ),
    "baseline": (
        "The same for the best of five ways to guess without a model, such as copying the nearest visible shot. "
        "It is chosen after the fact, in its favour."
    ),
    "skill": (
        "How much of what the best copy leaves to be won the model wins: 100 % is exactly right, 0 % is no better than "
        "copying, below 0 copying is better."
    ),
    "rank": "How many of the title's shots lie as near to what the model expected as the real one: 1 is the best.",
}


def choose(catalog: Catalog, runs: pd.DataFrame) -> None:
    """The page's head: what it is, which title, which run."""
    name, title, run = st.columns([3, 4, 2], vertical_alignment="bottom")
    name.header("Masking lab", anchor=False)
    with title:
        choose_title(catalog.titles)
    with run:
        choose_run(runs)
    provenance_line(catalog)


def choose_title(titles: pd.DataFrame, then: Callable[[], object] = lambda: None) -> None:
    """titles: a row a title: title_id, name, split, num_shots. `then` is called after another one was chosen."""
    first = {"test": 0, "validation": 1, "train": 2}  # those that training never saw are the ones to ask about
    ordered = titles.sort_values("split", key=lambda s: s.map(first), kind="stable")
    rows = {str(r.title_id): r for r in ordered.itertuples()}

    def label(title_id: str) -> str:
        row = rows[title_id]
        return f"{row.name} · {row.split} · {count(int(row.num_shots), 'shot')}"

    key = state.widget("title", state.title())

    def choose() -> None:
        state.choose_title(st.session_state[key])
        then()

    st.selectbox("Title", list(rows), key=key, format_func=label, on_change=choose)


def choose_run(runs: pd.DataFrame) -> None:
    """runs: a row a run: name, recipe, state, problem; only those without a problem are offered."""
    usable = runs[runs["problem"].isna()].set_index("name")
    key = state.widget("run", state.run())
    st.selectbox(
        "Run",
        list(usable.index),
        key=key,
        format_func=lambda n: n if usable["state"][n] == "done" else f"{n} ({usable['state'][n]})",
        on_change=lambda: state.choose_run(st.session_state[key]),
        placeholder="no run fits this catalog",
    )


def choose_catalog(names: list[str]) -> None:
    """Which catalog: the first of the names is the one that the app was started on. Nothing where there is one."""
    if len(names) < 2:
        return
    key = state.widget("catalog", state.catalog_name() or names[0])

    def choose() -> None:
        chosen = st.session_state[key]
        state.choose_catalog(None if chosen == names[0] else chosen)

    st.selectbox("Catalog", names, key=key, on_change=choose)


def provenance_line(catalog: Catalog) -> None:
    """One line where the embeddings were not made from films."""
    if catalog.provenance.get("kind") == "screenplay":
        st.caption(
            ":material/info: These embeddings come from a seeded screenplay (scenes, places, characters), not from films."
        )


def say_what_is_hidden(modality: str | None, filled: Filled) -> None:
    """Where only a part of each shot is hidden: what the numbers are about, and what the model was shown of the rest."""
    if not modality:
        return
    said = hidden_and_shown(parse_parts(modality), state.hidden(), filled.sees_rest)
    st.caption(f":material/layers: {said}")


def say_what_colours_are(strip: dict[str, Any]) -> None:
    """Where a title has no pictures: what stands for them."""
    if not strip["thumbnails"]:
        st.caption(
            ":material/palette: This title has no pictures. A shot’s colour stands for its embedding: like colours, like shots."
        )


def numbers(filled: Filled) -> None:
    """The model, the best way to copy, and what is won, in one row."""
    means = filled.table[["centred_cosine", "best_baseline"]].mean()
    name = baseline_label(filled.best_baseline_name)
    with st.container(horizontal=True, gap="medium"):
        st.metric(":blue[●] Model", number(means["centred_cosine"]), help=HELP["model"], width="content")
        st.metric(f":orange[◆] {name}", number(means["best_baseline"]), help=HELP["baseline"], width="content")
        st.metric("Skill", number(100 * filled.skill, 0) + "\u2009%", help=HELP["skill"], width="content")


def hide_controls(title: Title, shots: pd.DataFrame) -> None:
    """Ranges to type, and the buttons; what cannot be read is said below the field."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = state.widget("ranges", format_ranges(state.hidden()), keep=state.complaint() is not None)
        st.text_input(
            "Hidden shots",
            key=key,
            placeholder="for example 40-44, 60",
            on_change=lambda: state.hide_typed(st.session_state[key], title.num_shots),
        )
        st.button(
            "Hide 20 % at random",
            icon=":material/casino:",
            on_click=state.hide_next_at_random,
            args=(title.num_shots,),
        )
        scene = scene_around(shots, middle_of(state.hidden(), title.num_shots)) if scene_starts(shots) else []
        st.button(
            "Hide a scene",
            icon=":material/theaters:",
            disabled=not scene,
            help="The scene of the middle hidden shot, whole." if scene else "This title has no scene marks.",
            on_click=state.hide,
            args=(scene,),
        )
        st.button("Clear", icon=":material/backspace:", on_click=state.hide, args=([],))
    with st.container():
        if state.complaint():
            st.error(f"{as_text(state.complaint())}.", icon=":material/edit_off:")


def middle_of(hidden: list[int], num_shots: int) -> int:
    return hidden[len(hidden) // 2] if hidden else num_shots // 2


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
            "Model", min_value=0.0, max_value=1.0, format="%.2f", color="blue", help=HELP["model"]
        ),
        "baseline": figure("Best baseline", format="%.2f", help=HELP["baseline"]),
        "lead": figure("Model's lead", format="%+.2f"),
        "rank": figure(f"Rank of the real shot, of {num_shots}", format="%.0f", help=HELP["rank"]),
    }
    columns |= {c: figure(c.capitalize(), format="%.2f") for c in shown.columns if c not in columns}
    st.dataframe(shown, column_config=columns, hide_index=True, height=min(38 + 35 * len(shown), 320), placeholder="–")


def over_all_titles(evaluation: dict[str, Any] | None) -> None:
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


def over_all_sets(measured: dict[str, Any]) -> None:
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


def inspection(catalog: Catalog) -> cache.Inspection | None:
    """Every vector read once: at once where that is quick, on demand where it is not."""
    found = cache.inspected(catalog)
    size_gb = catalog.num_shots * catalog.shot_dim * np.dtype(catalog.dtype).itemsize / 1e9
    if found or (size_gb > QUICK_GB and not st.button(f"Check every vector ({number(size_gb, 1)} GB)")):
        return found
    progress = st.progress(0.0, "Reading every vector of the catalog …")
    found = cache.inspect(
        catalog, lambda share: progress.progress(min(share, 1.0), f"Read {share:.0%} of the vectors …")
    )
    progress.empty()
    return found


def soundness(found: cache.Inspection | None, held: str = "") -> None:
    """Whether the catalog keeps the rules of its own format; `held` is said before it."""
    if found is None:
        st.caption("Its tables fit together; its vectors have not been read yet.")
    elif found.problems:
        st.error("This catalog breaks rules of its format:\n" + "\n".join(f"- {as_text(p)}." for p in found.problems))
    else:
        said = ":green[:material/check_circle:] Sound: every rule of the format holds, every vector was read."
        st.markdown(f"{held} {said}" if held else said)


def modalities(catalog: Catalog, found: cache.Inspection | None) -> None:
    """The blocks of an embedding, and how many shots have each, once that is known."""
    st.subheader("Modalities", anchor=False)
    table = modalities_table(catalog.modalities, found.counts if found else None, catalog.num_shots)
    share = st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, color="gray")
    st.dataframe(table, hide_index=True, column_config={"Share": share})


def provenance(catalog: Catalog) -> None:
    """Where the embeddings come from, as their maker wrote it."""
    st.subheader("Where it comes from", anchor=False)
    if not catalog.provenance:
        st.caption("The catalog does not say.")
        return
    st.text("\n".join(provenance_lines(catalog.provenance)))
