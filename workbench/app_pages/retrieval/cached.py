"""What the retrieval page keeps between reruns: finders with their indexes, encoders, measures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from workbench.session import cache
from workbench.session.cache import ON_DISK, Stamp, stamp
from workbench.views.formatting import as_text

MOST_SPACES = 6


def raw_finder(catalog: Catalog, modality: str | None = None, fusion: str | None = None) -> Any:
    """A `msm.search.index_store.Finder` over raw shots: the index that is kept, else a new flat one.

    None where there is no index and the catalog is too large to build one while somebody waits.
    """
    from msm.search.spaces import DEFAULT_FUSION

    fusion = fusion or DEFAULT_FUSION
    kept = tuple(sorted((catalog.path / "index").glob("*/index.json")))
    return _raw_finder(catalog, modality, fusion, stamp(*kept))


@st.cache_resource(max_entries=8, show_spinner="Reading the shots …", hash_funcs=ON_DISK)
def _raw_finder(catalog: Catalog, modality: str | None, fusion: str, changed: Stamp) -> Any:
    from msm.search.spaces import RawSpace

    return _found_or_flat(RawSpace(catalog, fusion, modality))


def _found_or_flat(space: Any) -> Any:
    from dataclasses import replace

    from msm.search.index_store import StaleIndex, make_index, open_index
    from msm.search.vector_index import choose_plan

    note = ""
    try:
        if (kept := open_index(space)) is not None:
            return kept
    except StaleIndex:
        note = "The index beside this catalog is older than the catalog, so it was not used."
    except InputError as error:
        note = f"{as_text(error)}."
    if not choose_plan(space.num, space.dim).exact:
        return None
    return replace(make_index(space, save=False), note=note)


def contextual_finder(catalog: Catalog, run_path: Path, on_share: Callable[[float], object]) -> Any:
    """A Finder over what a run makes of every shot in its title: computed once, kept beside the catalog.

    on_share  hears the share that is done while it is computed. InputError where the run does not fit.
    """
    key = (str(catalog.path), catalog.fingerprint, str(run_path), cache.weights(run_path))
    finders, one_at_a_time = _finders()
    if (known := finders.get(key)) is not None:
        return known
    with one_at_a_time:  # who comes second finds it done
        if key in finders:
            return finders[key]
        from msm.search.contextual_space import contextual_space

        run = cache.open_run(run_path)
        space = contextual_space(catalog, run, progress=lambda done, total: on_share(done / total))
        finder = _found_or_flat(space)
        if finder is not None:  # else an index may be built meanwhile
            finders[key] = finder
            while len(finders) > MOST_SPACES:
                finders.pop(next(iter(finders)))
        return finder


# A dictionary of our own: a cached function may not report its progress to a page.
@st.cache_resource(show_spinner=False)
def _finders() -> tuple[dict[tuple[str, ...], Any], threading.Lock]:
    return {}, threading.Lock()


@st.cache_resource(max_entries=4, show_spinner="Loading the text encoder …", hash_funcs=ON_DISK)
def text_encoder(catalog: Catalog) -> Any:
    """The encoder of a catalog's text columns; InputError where it cannot be had."""
    from msm.search import text_query

    return text_query.text_encoder(catalog)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=ON_DISK)
def label_values(catalog: Catalog, label: str) -> list[str]:
    """Every value of a label, the commonest first."""
    from msm.search import filters

    return filters.label_values(filters.label_column(catalog, label))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=ON_DISK)
def labels_of(catalog: Catalog, rows: tuple[int, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is known of these shots: as `SearchResult.table` (without scores) and as `SearchResult.labels`."""
    from msm.search.query import shots_of

    return shots_of(catalog, pd.DataFrame({"row": list(rows), "score": 0.0, "copies": 0}))


@st.cache_data(max_entries=32, show_spinner="Searching with the shots of the unseen titles …", hash_funcs=ON_DISK)
def measured(_spaces: dict[str, Any], key: tuple[Any, ...], label: str, split: str, leave_out: str) -> dict[str, Any]:
    """`msm.search.quality.measure`; the key says which spaces they are."""
    from msm.search.quality import measure

    return measure(_spaces, label, split=split, leave_out=leave_out)
