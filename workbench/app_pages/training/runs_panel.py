"""The table of runs: sorted, filtered and grouped; chosen rows are shown, compared, annotated or archived."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import streamlit as st

from msm import InputError
from msm.io.spreadsheet import as_csv
from msm.runs import table as tables
from msm.runs.annotation import annotate, read_annotation
from workbench.app_pages.training import processes
from workbench.app_pages.training.controls import BESIDE, RUN
from workbench.layout.figures import columns, copy_as_code, draw_with_view, figure_config
from workbench.layout.long_tables import choose_page, from_first_page
from workbench.server.roles import may_edit, require_editor
from workbench.session import page_texts, settings, url_state
from workbench.session.arguments import read_arguments
from workbench.session.colors_of_runs import colors_of
from workbench.views import notebook_code
from workbench.views.formatting import count, escape_markdown, percent
from workbench.views.training import runs_table as shown
from workbench.views.training.curves import MOST_RUNS

FILTER_HELP = (
    "Conditions with spaces between them: `mask.ratio>=0.3`, `state=done`, `tags=good`, `recipe~medi`; a word by itself is looked for in names, "
    "recipes, tags and notes. Columns have the names that `msm runs` prints."
)
SORTS = ("-skill", "-updated", "name", "-centred_cosine", "-test_skill", "loss", "recipe", "state", "sweep")
ROWS = 9  # without scrolling
RUNS = "runs"  # the table among the settings of the page
_TABLE, _CHOSEN, _OPENED = "runs.table", "runs.chosen", "runs.opened"  # a fingerprint; paths; (key of the grid, rows)


def show_runs_table(runs: Mapping[str, Path]) -> None:
    """The table in an expander, closed unless the address opens it."""
    title = f"All runs ({len(runs)})"
    with st.expander(title, icon=":material/table_rows:", **settings.flag("all_runs")):
        if settings.text("all_runs") == "yes":  # not read before somebody looks
            st.fragment(_show)()


def _show() -> None:
    arguments = read_arguments()
    everything = processes.table_of_runs(arguments)
    archived, conditions, sort = _choose(tables.varied(everything))
    table = everything if archived else everything[~everything["archived"]].reset_index(drop=True)
    if len(hidden := everything[everything["archived"]]) and not archived:
        st.caption(f"{count(len(hidden), 'archived run')} not shown.")
    try:
        table = tables.sort_runs(tables.filter_runs(table, conditions), sort)
    except InputError as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/filter_alt_off:")
        return
    chosen = _show_table(table, everything)
    copy_as_code(notebook_code.runs_code(arguments.runs, archived, conditions, sort, chosen))
    _show_sweeps(table)
    _show_parallel(table)
    url_state.write()


def _choose(varied: list[str]) -> tuple[bool, list[str], str]:
    """Whether archived runs are shown, the conditions, and the column to sort by: one of SORTS, or a hyperparameter that varies."""
    sorts = [*SORTS, *(sign + key for key in varied if key not in SORTS for sign in ("", "-"))]
    where, sort, switch = columns("runs-choose", [5, 3, 2], least_px=170, align="bottom")
    text = where.text_input(
        "Filter",
        placeholder="mask.ratio>=0.3 state=done",
        help=FILTER_HELP,
        **from_first_page(settings.words("where"), RUNS),
    )
    chosen = sort.selectbox(
        "Sort by", sorts, format_func=_sort_label, **from_first_page(settings.choice("sort", sorts, SORTS[0]), RUNS)
    )
    archived = switch.toggle("Archived", **from_first_page(settings.flag("archived"), RUNS))
    return archived, text.split(), chosen


def _sort_label(sort: str) -> str:
    column = sort.removeprefix("-")
    order = {"updated": "latest first"}.get(column, "highest first") if sort.startswith("-") else ""
    return ", ".join(filter(None, [shown.column_label(column), order]))


def _show_table(table: pd.DataFrame, everything: pd.DataFrame) -> list[str]:
    """The table and what is done with its chosen rows; returns the columns that a person chose."""
    offered = shown.all_columns(table)
    own = st.multiselect(
        "Columns", offered, format_func=shown.column_label, placeholder="the usual ones", **settings.several("columns", offered)
    )  # fmt: skip
    names = own or tables.usual_columns(table)
    colors = colors_of({str(r.name): Path(r.path) for r in everything.itertuples()})
    formats = {label: st.column_config.NumberColumn(format=f) for label, f in shown.column_formats(names).items()}
    grid, pages = st.container(), st.container()
    with pages:
        page = table.iloc[choose_page(len(table), RUNS, "run")].reset_index(drop=True)
    key, before = _opened(table, page)
    with grid:
        selected = st.dataframe(
            shown.shown_table(page, names, colors), hide_index=True, on_select="rerun", selection_mode="multi-row",
            key=key, selection_default={"selection": {"rows": before}},
            column_config={**formats, shown.MARK: st.column_config.TextColumn(width=30)},
            height=38 + 35 * max(1, min(ROWS, len(page))), placeholder="–",
        )  # fmt: skip
    rows = _chosen_rows(table, page, selected["selection"]["rows"])
    with st.container(horizontal=True, vertical_alignment="center"):
        _act(rows, colors)
        st.download_button(
            "CSV", lambda: as_csv(table.assign(tags=table["tags"].map(" ".join))), "runs.csv", "text/csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    st.caption(
        "Choose rows at their left edge." if rows.empty else f"{count(len(rows), 'run')} chosen of {len(table)}."
    )
    return own


def _opened(table: pd.DataFrame, page: pd.DataFrame) -> tuple[str, list[int]]:
    """The key of the grid, and the rows of the page that were chosen when it was opened. In another table nothing is chosen."""
    of_table = _fingerprint(table["path"])
    if st.session_state.get(_TABLE) != of_table:
        st.session_state[_TABLE], st.session_state[_CHOSEN], st.session_state[_OPENED] = of_table, [], ("", [])
    key = f"runs.{of_table}.{_fingerprint(page['path'])}"
    if st.session_state[_OPENED][0] != key:  # the grid keeps no choice while another page is shown
        chosen = {*st.session_state[_CHOSEN]}
        st.session_state[_OPENED] = key, [i for i, path in enumerate(page["path"]) if path in chosen]
    return st.session_state[_OPENED]


def _chosen_rows(table: pd.DataFrame, page: pd.DataFrame, rows: list[int]) -> pd.DataFrame:
    """The chosen rows of all pages, where `rows` are those of this page."""
    here = page["path"].iloc[[i for i in rows if i < len(page)]]
    elsewhere = {*st.session_state[_CHOSEN]} - {*page["path"]}
    st.session_state[_CHOSEN] = sorted({*here} | elsewhere)
    return table[table["path"].isin(st.session_state[_CHOSEN])]


def _fingerprint(paths: pd.Series) -> str:
    return hashlib.sha256("\n".join(paths).encode()).hexdigest()[:12]


def _act(rows: pd.DataFrame, colors: Mapping[str, str]) -> None:
    names = list(rows["name"])
    if st.button("Show", icon=":material/show_chart:", disabled=len(names) != 1, key="runs.show"):
        _compare(names)
    if st.button(
        "Compare", icon=":material/compare_arrows:", disabled=not 2 <= len(names) <= MOST_RUNS, key="runs.compare",
        help=f"Two to {MOST_RUNS} runs: their curves, and in what their recipes differ.",
    ):  # fmt: skip
        _compare(names)
    locked = rows.empty or not may_edit()
    with st.popover("Tags, note, colour", icon=":material/sell:", disabled=locked):
        if not locked:
            _annotate(rows, colors)
    back = len(rows) > 0 and bool(rows["archived"].all())
    if st.button("Restore" if back else "Archive", icon=":material/archive:", disabled=locked, key="runs.archive"):
        _change(rows, archived=not back)


def _compare(names: list[str]) -> None:
    page_texts.put(RUN, names[0])
    page_texts.put(BESIDE, ",".join(quote(name, safe=" ") for name in names[1:]) or None)
    st.rerun()


def _annotate(rows: pd.DataFrame, colors: Mapping[str, str]) -> None:
    """A form with the annotation of the chosen runs; with several runs tags are added to each, and the note is kept if it is empty."""
    one = rows.iloc[0] if len(rows) == 1 else None
    which = _fingerprint(rows["path"])
    with st.form(f"runs.annotate.{which}", border=False):
        tags = st.text_input(
            "Tags" if one is not None else "Add tags", " ".join(one["tags"]) if one is not None else ""
        )
        note = st.text_area("Note", one["note"] if one is not None else "", height=90)
        own = st.toggle("A colour of its own", bool(rows["color"].all()))
        color = st.color_picker("Colour", colors[rows["name"].iloc[0]])
        if st.form_submit_button("Save", type="primary"):
            before = set(one["tags"]) if one is not None else set()
            words = set(tags.replace(",", " ").split())
            keep_note = one is None and not note
            _change(
                rows, add=words, remove=before - words, note=None if keep_note else note, color=color if own else ""
            )


def _change(rows: pd.DataFrame, **change: object) -> None:
    require_editor()
    try:
        for path in rows["path"]:
            annotate(Path(path), **change)  # type: ignore[arg-type]
    except (InputError, OSError) as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    st.rerun()


def show_annotation(path: Path) -> None:
    """Tags and note of a run, where it has any."""
    try:
        notes = read_annotation(path)
    except InputError as error:
        st.caption(f"{escape_markdown(error)}.")
        return
    words = [f":gray-badge[{escape_markdown(tag)}]" for tag in notes.tags]
    if text := " ".join([*words, escape_markdown(notes.note)]).strip():
        st.markdown(text)


def _show_sweeps(table: pd.DataFrame) -> None:
    sweeps = tables.by_sweep(table)
    if sweeps.empty:
        return
    st.markdown("#### By sweep")
    labels = {"sweep": "Sweep", "runs": "Runs", "done": "Done", "best": "Best run", "skill": "Best skill"}
    labels |= {"mean_skill": "Mean skill", "lowest_skill": "Lowest skill"}
    scores = ["skill", "mean_skill", "lowest_skill"]
    as_shares = st.column_config.NumberColumn(format="%.0f %%")
    st.dataframe(
        sweeps.assign(**{c: 100 * sweeps[c] for c in scores}).rename(columns=labels), hide_index=True, placeholder="–",
        column_config={labels[c]: as_shares for c in scores},
    )  # fmt: skip


def _show_parallel(table: pd.DataFrame) -> None:
    st.markdown("#### Hyperparameters against skill")
    known = table[table["skill"].notna()]
    if len(known) < 2 or not shown.axes(table):
        st.caption("Drawn once two runs with a validation differ in a hyperparameter other than the seed.")
        return
    st.caption("A line is a run. Drag along an axis to keep the runs inside a range.")
    alt = f"Hyperparameters of {count(len(known), 'run')} as parallel axes, the last one skill"
    config = figure_config("training", "parallel")
    draw_with_view(shown.parallel_figure(table), "training.figure.parallel", "brushes", alt, config)
    best = known.loc[known["skill"].idxmax()]
    st.caption(f"Best: {escape_markdown(best['name'])}, skill {percent(best['skill'])}.")
