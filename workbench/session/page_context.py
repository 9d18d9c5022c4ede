"""The catalog and the runs that every page opens first, and what a page shows where one of them is missing."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from itertools import chain, count
from pathlib import Path
from typing import NoReturn

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from workbench.session import cache, state, url_state
from workbench.session.arguments import SAMPLE_RUNS, catalog_named, catalog_names, read_arguments
from workbench.views.formatting import escape_markdown

PAGES = Path(__file__).parents[1] / "app_pages"  # a folder each
ADDRESSES = {"masking_lab": "", "embedding_map": "map"}  # URL paths that differ from the name of the folder


def catalog_or_stop(otherwise: Callable[[], object] = lambda: None) -> Catalog:
    """The chosen catalog. Where it cannot be opened, the page shows why and what to do, calls `otherwise` and stops."""
    path = chosen_catalog_path()
    try:
        return cache.open_catalog(path)
    except InputError as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/folder_off:")
        st.markdown("Bring films or embeddings on the page *Data*, or with a command, and reload this page:")
        st.code(f"msm import SOURCE {_words(path)}\nmsm ingest VIDEO {_words(path)}", language="bash", wrap_lines=True)
        otherwise()
        st.stop()


def chosen_catalog_path() -> Path:
    """The catalog of the URL or of the last choice; else the one given at the start."""
    arguments = read_arguments()
    url_state.read_catalog(lambda name: catalog_named(arguments, name) is not None)
    name = state.catalog_name()
    return (catalog_named(arguments, name) if name else None) or arguments.catalog


def runs_for(catalog: Catalog) -> pd.DataFrame:
    """The runs; the selection and the URL are brought into agreement with them and the catalog."""
    runs = cache.list_runs(read_arguments().runs, catalog)
    url_state.synchronise(catalog, runs)
    for note in url_state.notes():
        st.warning(escape_markdown(note), icon=":material/link_off:")
    return runs


def switch_to_page(page: str, catalog: Catalog) -> NoReturn:
    """Switch to another page, with the selection in its URL.

    Without it the new page would write its URL afterwards, and the browser would need two steps to go back.

    page     the name of its folder under app_pages
    catalog  the chosen one, which may differ from the one that this page shows
    """
    state.fill_defaults(catalog, cache.list_runs(read_arguments().runs, catalog))
    st.switch_page(PAGES / page / "page.py", query_params=url_state.query(url_path(page)))


def open_view(page: str, query: Mapping[str, str], opened: str) -> None:
    """Show what these URL parameters name, on the page of this folder; nothing for a page that is not there.

    opened  the page that is open
    """
    if not (PAGES / page / "page.py").is_file():
        return
    url_state.move_to(query)
    if page == opened:
        st.rerun()
    st.switch_page(PAGES / page / "page.py")


def url_path(page: str) -> str:
    """The path of a page in the URL; empty for the first one."""
    return ADDRESSES.get(page, page)


def run_path_of(runs: pd.DataFrame) -> Path | None:
    """The folder of the chosen run; None where no run fits the catalog."""
    chosen = runs.loc[runs["name"] == state.run(), "path"]
    return Path(chosen.iloc[0]) if len(chosen) else None


def runs_beside(catalog: Catalog, run_path: Path) -> dict[str, Path]:
    """The other runs that fit this catalog: name → folder."""
    runs = cache.list_runs(read_arguments().runs, catalog)
    usable = runs[runs["problem"].isna()]
    return {n: Path(p) for n, p in zip(usable["name"], usable["path"], strict=True) if Path(p) != run_path}


def explain_no_run(catalog: Catalog, runs: pd.DataFrame) -> None:
    """Show why no run can be used, and the command that trains one."""
    folder = read_arguments().runs
    reasons = [f"{p}." for p in runs["problem"]] or [f"There is no trained run in {folder}."]
    suggest_training(catalog, runs, " ".join(reasons[:3]))


def suggest_training(catalog: Catalog, runs: pd.DataFrame, why: str = "No trained run fits these shots yet.") -> None:
    """Show the command that trains a run for these shots: on this catalog, else on one beside it, else what is missing."""
    if has_training_titles(catalog):
        train_catalog, hint = catalog, "Train one on this catalog and reload this page:"
    elif other := _catalog_to_train_on(catalog):
        train_catalog, hint = (
            other,
            f"This catalog has no training title; train on {other.path.name}, whose shots have the same modalities:",
        )
    else:
        missing = "This catalog has no training title (split train). Add titles: of three or more, most become training titles."
        st.info(f"{why} {missing}", icon=":material/model_training:")
        if _runs_that_fit(SAMPLE_RUNS, catalog):
            st.markdown("The runs of the sample films were trained on shots of these encoders. To use them:")
            st.code(
                f"msm app {_words('--catalog', catalog.path, '--runs', SAMPLE_RUNS)}", language="bash", wrap_lines=True
            )
        return
    st.info(f"{why} {hint}", icon=":material/model_training:")
    place = unused_name(read_arguments().runs, train_catalog.path.resolve().name)
    words = _words(train_catalog.path, place, "--recipe", "neighbour")
    st.code(f"msm train {words}", language="bash", wrap_lines=True)
    offer_training_page(catalog)


def offer_training_page(catalog: Catalog, label: str = "Or on the Training page") -> None:
    """A button that leads to the Training page."""
    if st.button(label, icon=":material/model_training:", type="tertiary", key="to training"):
        switch_to_page("training", catalog)


def _words(*words: object) -> str:
    return shlex.join(map(str, words))


def _runs_that_fit(folder: Path, catalog: Catalog) -> bool:
    return bool(cache.list_runs(folder, catalog)["problem"].isna().any())


def has_training_titles(catalog: Catalog) -> bool:
    return "train" in set(catalog.titles["split"])


def _catalog_to_train_on(catalog: Catalog) -> Catalog | None:
    """A catalog beside this one with the same modalities and with training titles."""
    arguments = read_arguments()
    for name in catalog_names(arguments):
        path = catalog_named(arguments, name)
        try:
            other = cache.open_catalog(path) if path else None
        except InputError:
            continue
        if other and other.modalities == catalog.modalities and has_training_titles(other):
            return other
    return None


def unused_name(folder: Path, name: str) -> Path:
    """`folder/name`, or with the first number appended that no run has."""
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(folder / n for n in names if not (folder / n).exists())
