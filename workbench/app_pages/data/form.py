"""Two forms that start a job: video files to ingest, and embeddings made elsewhere to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog, InputError
from msm.ingest.encoder import default_choice
from msm.ingest.encoder_places import read_places
from workbench.app_pages.data import parquet_columns, uploads
from workbench.server import jobs
from workbench.server.roles import explain_viewer
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import state
from workbench.session.arguments import catalog_named, catalog_names, read_arguments
from workbench.views.formatting import count, escape_markdown

KINDS = ("ingest", "import")
NEW = "A new catalog"
IN_ORDER = "as they stand"


def show_form() -> None:
    """The choice of a form, films or embeddings, and the form."""
    if explain_viewer():
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
        _ingest_form()
    else:
        _import_form()


def _ingest_form() -> None:
    st.caption(
        "Video files, with their subtitles (.srt, .vtt, .ass) and facts (.json) beside them if there are some. Shots are cut, "
        "and each gets a vector for video, audio and text. It goes on when this page is closed."
    )
    chosen_files, path = _choose_files(
        "ingest", [*uploads.VIDEOS, *uploads.BESIDE_VIDEOS], "/films/one.mp4, a folder, or films.csv"
    )
    wish = next((u.name for u in chosen_files if u.name.lower().endswith(uploads.VIDEOS)), path)
    catalog_name, is_new = _choose_target(wish)
    with st.expander("More choices", icon=":material/tune:"):
        st.caption("The first four are of a single film.")
        left, right = st.columns(2)
        facts = {
            "name": left.text_input("Name", key=state.form_key("name"), placeholder="the file's name"),
            "tags": left.text_input("Tags", key=state.form_key("tags"), placeholder="drama, sea"),
            "synopsis": right.text_area(
                "Synopsis",
                key=state.form_key("synopsis"),
                height=124,
                help="With the tags it makes the [GLOBAL] vector.",
            ),
            "subtitles": left.text_input(
                "Subtitles on this machine's disk", key=state.form_key("subtitles"), placeholder="those beside the film"
            ),
        }
        default = _default_encoders(catalog_name, is_new)
        encoders = right.text_input(
            "Encoders",
            default,
            key=state.form_key(f"encoders.{default}"),
            help="trained (small networks, without download), descriptors (not trained), open and openai, or your own: "
            "see docs/ingest.md. Films that join a catalog need the encoders that made it.",
        )
        choices = {
            "language": left.text_input(
                "Language", placeholder="the films' default", help="Preferred in sound and subtitles: de, or German."
            ),
            "transcribe": right.text_input(
                "Speech recogniser",
                placeholder="none",
                help="For films without subtitles: a folder or hub name, such as openai/whisper-small.",
            ),
        }
        replace = right.checkbox("Make titles anew that are there already", disabled=is_new)
    if st.button(
        "Read the films", type="primary", icon=":material/play_arrow:", disabled=not (chosen_files or path.strip())
    ):
        _start_job(lambda: _start_ingest(chosen_files, path, catalog_name, is_new, encoders, replace, facts, choices))


def _import_form() -> None:
    st.caption(
        "`.npz` (one a title), Parquet with a column of lists, `.npy` with a `.parquet`, or HDF5; a row a shot. "
        "The formats are described in docs/format.md."
    )
    chosen_files, path = _choose_files(
        "import", list(uploads.EMBEDDINGS), "/data/shots.parquet, a folder, or /data/*.parquet"
    )
    name = _new_name(chosen_files[0].name if chosen_files else path)
    columns = _choose_columns(chosen_files, path)
    with st.expander("More choices", icon=":material/tune:"):
        left, right = st.columns(2)
        choices = {
            "modality": left.text_area(
                "Modalities",
                height=124,
                placeholder="video=embedding[0:768]\ntext=words",
                help="One a line: NAME=ARRAY or NAME=ARRAY[START:STOP]. Default: the columns chosen above, otherwise every "
                "array of vectors.",
            ),
            "global-from": _choose_labels(left, columns, parquet_columns.of_source(chosen_files, path)),
            "dtype": right.text_input(
                "dtype",
                placeholder="the smaller that loses nothing",
                help="float16 or float32: how the embeddings are stored.",
            ),
        }
        if not columns:
            choices["title-column"] = right.text_input("Column of the titles", placeholder="title_id")
            choices["shot-column"] = right.text_input("Column of the shots", placeholder="shot")
    choices = columns | {key: value for key, value in choices.items() if value.strip() or key not in columns}
    if st.button("Import", type="primary", icon=":material/play_arrow:", disabled=not (chosen_files or path.strip())):
        _start_job(lambda: _start_import(chosen_files, path, name, choices))


def _choose_labels(
    place: DeltaGenerator, columns: Mapping[str, str], table: parquet_columns.TableColumns | None
) -> str:
    """Title labels for [GLOBAL], separated by commas: chosen from the table's columns, or typed where they are not known."""
    label, how = "Labels for [GLOBAL]", "What is known of a title; `text:LABEL` is encoded as text."
    if not columns or table is None:
        return place.text_input(label, placeholder="genres, year", help=how)
    offered = table.of_titles(columns["title-column"], columns["shot-column"])
    chosen = place.multiselect(
        label, offered, accept_new_options=True, placeholder="none", help=how, key=state.form_key(f"global.{offered}")
    )
    return ",".join(chosen)


def _choose_columns(chosen_files: Sequence[Any], path: str) -> dict[str, str]:
    """Which columns of a Parquet table are the vectors, the titles and the order of the shots; empty for other sources."""
    table = parquet_columns.of_source(chosen_files, path)
    if table is None or not table.vectors:
        return {}
    key = state.form_key(f"columns.{','.join([*table.vectors, *table.others])}")
    left, middle, right = st.columns([2, 1, 1])
    vectors = left.multiselect(
        "Columns of vectors", list(table.vectors), default=list(table.vectors), key=f"{key}.vectors",
        format_func=table.vectors.__getitem__, help="Each becomes a modality of its name.",
    )  # fmt: skip
    title = middle.selectbox(
        "Column of the titles", table.others, index=table.place("title_id", "title"), key=f"{key}.title"
    )
    order = right.selectbox(
        "Column of the shots", [IN_ORDER, *table.others], key=f"{key}.shot",
        index=0 if (at := table.place("shot")) is None else at + 1,
    )  # fmt: skip
    st.caption(f"Further columns become labels: {escape_markdown(', '.join(table.rest(title, order)) or 'none')}.")
    chosen = {"title-column": str(title or ""), "shot-column": "" if order == IN_ORDER else str(order)}
    if len(vectors) < len(table.vectors):
        chosen["modality"] = "\n".join(f"{name}={name}" for name in vectors)
    return chosen


def _choose_files(kind: str, suffixes: list[str], what: str) -> tuple[list[Any], str]:
    left, right = st.columns([3, 2])
    limit = uploads.LARGEST_MB[kind]
    chosen_files = left.file_uploader(
        f"Upload files, up to {limit} MB each",
        type=suffixes,
        accept_multiple_files=True,
        key=state.form_key(f"upload.{kind}"),
        max_upload_size=limit,
    )
    path = right.text_input(
        "or read from this machine's disk",
        key=state.form_key(f"path.{kind}"),
        placeholder=what,
        disabled=bool(chosen_files),
        help="Nothing is copied through the browser, so there is no limit. Films in the folders of a folder are found too; "
        "a table of films is described in docs/ingest.md."
        if kind == "ingest"
        else "Nothing is copied through the browser, so there is no limit.",
    )
    return chosen_files or [], "" if chosen_files else path


def _choose_target(wish: str) -> tuple[str, bool]:
    """(name of a catalog, whether it is new)."""
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


def _default_encoders(catalog_name: str, is_new: bool) -> str:
    """Those that made the catalog; for a new one the trained ones, where they are installed."""
    known = None if is_new else catalog_named(read_arguments(), catalog_name)
    if known is None:
        return default_choice(trained=True)
    return default_choice([m.encoder for m in Catalog.open(known).modalities], read_places(known))


def _new_name(wish: str) -> str:
    beside = read_arguments().catalog
    free = uploads.free_catalog_name(beside, wish) if beside.exists() else beside.absolute().name
    name = st.text_input(
        "Name of the new catalog",
        key=state.form_key("new catalog"),
        placeholder=free,
        help=f"A folder of that name is made in {beside.absolute().parent}.",
    )
    return name or free


def _start_job(begin: Any) -> None:
    """Start a job and rerun the page; an error is shown, and nothing of the job remains."""
    try:
        begin()
    except (InputError, OSError) as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    state.clear_forms()  # the job has its input
    st.rerun()


def _files_of(chosen_files: Sequence[Any], path: str, folder: Path) -> list[Path]:
    return uploads.save_uploads(chosen_files, folder / "files") if chosen_files else [uploads.existing_path(path)]


def _start_ingest(
    chosen_files: Sequence[Any],
    path: str,
    name: str,
    is_new: bool,
    encoders: str,
    replace: bool,
    facts: dict[str, str],
    choices: dict[str, str],
) -> None:
    arguments = read_arguments()
    known = None if is_new else catalog_named(arguments, name)
    catalog = (known or uploads.new_catalog(arguments.catalog, name)).absolute()
    with jobs.prepared(jobs.jobs_folder(arguments.runs), "ingest") as folder:
        files = _files_of(chosen_files, path, folder)
        videos = files if uploads.is_manifest(files[0]) else uploads.videos_among(files)
        facts = facts | {"subtitles": uploads.subtitles_for(videos, files, facts["subtitles"])}
        named = files if files[0].is_dir() and len(videos) > 1 else videos
        words = uploads.ingest_words(named, catalog, encoders=encoders, replace=replace, facts=facts, choices=choices)
        title = videos[0].name if len(videos) == 1 else f"{videos[0].name} and {count(len(videos) - 1, 'more film')}"
        jobs.start(folder, title, words, {"catalog": catalog.name})


def _start_import(chosen_files: Sequence[Any], path: str, name: str, choices: dict[str, str]) -> None:
    arguments = read_arguments()
    catalog = uploads.new_catalog(arguments.catalog, name)
    with jobs.prepared(jobs.jobs_folder(arguments.runs), "import") as folder:
        source = (
            uploads.embeddings_among(uploads.save_uploads(chosen_files, folder / "files"))
            if chosen_files
            else uploads.typed_source(path)
        )
        jobs.start(
            folder,
            source.name if len(chosen_files) < 2 else catalog.name,
            uploads.import_words(source, catalog, choices),
            {"catalog": catalog.name},
        )
