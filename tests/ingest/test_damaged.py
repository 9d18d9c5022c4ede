"""Damaged files: what decodes goes in, what does not is counted, and no film costs another one."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest
from msm.ingest.decoding import MIN_DECODED, Film
from msm.ingest.encode_title import TitleJob, encode_title
from msm.ingest.metadata import TitleFacts
from msm.ingest.planning import Wanted, plan_films
from msm.ingest.workers import encode_titles
from tests.ingest.conftest import Look, Scene, write_film
from tests.ingest.made_films import KINDS, bounds, ffmpeg, frames_of_ffmpeg, make_source

SCENES_OF_CASES = [0, 2, 5, 7.48, 9]  # seconds; two of them start where bytes are damaged
SAMPLE = ("mp4", "mkv", "webm of vp9", "ts of mpeg2", "ts", "avi", "flv", "ogv")


def read(video: Path) -> Film:
    """The film, read to its end."""
    with Film(video) as film:
        for _ in film.pictures():
            pass
    return film


@pytest.mark.parametrize(
    ("case", "frames"),
    [
        ("corrupt_mp4_eperm/corrupt_mid.mp4", 299),
        ("corrupt_ts_traceback/corrupt_mid.ts", 293),
        ("corrupt_webm_kills_batch/corrupt_mid.webm", 239),
    ],
)
def test_a_few_damaged_bytes_cost_a_few_frames(cases, case, frames):
    film = read(cases / case)
    assert film.frames == pytest.approx(frames_of_ffmpeg(cases / case), abs=2) and film.frames == frames
    assert "could not be decoded" in " ".join(film.warnings)
    assert film.losses.concealed > 0 or film.losses.frames > 1, "no frame is lost or damaged without a word"
    found = bounds(cases / case)
    assert found[-1] == pytest.approx(12, abs=0.15)
    assert all(np.abs(found - start).min() < 0.15 for start in (0, 2, 7.48, 9))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("cut_off_false/lastlong8.mp4", [0, 2, 5, 7.48, 9, 17]),
        ("long_last_frame/lastlong3_audio.mp4", [*SCENES_OF_CASES, 12]),
        ("cut_off_false/longsub.mkv", [*SCENES_OF_CASES, 12]),
        ("cut_off_false/slide02.mp4", [0, 5, 10, 15, 20, 25]),
        ("long_last_frame/still_audio.mp4", [0, 12]),
        ("ts_splice_media/reschange.ts", [*SCENES_OF_CASES, 12]),
        ("ts_splice_media/audiochange.ts", [*SCENES_OF_CASES, 12]),
        ("raw_h264_no_media/raw25.h264", [*SCENES_OF_CASES, 12]),
        ("mkv_h264_bframes/plain.mkv", [*SCENES_OF_CASES, 12]),
    ],
)
def test_files_that_were_misread_have_their_shots(cases, case, expected):
    np.testing.assert_allclose(bounds(cases / case), expected, atol=0.1)
    assert read(cases / case).warnings == []


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_batch_with_damaged_films_ends_with_all_of_them(cases, tmp_path, workers):
    damaged = [
        cases / f"corrupt_{name}" for name in ("ts_traceback/corrupt_mid.ts", "webm_kills_batch/corrupt_mid.webm")
    ]
    good = write_film(tmp_path / "good.mp4", [Scene(0, 0.5), Scene(1, 0.5)], Look(sound=False))
    options = IngestOptions(media=False, workers=workers)
    report = ingest([damaged[0], good, damaged[1]], tmp_path / "catalog", options)
    assert report.failed == {} and len(report.added) == 3
    webm = report.films[2]
    assert (webm.frames, webm.frames_skipped) == (239, 8) and "8 of 247 frames" in webm.warnings[0]
    Catalog.open(tmp_path / "catalog").validate()


def test_a_strict_reader_refuses_at_the_first_error(cases):
    video = cases / "corrupt_mp4_eperm" / "corrupt_mid.mp4"
    with Film(video, strict=True) as film, pytest.raises(InputError, match=r"corrupt_mid.mp4 is damaged: "):
        list(film.pictures())
    assert 0 < film.frames < 299


def spoiled(video: Path, path: Path, share: float) -> Path:
    """A copy whose picture data is noise in the last part; index and stream headers are as they were."""
    raw = bytearray(video.read_bytes())
    begin = raw.index(b"mdat") + 4 + round(share * (len(raw) - raw.index(b"mdat")))
    raw[begin:] = np.random.default_rng(0).integers(0, 256, len(raw) - begin, dtype=np.uint8).tobytes()
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(("share", "kept"), [(0.5, True), (0.002, False)])
def test_a_film_is_refused_where_hardly_a_frame_decodes(tmp_path, share, kept):
    whole = tmp_path / "whole.mp4"
    ffmpeg(
        "-i", make_source(tmp_path / "source.mkv"), "-an", "-c:v", "mpeg4", "-g", "1", "-movflags", "faststart", whole
    )
    video = spoiled(whole, tmp_path / "bad.mp4", share)
    if kept:
        film = read(video)
        assert film.frames >= MIN_DECODED * 54
    else:
        with pytest.raises(InputError, match=r"bad.mp4 (is damaged: only|holds no picture)"):
            read(video)


def job(video: Path, folder: Path) -> TitleJob:
    facts = TitleFacts(title_id=video.stem, name=video.stem)
    return TitleJob(
        video=video, facts=facts, subtitles=None, encoders="descriptors", media=False, folder=folder / video.stem
    )


class Killed(TitleJob):
    """A film at which the process that reads it dies."""

    @property
    def made_from(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Astonishing(TitleJob):
    """A film at which something happens that nobody foresaw."""

    @property
    def made_from(self):
        raise ZeroDivisionError("division by zero")


@pytest.mark.fault
def test_a_killed_process_costs_the_film_that_killed_it_and_no_other(tmp_path, put):
    films = [put(i, f"film-{i}.mp4") for i in range(4)]
    jobs = [job(film, tmp_path / "staged") for film in films]
    jobs[1] = Killed(**vars(jobs[1]))
    outcomes = {j.facts.title_id: outcome for j, outcome in encode_titles(jobs, 2, lambda title, seconds: None)}
    assert sorted(outcomes) == [f"film-{i}" for i in range(4)]
    failed = {title: str(outcome) for title, outcome in outcomes.items() if isinstance(outcome, InputError)}
    assert list(failed) == ["film-1"] and failed["film-1"].startswith(
        f"{films[1]}: the process that read it was killed"
    )


def read_here(jobs) -> None:
    list(encode_titles(jobs, 1, lambda title, seconds: None))


@pytest.mark.fault
def test_a_film_that_ended_the_one_process_is_read_in_another_the_next_time(tmp_path, put):
    (tmp_path / "staged").mkdir()
    jobs = [job(put(i, f"film-{i}.mp4"), tmp_path / "staged") for i in range(3)]
    jobs[1] = Killed(**vars(jobs[1]))
    ingest_of_films = multiprocessing.get_context("spawn").Process(target=read_here, args=(jobs,))
    ingest_of_films.start()
    ingest_of_films.join()
    assert ingest_of_films.exitcode == -signal.SIGKILL
    outcomes = {j.facts.title_id: outcome for j, outcome in encode_titles(jobs[1:], 1, lambda title, seconds: None)}
    assert str(outcomes["film-1"]).startswith(f"{jobs[1].video}: the process that read it was killed")
    assert not isinstance(outcomes["film-2"], InputError) and not list((tmp_path / "staged").glob(".reading-*"))


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_whatever_goes_wrong_with_a_film_names_it(tmp_path, put, workers):
    jobs = [job(put(i, f"film-{i}.mp4"), tmp_path / "staged") for i in range(3)]
    jobs[1] = Astonishing(**vars(jobs[1]))
    outcomes = {j.facts.title_id: outcome for j, outcome in encode_titles(jobs, workers, lambda title, seconds: None)}
    assert str(outcomes["film-1"]) == f"{jobs[1].video} cannot be read: ZeroDivisionError: division by zero"
    assert all(not isinstance(outcomes[f"film-{i}"], InputError) for i in (0, 2))


def test_a_title_that_breaks_a_rule_of_the_format_keeps_no_other_out(tmp_path, put):
    """Finished by an ingest that was stopped, and damaged on the disk since."""
    films = [put(i, f"film-{i}.mp4") for i in range(3)]
    waiting = tmp_path / ".catalog.ingest"
    for film in films:
        plan = next(iter(plan_films([Wanted(video=film)], None, replace_titles=False)))
        encode_title(replace(job(film, waiting), source=plan.source))
    vectors = np.load(waiting / "film-1" / "vectors.npy")
    vectors[0, 0] = np.inf
    np.save(waiting / "film-1" / "vectors.npy", vectors)
    (waiting / "film-2" / "title.json").write_text("{")  # that one is made again
    report = ingest(films, tmp_path / "catalog", IngestOptions(media=False))
    assert report.added == ["film-0", "film-2"] and "NaN or infinite" in report.failed[films[1]]
    assert [title.title_id for title in Catalog.open(tmp_path / "catalog")] == ["film-0", "film-2"]
    assert not waiting.exists()


def damage(raw: bytes, seed: int) -> bytes:
    """Bytes flipped, cut out or zeroed at random; the first hundred stay, by which a format is known."""
    rng, damaged = np.random.default_rng(seed), bytearray(raw)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(100, len(damaged) - 50))
        length = int(rng.integers(1, max(2, len(damaged) // 50)))
        kind = rng.integers(3)
        if kind == 0:
            damaged[at : at + length] = rng.integers(0, 256, len(damaged[at : at + length]), dtype=np.uint8).tobytes()
        elif kind == 1:
            del damaged[at : at + length]
        else:
            damaged[at : at + length] = bytes(len(damaged[at : at + length]))
    return bytes(damaged)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("healthy")
    source = make_source(folder / "source.mkv")
    films = {}
    for kind in SAMPLE:
        films[kind] = folder / f"{kind.replace(' ', '-')}.{KINDS[kind].ending}"
        noise = ("-vf", "noise=alls=12:allf=t")  # so that there is more picture than container
        ffmpeg("-i", source, *noise, *KINDS[kind].options, films[kind])
    return films


def is_right(video: Path, expected: int, whole: int) -> bool:
    """As many frames as ffmpeg decodes, or refused where those are few; more, where ffmpeg stops at the demuxer's error."""
    try:
        film = read(video)
    except InputError:
        return expected < 2 * MIN_DECODED * whole
    more = film.frames - expected
    return abs(more) <= max(1, 0.02 * expected) or (more > 0 and film.losses.reads > 0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["mp4", "webm of vp9", "ts"])
def test_as_many_frames_are_kept_as_ffmpeg_decodes(healthy, tmp_path, kind, seed):
    check_kept(healthy[kind], tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SAMPLE)
def test_as_many_frames_are_kept_as_ffmpeg_decodes_whatever_is_damaged(healthy, tmp_path, kind):
    for seed in range(25):
        check_kept(healthy[kind], tmp_path, seed)


def check_kept(whole: Path, folder: Path, seed: int) -> None:
    video = folder / f"damaged-{seed}{whole.suffix}"
    video.write_bytes(damage(whole.read_bytes(), seed))
    expected = frames_of_ffmpeg(video)
    assert is_right(video, expected, 54 if whole.suffix != ".ts" else 112), (whole.name, seed, expected)


@pytest.mark.slow
def test_a_batch_of_damaged_films_never_ends_and_never_loses_a_healthy_one(healthy, tmp_path):
    films = []
    for kind, whole in healthy.items():
        for seed in range(3):
            films.append(tmp_path / f"{seed}-{whole.name}")
            films[-1].write_bytes(damage(whole.read_bytes(), seed))
        films.append(Path(shutil.copyfile(whole, tmp_path / f"healthy-{whole.name}")))
        assert kind
    report = ingest(films, tmp_path / "catalog", IngestOptions(media=False, workers=2))
    assert [row.video for row in report.films] == [str(film) for film in films]
    assert {str(v) for v in report.failed} <= {str(f) for f in films if not f.name.startswith("healthy")}
    Catalog.open(tmp_path / "catalog").validate()


def test_a_film_that_is_read_again_after_an_error_gives_everything_once(cases, tmp_path):
    """Without the threads of the first reading, which must not be repeated: as if there had been none from the start."""
    video = cases / "corrupt_webm_kills_batch" / "corrupt_mid.webm"
    found = []
    for threads in (True, False):
        heard: list[float] = []
        with Film(video) as film:
            film._threads = threads
            times = [p.time_s for p in film.pictures(lambda start_s, samples, heard=heard: heard.append(start_s))]
        found.append((times, heard))
    assert found[0] == found[1] and found[0][0] == sorted(set(found[0][0]))
    assert encode_title(job(video, tmp_path)).report.frames == len(found[0][0])
