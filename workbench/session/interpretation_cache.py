"""What the panels of the masking lab keep between reruns, each with a bound; see `cache` for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pandas as pd
import streamlit as st

from msm import Catalog
from workbench.session import cache
from workbench.session.cache import ON_DISK, Stamp, run_stamp
from workbench.views.formatting import clock
from workbench.views.frames import Frame, data_uri


class Expectation(NamedTuple):
    """What model and best baseline expected at one hidden shot, as rows of the catalog."""

    model: pd.DataFrame  # of msm.inference.candidates.nearest_shots
    baseline: pd.DataFrame
    model_rank: int
    baseline_rank: int
    among: int
    whole: bool  # False where the catalog is so large that only a sample of it was looked at


@st.cache_resource(max_entries=2, show_spinner="Reading the catalog’s shots …", hash_funcs=ON_DISK)
def pool(catalog: Catalog, run_path: Path) -> Any:
    """Every shot of the catalog in the space of a run, `msm.inference.candidates.Pool`."""
    from msm.inference.candidates import catalog_pool

    return catalog_pool(catalog, cache.open_run(run_path).space)


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
    """The real shots nearest to what was expected at a hidden shot: of the title, or with `everywhere` of the catalog."""
    from msm.inference.candidates import nearest_shots, title_pool, with_title

    first = int(catalog[title_id].row["first_shot"])
    fill = cache.whole_fill_in(catalog, run_path, title_id, hidden, modality)
    choice = title_pool(fill.shots, first, fill.space, catalog.num_shots)
    if everywhere:
        choice = with_title(pool(catalog, run_path), choice)
    place = fill.hidden.tolist().index(shot)
    guesses = (fill.predicted[place], fill.baseline(fill.best_baseline_name)[place])
    (model, model_rank), (copy, copy_rank) = (
        nearest_shots(g, choice, fill.space, PICKS, first + shot, fill.columns[place]) for g in guesses
    )
    return Expectation(model, copy, model_rank, copy_rank, len(choice.rows), choice.whole or not everywhere)


class Surprised(NamedTuple):
    """A surprise curve, reduced to what a page shows."""

    table: pd.DataFrame  # Surprise.table
    passes: int
    exact: bool
    seconds: float


OnShare = Callable[[float], object]  # hears the share that is done, and may stop the work by raising
MOST_WORKED_OUT = 160


def surprised(catalog: Catalog, run_path: Path, title_id: str, *, exact: bool, on_share: OnShare) -> Surprised:
    """Every shot hidden in turn: alone with `exact`, else several together."""

    def work(progress: Callable[[int, int], object]) -> Surprised:
        from msm.interpret.surprise import surprise

        started = time.perf_counter()
        found = surprise(cache.open_run(run_path), catalog[title_id], exact=exact, progress=progress)
        return Surprised(found.table, found.passes, found.exact, time.perf_counter() - started)

    return _worked_out(_surprise_key(catalog, run_path, title_id, exact), work, on_share)


def known_surprise(catalog: Catalog, run_path: Path, title_id: str) -> Surprised | None:
    """The exact form, if somebody has asked for it already."""
    return _all_worked_out().get(_surprise_key(catalog, run_path, title_id, exact=True))


def _surprise_key(catalog: Catalog, run_path: Path, title_id: str, exact: bool) -> tuple:
    return ("surprise", str(catalog.path), catalog.fingerprint, str(run_path), run_stamp(run_path), title_id, exact)


def influence(
    catalog: Catalog,
    run_path: Path,
    title_id: str,
    hidden: tuple[int, ...],
    shot: int,
    method: str,
    on_share: OnShare,
) -> pd.DataFrame:
    """What each visible shot did for the prediction of a hidden one, as `msm.interpret.influence.influence` tells it."""

    def work(progress: Callable[[int, int], object]) -> pd.DataFrame:
        from msm.interpret.influence import influence

        run = cache.open_run(run_path)
        return influence(run, catalog[title_id], hidden, shot, method=method, progress=progress)

    return _worked_out(_influence_key(catalog, run_path, title_id, hidden, shot, method), work, on_share)


def _influence_key(catalog: Catalog, run_path: Path, *asked: Any) -> tuple:
    return ("influence", str(catalog.path), catalog.fingerprint, str(run_path), run_stamp(run_path), *asked)


def agreement_with_influence(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], shot: int, table: pd.DataFrame
) -> float | None:
    """Spearman's correlation of attention (`Attention.table`) and leave one out; None where nobody asked for that yet."""
    from msm.interpret.surprise import agreement

    known = _all_worked_out().get(_influence_key(catalog, run_path, title_id, hidden, shot, "leave_one_out"))
    return None if known is None else agreement(known["influence"].to_numpy(), table["attention"].to_numpy())


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=ON_DISK)
def attention(catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], shot: int) -> Any:
    """Where the run looks from a hidden shot, an `msm.interpret.attention.Attention`."""
    from msm.interpret.attention import attention as looked

    return looked(cache.open_run(run_path), catalog[title_id], hidden, shot)


def starts(catalog: Catalog, title_id: str) -> np.ndarray:
    """(N,) seconds at which a title's shots begin, NaN where that is not known."""
    return cache.shots(catalog, title_id)["start_s"].to_numpy(dtype=float)


def _worked_out(key: tuple, work: Callable[[Callable[[int, int], object]], Any], on_share: OnShare) -> Any:
    """The answer of an earlier time, or the work done now."""
    kept = _all_worked_out()
    if key not in kept:
        kept[key] = work(lambda done, total: on_share(done / total))
        while len(kept) > MOST_WORKED_OUT:
            kept.pop(next(iter(kept)), None)
    return kept[key]


# A dictionary of our own: a cached function may not report its progress to a page.
@st.cache_resource(show_spinner=False)
def _all_worked_out() -> dict[tuple, Any]:
    return {}


@st.cache_resource(max_entries=64, show_spinner="Showing the model less and less of the film …", hash_funcs=ON_DISK)
def context_curve(catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...]) -> pd.DataFrame:
    """Of `msm.interpret.what_if.context_curve`."""
    from msm.interpret.what_if import context_curve as curve

    return curve(cache.open_run(run_path), catalog[title_id], hidden)


def reads_metadata(run_path: Path) -> bool:
    """Whether a run looks at what a catalog tells of a title as a whole."""
    return cache.open_run(run_path).model.global_in is not None


def fill_in_told(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], told: str | None
) -> cache.Filled:
    """A fill-in with the metadata of the title `told`, or None for none."""
    fill = _told(catalog, run_path, title_id, hidden, told)
    return cache.Filled(fill.table, fill.best_baseline_name, fill.skill, cache.open_run(run_path).sees_rest)


def picks(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], shot: int, told: str | None
) -> list[int]:
    """Rows of the title's shots nearest to what `fill_in_told` expected at one hidden shot."""
    fill = _told(catalog, run_path, title_id, hidden, told)
    table = fill.candidates(PICKS)
    first = int(catalog[title_id].row["first_shot"])
    return [first + int(c) for c in table.loc[table["shot"] == shot, "candidate"]]


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=ON_DISK)
def _told(catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], told: str | None) -> Any:
    other = None if told is None else catalog[told]
    run = cache.open_run(run_path)
    return run.fill_in(catalog[title_id], hidden, use_global=told is not None, metadata_of=other)


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=ON_DISK)
def telling_shot(catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], modality: str | None) -> int:
    """The hidden shot that a panel shows while nobody looks at any."""
    from msm.inference.candidates import most_telling

    return most_telling(cache.whole_fill_in(catalog, run_path, title_id, hidden, modality))


class Answers(dict):
    """What presentations asked of runs lately; the oldest answer goes first."""

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        while len(self) > MOST_ANSWERS:
            self.pop(next(iter(self)), None)


MOST_ANSWERS = 24


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=ON_DISK)
def answers(catalog: Catalog) -> Answers:
    """Of one catalog; presenting.Stage keeps what steps share in it."""
    return Answers()


PICKS = 4  # of a guess that are shown


def frame(catalog: Catalog, row: int, *, of: str = "", **how: Any) -> Frame:
    """A shot of the catalog, ready to be drawn; `how` goes to Frame. Shots of the title `of` are named by time alone."""
    titles = catalog.titles
    index = int(titles["first_shot"].searchsorted(row, side="right")) - 1
    title = catalog[str(titles["title_id"].iloc[index])]
    shot = row - int(titles["first_shot"].iloc[index])
    shots = cache.shots(catalog, title.title_id)
    start = clock(float(shots["start_s"].iloc[shot])) or f"shot {shot}"
    text = shots["text"].iloc[shot] if "text" in shots else ""
    picture = picture_address(catalog, title.title_id, shot)
    colour = "" if picture else cache.strip(catalog, title.title_id)["colors"][shot]
    words = {
        "caption": start if title.title_id == of else f"{title.name} · {start}",
        "text": text if isinstance(text, str) else "",
    }
    return Frame(picture=picture, colour=colour, **{**words, **how})


def picture_address(catalog: Catalog, title_id: str, shot: int) -> str | None:
    """Where the server gives a shot's picture; None where it has none."""
    file = catalog[title_id].thumbnail(shot)
    address = cache.thumbnails_address(catalog[title_id]) if file.is_file() else None
    return None if address is None else f"{address}{quote(str(shot))}.webp"


def picture_itself(catalog: Catalog, title_id: str, shot: int) -> str | None:
    """A shot's picture as a data URI; None where it has none."""
    file = catalog[title_id].thumbnail(shot)
    return _data_uri(file, cache.stamp(file)) if file.is_file() else None


@st.cache_data(max_entries=256, show_spinner=False)
def _data_uri(file: Path, changed: Stamp) -> str:
    return data_uri(file)
