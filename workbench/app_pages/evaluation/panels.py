"""Pieces of the Evaluation page: each shows one part of the report, or offers to measure the part that is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from msm import Catalog
from msm.evaluation.evaluate_run import FULL
from workbench.layout.choosers import choose_run
from workbench.layout.figures import columns, copy_as_code, figure_config, show_figure
from workbench.layout.metric_help import METRIC_HELP
from workbench.server import jobs
from workbench.server.roles import may_edit
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import cache, state
from workbench.session.arguments import read_arguments
from workbench.session.page_context import turn_to
from workbench.views import notebook_code
from workbench.views.formatting import baseline_label, count, escape_markdown, number
from workbench.views.report import figures as report_figures
from workbench.views.report.document import command_again, report_html
from workbench.views.report.geometry import geometry_figure, geometry_table
from workbench.views.report.long_table import long_table
from workbench.views.report.probes import (
    FAMILIES,
    best_gain,
    probes_sentence,
    probes_table,
    probes_wide,
    skipped_sentences,
)
from workbench.views.report.probes_figure import probes_figure
from workbench.views.report.reports import PARTS, Reports
from workbench.views.report.tables import part_table, titles_table
from workbench.views.spreadsheet import as_csv

PAGE = "evaluation"
KIND = "evaluate"  # of its jobs
TITLES_KEY = "evaluation.titles"
HELP = {
    "rank": "Half of the hidden shots have the real shot among so many of their title's shots, ordered by likeness to "
    "what the model expected. Chance is 50 %.",
    "probe": "A linear model is fitted on the training titles and asked about unseen ones. The embeddings stay as they are.",
}


def choose(runs: pd.DataFrame) -> pd.DataFrame:
    """The page's head: what it is, which run, and which others to lay beside it; returns the others' rows."""
    name, run, compare = columns("head", [3, 3, 4], least_px=180, align="bottom")
    name.header("Evaluation", anchor=False)
    with run:
        choose_run(runs)
    usable = runs[runs["problem"].isna() & (runs["name"] != state.run())]
    chosen = compare.multiselect(
        "Beside it", list(usable["name"]), key="evaluation.beside", placeholder="other runs", disabled=usable.empty
    )
    return usable[usable["name"].isin(chosen)]


def report_or_offer(run_path: Path, catalog: Catalog) -> dict[str, Any] | None:
    """The run's report on this catalog; a button in its place where there is none."""
    evaluation = cache.evaluation(run_path)
    if evaluation is None:
        st.info("This run has not been measured yet.", icon=":material/straighten:")
    elif evaluation.get("catalog_fingerprint", catalog.fingerprint) != catalog.fingerprint:
        st.info("This run has been measured on another catalog, not yet on this one.", icon=":material/straighten:")
    else:
        if evaluation.get("weights", (now := cache.weights(run_path))) != now:
            st.warning("The run was trained on after this report was made.", icon=":material/history:")
            offer("Measure it again", run_path, catalog)
        elif "titles" not in evaluation:
            st.caption("This report is of an older kind, without intervals, titles and places in the scene.")
            offer("Measure it again", run_path, catalog)
        return evaluation
    st.markdown(
        "Shots of every title that training never saw are hidden, and the model's guesses stand against five ways to copy. "
        "That takes seconds to minutes."
    )
    offer("Measure it", run_path, catalog, main=True)
    return None


def comparable(others: pd.DataFrame, catalog: Catalog) -> Reports:
    """The reports of the other runs on this very catalog; what is missing is said."""
    found = {}
    for row in others.itertuples():
        evaluation = cache.evaluation(Path(row.path))
        if evaluation and evaluation.get("catalog_fingerprint", catalog.fingerprint) == catalog.fingerprint:
            found[str(row.name)] = evaluation
        else:
            st.caption(f"`{row.name}` has not been measured on this catalog.")
            offer(f"Measure {row.name}", Path(row.path), catalog)
    return found


def offer(label: str, run_path: Path, catalog: Catalog, *extra: str, main: bool = False) -> None:
    """A button that measures a run in a process of its own; what runs already is not offered again."""
    folder = jobs.jobs_folder(read_arguments().runs)
    about = {"run": str(run_path.absolute()), "extra": list(extra)}
    busy = any(j.state == jobs.RUNNING and j.about.get("run") == about["run"] for j in jobs.listed(folder, KIND))
    split = next((s for s in ("test", "validation") if catalog.split(s)), None)
    if split is None:
        st.caption("This catalog has no test title and no validation title, so there is nothing unseen to measure on.")
        return
    kind = "primary" if main else "secondary"
    key = f"measure.{run_path.name}.{'.'.join(extra) or 'again'}"
    if st.button(label, key=key, icon=":material/play_arrow:", type=kind, disabled=busy or not may_edit()):  # type: ignore[arg-type]
        verb = [KIND, str(run_path.absolute()), str(catalog.path.absolute()), "--split", split, *extra, "--json"]
        with jobs.prepared(folder, KIND) as place:
            jobs.start(place, f"Measuring {run_path.name}", verb, about)
        st.rerun()
    if busy:
        st.caption("It is being measured: see the bar above.")


def measured(job: jobs.Job, buttons: DeltaGenerator) -> None:
    """What a measurement that is over leaves on the page."""
    st.success(f"**{escape_markdown(job.title)}** is done; the report below holds it.", icon=":material/check:")


def numbers(evaluation: dict[str, Any]) -> None:
    """The numbers that everything else explains, in one row."""
    best = evaluation["best_baseline"]
    model, baseline, skill, rank = columns("numbers", [2, 3, 2, 3], least_px=150)
    model.metric(":blue[●] Model", number(evaluation["centred_cosine"]), help=METRIC_HELP["model"])
    base = evaluation["baselines"][best]["centred_cosine"]
    baseline.metric(f":orange[◆] {baseline_label(best)}", number(base), help=METRIC_HELP["baseline"])
    skill.metric("Skill", number(100 * evaluation["skill"], 0) + "\u2009%", help=METRIC_HELP["skill"])
    among = number(100 * evaluation["median_rank"], 1)
    rank.metric("The real shot is among the first", f"{among}\u2009%", help=HELP["rank"])


def against_copying(reports: Reports, run_path: Path) -> None:
    """The model and every way to copy, with intervals; beside it the same by modality."""
    left, right = columns("predictors", [3, 2], least_px=340)
    with left:
        st.markdown("##### Against every way to copy")
        show_figure(
            report_figures.predictors_figure(reports),
            PAGE,
            "predictors",
            notebook_code.report_code(run_path, reports, "predictors_figure(reports)"),
        )
    with right:
        part(reports, run_path, "modality")
    evaluation = next(iter(reports.values()))
    facts = f"{count(evaluation['num_titles'], 'title')} of the {evaluation['split']} split, {count(evaluation['num_hidden'], 'hidden shot')}"
    seeds = f", {len(evaluation['seeds'])} draws" if "seeds" in evaluation else ""
    st.caption(
        f"{facts}: {evaluation.get('ratio', 0.2):.0%} of each title hidden, every shot for itself{seeds}. Bands: 95 % of title draws."
    )


def where(reports: Reports, run_path: Path, catalog: Catalog) -> None:
    """Where the model is ahead: by distance, by place in the scene, by share hidden."""
    evaluation = next(iter(reports.values()))
    has_full = all(part in evaluation for part in FULL)  # an older report has no parts
    parts = ["distance", *(p for p in ("position", "ratio", "part") if len(part_table(reports, p)))]
    for column, name in zip(
        columns("parts", [1] * len(parts), least_px=270 if len(parts) < 4 else 400), parts, strict=True
    ):
        with column:
            part(reports, run_path, name)
    if has_full:
        st.caption(" ".join([_about_spans(evaluation.get("spans", {})), *_about_parts(evaluation.get("by_part", []))]))
        return
    st.markdown("How does it do when more of a title is hidden, and far from every visible shot?")
    offer("Measure mask ratios, spans and parts", run_path, catalog, "--full")


def _about_spans(spans: dict[str, Any]) -> str:
    whiskers = "Whiskers: 95 % of title draws, for the difference to copying."
    if "skipped" in spans:
        return f"Distances: {spans['skipped']} {whiskers}"
    return f"Distances: with {spans['length']} shots in a row hidden. {whiskers}" if spans else whiskers


def _about_parts(parts: list[dict[str, Any]]) -> list[str]:
    if not parts:
        return []
    if parts[0]["rest_shown"]:
        return ["One modality hidden: the model is shown the rest of the shot, copying has only the other shots."]
    return [
        "One modality hidden: this run learned with whole shots hidden, so it is not shown the rest of the shot either."
    ]


def part(reports: Reports, run_path: Path, name: str) -> None:
    st.markdown(f"##### {PARTS[name][0]}")
    show_figure(
        report_figures.part_figure(reports, name),
        PAGE,
        name,
        notebook_code.report_code(run_path, reports, f"part_figure(reports, {name!r})"),
    )


def title_by_title(catalog: Catalog, reports: Reports, run_path: Path) -> None:
    """Each title; a click opens it in the masking lab."""
    if titles_table(reports).query("run == @run_path.name").empty:
        return
    st.subheader("Title by title", anchor=False)
    st.caption("Click a point to open that title in the masking lab.")
    figure = report_figures.titles_figure(reports)
    chosen = st.plotly_chart(
        figure, key=TITLES_KEY, config=figure_config(PAGE, "titles"), on_select="rerun", selection_mode="points"
    )
    points = chosen["selection"]["points"]
    if points:
        state.choose_title(str(points[0]["customdata"][0]))
        turn_to("masking_lab", catalog)
    copy_as_code(notebook_code.report_code(run_path, reports, "titles_figure(reports)"))


def probes(reports: Reports, run_path: Path, catalog: Catalog) -> None:
    """What can be read off a shot: raw, alone before the model, in its title."""
    st.subheader("What can be read off an embedding", anchor=False, help=HELP["probe"])
    evaluation = next(iter(reports.values()))
    if "probes" not in evaluation:
        labels = [*catalog.shot_labels, *catalog.title_labels]
        if not labels:
            st.markdown("This catalog has no labels, so there is nothing to ask.")
            return
        st.markdown(
            f"Can a line read {', '.join(f'*{name}*' for name in map(escape_markdown, labels[:4]))} … off the model's embeddings, and better than off the raw ones?"
        )
        offer("Ask the labels (minutes)", run_path, catalog, "--probes")
        return
    told = evaluation["probes"]
    table = probes_table(reports)
    gain = best_gain(table, run_path.name)
    st.markdown(escape_markdown(probes_sentence(told) + (f" The title helps most with {gain}." if gain else "")))
    families = {name: table[table["probe"].isin(probes)] for name, probes in FAMILIES.items()}
    families = {name: rows for name, rows in families.items() if len(rows)}
    if families:
        _probes_of_runs(reports, run_path, families)
        with st.expander("Every measure", icon=":material/table:"):
            wide = probes_wide(table[table["run"] == run_path.name])
            figures = {c: st.column_config.NumberColumn(format="%.3f") for c in wide.columns[3:]}
            st.dataframe(wide, hide_index=True, column_config=figures)
    for sentence in skipped_sentences(told):
        st.caption(escape_markdown(sentence))


def _probes_of_runs(reports: Reports, run_path: Path, families: dict[str, pd.DataFrame]) -> None:
    chosen = st.segmented_control(
        "Asked by", list(families), default=next(iter(families)), required=True, key="evaluation.family"
    )
    rows = families[str(chosen)]
    runs = [run for run in reports if (rows["run"] == run).any()]
    for column, run in zip(columns("probes", [1] * len(runs), least_px=420), runs, strict=True):
        with column:
            if len(reports) > 1:
                st.markdown(f"##### {escape_markdown(run)}")
            show_figure(
                probes_figure(rows, run),
                PAGE,
                f"probes.{run}",
                notebook_code.probes_code(run_path.parent / run, FAMILIES[str(chosen)]),
            )


def geometry(run_path: Path) -> None:
    """Whether the embeddings kept their room while the model was trained."""
    st.subheader("Geometry over training", anchor=False)
    lines = cache.metrics(run_path)
    table = geometry_table(lines)
    if table.empty:
        st.caption(
            "This run did not write down its geometry while it was trained; `msm train` does so at every validation."
        )
        return
    alarm = table["alarm"].iloc[-1]
    if isinstance(alarm, str):
        st.error(f"At the last validation: {escape_markdown(alarm)}.", icon=":material/warning:")
    else:
        st.markdown("No collapse: at the last validation embeddings and predictions of different shots still differ.")
    for column, measure in zip(columns("geometry", [1, 1], least_px=320), ("rankme", "pair_cosine"), strict=True):
        with column:
            show_figure(
                geometry_figure(lines, measure),
                PAGE,
                measure,
                notebook_code.geometry_code(run_path, measure),
            )


def exports(reports: Reports, run_path: Path, catalog: Catalog) -> None:
    """The numbers as CSV, and everything as one HTML file."""
    st.subheader("Take it along", anchor=False)
    lines = cache.metrics(run_path)
    command = command_again(run_path, catalog.path, next(iter(reports.values())))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "All numbers (CSV)", lambda: as_csv(long_table(reports, lines)),
            f"{run_path.name}-evaluation.csv", "text/csv", icon=":material/table:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Report (one HTML file)", lambda: report_html(reports, lines, command=command).encode(),
            f"{run_path.name}-evaluation.html", "text/html", icon=":material/article:", on_click="ignore",
        )  # fmt: skip
    st.caption("The HTML file opens anywhere, without a server. For a PNG, point at a picture and press its camera.")
    st.code(command, language="bash", wrap_lines=True)
