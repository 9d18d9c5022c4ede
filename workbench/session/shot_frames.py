"""Shots of a catalog as frames with a picture, a caption and the spoken text."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import streamlit as st

from msm import Catalog
from workbench.session import cache, notes
from workbench.session.cache import Stamp
from workbench.views.formatting import clock
from workbench.views.frames import Frame, data_uri


def frame(catalog: Catalog, row: int, *, of: str = "", noted: bool = True, **how: Any) -> Frame:
    """The frame of the shot in a row of the catalog.

    of    the caption of this title's shots is their time alone; other shots have the name of their title before it
    noted whether what people noted about it is shown
    how   passed on to Frame
    """
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
        "note": notes.of_shots(catalog, title.title_id).get(shot, "") if noted else "",
    }
    return Frame(picture=picture, colour=colour, **{**words, **how})


def picture_address(catalog: Catalog, title_id: str, shot: int) -> str | None:
    """The address of a shot's picture on this server; None where it has none."""
    file = catalog[title_id].thumbnail(shot)
    address = cache.thumbnails_address(catalog[title_id]) if file.is_file() else None
    return None if address is None else f"{address}{quote(str(shot))}.webp"


def picture_data_uri(catalog: Catalog, title_id: str, shot: int) -> str | None:
    """A shot's picture as a data URI; None where it has none."""
    file = catalog[title_id].thumbnail(shot)
    return _data_uri(file, cache.stamp(file)) if file.is_file() else None


@st.cache_data(max_entries=256, show_spinner=False)
def _data_uri(file: Path, changed: Stamp) -> str:
    return data_uri(file)


def start_times(catalog: Catalog, title_id: str) -> np.ndarray:
    """(N,) seconds at which a title's shots begin, NaN where that is not known."""
    return cache.shots(catalog, title_id)["start_s"].to_numpy(dtype=float)
