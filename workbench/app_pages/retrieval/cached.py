"""What the Shot retrieval page keeps between reruns: finders with their indexes, text encoders, metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from workbench.session import cache
from workbench.session.bounded_dict import BoundedDict
from workbench.session.cache import ON_DISK, Stamp, stamp
from workbench.views.formatting import escape_markdown

if TYPE_CHECKING:  # these import torch or FAISS, which takes seconds
    from msm.ingest.encoder import Encoder
    from msm.search.index_store import Finder
    from msm.search.spaces import RawSpace, Space

S = TypeVar("S", bound="Space")
MOST_SPACES = 6


def raw_finder(catalog: Catalog, modality: str | None = None, fusion: str | None = None) -> Finder[RawSpace] | None:
    """The finder over raw shots: the stored index, otherwise a new flat one.

    None where there is no index and the catalog is too large to build one while the page loads.
    """
    from msm.search.spaces import DEFAULT_FUSION

    fusion = fusion or DEFAULT_FUSION
    kept = tuple(sorted((catalog.path / "index").glob("*/index.json")))
    return _raw_finder(catalog, modality, fusion, stamp(*kept))


@st.cache_resource(max_entries=8, show_spinner="Reading the shots …", hash_funcs=ON_DISK)
def _raw_finder(catalog: Catalog, modality: str | None, fusion: str, changed: Stamp) -> Finder[RawSpace] | None:
    from msm.search.spaces import RawSpace

    return _found_or_flat(RawSpace(catalog, fusion, modality))


def _found_or_flat(space: S) -> Finder[S] | None:
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
        note = f"{escape_markdown(error)}."
    if not choose_plan(space.num, space.dim).exact:
        return None
    return replace(make_index(space, save=False), note=note)


def contextual_finder(catalog: Catalog, run_path: Path, on_share: Callable[[float], object]) -> Finder | None:
    """The finder over the contextual embeddings of a run, computed once and stored beside the catalog.

    on_share  is called with the finished share. InputError where the run does not fit.
    """
    key = (str(catalog.path), catalog.fingerprint, str(run_path), cache.weights(run_path))
    finders, one_at_a_time = _finders()
    if (known := finders.get(key)) is not None:
        return known
    with one_at_a_time:  # a second session finds it finished
        if key in finders:
            return finders[key]
        from msm.search.contextual_space import contextual_space

        run = cache.open_run(run_path)
        space = contextual_space(catalog, run, progress=lambda done, total: on_share(done / total))
        finder = _found_or_flat(space)
        if finder is not None:  # otherwise an index may be built later
            finders[key] = finder
        return finder


# Not st.cache_resource: a cached function cannot report its progress to a page.
@st.cache_resource(show_spinner=False)
def _finders() -> tuple[BoundedDict[tuple[str, ...], Finder], threading.Lock]:
    return BoundedDict(MOST_SPACES), threading.Lock()


@st.cache_resource(max_entries=4, show_spinner="Loading the text encoder …", hash_funcs=ON_DISK)
def text_encoder(catalog: Catalog, modality: str = "text") -> Encoder:
    """The encoder of a catalog's text columns, or of its pictures; InputError where it is not available."""
    from msm.search import text_query

    return text_query.text_encoder(catalog, modality=modality)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=ON_DISK)
def label_values(catalog: Catalog, label: str) -> list[str]:
    """Every value of a label, the commonest first."""
    from msm.search import filters

    return filters.label_values(filters.label_column(catalog, label))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=ON_DISK)
def labels_of(catalog: Catalog, rows: tuple[int, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Facts and labels of these shots, as `SearchResult.table` (without scores) and as `SearchResult.labels`."""
    from msm.search.query import shots_of

    return shots_of(catalog, pd.DataFrame({"row": list(rows), "score": 0.0, "copies": 0}))


@st.cache_data(max_entries=32, show_spinner="Searching with the shots of the unseen titles …", hash_funcs=ON_DISK)
def measured(_spaces: dict[str, Any], key: tuple[Any, ...], label: str, split: str, leave_out: str) -> dict[str, Any]:
    """`msm.search.quality.measure`; the key says which spaces they are."""
    from msm.search.quality import measure

    return measure(_spaces, label, split=split, leave_out=leave_out)
