"""Cached results of the interpretation methods: surprise, influence, attention, less context, other metadata."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pandas as pd
import streamlit as st

from msm import Catalog
from workbench.session import cache
from workbench.session.bounded_dict import BoundedDict
from workbench.session.cache import ON_DISK, run_stamp
from workbench.session.candidate_cache import PICKS

if TYPE_CHECKING:  # these import torch, which costs two seconds
    from msm import FillIn
    from msm.interpret.attention import Attention

OnShare = Callable[[float], object]  # called with the share that is done; stops the computation by raising
Progress = Callable[[int, int], object]  # called with how much is done, and of how much
MOST_RESULTS, MOST_PRESENTED = 160, 24
T = TypeVar("T")


class SurpriseCurve(NamedTuple):
    """A surprise curve, reduced to what a page shows."""

    table: pd.DataFrame  # Surprise.table
    passes: int
    exact: bool
    seconds: float


def surprise_curve(catalog: Catalog, run_path: Path, title_id: str, *, exact: bool, on_share: OnShare) -> SurpriseCurve:
    """Surprise at each shot, hidden in turn: alone with `exact`, else several together."""

    def compute(progress: Progress) -> SurpriseCurve:
        from msm.interpret.surprise import surprise

        started = time.perf_counter()
        found = surprise(cache.open_run(run_path), catalog[title_id], exact=exact, progress=progress)
        return SurpriseCurve(found.table, found.passes, found.exact, time.perf_counter() - started)

    return _computed_once(_key("surprise", catalog, run_path, title_id, exact), compute, on_share)


def known_surprise_curve(catalog: Catalog, run_path: Path, title_id: str) -> SurpriseCurve | None:
    """The exact curve; None where it has not been computed."""
    return _results().get(_key("surprise", catalog, run_path, title_id, True))


def influence(
    catalog: Catalog,
    run_path: Path,
    title_id: str,
    hidden: tuple[int, ...],
    shot: int,
    method: str,
    on_share: OnShare,
) -> pd.DataFrame:
    """Influence of each visible shot on the prediction of a hidden one; see `msm.interpret.influence.influence`."""

    def compute(progress: Progress) -> pd.DataFrame:
        from msm.interpret.influence import influence

        run = cache.open_run(run_path)
        return influence(run, catalog[title_id], hidden, shot, method=method, progress=progress)

    return _computed_once(_key("influence", catalog, run_path, title_id, hidden, shot, method), compute, on_share)


def agreement_with_influence(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], shot: int, table: pd.DataFrame
) -> float | None:
    """Spearman's correlation of attention (`Attention.table`) and leave-one-out influence; None where that is not known."""
    from msm.interpret.surprise import agreement

    known = _results().get(_key("influence", catalog, run_path, title_id, hidden, shot, "leave_one_out"))
    return None if known is None else agreement(known["influence"].to_numpy(), table["attention"].to_numpy())


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=ON_DISK)
def attention(catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], shot: int) -> Attention:
    """Attention of a hidden shot to the others."""
    from msm.interpret.attention import attention as of_run

    return of_run(cache.open_run(run_path), catalog[title_id], hidden, shot)


@st.cache_resource(max_entries=64, show_spinner="Showing the model less and less of the film …", hash_funcs=ON_DISK)
def context_curve(catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...]) -> pd.DataFrame:
    """Scores with less and less context; see `msm.interpret.what_if.context_curve`."""
    from msm.interpret.what_if import context_curve as curve

    return curve(cache.open_run(run_path), catalog[title_id], hidden)


def uses_metadata(run_path: Path) -> bool:
    """Whether the run's model has a [GLOBAL] input for the metadata of a title."""
    return cache.open_run(run_path).model.global_in is not None


def fill_in_with_metadata(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], metadata_of: str | None
) -> cache.Filled:
    """A fill-in given the metadata of the title `metadata_of`, or with None given none."""
    fill = _fill_in_with_metadata(catalog, run_path, title_id, hidden, metadata_of)
    return cache.Filled(fill.table, fill.best_baseline_name, fill.skill, cache.open_run(run_path).sees_rest)


def candidates_with_metadata(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], shot: int, metadata_of: str | None
) -> list[int]:
    """Rows of the title's shots nearest to the prediction of `fill_in_with_metadata` at one hidden shot."""
    fill = _fill_in_with_metadata(catalog, run_path, title_id, hidden, metadata_of)
    table = fill.candidates(PICKS)
    first = int(catalog[title_id].row["first_shot"])
    return [first + int(c) for c in table.loc[table["shot"] == shot, "candidate"]]


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=ON_DISK)
def _fill_in_with_metadata(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], metadata_of: str | None
) -> FillIn:
    other = None if metadata_of is None else catalog[metadata_of]
    run = cache.open_run(run_path)
    return run.fill_in(catalog[title_id], hidden, use_global=metadata_of is not None, metadata_of=other)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=ON_DISK)
def presentation_results(catalog: Catalog) -> BoundedDict[tuple, Any]:
    """What presentations of this catalog computed; `Stage.results` of workbench.present.play."""
    return BoundedDict(MOST_PRESENTED)


def _key(what: str, catalog: Catalog, run_path: Path, *arguments: Any) -> tuple:
    return (what, str(catalog.path), catalog.fingerprint, str(run_path), run_stamp(run_path), *arguments)


def _computed_once(key: tuple, compute: Callable[[Progress], T], on_share: OnShare) -> T:
    known = _results()
    if key in known:
        return known[key]
    known[key] = result = compute(lambda done, total: on_share(done / total))
    return result


@st.cache_resource(show_spinner=False)
def _results() -> BoundedDict[tuple, Any]:
    return BoundedDict(MOST_RESULTS)
