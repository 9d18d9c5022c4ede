"""Panels of the Ablations page: progress, findings, the table of cells, and the scaling curve."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote

import streamlit as st

from workbench.app_pages.ablations import cached
from workbench.app_pages.ablations.cached import Ablation
from workbench.layout.figures import draw, draw_fitted
from workbench.layout.metric_help import baseline_help
from workbench.server.roles import may_edit, require_editor
from workbench.session.arguments import read_arguments
from workbench.views.ablation.figures import cells_table, has_own_scale, hyperparameter_figure, search_figure
from workbench.views.ablation.scaling import scaling_figure, scaling_sentence, scaling_table
from workbench.views.ablation.sentences import (
    facts_sentence,
    headline,
    hyperparameter_label,
    hyperparameter_sentence,
    picked_sentence,
)
from workbench.views.formatting import count, escape_markdown, left_in_words, number
from workbench.views.notebook_code import hyperparameter_code, scaling_code

EVERY_S = 2.0


def show_progress(one: Ablation) -> None:
    """The progress of a running ablation; the whole page is redrawn when there are new cells."""
    if one.running:
        st.fragment(_show_running, run_every=EVERY_S)(one.path, cached.stamp(one.table_path))
    elif one.unfinished:
        progress = one.progress
        st.info(
            f"It stands at {progress['done']} of {count(progress['trainings'], 'training')}. The same command goes on, or:",
            icon=":material/pause_circle:",
        )
        st.code(f"msm ablate CATALOG {shlex.quote(str(one.path))}", language="bash", wrap_lines=True)


def _show_running(path: Path, drawn: cached.Stamp) -> None:
    now = cached.read(path)
    if not now.running or cached.stamp(now.table_path) != drawn:
        st.rerun()
    progress = now.progress
    with st.container(border=True):
        bar, button = st.columns([5, 1], vertical_alignment="center")
        failed = f"{progress['failed']} failed" if progress["failed"] else ""
        pruned = f"{progress['pruned']} stopped early" if progress.get("pruned") else ""
        words = [f"**{progress['done']} of {count(progress['trainings'], 'training')}**", pruned, failed]
        words.append("stopping …" if progress["state"] == "stopping" else left_in_words(progress["seconds_left"]))
        bar.progress(min(1.0, progress["share"]), " · ".join(filter(None, words)))
        button.button(
            "Stop",
            icon=":material/stop_circle:",
            width="stretch",
            on_click=_stop,
            args=(path,),
            help="Each training ends at its next step and can go on later.",
            disabled=not may_edit(),
        )


def _stop(path: Path) -> None:
    from msm.ablation.progress import ask_to_stop

    require_editor()
    ask_to_stop(path)


def show_findings(one: Ablation, table: dict[str, Any]) -> None:
    """The headline, three metrics, and a sentence with a figure for each hyperparameter, the largest effect first."""
    st.subheader(headline(table), anchor=False)
    if standing := picked_sentence(table):
        st.markdown(standing)
    _show_metrics(table)
    if table.get("search"):
        _show_search(table)
    for parameter in table["knobs"]:
        with st.container(border=True):
            _show_parameter(one, table, parameter)
    from msm.ablation.report import method_sentence

    st.caption(f"{facts_sentence(table)} {method_sentence(table)}")


def _show_metrics(table: dict[str, Any]) -> None:
    cells, split = {c["name"]: c for c in table["cells"]}, table["split"]
    base = table["cells"][0]
    if split not in base:
        return
    picked, best = cells.get(table["picked_by_validation"]), base[split]["best_baseline"]
    columns = st.columns([2, 2, 3])
    columns[0].metric(
        ":blue[●] Base", number(base[split]["centred_cosine"], 3), help="Mean centred cosine over the seeds."
    )
    if picked and split in picked:
        gap = picked["vs_base"].get("difference")
        columns[1].metric(
            ":blue[●] Picked",
            number(picked[split]["centred_cosine"], 3),
            delta=None if gap is None else f"{gap:+.3f}",
            help="The cell with the best mean on validation titles; its number here is of titles that chose nothing.",
        )
    columns[2].metric(
        ":orange[◆] Best baseline",
        number(best["centred_cosine"], 3),
        help=baseline_help(best["name"]),
    )


def _show_search(table: dict[str, Any]) -> None:
    """The trials of a search in order, and which hyperparameters its score depended on."""
    from msm.ablation.report import search_sentences

    with st.container(border=True):
        for line in search_sentences(table):
            st.markdown(line)
        if any(t["score"] is not None for t in table["search"]["trials"]):
            draw(search_figure(table), "search")


def _show_parameter(one: Ablation, table: dict[str, Any], parameter: dict[str, Any]) -> None:
    key = parameter["key"]
    label = hyperparameter_label(key)
    drawn = any("difference" in e for e in parameter["effects"])
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{label}**" + (f"  `{key}`" if label != key else ""), width="content")
        if drawn:
            with st.popover("Copy as code", icon=":material/code:", type="tertiary"):
                st.code(hyperparameter_code(one.table_path, key), language="python")
    st.markdown(hyperparameter_sentence(parameter))
    if drawn:
        draw(hyperparameter_figure(table, key), f"knob.{key}")
        if has_own_scale(table, key):
            st.caption("Its axis is wider than that of the others.")


def show_cells(one: Ablation, table: dict[str, Any]) -> None:
    """The table of cells, failed and skipped cells, the command, and the runs."""
    st.subheader("Configurations", anchor=False)
    frame = cells_table(table).rename(columns={"Cell": "Configuration"})
    plain, change = (st.column_config.NumberColumn(format=f) for f in ("%.3f", "%+.3f"))
    columns: dict[str, Any] = {c: plain for c in ("Centred cosine", "Validation")} | {"Skill": change}
    columns |= {c: change for c in ("Difference", "From", "To", "Lead", "Lead from", "Lead to")}
    columns["Rank"] = st.column_config.NumberColumn(
        format="%.1f %%", help="Median rank of the true shot among its title's."
    )
    columns["Lead"] = st.column_config.NumberColumn(format="%+.3f", help="Over the best baseline.")
    columns["Best step"] = st.column_config.NumberColumn(format="%.0f")
    st.dataframe(frame, hide_index=True, column_config=columns, placeholder="–")
    from msm.ablation.report import as_csv

    st.download_button("Download as CSV", as_csv(table), "ablation.csv", "text/csv", icon=":material/download:")
    for cell in table["cells"]:
        for seed, reason in cell["failures"].items():
            st.warning(
                f"{escape_markdown(cell['name'])}, seed {seed}: {escape_markdown(reason)}.", icon=":material/error:"
            )
    for skipped in table["skipped"]:
        changes = ", ".join(f"{k} = {v}" for k, v in skipped["changes"].items())
        st.caption(
            f"Left out, because it is impossible: {escape_markdown(changes)} ({escape_markdown(skipped['sentence'])})."
        )
    st.markdown("The commands that make this again:")
    st.code("\n".join(table["commands"]), language="bash", wrap_lines=True)
    if one.is_folder and (names := cached.with_weights(one.path)):
        _show_runs(one, table, names)


def _show_runs(one: Ablation, table: dict[str, Any], names: list[str]) -> None:
    """The command that opens the runs of an ablation in the masking lab, where their weights were kept."""
    st.markdown(f"The weights of {count(len(names), 'training')} were kept; this opens them in the masking lab:")
    catalog, folder = shlex.quote(table["catalog"]["path"]), shlex.quote(str(one.path / "runs"))
    st.code(f"streamlit run workbench/app.py -- --catalog {catalog} --runs {folder}", language="bash", wrap_lines=True)
    if (one.path / "runs").resolve() == read_arguments().runs.resolve():
        st.markdown(" · ".join(f"[{escape_markdown(name)}](/?run={quote(name)})" for name in names))


def show_scaling() -> None:
    """The scaling curves of the checkout; nothing in an installed app."""
    sets = cached.scaling()
    if not sets:
        return
    st.subheader("When is a masked-shot model worth it?", anchor=False)
    for name, entry in sets.items():
        table = scaling_table(entry)
        st.markdown(scaling_sentence(name, table))
        draw_fitted(scaling_figure(table), f"scaling.{name}", scaling_sentence(name, table))
        with st.expander("Copy as code"):
            st.code(scaling_code(cached.SCALING, name), language="python")
        st.caption(f"`{entry['command']}`")


def explain_ablations(catalog: Path) -> None:
    st.subheader("No ablation yet: which choices of a recipe matter on your titles?", anchor=False)
    st.markdown(
        "An ablation trains the same recipe with one choice changed at a time, each from three seeds, and tells real differences from "
        "chance. Start one below, or on the command line:"
    )
    out = read_arguments().runs / "first-ablation"
    command = [
        "msm",
        "ablate",
        str(catalog),
        str(out),
        "--vary",
        "mask.ratio=.1,.4",
        "--vary",
        "optim.lr=.001,.01",
        "--each",
    ]
    st.code(shlex.join(command), language="bash", wrap_lines=True)
