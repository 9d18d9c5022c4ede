"""The ffmpeg program: the one on PATH where it can do the work, else the one that the package imageio-ffmpeg carries.

It runs as a program of its own and is no part of this library: the binary of imageio-ffmpeg is under the GPL.
"""

from __future__ import annotations

import errno
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from msm.io.programs import ProgramError, run_program

OLDEST = (5, 1)  # knows -fps_mode
NEEDED = {
    "-encoders": ("libx264", "aac", "flac"),
    "-filters": (
        "scale",
        "lut3d",
        "setparams",
        "setsar",
        "pad",
        "transpose",
        "hflip",
        "vflip",
        "sidedata",
        "aresample",
    ),
}
PATIENCE_S = 300.0  # without any progress: then ffmpeg hangs
FULL_DISK = ("No space left on device", "Disk quota exceeded")
INSTALL = "pip install imageio-ffmpeg"
_PROGRESS = re.compile(
    r"(frame|fps|stream_\d\S*|bitrate|total_size|out_time\S*|dup_frames|drop_frames|speed|progress)="
)

_WRITTEN = re.compile(r"out_time_us=(\d+)")  # N/A until the first packet


@dataclass(frozen=True)
class FFmpeg:
    """An ffmpeg program.

    version  as it says itself, such as 7.1.1; "" where it does not run
    problem  why it cannot make playable copies; "" where it can
    """

    path: str
    origin: str  # "on PATH" or "of the package imageio-ffmpeg"
    version: str = ""
    problem: str = ""


def ffmpeg_program() -> FFmpeg | None:
    """The program that makes playable copies; None where no usable one is installed."""
    return next((found for found in ffmpeg_programs() if not found.problem), None)


def ffmpeg_programs() -> Iterator[FFmpeg]:
    """Those that are installed, the preferred one first."""
    if path := shutil.which("ffmpeg"):
        yield _examined(path, "on PATH")
    if carried := _carried():
        yield _examined(carried, "of the package imageio-ffmpeg")


def run_ffmpeg(
    arguments: Sequence[str],
    output: Path,
    heartbeat: Callable[[], None],
    progress: Callable[[float], None] = lambda seconds: None,
) -> None:
    """Run ffmpeg with `arguments` in the folder of `output`; options about logs and progress are added here.

    heartbeat  called a few times a second; where it raises, ffmpeg is ended and the exception goes on
    progress   hears as often how many seconds of the output are written

    Raises ProgramError where there is none, it fails or stands still; OSError (ENOSPC) where the disk is full.
    """
    program = ffmpeg_program()
    if program is None:
        raise ProgramError(f"there is no ffmpeg program that can; {INSTALL} brings one")
    output = output.absolute()
    written_s = 0.0

    def is_progress(line: str) -> bool:
        nonlocal written_s
        if found := _WRITTEN.match(line):
            written_s = int(found[1]) / 1e6
        return _PROGRESS.match(line) is not None

    def beat() -> None:
        heartbeat()
        progress(written_s)

    quiet = ["-nostdin", "-hide_banner", "-nostats", "-v", "error", "-progress", "pipe:1", "-y"]
    try:
        run_program(
            [program.path, *quiet, *arguments, f"file:{output}"],
            folder=output.parent,
            heartbeat=beat,
            is_progress=is_progress,
            output=output,
            patience_s=PATIENCE_S,
        )
    except ProgramError as error:
        if any(words in str(error) for words in FULL_DISK) or not shutil.disk_usage(output.parent).free:
            raise OSError(errno.ENOSPC, "No space left on device", str(output)) from None
        raise


def _carried() -> str | None:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # no binary for this platform
        return None


@cache
def _examined(path: str, origin: str) -> FFmpeg:
    try:
        version = _version(_said_by(path, "-version"))
        lacking = [name for what, names in NEEDED.items() for name in _lacking(_said_by(path, what), names)]
    except (OSError, subprocess.SubprocessError) as error:
        return FFmpeg(path, origin, problem=f"it does not run ({' '.join(str(error).split())[:100]})")
    numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:2]) if re.match(r"n?\d+\.\d", version) else OLDEST
    if numbers < OLDEST:  # a build of a day has a name without such a number, and is taken for new
        return FFmpeg(path, origin, version, f"it is older than {'.'.join(map(str, OLDEST))}")
    return FFmpeg(path, origin, version, f"it lacks {', '.join(lacking)}" if lacking else "")


def _said_by(path: str, question: str) -> str:
    done = subprocess.run(
        [path, "-hide_banner", question], capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=True
    )
    return done.stdout.decode("utf-8", "replace")


def _version(said: str) -> str:
    found = re.match(r"ffmpeg version (\S+)", said)
    return found[1] if found else "unknown"


def _lacking(said: str, names: Sequence[str]) -> list[str]:
    known = {words[1] for line in said.splitlines() if len(words := line.split()) > 1}
    return [name for name in names if name not in known]
