"""Films that the ffmpeg program makes: four scenes of one colour each, with a tone each, in any container.

COLOURS change at CUTS; the whole lasts SECONDS, at 12 frames a second.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from msm.ingest.decoding import Film
from msm.ingest.detectors.adaptive import make
from msm.ingest.shot_detection import cut_shots

COLOURS = ("0xC82828", "0x28AA3C", "0x283CC8", "0xF0F0F0")
LENGTHS = (1.0, 1.5, 0.75, 1.25)
CUTS = tuple(float(c) for c in np.cumsum(LENGTHS)[:-1])
SECONDS = float(sum(LENGTHS))
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "24", "-pix_fmt", "yuv420p", "-threads", "1")
MPEG2 = ("-c:v", "mpeg2video", "-r", "25", "-bf", "2", "-threads", "1")


@dataclass(frozen=True)
class Kind:
    """A container with codecs.

    shifts   its streams may begin at different times
    varies   the time between frames may vary
    """

    ending: str
    options: Sequence[str]
    shifts: bool = True
    varies: bool = True


KINDS = {
    "mp4": Kind("mp4", [*H264, "-c:a", "aac"]),
    "mov": Kind("mov", [*H264, "-c:a", "aac"]),
    "mkv": Kind("mkv", [*H264, "-c:a", "aac"]),
    "mkv of hevc": Kind("mkv", ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:pools=1"]),
    "webm": Kind("webm", ["-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libvorbis"]),
    "webm of vp9": Kind("webm", ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus"]),
    "mkv of av1": Kind("mkv", ["-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "lp=1", "-c:a", "aac"]),
    "ts": Kind("ts", [*H264, "-c:a", "aac"]),
    "ts of mpeg2": Kind("ts", [*MPEG2, "-c:a", "mp2"], varies=False),
    "avi": Kind("avi", ["-c:v", "mpeg4", "-c:a", "libmp3lame"], shifts=False),
    "avi of h264": Kind("avi", [*H264, "-c:a", "libmp3lame"], shifts=False),
    "flv": Kind("flv", [*H264, "-c:a", "aac"]),
    "mpg": Kind("mpg", [*MPEG2, "-c:a", "mp2"], varies=False),
    "vob": Kind("vob", [*MPEG2, "-c:a", "ac3"], varies=False),
    "ogv": Kind("ogv", ["-c:v", "libtheora", "-c:a", "libvorbis"], shifts=False),
    "wmv": Kind("wmv", ["-c:v", "wmv2", "-c:a", "wmav2"]),
}


def ffmpeg(*arguments: object) -> str:
    """Run the ffmpeg program; what it prints. CalledProcessError where it fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-nostdin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout


def make_source(path: Path) -> Path:
    """The scenes without loss, for `ffmpeg("-i", source, …)`."""
    inputs: list[str] = []
    for number, (colour, length) in enumerate(zip(COLOURS, LENGTHS, strict=True)):
        inputs += ["-f", "lavfi", "-i", f"color={colour}:s=160x96:r=12:d={length}"]
        inputs += ["-f", "lavfi", "-i", f"sine=f={300 + 200 * number}:r=44100:d={length}"]
    joined = "".join(f"[{2 * n}:v][{2 * n + 1}:a]" for n in range(len(COLOURS)))
    ffmpeg(
        *inputs, "-filter_complex", f"{joined}concat=n={len(COLOURS)}:v=1:a=1[v][a]",
        "-map", "[v]", "-map", "[a]", "-c:v", "ffv1", "-c:a", "pcm_s16le", path,
    )  # fmt: skip
    return path


def bounds(video: Path) -> np.ndarray:
    """(shots + 1,) seconds: where each shot of a file begins, and where the last one ends."""
    with Film(video) as film:
        shots = [(shot.start_s, shot.end_s) for shot in cut_shots(film, film.pictures(), make())]
    return np.array([*(start for start, _ in shots), shots[-1][1]])


def frames_of_ffmpeg(video: Path) -> int:
    """How many frames the ffmpeg program decodes of a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(video), "-map", "0:v:0"]
    command += ["-fps_mode", "passthrough", "-f", "framecrc", "-"]
    lines = subprocess.run(command, capture_output=True, text=True, errors="replace").stdout.splitlines()
    return sum(not line.startswith("#") for line in lines)
