"""Shots lie where the picture changes, whatever the container, the codec and the clock of the file."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from msm.ingest.decoding import SOUND_HZ, Film
from tests.ingest.made_films import CUTS, H264, KINDS, SECONDS, bounds, ffmpeg, make_source

WHOLE = np.array([0.0, *CUTS, SECONDS])
NEAR_S = 0.1  # a frame lasts 0.083 s
QUICK = ("mp4", "mkv", "webm", "ts", "avi of h264", "flv", "vob", "ogv")
ALL = [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in KINDS]
UNEVEN = "select='not(between(n,3,8)+between(n,20,27))'"  # leaves out frames, and what they show stands longer


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("times")


@pytest.fixture(scope="module")
def source(folder) -> Path:
    return make_source(folder / "source.mkv")


def made(source: Path, name: str, kind: str, *options: object, before: tuple[object, ...] = ()) -> Path:
    path = source.with_name(f"{name}.{KINDS[kind].ending}")
    ffmpeg(*before, "-i", source, *KINDS[kind].options, *options, path)
    return path


@pytest.mark.parametrize("kind", ALL)
def test_shots_begin_where_the_picture_changes(source, kind):
    film = made(source, "plain", kind)
    np.testing.assert_allclose(bounds(film), WHOLE, atol=NEAR_S)
    assert warnings_of(film) == []


@pytest.mark.parametrize("kind", [p for p in ALL if KINDS[p.values[0]].shifts])
def test_a_clock_may_begin_anywhere_and_sound_later_than_the_picture(source, kind):
    later = ("-itsoffset", "0.7", "-i", source, "-map", "1:v", "-map", "0:a", "-output_ts_offset", "100")
    film = made(source, "late", kind, *later[4:], before=later[:4])
    heard: list[float] = []
    # the sound of input 0 is that which -itsoffset delays
    with Film(film) as opened:
        list(opened.pictures(lambda start_s, samples: heard.extend([start_s, start_s + len(samples) / SOUND_HZ])))
    np.testing.assert_allclose(bounds(film), WHOLE, atol=NEAR_S)
    assert heard[0] == pytest.approx(0.7, abs=0.06) and max(heard) == pytest.approx(SECONDS + 0.7, abs=0.1)


@pytest.mark.parametrize("kind", [p for p in ALL if KINDS[p.values[0]].varies])
def test_times_come_from_the_stamps_where_frames_are_missing(source, kind):
    film = made(source, "uneven", kind, "-vf", UNEVEN, "-fps_mode", "vfr")
    np.testing.assert_allclose(bounds(film), WHOLE, atol=NEAR_S)


@pytest.mark.parametrize("kind", ["ts", "mpg", pytest.param("ts of mpeg2", marks=pytest.mark.slow)])
def test_parts_of_a_spliced_stream_are_laid_end_to_end(source, folder, kind):
    """Their clocks begin anew, jump ahead and run backwards."""
    parts = [made(source, f"part-{i}", kind, "-output_ts_offset", start) for i, start in enumerate((50, 0, 9000))]
    spliced = folder / f"spliced.{KINDS[kind].ending}"
    spliced.write_bytes(b"".join(part.read_bytes() for part in parts))
    expected = np.concatenate([WHOLE[:-1], WHOLE[:-1] + SECONDS, WHOLE + 2 * SECONDS])
    np.testing.assert_allclose(bounds(spliced), expected, atol=NEAR_S)


@pytest.mark.parametrize("kind", ["ts", "vob"])
@pytest.mark.parametrize("begin_s", [95441.7, 95443.5])
def test_a_clock_of_33_bits_may_wrap(source, kind, begin_s):
    film = made(source, "wrap", kind, "-output_ts_offset", begin_s)
    np.testing.assert_allclose(bounds(film), WHOLE, atol=NEAR_S)


@pytest.mark.parametrize("kind", ["mkv", "mp4", "ts"])
def test_a_gap_stays_a_gap_and_only_a_discontinuity_closes(source, kind):
    """Of twenty seconds; MPEG-TS cannot tell it from a jump of its clock, as in ffmpeg."""
    film = made(source, "gap", kind, "-vf", "setpts='PTS+20/TB*gte(T,2.5)'", "-an", "-fps_mode", "vfr", "-bf", "0")
    expected = WHOLE + np.where(WHOLE >= 2.5, 0 if kind == "ts" else 20, 0)
    np.testing.assert_allclose(bounds(film), expected, atol=NEAR_S)


@pytest.mark.parametrize("kind", ["mkv", pytest.param("webm", marks=pytest.mark.slow)])
def test_stamps_that_run_backwards_where_no_format_allows_it_are_laid_end_to_end_too(source, folder, kind):
    part = made(source, "part", kind)
    spliced = folder / f"twice.{KINDS[kind].ending}"
    spliced.write_bytes(part.read_bytes() * 2)
    np.testing.assert_allclose(bounds(spliced), [*WHOLE[:-1], *(WHOLE + SECONDS)], atol=NEAR_S)


@pytest.mark.parametrize("step", [5, 2, 1])
@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_each_slide_is_a_shot_and_the_last_one_lasts_as_long_as_the_others(source, folder, step, kind):
    """One frame each: at such a rate a film is not cut off where its last frame begins."""
    slides = folder / f"slides.{KINDS[kind].ending}"
    one_each = "select='eq(n,0)+eq(n,15)+eq(n,31)+eq(n,45)',setpts=N/TB*" + str(step)
    ffmpeg("-i", source, "-vf", one_each, "-r", f"1/{step}", *KINDS[kind].options, "-an", slides)
    np.testing.assert_allclose(bounds(slides), np.arange(5) * step, atol=NEAR_S)
    assert warnings_of(slides) == []


@pytest.mark.parametrize("kind", ["mkv", "avi", "flv"])
def test_a_last_frame_that_lasts_long_is_not_the_end_of_a_file_that_is_cut_off(source, folder, kind):
    """Eight frames in the first second, and one that stands for five: no sound, whose end would tell."""
    film = folder / f"last.{KINDS[kind].ending}"
    frames = "select='lt(n,8)+eq(n,45)',setpts='if(lt(N,8),N/12,1)/TB'"
    lasting = folder / "last.mp4"
    ffmpeg("-i", source, "-vf", frames, "-fps_mode", "vfr", *H264, "-bf", "0", "-an", lasting)
    stretched = folder / "stretched.txt"
    stretched.write_text(f"file {lasting}\noutpoint 5\nduration 6\nfile {lasting}\noutpoint 0.01\n")
    ffmpeg("-f", "concat", "-safe", "0", "-i", stretched, "-c", "copy", film)
    assert bounds(film)[-1] > 5.9 and warnings_of(film) == []


@pytest.mark.parametrize("kind", ["mp4", "mkv", "mov"])
def test_a_still_under_sound_lasts_as_long_as_its_container_says(source, folder, kind):
    still = folder / f"still.{KINDS[kind].ending}"
    still_for = "select='eq(n,0)',setpts=0,settb=1/12"
    ffmpeg("-i", source, "-vf", still_for, "-r", "1/4", *KINDS[kind].options, still)
    np.testing.assert_allclose(bounds(still), [0, 4], atol=NEAR_S)


def test_a_longer_track_of_subtitles_cuts_nothing_off(source, folder):
    words = folder / "words.srt"
    words.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:01:30,000 --> 00:01:40,000\nTranslated\n")
    film = folder / "words.mkv"
    ffmpeg("-i", source, "-i", words, "-map", "0", "-map", "1", *KINDS["mkv"].options, film)
    np.testing.assert_allclose(bounds(film), WHOLE, atol=NEAR_S)
    assert warnings_of(film) == []


@pytest.mark.parametrize("kind", ["mkv", "mp4", "flv"])
def test_longer_sound_cuts_nothing_off(source, folder, kind):
    film = folder / f"sound.{KINDS[kind].ending}"
    ffmpeg("-i", source, "-filter:a", "apad=whole_dur=30", *KINDS[kind].options, film)
    np.testing.assert_allclose(bounds(film), WHOLE, atol=NEAR_S)
    assert warnings_of(film) == []


@pytest.mark.parametrize("kind", ["mkv", "mp4", "avi of h264", "webm"])
def test_a_file_that_lacks_its_second_half_is_called_cut_off(source, folder, kind):
    whole = made(source, "whole", kind, *(["-movflags", "faststart"] if kind == "mp4" else []))
    half = folder / f"half.{KINDS[kind].ending}"
    shutil.copyfile(whole, half)
    with open(half, "r+b") as file:
        file.truncate(whole.stat().st_size * 6 // 10)
    (warning, *_) = warnings_of(half)
    assert warning.startswith("it is cut off: it ends after") and bounds(half)[-1] < 0.9 * SECONDS


def warnings_of(video: Path) -> list[str]:
    with Film(video) as film:
        list(film.pictures())
        return film.warnings
