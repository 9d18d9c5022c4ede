"""Real films (see conftest.real_data): shots where people saw them, words in the shots they were spoken in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from msm import Catalog
from msm.ingest import IngestOptions, ingest

pytestmark = pytest.mark.slow


def f1(found: np.ndarray, annotated: np.ndarray, tolerance: float) -> float:
    """Of cuts, each annotated one met by at most one that was found."""
    left, met = list(annotated), 0
    for cut in found:
        near = [a for a in left if abs(a - cut) <= tolerance]
        if near:
            left.remove(min(near, key=lambda a: abs(a - cut)))
            met += 1
    return 2 * met / (len(found) + len(annotated))


def test_shots_of_a_whole_film_are_those_that_people_marked(real_data, tmp_path):
    ingest([real_data / "videos" / "big_buck_bunny_full_640x360.mp4"], tmp_path / "catalog")
    (title,) = Catalog.open(tmp_path / "catalog")
    marked = pd.read_csv(real_data / "videos" / "big_buck_bunny_shots.csv")
    found = title.shots["start_s"].to_numpy()[1:] * 24
    assert f1(found, marked["start_frame"].to_numpy()[1:], tolerance=4.01) >= 0.94
    title.catalog.validate()


def test_words_reach_the_shots_that_they_were_spoken_in(real_data, tmp_path):
    """Four lines at moments at which they can be heard."""
    videos = real_data / "videos"
    options = IngestOptions(subtitles=videos / "elephants_dream_72s.en.vtt")
    ingest([videos / "elephants_dream_72s_640x360.mp4"], tmp_path / "catalog", options)
    (title,) = Catalog.open(tmp_path / "catalog")
    shots = title.shots
    for words, moment in [
        ("What do you see at your left", 5.0),
        ("Trust me", 55.0),
        ("It isn't safe", 51.0),
        ("NO!", 63),
    ]:
        (spoken,) = shots.index[shots["text"].str.contains(words, regex=False)]
        assert shots["start_s"][spoken] <= moment <= shots["end_s"][spoken], words
    assert list(title.present[:, 2]) == [bool(text) for text in shots["text"]]


def test_a_film_that_says_it_is_turned_is_shown_turned(real_data, tmp_path):
    ingest([real_data / "videos" / "psd_goldeneye_rotated_10s.mp4"], tmp_path / "catalog")
    thumbnail = next((tmp_path / "catalog" / "media" / "thumbnails").rglob("0.webp"))
    assert Image.open(thumbnail).height > 2 * Image.open(thumbnail).width


def test_real_films_without_sound_go_through(real_data, tmp_path):
    names = ("psd_fades_10s_noaudio.mp4", "psd_testvideo_24s_noaudio.mp4")
    report = ingest([real_data / "videos" / name for name in names], tmp_path / "catalog")
    assert report.failed == {} and len(report.added) == 2
    Catalog.open(tmp_path / "catalog").validate()
