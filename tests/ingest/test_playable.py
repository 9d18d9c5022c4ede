"""The playable copy shows and sounds what the shots were taken from, whatever the film is made of."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from tests.ingest.ffmpeg_films import (
    AAC,
    FRAME_S,
    H264,
    HEVC,
    Ingested,
    Kind,
    check_colours,
    check_copy,
    check_times,
    frames_of,
    grid_of,
    ingested,
    run_ffmpeg,
    seconds_of,
    seen,
)
from tests.ingest.film_kinds import COMMON, LATE, OLD, RARE, VP9


def check_kind(kind: Kind, clip: Path, folder: Path) -> None:
    film = ingested(kind.make(clip, folder))
    assert (film.report.media, film.report.warnings) == (kind.copy, [])
    check_times(film)
    check_copy(film, kind.sound_s)
    check_colours(film)
    length_s = max(film.spans[-1, 1], 4 + (kind.sound_s or 0))
    assert seconds_of(film.copy) == pytest.approx(length_s, abs=FRAME_S)


@pytest.mark.parametrize("kind", COMMON, ids=lambda kind: kind.name)
def test_a_copy_shows_and_sounds_what_the_shots_were_taken_from(kind, clip, tmp_path):
    check_kind(kind, clip, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RARE, ids=lambda kind: kind.name)
def test_a_copy_of_a_rarer_kind_of_film_does_so_too(kind, clip, tmp_path):
    check_kind(kind, clip, tmp_path)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", ["", "-display_hflip", "-display_vflip"])
def test_thumbnails_are_turned_and_mirrored_as_ffmpeg_does(clip, tmp_path, degrees, flip):
    plain, turned, shown = tmp_path / "plain.mp4", tmp_path / "turned.mp4", tmp_path / "shown.ppm"
    run_ffmpeg("-i", clip, "-t", "0.2", "-an", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", plain)
    run_ffmpeg("-display_rotation", str(degrees), *flip.split(), "-i", plain, "-c", "copy", turned)
    run_ffmpeg("-i", turned, "-frames:v", "1", "-update", "1", shown)
    frame = frames_of(turned)[0][1]
    wanted = np.frombuffer(shown.read_bytes(), np.uint8)[-160 * 96 * 3 :]
    wanted = wanted.reshape(*((160, 96) if degrees % 180 else (96, 160)), 3)
    assert np.abs(grid_of(seen(frame, wanted.shape[:2])) - grid_of(wanted.astype(float))).max() < 6


@pytest.mark.parametrize(
    ("case", "copy", "sound_s"),
    [
        ("mkv_h264_bframes/plain.mkv", "copied", 0.021),
        ("audio_offset_lost/auoff.webm", "copied", 3.0),
        ("audio_offset_lost/auoff_hevc.mkv", "encoded", 3.0),
        ("color_tags/fullrange_hevc.mp4", "encoded", 0.0),
        ("hdr10/truehdr.mp4", "encoded", 0.0),
        ("cover_first/cover_first.mp4", "copied", 0.0),
        ("mp3_in_mp4/mp3.mp4", "linked", 0.0),
        ("raw_h264_no_media/raw25.h264", "encoded", None),
        ("long_last_frame/still_audio.mp4", "linked", 0.0),
        ("long_last_frame/lastlong3_audio.mp4", "linked", 0.0),
    ],
)
def test_films_whose_copy_once_went_wrong(cases, tmp_path, case, copy, sound_s):
    film = ingested_case(cases / case, tmp_path)
    assert (film.report.media, film.report.warnings) == (copy, [])
    check_times(film)
    check_copy(film, sound_s)
    declared_s = seconds_of(film.source)
    for shot, wanted in enumerate([(200, 40, 40), (40, 170, 60)] if "encoded" in copy and len(film.spans) > 1 else []):
        for image in (film.thumbnail(shot), seen(frame_at(film, shot), film.thumbnail(shot).shape[:2])):
            assert np.abs(grid_of(image)[1:3, 1:3].mean(axis=(0, 1)) - wanted).max() < 24  # its brightness varies
    assert not declared_s or seconds_of(film.copy) == pytest.approx(declared_s, abs=0.04)


@pytest.mark.parametrize("case", ["reschange.ts", "audiochange.ts"])
def test_a_case_of_a_splice_has_its_shots_and_a_copy(cases, tmp_path, case):
    film = ingested_case(cases / "ts_splice_media" / case, tmp_path)
    assert (film.report.media, len(film.spans)) == ("encoded", 5)
    check_copy(film, 0.021)


def ingested_case(case: Path, folder: Path) -> Ingested:
    return ingested(Path(shutil.copyfile(case, folder / case.name)))


def frame_at(film: Ingested, shot: int) -> av.VideoFrame:
    """The frame of the copy in the middle of a shot."""
    middle_s = film.spans[shot].mean()
    return [frame for at, frame in frames_of(film.copy) if at <= middle_s][-1]


def spliced(folder: Path, clip: Path, *parts: Kind) -> Path:
    """Films one behind the other, as `cat` does it."""
    films = [part.make(clip, folder).read_bytes() for part in parts]
    whole = folder / f"spliced.{parts[0].name.partition('.')[2]}"
    whole.write_bytes(b"".join(films))
    return whole


def joined(folder: Path, clip: Path, *parts: Kind) -> Path:
    """Films one behind the other without a trace of the seam: only the headers inside the streams change."""
    names = [part.make(clip, folder).name for part in parts]
    (folder / "parts").write_text("".join(f"file {name}\n" for name in names))
    whole = folder / f"whole.{names[0].partition('.')[2]}"
    run_ffmpeg("-f", "concat", "-i", folder / "parts", "-map", "0", "-c", "copy", whole)
    return whole


STREAM = f"{H264} {AAC}"
CHANGES = {
    "size": (f"-s 160x96 {STREAM} -bf 0", f"-s 96x96 {STREAM} -bf 0", LATE),
    "sound": (f"{STREAM} -ar 48000 -ac 1", f"{STREAM} -ar 44100 -ac 2", ("", "")),
    "late sound": (f"{STREAM} -ar 48000 -ac 1", f"{STREAM} -ar 44100 -ac 2", LATE),
    "nothing": (STREAM, STREAM, ("", "")),
}


@pytest.mark.parametrize("changing", CHANGES)
def test_a_broadcast_whose_streams_change_has_a_copy_of_the_whole(clip, tmp_path, changing):
    """Sound that begins late has its silence once, and not at each change."""
    *made_by, late = CHANGES[changing]
    cut = [f"{words} -t 4 -muxdelay 0 -output_ts_offset {1.4 + 4 * n}" for n, words in enumerate(made_by)]
    film = ingested(joined(tmp_path, clip, Kind("0.ts", cut[0], before=late), Kind("1.ts", cut[1])))
    assert film.report.media in ("copied", "encoded") and len(film.spans) == 6
    check_copy(film, 0.7 if late[1] else 0.0)
    assert seconds_of(film.copy) == pytest.approx(8, abs=2 * FRAME_S)
    assert len(sound_of(film.copy)) / 8000 == pytest.approx(8, abs=2 * FRAME_S)


MPEG2 = f"{OLD} -c:v mpeg2video -r 25 -q:v 2 -bf 2 -c:a mp2"
JOINED = [
    ("ts", STREAM, (50, 0, 9000)),
    ("mkv", STREAM, (0, 0)),
    pytest.param("mpg", MPEG2, (50, 0, 9000), marks=pytest.mark.slow),
    pytest.param("ts", f"{HEVC} -pix_fmt yuv420p {AAC}", (50, 0, 9000), marks=pytest.mark.slow),
    pytest.param("webm", f"{VP9} -c:a libopus", (0, 0), marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("ending", "made_by", "clocks"), JOINED)
def test_parts_with_clocks_of_their_own_are_laid_end_to_end_as_the_shots_have_them(
    clip, tmp_path, ending, made_by, clocks
):
    parts = [Kind(f"{n}.{ending}", f"{made_by} -output_ts_offset {start}") for n, start in enumerate(clocks)]
    film = ingested(spliced(tmp_path, clip, *parts))
    assert (film.report.media, len(film.spans)) == ("encoded", 3 * len(clocks))
    check_times(film, within_s=0.01)  # at a join a frame lasts as long as its container rounds it
    check_copy(film, 0.0)
    assert seconds_of(film.copy) == pytest.approx(film.spans[-1, 1], abs=2 * FRAME_S)


def test_a_clock_of_33_bits_that_wraps_costs_no_picture(clip, tmp_path):
    film = ingested(Kind("wrap.ts", f"{STREAM} -output_ts_offset 95441.7").make(clip, tmp_path))
    check_times(film)
    check_copy(film, 0.0)


def test_a_damaged_film_is_encoded_and_not_linked(cases, tmp_path):
    """Browsers stop at the first packet that they cannot decode; a thumbnail shows no damage where its shot has sound frames."""
    film = ingested_case(cases / "corrupt_mp4_eperm" / "corrupt_mid.mp4", tmp_path)
    assert film.report.media == "encoded"
    check_copy(film, 0.0, damaged=True)
    assert seconds_of(film.copy) == pytest.approx(12, abs=0.04)


def test_where_a_picture_has_another_shape_all_of_it_is_shown_between_bars(clip, tmp_path):
    """A square picture after a wide one: in its thumbnails and in the copy a fifth of the width is black on each side."""
    sizes = enumerate(["160x96", "96x96"])
    made_by = [f"-s {size} {STREAM} -muxdelay 0 -output_ts_offset {1.4 + 4 * n}" for n, size in sizes]
    film = ingested(spliced(tmp_path, clip, Kind("0.ts", made_by[0]), Kind("1.ts", made_by[1])))
    square = film.thumbnail(4)
    for image in (square, seen(frame_at(film, 4), square.shape[:2])):
        across = image[60].mean(axis=-1)
        assert (across < 30).nonzero()[0].size == pytest.approx(64, abs=6)


def sound_of(path: Path) -> np.ndarray:
    """(samples,) of a film, 8000 a second, one behind the other whatever their time stamps say."""
    with av.open(str(path)) as film:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=8000)
        return np.concatenate(
            [piece.to_ndarray().reshape(-1) for frame in film.decode(audio=0) for piece in resampler.resample(frame)]
        )


def test_silence_inside_sound_is_kept(clip, tmp_path):
    """Browsers play sound without regard to gaps in its time stamps."""
    gap = f"{H264} -af aselect='lt(t\\,1)+gt(t\\,2)' {AAC}"
    film = ingested(Kind("gap.mkv", gap).make(clip, tmp_path))
    loud = np.abs(sound_of(film.copy)[: 8000 * 4].reshape(-1, 800)).max(axis=1) > 0.05  # a tenth of a second each
    assert loud[:9].all() and not loud[12:19].any() and loud[22:39].all()


def test_the_copy_shows_the_stream_that_the_shots_were_taken_from(clip, tmp_path):
    """The one that is flagged as default, though another is the first."""
    path, graph = tmp_path / "two.mp4", "[0:v]hue=h=90[other];[0:v]null[film]"
    words = f"-map [other] -map [film] -map 0:a {H264} {AAC} -disposition:v:0 0 -disposition:v:1 default"
    run_ffmpeg("-i", clip, "-filter_complex", graph, *words.split(), path)
    film = ingested(path)
    assert film.report.media == "copied"
    check_colours(film)
    check_copy(film, 0.0)


def test_a_cover_is_no_part_of_the_copy(clip, tmp_path):
    cover, film = tmp_path / "cover.png", Kind("film.mp4").make(clip, tmp_path)
    run_ffmpeg("-i", clip, "-frames:v", "1", "-vf", "hue=h=90", "-update", "1", cover)
    both = tmp_path / "both.mp4"
    run_ffmpeg(
        "-i", film, "-i", cover, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic", both
    )
    made = ingested(both)
    assert made.report.media == "copied"
    check_colours(made)
    with av.open(str(made.copy)) as copy:
        assert [stream.type for stream in copy.streams] == ["video", "audio"]


@pytest.mark.parametrize("name", ["-i.mkv", "http:[v],'%03d'.mkv"])
def test_names_that_ffmpeg_could_take_for_something_else(clip, tmp_path, name):
    film = ingested(Kind("film.mkv").make(clip, tmp_path).rename(tmp_path / name))
    assert film.report.media == "copied"
    check_copy(film, 0.0)
