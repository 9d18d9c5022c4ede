"""Cached nearest real shots (candidates) to what a run and the best baseline predict for a hidden shot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import streamlit as st

from msm import Catalog
from workbench.session import cache
from workbench.session.cache import ON_DISK

if TYPE_CHECKING:  # imports torch, which costs two seconds
    from msm.inference.candidates import Pool

PICKS = 4  # candidates that are shown for each prediction


class Expectation(NamedTuple):
    """The candidates of the model and of the best baseline at one hidden shot, as rows of the catalog."""

    model: pd.DataFrame  # of msm.inference.candidates.nearest_shots
    baseline: pd.DataFrame
    model_rank: float
    baseline_rank: float
    among: int  # shots that were compared
    whole: bool  # False where the catalog is so large that only a sample of it was compared


@st.cache_resource(max_entries=2, show_spinner="Reading the catalog’s shots …", hash_funcs=ON_DISK)
def pool(catalog: Catalog, run_path: Path) -> Pool:
    """Every shot of the catalog in the space of a run."""
    from msm.inference.candidates import catalog_pool

    return catalog_pool(catalog, cache.open_run(run_path).space)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=ON_DISK)
def _title_pool(catalog: Catalog, run_path: Path, title_id: str) -> Pool:
    """The shots of a title in the space of a run."""
    from msm.inference.candidates import title_pool

    title, space = catalog[title_id], cache.open_run(run_path).space
    return title_pool(space.fuse(title.embeddings), int(title.row["first_shot"]), space, catalog.num_shots)


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=ON_DISK)
def expectation(
    catalog: Catalog,
    run_path: Path,
    title_id: str,
    hidden: tuple[int, ...],
    shot: int,
    *,
    modality: str | None,
    everywhere: bool,
) -> Expectation:
    """The candidates at a hidden shot, from the shots of its title or, with `everywhere`, of the whole catalog."""
    from msm.inference.candidates import nearest_shots, with_title

    first = int(catalog[title_id].row["first_shot"])
    fill = cache.whole_fill_in(catalog, run_path, title_id, hidden, modality)
    choice = _title_pool(catalog, run_path, title_id)
    if everywhere:
        choice = with_title(pool(catalog, run_path), choice)
    place = fill.hidden.tolist().index(shot)
    predictions = (fill.compared[place], fill.baseline(fill.best_baseline_name)[place])
    (model, model_rank), (copy, copy_rank) = (
        nearest_shots(p, choice, fill.space, PICKS, first + shot, fill.columns[place]) for p in predictions
    )
    return Expectation(model, copy, model_rank, copy_rank, len(choice.rows), choice.whole or not everywhere)


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=ON_DISK)
def telling_shot(catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], modality: str | None) -> int:
    """The hidden shot that a panel shows while none is pointed at."""
    from msm.inference.candidates import most_telling

    return most_telling(cache.whole_fill_in(catalog, run_path, title_id, hidden, modality))
