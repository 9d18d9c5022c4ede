"""Buttons and a form that start a job which draws a map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from msm.projection import ProjectionOptions
from msm.projection.maps import MapOptions, Source
from workbench.app_pages.embedding_map.maps import Entry
from workbench.layout.figures import columns
from workbench.server import jobs
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import cache
from workbench.session.arguments import read_arguments
from workbench.views.formatting import escape_markdown
from workbench.views.map.sentences import map_note

KIND = "map"  # of its jobs
MANY = 300_000  # shots, of which a map takes an hour or so
SAMPLE = 100_000  # of these, which take about two minutes


def offer_map(entry: Entry, catalog: Catalog) -> None:
    """Buttons that draw a missing map, or place only the new titles on an earlier one."""
    sampling = [*_run_options(entry.run), "--sample", str(SAMPLE)]
    busy = _running(catalog, _run_options(entry.run)) or _running(catalog, sampling)
    if entry.former:
        st.info(
            f"**{escape_markdown(entry.name)}**: the catalog or the run has changed since this map was drawn.",
            icon=":material/history:",
        )
    elif not busy:
        whose = (
            "the shots as the encoders made them"
            if entry.run is None
            else f"what {entry.run.name} makes of each shot in its title"
        )
        sampled = (
            f"; a sample of {SAMPLE:,}, with the others placed among them, two minutes" if _is_large(catalog) else ""
        )
        st.markdown(f"There is no map of {escape_markdown(whose)} yet. Drawing it takes {_how_long(catalog)}{sampled}.")
    with st.container(horizontal=True):
        if _is_large(catalog) and st.button(
            f"Draw a sample: {entry.name}",
            key=f"sample.{entry.id}",
            type="primary",
            icon=":material/scatter_plot:",
            disabled=busy,
        ):
            start_map(catalog, f"{entry.name}, a sample", sampling)
        if st.button(
            f"Draw the map: {entry.name}",
            key=f"draw.{entry.id}",
            type="secondary" if _is_large(catalog) else "primary",
            icon=":material/scatter_plot:",
            disabled=busy,
        ):
            start_map(catalog, entry.name, _run_options(entry.run))
        if entry.former and entry.former.facts["sources"] == [vars(_source(entry.run))]:
            placing = [*_run_options(entry.run), "--place"]
            if st.button(
                "Only place the new titles on it",
                key=f"place.{entry.id}",
                icon=":material/add_location:",
                disabled=busy,
            ):
                start_map(catalog, f"{entry.name}, new titles", placing)
    if busy:
        st.caption("It is being drawn: see the bar above.")


def _source(run: Path | None) -> Source:
    return Source(run=run.name, weights=cache.weights(run)) if run else Source()


def _is_large(catalog: Catalog) -> bool:
    """Whether a map of all shots takes so long that a sample is offered first."""
    return catalog.num_shots >= MANY


def _how_long(catalog: Catalog) -> str:
    shots = catalog.num_shots
    return "about half a minute" if shots < 10_000 else "minutes" if shots < MANY else "an hour or so"


def _run_options(run: Path | None, *options: str) -> list[str]:
    return [*(["--run", str(run.absolute())] if run else []), *options]


def start_map(catalog: Catalog, title: str, options: Sequence[str]) -> None:
    """Draw a map in a process of its own: two numba fits in one process would abort it."""
    folder = jobs.jobs_folder(read_arguments().runs)
    path = str(catalog.path.absolute())
    with jobs.prepared(folder, KIND) as place:
        about = {"catalog": path, "options": list(options)}
        jobs.start(place, f"Map: {title}", [KIND, path, "--json", *options], about)
    st.rerun()


def _running(catalog: Catalog, options: Sequence[str]) -> bool:
    about = {"catalog": str(catalog.path.absolute()), "options": list(options)}
    folder = jobs.jobs_folder(read_arguments().runs)
    return any(job.state == jobs.RUNNING and job.about == about for job in jobs.list_jobs(folder, KIND))


def offer_redrawing(catalog: Catalog, shown: Sequence[Entry]) -> None:
    """A button that redraws each map whose file is damaged."""
    for entry in shown:
        try:
            _ = entry.stored and entry.stored.table
        except InputError:
            options = entry.stored.facts["options"] if entry.stored else {}
            if options == MapOptions().to_dict() and st.button("Draw it anew", key=f"mend.{entry.id}", type="primary"):
                start_map(catalog, entry.name, [*_run_options(entry.run), "--again"])


def show_finished_job(job: jobs.Job, buttons: DeltaGenerator) -> None:
    """The message of a finished job."""
    made = job.answer if isinstance(job.answer, list) else [job.answer]
    st.success(
        f"**{escape_markdown(job.title)}** is drawn: {escape_markdown(map_note(made[0]))}.", icon=":material/check:"
    )


def show_form(catalog: Catalog, runs: pd.DataFrame) -> None:
    """A form for a map with other sources or options."""
    usable = {str(r.name): Path(r.path).absolute() for r in runs[runs["problem"].isna()].itertuples()}
    with st.expander("Draw another map", icon=":material/add:"):
        left, middle, right = columns("map-form", [1, 1, 1], least_px=220)
        raw = "Raw shots"
        whose = left.multiselect(
            "Embeddings",
            [raw, *usable],
            default=[raw],
            help="Several are laid out together, so that a shot is in about the same place on all of them.",
        )
        of = left.segmented_control(
            "A point is a", ["shots", "titles"], default="shots", required=True, format_func=lambda u: u[:-1]
        )
        together = len(whose) > 1
        label = middle.selectbox(
            "Drawn together by",
            [None, *_supervising(catalog, str(of))],
            format_func=lambda n: n or "nothing",
            disabled=together,
            help="UMAP uses this label: its values are placed apart, so the map shows less of what the vectors show by themselves.",
        )
        dims = middle.segmented_control("Dimensions", [2, 3], default=2, required=True)
        density = middle.checkbox("Keep dense regions dense (densMAP)", disabled=together)
        neighbours = right.slider("Neighbours", 5, 100, 15, help="Fewer show local detail, more the large picture.")
        min_dist = right.slider("min_dist", 0.0, 0.9, 0.1, 0.05)
        seed = right.number_input("Seed", 0, 2**31 - 1, 0)
        if st.button("Draw it", icon=":material/play_arrow:", disabled=not whose):
            try:
                ProjectionOptions(dims=int(dims or 2), neighbours=neighbours, min_dist=min_dist, seed=int(seed))
            except InputError as error:
                st.error(f"{escape_markdown(error)}.")
                return
            options = [word for name in whose if name != raw for word in ("--run", str(usable[name]))]
            options += ["--raw"] if raw in whose and together else []
            options += [
                "--of",
                str(of),
                "--dims",
                str(dims),
                "--neighbours",
                str(neighbours),
                "--min-dist",
                str(min_dist),
                "--seed",
                str(seed),
            ]
            options += ["--by", label] if label and not together else []
            options += ["--densmap"] if density and not together else []
            start_map(catalog, " and ".join(whose), options)


def _supervising(catalog: Catalog, of: str) -> list[str]:
    return [*catalog.title_labels, *(catalog.shot_labels if of == "shots" else []), "split"]
