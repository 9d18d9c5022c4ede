"""Tiny films that the tests make themselves: coloured places with a moving block, each with a tone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.ingest.ffmpeg_films import make_clip

HZ = 44_100


@dataclass(frozen=True)
class Scene:
    """One shot of a made-up film; two of the same place look and sound alike."""

    place: int
    seconds: float = 1.0
    fade: bool = False  # out of black and back into it

    def frame(self, moment: float, width: int, height: int) -> np.ndarray:
        """(height, width, 3) uint8 RGB at a share of the shot's length."""
        rng = np.random.default_rng(self.place)
        tiles = rng.integers(40, 255, (3, 4, 3))
        picture = np.kron(tiles, np.ones((height // 3 + 1, width // 4 + 1, 1)))[:height, :width]
        left, side = int(moment * width * 0.6), max(4, height // 5)
        picture[height // 2 : height // 2 + side, left : left + side] = 255 - tiles[0, 0]
        light = max(0.0, 1.8 * np.sin(np.pi * moment) - 0.8) if self.fade else 1.0
        return (picture * light).astype(np.uint8)

    def sound(self, num_samples: int) -> np.ndarray:
        tone = np.sin(2 * np.pi * (200 + 170 * self.place) * np.arange(num_samples) / HZ)
        return (8000 * tone).astype(np.int16)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a film is made."""

    size: tuple[int, int] = (160, 96)
    rate: int = 12
    sound: bool = True
    codec: str = "libx264"
    times: Callable[[int], float] | None = None  # second of a frame, for a rate that varies


_encoded: dict[
    tuple[object, ...], bytes
] = {}  # kind of file, scenes and look → the film: many tests ask for the same one


def write_film(path: Path, scenes: Sequence[Scene], look: Look | None = None) -> Path:
    """Encode the scenes one after the other, or copy the film that the same scenes made before."""
    look = look or Look()
    asked = (path.suffix, *scenes, look)
    if asked in _encoded:
        path.write_bytes(_encoded[asked])
    else:
        _encode_film(path, scenes, look)
        _encoded[asked] = path.read_bytes()
    return path


def _encode_film(path: Path, scenes: Sequence[Scene], look: Look) -> None:
    with av.open(str(path), "w") as target:
        video = target.add_stream(look.codec, rate=look.rate, options={"preset": "ultrafast", "g": "12"})
        video.width, video.height = look.size
        video.pix_fmt = "yuv420p" if look.size[0] % 2 == 0 and look.size[1] % 2 == 0 else "yuv444p"
        video.codec_context.time_base = Fraction(1, 1200)
        audio = target.add_stream("aac", rate=HZ, layout="mono") if look.sound else None
        number = 0
        for scene in scenes:
            number = _write_scene(target, video, scene, look, number)
            if audio is not None:
                _write_sound(target, audio, scene.sound(round(scene.seconds * HZ)))
        for stream in filter(None, (video, audio)):
            target.mux(stream.encode(None))


def _write_scene(target: Any, video: Any, scene: Scene, look: Look, number: int) -> int:
    count = round(scene.seconds * look.rate)
    for i in range(count):
        frame = av.VideoFrame.from_ndarray(scene.frame(i / count, *look.size), format="rgb24")
        at = look.times(number) if look.times else number / look.rate
        frame.pts, frame.time_base = round(at * 1200), Fraction(1, 1200)
        target.mux(video.encode(frame))
        number += 1
    return number


def _write_sound(target: Any, audio: Any, samples: np.ndarray) -> None:
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate = HZ
    target.mux(audio.encode(frame))


PLACES = (0, 1, 2, 0, 3, 1)  # of the film that most tests read: places come back


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """`film.mp4`: six shots of a second at four places, 160 × 96, 12 frames a second, a tone a place."""
    return write_film(tmp_path / "film.mp4", [Scene(place) for place in PLACES])


@pytest.fixture(scope="session")
def short_films(tmp_path_factory) -> dict[int, Path]:
    """Films of one shot, a place each; copied by whoever needs them under a name."""
    folder = tmp_path_factory.mktemp("short-films")
    return {n: write_film(folder / f"{n}.mp4", [Scene(n, 0.5)], Look(sound=False)) for n in range(4)}


@pytest.fixture
def put(short_films, tmp_path):
    """`put(2, "s1/ep1.mp4")`: that film under this name in `tmp_path`."""

    def copy(number: int, name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(short_films[number], path)
        return path

    return copy


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the films of `ffmpeg_films` are made from."""
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mkv")


@pytest.fixture(scope="session")
def cases(real_data: Path) -> Path:
    """Films that once went wrong; they stand beside the real data, and no commit holds them."""
    folder = real_data.parent / "cases" / "ingest"
    if not folder.is_dir():
        pytest.skip(f"no cases in {folder}")
    return folder
