"""Panels of the Evaluation page, one a part of the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog
from msm.evaluation.evaluate_run import FULL
from msm.io.spreadsheet import as_csv
from workbench.app_pages.evaluation.form import offer_measurement
from workbench.layout.figures import columns, copy_as_code, figure_config, show_figure
from workbench.layout.metric_help import METRIC_HELP, baseline_help
from workbench.session import cache, state
from workbench.session.page_context import switch_to_page
from workbench.views import notebook_code
from workbench.views.formatting import count, escape_markdown, number, percent
from workbench.views.report import figures as report_figures
from workbench.views.report.document import command_again, report_html
from workbench.views.report.geometry import geometry_figure, geometry_table
from workbench.views.report.long_table import long_table
from workbench.views.report.reports import PARTS, Reports
from workbench.views.report.tables import part_table, titles_table
from workbench.views.run_colors import Colors

PAGE = "evaluation"
TITLES_KEY = "evaluation.titles"
RANK_HELP = (
    "For half of the hidden shots the real shot is among the first so many per cent of the title's shots, ordered by similarity to "
    "the prediction. Chance is 50 %, the best is 0 %."
)


def show_metrics(evaluation: dict[str, Any]) -> None:
    """The main metrics in one row."""
    best = evaluation["best_baseline"]
    model, baseline, skill, rank = columns("numbers", [2, 3, 2, 3], least_px=150)
    model.metric(":blue[●] Model", number(evaluation["centred_cosine"]), help=METRIC_HELP["model"])
    base = evaluation["baselines"][best]["centred_cosine"]
    baseline.metric(":orange[◆] Best baseline", number(base), help=baseline_help(best))
    skill.metric("Skill", percent(evaluation["skill"]), help=METRIC_HELP["skill"])
    rank.metric("Median rank", percent(evaluation["median_rank"], 1), help=RANK_HELP)


def show_predictors(reports: Reports, run_path: Path, colors: Colors) -> None:
    """The model and every baseline with intervals, and the scores by modality."""
    left, right = columns("predictors", [3, 2], least_px=340)
    with left:
        st.markdown("#### Against every baseline")
        show_figure(
            report_figures.predictors_figure(reports, colors=colors),
            PAGE,
            "predictors",
            notebook_code.report_code(run_path, reports, f"predictors_figure(reports{_colors_code(colors)})"),
        )
    with right:
        show_part(reports, run_path, "modality", colors)
    evaluation = next(iter(reports.values()))
    facts = f"{count(evaluation['num_titles'], 'title')} of the {evaluation['split']} split, {count(evaluation['num_hidden'], 'hidden shot')}"
    seeds = f", {len(evaluation['seeds'])} draws" if "seeds" in evaluation else ""
    st.caption(
        f"{facts}: {evaluation.get('ratio', 0.2):.0%} of each title hidden, every shot for itself{seeds}. Bands: 95 % of title draws."
    )


def show_parts(reports: Reports, run_path: Path, catalog: Catalog, colors: Colors) -> None:
    """Scores by distance, place in the scene, mask ratio and hidden modality."""
    evaluation = next(iter(reports.values()))
    has_full = all(part in evaluation for part in FULL)  # older reports lack some
    parts = ["distance", *(p for p in ("position", "ratio", "part") if len(part_table(reports, p)))]
    for column, name in zip(
        columns("parts", [1] * len(parts), least_px=270 if len(parts) < 4 else 400), parts, strict=True
    ):
        with column:
            show_part(reports, run_path, name, colors)
    if has_full:
        st.caption(
            " ".join([_explain_spans(evaluation.get("spans", {})), *_explain_parts(evaluation.get("by_part", []))])
        )
        return
    st.markdown("How does it do when more of a title is hidden, and far from every visible shot?")
    offer_measurement("Measure mask ratios, spans and parts", run_path, catalog, "--full")


def _explain_spans(spans: dict[str, Any]) -> str:
    whiskers = "Whiskers: 95 % of title draws, for the difference to the best baseline."
    if "skipped" in spans:
        return f"Distances: {spans['skipped']} {whiskers}"
    return f"Distances: with {spans['length']} shots in a row hidden. {whiskers}" if spans else whiskers


def _explain_parts(parts: list[dict[str, Any]]) -> list[str]:
    if not parts:
        return []
    if parts[0]["rest_shown"]:
        return [
            "One modality hidden: the model is shown the rest of the shot, and so is the best baseline where it is one that reads it."
        ]
    return [
        "One modality hidden: this run learned with whole shots hidden, so it is not shown the rest of the shot either."
    ]


def _colors_code(colors: Colors) -> str:
    return f", colors={dict(colors)!r}" if colors else ""


def show_part(reports: Reports, run_path: Path, name: str, colors: Colors) -> None:
    st.markdown(f"#### {PARTS[name][0]}")
    show_figure(
        report_figures.part_figure(reports, name, colors=colors),
        PAGE,
        name,
        notebook_code.report_code(run_path, reports, f"part_figure(reports, {name!r}{_colors_code(colors)})"),
    )


def show_titles(catalog: Catalog, reports: Reports, run_path: Path) -> None:
    """The score of each title; a click opens one in the masking lab."""
    if titles_table(reports).query("run == @run_path.name").empty:
        return
    st.subheader("Title by title", anchor=False)
    st.caption("Click a point to open that title in the masking lab.")
    figure = report_figures.titles_figure(reports).update_layout(dragmode=False)  # as `show_figure`
    chosen = st.plotly_chart(
        figure, key=TITLES_KEY, config=figure_config(PAGE, "titles"), on_select="rerun", selection_mode="points"
    )
    points = chosen["selection"]["points"]
    if points:
        state.choose_title(str(points[0]["customdata"][0]))
        switch_to_page("masking_lab", catalog)
    copy_as_code(notebook_code.report_code(run_path, reports, "titles_figure(reports)"))


def show_geometry(run_path: Path) -> None:
    """The geometry of embeddings over training, and whether they collapsed."""
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


def show_exports(reports: Reports, run_path: Path, catalog: Catalog) -> None:
    """Downloads: the numbers as CSV, and the report as one HTML file."""
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
