"""What every page needs open before it can say anything; or one sentence, what to do next, and no more."""

from __future__ import annotations

import shlex
from collections.abc import Callable
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


def catalog_or_stop(otherwise: Callable[[], object] = lambda: None) -> Catalog:
    """The chosen catalog. Where it cannot be opened, why not and what to do, then `otherwise`, and no more."""
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
    """The catalog of the link or of the last choice; else the one that the app was started on."""
    arguments = read_arguments()
    url_state.follow_catalog(lambda name: catalog_named(arguments, name) is not None)
    name = state.catalog_name()
    return (catalog_named(arguments, name) if name else None) or arguments.catalog


def runs_for(catalog: Catalog) -> pd.DataFrame:
    """The runs beside the catalog, and the selection brought into line with both."""
    runs = cache.list_runs(read_arguments().runs, catalog)
    url_state.follow(catalog, runs)
    for note in url_state.notes():
        st.warning(escape_markdown(note), icon=":material/link_off:")
    return runs


def turn_to(page: str, catalog: Catalog) -> NoReturn:
    """Another page, the selection in its address from the start: else the browser would have to go back twice.

    page     the name of its folder under app_pages
    catalog  the one that is chosen, which need not be the one that this page shows
    """
    state.settle(catalog, cache.list_runs(read_arguments().runs, catalog))
    st.switch_page(PAGES / page / "page.py", query_params=url_state.query())


def run_path_of(runs: pd.DataFrame) -> Path | None:
    """The folder of the chosen run; None where no run fits the catalog."""
    chosen = runs.loc[runs["name"] == state.run(), "path"]
    return Path(chosen.iloc[0]) if len(chosen) else None


def runs_beside(catalog: Catalog, run_path: Path) -> dict[str, Path]:
    """The other runs that can answer for this catalog: name → folder."""
    runs = cache.list_runs(read_arguments().runs, catalog)
    usable = runs[runs["problem"].isna()]
    return {n: Path(p) for n, p in zip(usable["name"], usable["path"], strict=True) if Path(p) != run_path}


def say_no_run(catalog: Catalog, runs: pd.DataFrame) -> None:
    """Why nothing can be filled in, and the command that changes it."""
    folder = read_arguments().runs
    reasons = [f"{p}." for p in runs["problem"]] or [f"There is no trained run in {folder}."]
    what_is_next(catalog, runs, " ".join(reasons[:3]))


def what_is_next(catalog: Catalog, runs: pd.DataFrame, why: str = "No trained run fits these shots yet.") -> None:
    """The command that trains a run for these shots: on this catalog, else on one beside it, else what is missing."""
    if can_learn_from(catalog):
        teacher, hint = catalog, "Train one on this catalog and reload this page:"
    elif other := _teacher_for(catalog):
        teacher, hint = (
            other,
            f"This catalog has no title to learn from; train on {other.path.name}, whose shots are alike:",
        )
    else:
        missing = "This catalog has no title to learn from (split train). Bring more into it: of three or more, most become training titles."
        st.info(f"{why} {missing}", icon=":material/model_training:")
        if _runs_that_fit(SAMPLE_RUNS, catalog):
            st.markdown("The runs of the sample films were made for shots of these encoders. To ask them:")
            st.code(
                f"msm app {_words('--catalog', catalog.path, '--runs', SAMPLE_RUNS)}", language="bash", wrap_lines=True
            )
        return
    st.info(f"{why} {hint}", icon=":material/model_training:")
    place = free_name(read_arguments().runs, teacher.path.resolve().name)
    words = _words(teacher.path, place, "--recipe", "neighbour")
    st.code(f"msm train {words}", language="bash", wrap_lines=True)
    to_training(catalog)


def to_training(catalog: Catalog, label: str = "Or on the Training page") -> None:
    """The way to the page on which a model is trained."""
    if st.button(label, icon=":material/model_training:", type="tertiary", key="to training"):
        turn_to("training", catalog)


def _words(*words: object) -> str:
    return shlex.join(map(str, words))


def _runs_that_fit(folder: Path, catalog: Catalog) -> bool:
    return bool(cache.list_runs(folder, catalog)["problem"].isna().any())


def can_learn_from(catalog: Catalog) -> bool:
    return "train" in set(catalog.titles["split"])


def _teacher_for(catalog: Catalog) -> Catalog | None:
    """A catalog beside this one that has the same kind of shots, and titles to learn from."""
    arguments = read_arguments()
    for name in catalog_names(arguments):
        path = catalog_named(arguments, name)
        try:
            other = cache.open_catalog(path) if path else None
        except InputError:
            continue
        if other and other.modalities == catalog.modalities and can_learn_from(other):
            return other
    return None


def free_name(folder: Path, name: str) -> Path:
    """`folder/name`, or with the first number behind it that no run has yet."""
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(folder / n for n in names if not (folder / n).exists())
