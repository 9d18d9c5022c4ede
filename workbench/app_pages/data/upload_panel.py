"""Bring your own: films or embeddings are chosen, read by a job, looked over, and opened in the masking lab."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from msm import Catalog, InputError, Title
from workbench.app_pages.data import uploads
from workbench.layout import catalog_panels
from workbench.server import jobs
from workbench.server.jobs import Job
from workbench.server.roles import say_viewer
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import cache, state
from workbench.session.arguments import catalog_named, catalog_names, read_arguments
from workbench.session.page_context import turn_to, what_is_next
from workbench.views.catalog_tables import present_sentence
from workbench.views.formatting import clock, count, escape_markdown

KINDS = ("ingest", "import")
FRAMES, FRAME_PX = 8, 88  # of a new title, side by side
MOST_TITLES = 4  # that a report shows; the rest is in the table
NEW = "A new catalog"


def bring_your_own() -> None:
    """The two forms: films, and embeddings that were made elsewhere."""
    if say_viewer():
        return
    kind = st.segmented_control(
        "What do you bring?",
        KINDS,
        default=KINDS[0],
        required=True,
        format_func=lambda k: {"ingest": ":material/movie: Films", "import": ":material/data_array: Embeddings"}[k],
        label_visibility="collapsed",
    )
    if kind == "ingest":
        _films()
    else:
        _embeddings()


def _films() -> None:
    st.caption(
        "Video files, with their subtitles (.srt, .vtt, .ass) and facts (.json) beside them if there are some. Shots are cut, "
        "and each gets a vector for picture, sound and words. It goes on when this page is closed."
    )
    chosen_files, path = _choose_files(
        "ingest", [*uploads.VIDEOS, *uploads.BESIDE_VIDEOS], "/films/one.mp4, or a folder"
    )
    wish = next((u.name for u in chosen_files if u.name.lower().endswith(uploads.VIDEOS)), path)
    catalog_name, is_new = _choose_target(wish)
    with st.expander("More choices", icon=":material/tune:"):
        st.caption("The first four are of a single film.")
        left, right = st.columns(2)
        facts = {
            "name": left.text_input("Name", key=state.fresh("name"), placeholder="the file's name"),
            "tags": left.text_input("Tags", key=state.fresh("tags"), placeholder="drama, sea"),
            "synopsis": right.text_area(
                "Synopsis", key=state.fresh("synopsis"), height=124, help="With the tags it makes the [GLOBAL] vector."
            ),
            "subtitles": left.text_input(
                "Subtitles on this machine's disk", key=state.fresh("subtitles"), placeholder="those beside the film"
            ),
        }
        encoders = right.text_input(
            "Encoders", "descriptors", help="See docs/ingest.md: descriptors, open, openai, or your own."
        )
        replace = right.checkbox("Make titles anew that are there already", disabled=is_new)
    if st.button(
        "Read the films", type="primary", icon=":material/play_arrow:", disabled=not (chosen_files or path.strip())
    ):
        _try(lambda: _start_ingest(chosen_files, path, catalog_name, is_new, encoders, replace, facts))


def _embeddings() -> None:
    st.caption(
        "`.npz` (one a title), Parquet with a column of lists, `.npy` with a `.parquet`, or HDF5; a row a shot. "
        "The formats are described in docs/format.md."
    )
    chosen_files, path = _choose_files("import", list(uploads.EMBEDDINGS), "/data/shots.parquet, or a folder")
    name = _new_name(chosen_files[0].name if chosen_files else path)
    with st.expander("More choices", icon=":material/tune:"):
        left, right = st.columns(2)
        choices = {
            "modality": left.text_area(
                "Modalities",
                height=124,
                placeholder="video=embedding[0:768]\ntext=words",
                help="One a line: NAME=ARRAY or NAME=ARRAY[START:STOP]. Default: every array of vectors is one.",
            ),
            "title-column": right.text_input("Column of the titles", placeholder="title_id"),
            "shot-column": right.text_input("Column of the shots", placeholder="shot"),
            "global-from": left.text_input("Labels for [GLOBAL]", placeholder="genres, year"),
            "dtype": right.text_input("Stored as", placeholder="what loses nothing"),
        }
    if st.button("Import", type="primary", icon=":material/play_arrow:", disabled=not (chosen_files or path.strip())):
        _try(lambda: _start_import(chosen_files, path, name, choices))


def _choose_files(kind: str, suffixes: list[str], what: str) -> tuple[list[Any], str]:
    left, right = st.columns([3, 2])
    limit = uploads.LARGEST_MB[kind]
    chosen_files = left.file_uploader(
        f"Upload files, up to {limit} MB each",
        type=suffixes,
        accept_multiple_files=True,
        key=state.fresh(f"upload.{kind}"),
        max_upload_size=limit,
    )
    path = right.text_input(
        "or read from this machine's disk",
        key=state.fresh(f"path.{kind}"),
        placeholder=what,
        disabled=bool(chosen_files),
        help="Nothing is copied through the browser, so there is no limit.",
    )
    return chosen_files or [], "" if chosen_files else path


def _choose_target(wish: str) -> tuple[str, bool]:
    """(name of a catalog, whether it is to be made)."""
    arguments = read_arguments()
    known = [n for n in catalog_names(arguments) if (p := catalog_named(arguments, n)) and uploads.can_be_added_to(p)]
    left, right = st.columns([3, 2])
    chosen = left.selectbox(
        "Into", [NEW, *known], disabled=not known, help="Films join a catalog that was made of films."
    )
    if chosen != NEW:
        return chosen, False
    with right:
        return _new_name(wish), True


def _new_name(wish: str) -> str:
    beside = read_arguments().catalog
    free = uploads.free_catalog_name(beside, wish) if beside.exists() else beside.absolute().name
    name = st.text_input(
        "Name of the new catalog",
        key=state.fresh("new catalog"),
        placeholder=free,
        help=f"A folder of that name is made in {beside.absolute().parent}.",
    )
    return name or free


def _try(begin: Any) -> None:
    """Start a job and show it; what cannot be started is said, and nothing is left of it."""
    try:
        begin()
    except (InputError, OSError) as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    state.empty_forms()  # what was chosen is taken
    st.rerun()


def _files_of(chosen_files: Sequence[Any], path: str, folder: Path) -> list[Path]:
    return uploads.save_uploads(chosen_files, folder / "files") if chosen_files else [uploads.existing_path(path)]


def _start_ingest(
    chosen_files: Sequence[Any], path: str, name: str, is_new: bool, encoders: str, replace: bool, facts: dict[str, str]
) -> None:
    arguments = read_arguments()
    known = None if is_new else catalog_named(arguments, name)
    catalog = (known or uploads.new_catalog(arguments.catalog, name)).absolute()
    with jobs.prepared(jobs.jobs_folder(arguments.runs), "ingest") as folder:
        files = _files_of(chosen_files, path, folder)
        videos = uploads.videos_among(files)
        facts = facts | {"subtitles": uploads.subtitles_for(videos, files, facts["subtitles"])}
        words = uploads.ingest_words(videos, catalog, encoders=encoders, replace=replace, facts=facts)
        title = videos[0].name if len(videos) == 1 else f"{videos[0].name} and {count(len(videos) - 1, 'more film')}"
        jobs.start(folder, title, words, {"catalog": catalog.name})


def _start_import(chosen_files: Sequence[Any], path: str, name: str, choices: dict[str, str]) -> None:
    arguments = read_arguments()
    catalog = uploads.new_catalog(arguments.catalog, name)
    with jobs.prepared(jobs.jobs_folder(arguments.runs), "import") as folder:
        source = uploads.embeddings_among(_files_of(chosen_files, path, folder))
        jobs.start(
            folder,
            source.name if len(chosen_files) < 2 else catalog.name,
            uploads.import_words(source, catalog, choices),
            {"catalog": catalog.name},
        )


def report(job: Job, buttons: DeltaGenerator) -> None:
    """What a finished job brought: frames first, then whether it is sound, then the way into the lab."""
    if job.kind == "ingest" and not job.answer.get("added") and not job.answer.get("skipped"):
        return
    path = catalog_named(read_arguments(), job.about["catalog"])
    try:
        catalog = cache.open_catalog(path or read_arguments().catalog.absolute().parent / job.about["catalog"])
    except InputError as error:
        st.warning(f"{escape_markdown(error)}.", icon=":material/folder_off:")
        return
    came = job.answer.get("added") if job.kind == "ingest" else None
    titles = [catalog[t] for t in came if t in catalog] if came is not None else list(catalog)
    skipped = job.answer.get("skipped", []) if job.kind == "ingest" else []
    shown = titles[:MOST_TITLES] if len(titles) == 1 or job.kind == "ingest" else []
    for title in shown:
        _show_title(title)
    if shown and len(titles) > len(shown):
        st.caption(f"And {count(len(titles) - len(shown), 'more title')}.")
    if skipped:
        st.caption(f"There already, so left as they are: {escape_markdown(', '.join(skipped))}.")
    held = f"`{catalog.path.name}` holds {count(len(catalog), 'title')} and {count(catalog.num_shots, 'shot')}."
    found = catalog_panels.inspect_or_offer(catalog)
    catalog_panels.show_soundness(found, held)
    if found and not shown:
        st.caption(present_sentence(found.counts, catalog.num_shots))
    if titles:
        _way_on(job, catalog, titles[0], buttons)


def _show_title(title: Title) -> None:
    """Its name and length, its frames side by side, and which shots have picture, sound and words."""
    words = [f"**{title.name}**", clock(title.duration_s), count(title.num_shots, "shot"), f"split {title.split}"]
    st.markdown(":green[:material/check_circle:] " + " · ".join(filter(None, words)))
    chosen = np.unique(((np.arange(FRAMES) + 0.5) / FRAMES * title.num_shots).astype(int))
    frames = [str(p) for n in chosen if (p := title.thumbnail(n)).is_file()]
    if frames:
        with st.container(horizontal=True, gap="xsmall"):
            for frame in frames:
                st.image(frame, width=FRAME_PX, alt=f"A shot of {title.name}")
    names = [m.name for m in title.catalog.modalities]
    counts = dict(zip(names, title.present.sum(axis=0).tolist(), strict=True))
    st.caption(present_sentence(counts, title.num_shots))


def _way_on(job: Job, catalog: Catalog, title: Title, buttons: DeltaGenerator) -> None:
    runs = cache.list_runs(read_arguments().runs, catalog)
    if not runs["problem"].isna().any():
        what_is_next(catalog, runs)
    lab = "Open in the masking lab"
    if buttons.button(lab, key=f"open.{job.name}", type="primary", icon=":material/visibility_off:"):
        default = catalog_names(read_arguments())[0]
        state.choose_catalog(None if catalog.path.name == default else catalog.path.name)
        state.choose_title(title.title_id)
        turn_to("masking_lab", catalog)
