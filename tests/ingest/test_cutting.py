"""A film is cut by a detector, into segments, or as a list says; chapters are its scenes where nobody names any."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest, plan
from msm.ingest.decoding import Film
from msm.ingest.detector import Frame
from msm.ingest.shot_detection import cut_shots
from tests.ingest.conftest import PLACES, Look, Scene, write_film


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Path:
    """Six shots of a second, 12 frames a second, without sound."""
    folder = tmp_path_factory.mktemp("cutting")
    return write_film(folder / "film.mp4", [Scene(place) for place in PLACES], Look(sound=False))


def cut(video: Path, folder: Path, **choices):
    """The one title of a new catalog."""
    report = ingest([video], folder / "catalog", IngestOptions(media=False, **choices))
    assert report.failed == {}
    return next(iter(Catalog.open(folder / "catalog")))


def times_of(title) -> list[tuple[float, float]]:
    return [(round(s, 3), round(e, 3)) for s, e in title.shots[["start_s", "end_s"]].to_numpy()]


def listed(folder: Path, times: Sequence[tuple[float, float]], **labels: Sequence[object]) -> Path:
    rows = [",".join(["start_s", "end_s", *labels])]
    rows += [",".join(map(str, [*pair, *(column[i] for column in labels.values())])) for i, pair in enumerate(times)]
    path = folder / "shots.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_shots_of_a_list_are_the_shots_of_the_title(short, tmp_path):
    path = listed(tmp_path, [(0, 0.5), (0.5, 2.25), (2.25, 6)], tone=["calm", "tense", "calm"], scene=[0, 1, 1])
    title = cut(short, tmp_path, shots=path)
    assert times_of(title) == [(0, 0.5), (0.5, 2.25), (2.25, 6)]
    assert list(title.shots["tone"]) == ["calm", "tense", "calm"] and list(title.shots["scene"]) == [0, 1, 1]
    assert title.catalog.provenance["ingest"]["detector"] == "lists of shots"
    assert len(list((title.catalog.path / "media" / "thumbnails" / "film").iterdir())) == 3
    title.catalog.validate()


def test_a_gap_of_a_list_stays_a_gap_and_a_shot_may_be_a_frame(short, tmp_path):
    frame = 1 / 12
    path = listed(tmp_path, [(1, 2), (2, 2 + frame), (4, 5)])
    assert times_of(cut(short, tmp_path, shots=path)) == [(1, 2), (2, round(2 + frame, 3)), (4, 5)]


def test_times_between_frames_go_to_the_nearest_frame(short, tmp_path):
    shifts = np.random.default_rng(0).uniform(-0.49, 0.49, 6) / 12
    edges = [0, *(n + s for n, s in zip(range(1, 6), shifts, strict=False)), 6]
    found = times_of(cut(short, tmp_path, shots=listed(tmp_path, list(pairwise(edges)))))
    assert found == [(float(n), float(n + 1)) for n in range(6)]


def test_a_bad_list_costs_its_film_and_is_found_by_a_dry_run(short, tmp_path):
    path = listed(tmp_path, [(100, 200)])
    report = ingest([short], tmp_path / "catalog", IngestOptions(media=False, shots=path))
    assert "none of its 1 shots lies within the film" in report.failed[short]
    assert plan([short], tmp_path / "catalog", IngestOptions(shots=path)).refused == list(report.failed.values())


def test_a_manifest_gives_each_film_its_list(short, tmp_path):
    listed(tmp_path, [(0, 3), (3, 6)])
    (tmp_path / "m.csv").write_text(f"path,title_id,shots\n{short},a,shots.csv\n", encoding="utf-8")
    ingest([], tmp_path / "catalog", IngestOptions(media=False, manifest=tmp_path / "m.csv"))
    assert times_of(Catalog.open(tmp_path / "catalog")["a"]) == [(0, 3), (3, 6)]


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (2.5, [(0, 2.5), (2.5, 5), (5, 6)]),
        (5, [(0, 5), (5, 6)]),
        (1.95, [(0, 1.917), (1.917, 3.917), (3.917, 6)]),  # an end of 0.15 s joins the segment before
        (60, [(0, 6)]),
    ],
)
def test_segments_have_one_length_whatever_is_in_the_picture(short, tmp_path, length, expected):
    title = cut(short, tmp_path, segments=length)
    assert times_of(title) == expected
    assert title.catalog.provenance["ingest"]["detector"] == f"segments of {length:g} s"


@pytest.mark.parametrize("shortest", [0.25, 0.9, 1.5, 2.5, 4, 7])
def test_no_shot_is_shorter_than_was_asked_for_not_even_the_last(short, tmp_path, shortest):
    found = times_of(cut(short, tmp_path, min_shot=shortest))
    lengths = [end - start for start, end in found]
    assert found[0][0] == 0 and found[-1][1] == 6 and all(a[1] == b[0] for a, b in pairwise(found))
    assert min(lengths) >= min(shortest, 6) - 0.01
    assert set(times_of(cut(short, tmp_path / "all"))) <= {(n, n + 1) for n in range(6)}
    assert len(found) >= 6 // max(1, 2 * shortest)


def test_a_higher_threshold_finds_fewer_shots(short, tmp_path):
    counts = [len(times_of(cut(short, tmp_path / str(t), threshold=t))) for t in (1.5, 3.0, 900)]
    assert counts == sorted(counts, reverse=True) and counts[1] == 6 and counts[2] == 1
    default = cut(short, tmp_path / "default")
    np.testing.assert_array_equal(default.embeddings, cut(short, tmp_path / "same", threshold=3.0).embeddings)


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"segments": 0.1}, "--segments is 0.1, but must be 0.25 to 86400 seconds"),
        ({"segments": float("nan")}, "--segments is nan"),
        ({"min_shot": -1}, "--min-shot is -1"),
        ({"threshold": 0}, "--threshold is 0"),
        ({"segments": 5, "threshold": 2}, "--segments and --threshold do not go together"),
        ({"segments": 5, "min_shot": 2}, "--segments and --min-shot do not go together"),
        ({"segments": 5, "shots": Path("x")}, "--shots and --segments do not go together"),
        ({"threshold": 5, "shots": Path("x")}, "--shots and --threshold do not go together"),
    ],
)
def test_choices_that_contradict_each_other_are_refused(choices, sentence):
    with pytest.raises(InputError, match=sentence):
        IngestOptions(**choices)


def test_a_title_that_waits_is_made_again_for_other_shots(short, tmp_path):
    from msm.ingest.cutting import SHOTS, Cutting
    from msm.ingest.encode_title import TitleJob, encode_title
    from msm.ingest.metadata import facts_of
    from msm.ingest.shot_lists import GivenShot

    job = dict(video=short, facts=facts_of(short), subtitles=None, encoders="descriptors", media=False)
    staged = encode_title(TitleJob(**job, folder=tmp_path / "t", cutting=Cutting(segments_s=3)))
    assert staged.fits(TitleJob(**job, folder=tmp_path / "t", cutting=Cutting(segments_s=3)))
    for other in (
        {"cutting": Cutting(segments_s=2)},
        {"cutting": SHOTS},
        {"given": (GivenShot(0, 3), GivenShot(3, 6))},
    ):
        assert not staged.fits(TitleJob(**job, folder=tmp_path / "t", **other))


@pytest.fixture(scope="module")
def with_chapters(short, tmp_path_factory):
    """`with_chapters(".mkv")`: the film with three chapters; one has no title, which MP4 cannot have."""
    folder = tmp_path_factory.mktemp("chapters")

    def make(suffix: str) -> Path:
        facts = folder / "facts.txt"
        spans = [
            (0, 1900, "title=One"),
            (1900, 4100, "title=Two" if suffix == ".mp4" else ""),
            (4100, 6000, "title=Three"),
        ]
        chapters = [f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={a}\nEND={b}\n{t}" for a, b, t in spans]
        facts.write_text("\n".join([";FFMETADATA1", *chapters]), encoding="utf-8")
        path = folder / f"film{suffix}"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(short), "-i", str(facts)]
        command += ["-map_metadata", "1", "-map_chapters", "1", "-c", "copy", str(path)]
        subprocess.run(command, check=True)
        return path

    return make


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_chapters_become_scenes(with_chapters, tmp_path, suffix):
    shots = cut(with_chapters(suffix), tmp_path).shots
    assert list(shots["scene"]) == [0, 0, 1, 1, 2, 2]
    second = "Two" if suffix == ".mp4" else "none"
    assert list(shots["chapter"].fillna("none")) == ["One", "One", second, second, "Three", "Three"]


def test_scenes_that_somebody_names_come_before_chapters(with_chapters, tmp_path):
    film = with_chapters(".mkv")
    sidecar = film.with_suffix(".json")
    sidecar.write_text('{"shots": [{"start_s": 0, "end_s": 6, "scene": 7}]}', encoding="utf-8")
    try:
        assert list(cut(film, tmp_path).shots["scene"]) == [7] * 6
        path = listed(tmp_path, [(0, 3), (3, 6)], scene=[1, 2])
        assert list(cut(film, tmp_path / "listed", shots=path).shots["scene"]) == [1, 2]
    finally:
        sidecar.unlink()


def test_a_film_without_chapters_has_no_scenes(short, tmp_path):
    assert "scene" not in cut(short, tmp_path).shots


class Late:
    """Cuts at given frames, known `delay` frames later."""

    def __init__(self, cuts: set[int], delay: int):
        self.cuts, self.delay = cuts, delay

    def push(self, frame: Frame) -> int | None:
        return frame.number - self.delay if frame.number - self.delay in self.cuts else None

    def finish(self, num_frames: int) -> set[int]:
        return {c for c in self.cuts if c >= num_frames - self.delay}


def test_a_shot_has_the_same_pictures_however_late_its_cut_is_known(tmp_path):
    """A short shot after a long one, whose pictures lie far apart, has full-size pictures of its own."""
    film = write_film(tmp_path / "film.mp4", [Scene(0, seconds=9.0), Scene(1, seconds=1.0), Scene(2, seconds=2.0)])
    found = []
    for delay in (0, 2, 32, 100):
        with Film(film) as opened:
            cuts = {round(9 * opened.rate), round(10 * opened.rate)}
            found.append(list(cut_shots(opened, opened.pictures(), Late(cuts, delay))))
    for shots in found[1:]:
        assert [s.start_s for s in shots] == [s.start_s for s in found[0]]
        for shot, first in zip(shots, found[0], strict=True):
            np.testing.assert_array_equal(shot.pictures, first.pictures)
    assert [len(s.pictures) for s in found[0]][1:] == [4, 8]
