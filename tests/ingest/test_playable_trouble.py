"""Where ffmpeg is missing, cannot do the work, hangs, or has to be stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from msm.errors import FullDiskError
from msm.ingest import ingest, pipeline
from msm.ingest.encode_title import COPY_SHARE
from msm.ingest.playable import save_playable
from msm.io import ffmpeg
from msm.io.ffmpeg import FFmpeg, ffmpeg_program
from msm.io.programs import ProgramError, run_program
from tests.ingest.ffmpeg_films import AAC, H264, HEVC, Kind, ingested


def program_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A program named ffmpeg that is the first on PATH."""
    path = folder / "bin" / "ffmpeg"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    return path


def carried() -> str:
    program = next(p for p in ffmpeg.ffmpeg_programs() if p.origin != "on PATH")
    return program.path


def test_the_program_on_path_is_preferred(tmp_path, monkeypatch):
    path = program_on_path(tmp_path, monkeypatch, f'exec "{carried()}" "$@"')
    assert ffmpeg_program() == FFmpeg(str(path), "on PATH", ffmpeg_program().version, "")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 1", "it does not run"),
        ('case "$2" in -version) echo "ffmpeg version 4.4.2-0ubuntu0";; esac', "it is older than 5.1"),
        ('case "$2" in -version) echo "ffmpeg version 7.1";; esac', "it lacks libx264, aac"),
    ],
)
def test_a_program_on_path_that_cannot_do_it_gives_way_to_the_carried_one(tmp_path, monkeypatch, script, problem):
    program_on_path(tmp_path, monkeypatch, script)
    first, second = ffmpeg.ffmpeg_programs()
    assert first.problem.startswith(problem)
    assert ffmpeg_program() == second and not second.problem


def test_without_any_ffmpeg_a_film_goes_in_and_the_report_says_what_to_install(clip, tmp_path, monkeypatch):
    video = Kind("film.mkv").make(clip, tmp_path)
    other = Kind("other.mp4").make(clip, tmp_path)
    monkeypatch.setattr(ffmpeg, "ffmpeg_programs", lambda: iter(()))
    film = ingested(video)
    assert film.report.media == "none" and len(film.spans) == 3
    (warning,) = film.report.warnings
    assert "film.mkv" in warning and "pip install imageio-ffmpeg" in warning
    assert ingested(other).report.media == "linked"


def test_what_could_not_be_decoded_is_encoded_anew_and_not_linked(clip, tmp_path):
    """A browser stops at the first packet that it cannot decode; ffmpeg goes on."""
    video = Kind("film.mp4").make(clip, tmp_path)
    assert save_playable(video, tmp_path / "copy.mp4", 0, 1).kind == "linked"
    (tmp_path / "copy.mp4").unlink()
    assert save_playable(video, tmp_path / "copy.mp4", 0, 1, damaged=True).kind == "encoded"


def test_a_program_that_stands_still_is_ended(clip, tmp_path, monkeypatch):
    video = Kind("film.mkv").make(clip, tmp_path)
    asked = 'for word; do case "$word" in -version|-encoders|-filters)'
    program_on_path(tmp_path, monkeypatch, f'{asked} exec "{carried()}" "$@";; esac; done\nsleep 61.5')
    monkeypatch.setattr(ffmpeg, "PATIENCE_S", 0.5)
    film = ingested(video)
    assert film.report.media == "none" and "made no progress" in film.report.warnings[0]


def test_encoding_a_copy_anew_tells_how_far_it_is(clip, tmp_path, monkeypatch):
    """The seconds that ffmpeg says it has written: of the copy, and of the ingest, which ends with the end of the copy."""
    video = Kind("film.mkv", made_by=f"{HEVC} {AAC}", copy="encoded").make(clip, tmp_path)
    asked = 'for word; do case "$word" in -version|-encoders|-filters)'
    said = "echo out_time_us=N/A; sleep 0.5; echo out_time_us=500000; sleep 0.5; echo out_time_us=1500000; sleep 0.5"
    program_on_path(
        tmp_path, monkeypatch, f'{asked} exec "{carried()}" "$@";; esac; done\n{said}\nexec "{carried()}" "$@"'
    )
    written: list[float] = []
    assert save_playable(video, tmp_path / "copy.mp4", 0, 1, progress=written.append).kind == "encoded"
    assert written == sorted(written) and {0.0, 0.5, 1.5} <= set(written)

    planned: list[tuple[int, int]] = []
    done: list[float] = []
    monkeypatch.setattr(pipeline, "_summed", lambda progress, total_s: lambda title_id, seconds: done.append(seconds))
    report = ingest([video, tmp_path / "none.mp4"], tmp_path / "catalog", planning=lambda *at: planned.append(at))
    assert report.added == ["film"] and planned == [(0, 2), (1, 2), (2, 2)]
    end_s, read_s = done[-1], (1 - COPY_SHARE) * done[-1]
    assert done == sorted(done) and {read_s + COPY_SHARE * s for s in (0.5, 1.5)} <= set(done) and end_s > 1.5


def running(words: str) -> list[psutil.Process]:
    """Processes that were started with such words."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if words in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def wait_until_gone(words: str, patience_s: float = 20) -> bool:
    deadline = time.monotonic() + patience_s
    while running(words) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not running(words)


def test_a_heartbeat_that_raises_ends_the_program(tmp_path):
    def stop() -> None:
        if running("61.25"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _sleep("61.25", tmp_path, stop)
    assert wait_until_gone("61.25")


def _sleep(seconds: str, folder: Path, heartbeat) -> None:
    run_program(
        ["sleep", seconds],
        folder=folder,
        heartbeat=heartbeat,
        is_progress=lambda line: False,
        output=folder / "none",
        patience_s=60,
    )


def test_a_program_that_fails_says_why(tmp_path):
    words = ["sh", "-c", "echo frame=1; echo it is broken >&2; exit 3"]
    with pytest.raises(ProgramError, match=r"^it is broken$"):
        run_program(
            words,
            folder=tmp_path,
            heartbeat=lambda: None,
            is_progress=lambda line: line.startswith("frame="),
            output=tmp_path / "none",
            patience_s=60,
        )


@pytest.mark.fault
def test_the_program_ends_when_this_process_is_killed(tmp_path):
    code = f"""
from pathlib import Path
from msm.io.programs import run_program
run_program(["sleep", "61.75"], folder=Path({str(tmp_path)!r}), heartbeat=lambda: None,
            is_progress=lambda line: False, output=Path("none"), patience_s=60)
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 30
    while not running("61.75") and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert wait_until_gone("61.75")


@pytest.mark.fault
@pytest.mark.parametrize("codec", [H264, f"{HEVC} -pix_fmt yuv420p"], ids=["copied", "encoded"])
def test_a_copy_that_fills_the_disk_says_so(clip, tmp_path, small_disk, codec):
    video = Kind("film.mkv", f"-vf noise=alls=100:allf=t,scale=320:192:flags=neighbor {codec} {AAC}").make(
        clip, tmp_path
    )
    assert video.stat().st_size > 400_000
    catalog = small_disk(300) / "catalog"  # room for the sound and the thumbnails
    with pytest.raises(FullDiskError, match=f"{catalog} cannot be written: there is no space left"):
        ingest([video], catalog)
    assert not catalog.exists()
