"""The panel of the frozen probes: what a linear model reads off the embeddings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from msm import Catalog
from workbench.app_pages.evaluation.form import offer_measurement
from workbench.app_pages.evaluation.panels import PAGE
from workbench.layout.figures import columns, show_figure
from workbench.session import settings
from workbench.views import notebook_code
from workbench.views.formatting import escape_markdown
from workbench.views.report.probes import (
    FAMILIES,
    best_gain,
    probes_sentence,
    probes_table,
    probes_wide,
    skipped_sentences,
)
from workbench.views.report.probes_figure import probes_figure
from workbench.views.report.reports import Reports

HELP = "A linear model is fitted on the training titles and asked about unseen ones. The embeddings stay as they are."


def show_probes(reports: Reports, run_path: Path, catalog: Catalog) -> None:
    """Probes on raw embeddings, on the shot alone and on the shot in its title."""
    st.subheader("Linear probes", anchor=False, help=HELP)
    evaluation = next(iter(reports.values()))
    if "probes" not in evaluation:
        labels = [*catalog.shot_labels, *catalog.title_labels]
        if not labels:
            st.markdown("This catalog has no labels, so there is nothing to ask.")
            return
        st.markdown(
            f"Can a linear model tell {', '.join(f'*{name}*' for name in map(escape_markdown, labels[:4]))} … from the model's embeddings, and better than from the raw ones?"
        )
        offer_measurement("Measure linear probes (minutes)", run_path, catalog, "--probes")
        return
    probes = evaluation["probes"]
    table = probes_table(reports)
    gain = best_gain(table, run_path.name)
    st.markdown(escape_markdown(probes_sentence(probes) + (f" The title helps most with {gain}." if gain else "")))
    families = {name: table[table["probe"].isin(kinds)] for name, kinds in FAMILIES.items()}
    families = {name: rows for name, rows in families.items() if len(rows)}
    if families:
        _show_probes_of_runs(reports, run_path, families)
        with st.expander("All measures", icon=":material/table:", **settings.flag("measures")):
            wide = probes_wide(table[table["run"] == run_path.name])
            figures = {c: st.column_config.NumberColumn(format="%.3f") for c in wide.columns[3:]}
            st.dataframe(wide, hide_index=True, column_config=figures)
    for sentence in skipped_sentences(probes):
        st.caption(escape_markdown(sentence))


def _show_probes_of_runs(reports: Reports, run_path: Path, families: dict[str, pd.DataFrame]) -> None:
    chosen = st.segmented_control(
        "Probe", list(families), required=True, **settings.choice("family", families, next(iter(families)))
    )
    rows = families[str(chosen)]
    runs = [run for run in reports if (rows["run"] == run).any()]
    for column, run in zip(columns("probes", [1] * len(runs), least_px=420), runs, strict=True):
        with column:
            if len(reports) > 1:
                st.markdown(f"#### {escape_markdown(run)}")
            show_figure(
                probes_figure(rows, run),
                PAGE,
                f"probes.{run}",
                notebook_code.probes_code(run_path.parent / run, FAMILIES[str(chosen)]),
            )
