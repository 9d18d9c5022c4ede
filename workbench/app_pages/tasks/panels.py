"""Panels of the Tasks page: the verdict, the inputs side by side, the curves of few labels, and every number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog
from msm.evaluation.tasks.saved import FOLDER
from msm.io.spreadsheet import as_csv
from workbench.layout.figures import columns, copy_as_code, draw_fitted, figure_config, show_figure
from workbench.session import settings
from workbench.views import notebook_code
from workbench.views.formatting import escape_markdown
from workbench.views.tasks.figures import curve_figure, tasks_figure
from workbench.views.tasks.tables import (
    PROBES,
    about_sentence,
    differences_table,
    measures_table,
    notes,
    savings_sentence,
    verdict_sentence,
)

PAGE = "tasks"
CURVES = (
    "Linear probes that are given so many labels, three draws each. The band is the 95 % interval over titles where "
    "most is known of a shot; a point shows its own when it is pointed at."
)
HELP = (
    "A probe is fitted on some titles and asked about others; the embeddings stay as they are. Orange needs no model: the shot, "
    "with the mean of its neighbours copied beside it."
)
QUESTION = (
    "Bring labels of shots, spans or titles, such as a tone, a place or where an ad may begin. A small probe is fitted on frozen "
    "embeddings and asked about titles that it never saw: **does it help to know the shot's title, and is that more than copying its "
    "neighbours would give?**"
)


def explain(catalog: Catalog) -> None:
    """What the page is for, with the first rows of a file as an example."""
    st.markdown(QUESTION)
    titles = [str(t) for t in catalog.titles["title_id"].head(2)]
    example = "\n".join(["title,shot,mood", *(f"{t},{i},{m}" for t in titles for i, m in ((0, "calm"), (7, "tense")))])
    st.caption("A CSV has a row a label. ELAN's .eaf and Label Studio's JSON are read too (docs/howto/tasks.md).")
    st.code(example, language="csv")


def show_verdict(report: dict[str, Any]) -> None:
    st.subheader(verdict_sentence(report), anchor=False, help=HELP)
    for sentence in notes(report):
        st.caption(escape_markdown(sentence))


def show_probes(report: dict[str, Any], run_path: Path, name: str) -> None:
    """A row a label, for the probe that is chosen."""
    there = [
        p
        for p in PROBES
        if any(q["probe"] == p and "skipped" not in q for t in report["tasks"] for q in t.get("probes", []))
    ]
    if not there:
        return
    chosen = st.segmented_control(
        "Probe", there, required=True, format_func=PROBES.__getitem__, **settings.choice("probe", there, there[0])
    )
    cell = notebook_code.tasks_code(report_path(run_path, name), f"tasks_figure(report, {str(chosen)!r})")
    show_figure(tasks_figure(report, str(chosen)), PAGE, f"probes.{chosen}", cell)
    st.caption("Whiskers: 95 % of title draws.")


def show_curves(report: dict[str, Any], run_path: Path, name: str) -> None:
    """How many labels does the context save?"""
    found = [(i, t) for i, t in enumerate(report["tasks"]) if t.get("curve")]
    if not found:
        return
    st.subheader("With few labels", anchor=False, help=CURVES)
    for start in range(0, len(found), 2):
        for column, (i, task) in zip(
            columns(f"curves-{start}", [1, 1], least_px=420), found[start : start + 2], strict=False
        ):
            with column:
                st.markdown(f"#### {escape_markdown(task['label'])}")
                st.caption(escape_markdown(savings_sentence(task)))
                cell = notebook_code.tasks_code(report_path(run_path, name), f'curve_figure(report["tasks"][{i}])')
                config = figure_config(PAGE, f"curve.{i}")
                draw_fitted(curve_figure(task), f"{PAGE}.figure.curve.{i}", savings_sentence(task), config)
                copy_as_code(cell)


def show_tables(report: dict[str, Any], run_path: Path, name: str) -> None:
    """Scores with their intervals and verdicts, what they were measured on, and downloads."""
    st.subheader("All scores", anchor=False)
    table = differences_table(report)
    numbers = {c: st.column_config.NumberColumn(format="%.3f") for c in table.columns if table[c].dtype == float}
    st.dataframe(table, hide_index=True, column_config=numbers)
    for task in report["tasks"]:
        if "skipped" not in task:
            st.caption(escape_markdown(f"{task['label']}: {about_sentence(task)}."))
    with st.container(horizontal=True):
        st.download_button(
            "All scores (CSV)", lambda: as_csv(measures_table(report)), f"{run_path.name}-{name}.csv", "text/csv",
            icon=":material/table:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Report (JSON)", lambda: report_path(run_path, name).read_bytes(), f"{run_path.name}-{name}.json",
            "application/json", icon=":material/data_object:", on_click="ignore",
        )  # fmt: skip


def report_path(run_path: Path, name: str) -> Path:
    return run_path / FOLDER / f"{name}.json"
