"""What the panels of the masking lab keep between reruns, each with a bound; see `cache` for the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd
import streamlit as st

from msm import Catalog
from workbench import cache
from workbench.cache import Stamp, run_stamp
from workbench.views.frames import Frame
from workbench.views.wording import clock


class Expectation(NamedTuple):
    """What model and best baseline expected at one hidden shot, as rows of the catalog."""

    model: pd.DataFrame  # of msm.expected.nearest_shots
    baseline: pd.DataFrame
    model_rank: int
    baseline_rank: int
    among: int
    whole: bool  # False where the catalog is so large that only a sample of it was looked at


def pool(catalog: Catalog, run_path: Path) -> Any:
    """Every shot of the catalog in the space of a run, `msm.expected.Pool`."""
    return _pool(str(catalog.path), catalog.fingerprint, run_path, run_stamp(run_path))


@st.cache_resource(max_entries=2, show_spinner="Reading the catalog’s shots …")
def _pool(path: str, fingerprint: str, run_path: Path, _changed: Stamp) -> Any:
    from msm.expected import catalog_pool

    return catalog_pool(cache.open_catalog(Path(path)), cache.open_run(run_path).space)


def expectation(
    catalog: Catalog, run_path: Path, title_id: str, hidden: tuple[int, ...], shot: int, *, everywhere: bool
) -> Expectation:
    """The real shots nearest to what was expected at a hidden shot: of the title, or with `everywhere` of the catalog."""
    changed = run_stamp(run_path)
    return _expectation(str(catalog.path), catalog.fingerprint, run_path, changed, title_id, hidden, shot, everywhere)


@st.cache_resource(max_entries=256, show_spinner=False)
def _expectation(
    path: str,
    fingerprint: str,
    run_path: Path,
    _changed: Stamp,
    title_id: str,
    hidden: tuple[int, ...],
    shot: int,
    everywhere: bool,
) -> Expectation:
    from msm.expected import nearest_shots, title_pool, with_title

    catalog = cache.open_catalog(Path(path))
    first = int(catalog[title_id].row["first_shot"])
    fill = cache.whole_fill_in(catalog, run_path, title_id, hidden)
    choice = title_pool(fill.shots, first, fill.space, catalog.num_shots)
    if everywhere:
        choice = with_title(pool(catalog, run_path), choice)
    place = hidden.index(shot)
    guesses = (fill.predicted[place], fill.baseline(fill.best_baseline_name)[place])
    (model, model_rank), (copy, copy_rank) = (
        nearest_shots(g, choice, fill.space, PICKS, first + shot) for g in guesses
    )
    return Expectation(model, copy, model_rank, copy_rank, len(choice.rows), choice.whole or not everywhere)


PICKS = 4  # of a guess that are shown


def frame(catalog: Catalog, row: int, **how: Any) -> Frame:
    """A shot of the catalog, ready to be drawn; `how` goes to Frame."""
    titles = catalog.titles
    index = int(titles["first_shot"].searchsorted(row, side="right")) - 1
    title = catalog[str(titles["title_id"].iloc[index])]
    shot = row - int(titles["first_shot"].iloc[index])
    shots = cache.shots(str(catalog.path), catalog.fingerprint, title.title_id)
    start = clock(float(shots["start_s"].iloc[shot])) or f"shot {shot}"
    text = shots["text"].iloc[shot] if "text" in shots else ""
    picture = picture_address(catalog, title.title_id, shot)
    colour = "" if picture else cache.strip(catalog, title.title_id)["colors"][shot]
    words = {"caption": f"{title.name} · {start}", "text": text if isinstance(text, str) else ""}
    return Frame(picture=picture, colour=colour, **{**words, **how})


def picture_address(catalog: Catalog, title_id: str, shot: int) -> str | None:
    """Where the server gives a shot's picture; None where it has none."""
    file = catalog.path / "media" / "thumbnails" / title_id / f"{shot}.webp"
    address = cache.thumbnails_address(catalog[title_id]) if file.is_file() else None
    return None if address is None else f"{address}{quote(str(shot))}.webp"
