"""Films of every kind, made by the ffmpeg program from one small clip, and how a copy of one is compared with its source.

The clip: 4 s at 12 frames a second, 160 × 96: red, green, blue (cuts at 1.25 and 2.75 s), a white block in the upper left
corner, and a tone.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from msm import Catalog
from msm.ingest import FilmReport, IngestOptions, ingest
from msm.ingest.colour import rgb_of
from msm.ingest.decoding import Film
from msm.ingest.orientation import orientation_of
from msm.io.ffmpeg import ffmpeg_program

COLOURS = {"0xC82828": 1.25, "0x28AA3C": 1.5, "0x3246C8": 1.25}
SECONDS = sum(COLOURS.values())
FRAME_S = 1 / 12
H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 12"
HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=error"
AAC = "-c:a aac"
BT709 = "-colorspace bt709 -color_primaries bt709 -color_trc bt709"


def run_ffmpeg(*words: str | Path) -> None:
    program = ffmpeg_program()
    assert program is not None
    command = [program.path, "-v", "error", "-nostdin", "-y", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (" ".join(command), done.stderr[-2000:])


def make_clip(path: Path) -> Path:
    """The clip without loss, in BT.709: every film is made from it."""
    words: list[str] = []
    for colour, seconds in COLOURS.items():
        words += ["-f", "lavfi", "-i", f"color=c={colour}:s=160x96:r=12:d={seconds}"]
    words += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:d={SECONDS},volume=4"]
    joined = "".join(f"[{i}:v]" for i in range(len(COLOURS))) + f"concat=n={len(COLOURS)}:v=1"
    drawn = f"{joined},drawbox=x=8:y=8:w=40:h=24:c=white:t=fill,format=gbrp,scale=out_color_matrix=bt709,format=yuv444p"
    tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    graph = ["-filter_complex", f"{drawn},{tags}[v]", "-map", "[v]", "-map", f"{len(COLOURS)}:a"]
    run_ffmpeg(*words, *graph, "-c:v", "ffv1", "-c:a", "pcm_s16le", path)
    return path


@dataclass(frozen=True)
class Kind:
    """A kind of film: what ffmpeg makes of the clip, and what is right for it.

    name     of the file, by whose end ffmpeg knows the container
    made_by  ffmpeg's words after the clip, which is both of its inputs: pictures of the first, sound of the second
    before   words in front of the first input, and of the second
    copy     linked, copied or encoded
    sound_s  when sound begins; None where there is none
    after    words of a second pass over the made film, which copies its streams: before the input and behind it
    """

    name: str
    made_by: str = f"{H264} {AAC}"
    copy: str = "copied"
    before: tuple[str, str] = ("", "")
    sound_s: float | None = 0.0
    after: tuple[str, str] | None = None

    def make(self, clip: Path, folder: Path) -> Path:
        """Write the film to `folder`."""
        path = folder / self.name
        first, second = (b.split() for b in self.before)
        sound = ["-map", "1:a"] if self.sound_s is not None else []
        inputs = [*first, "-i", clip, *second, "-i", clip, "-map", "0:v", *sound]
        if self.after is None:
            run_ffmpeg(*inputs, *self.made_by.split(), path)
        else:
            made = folder / f"before-{self.name}"
            run_ffmpeg(*inputs, *self.made_by.split(), made)
            run_ffmpeg(*self.after[0].split(), "-i", made, "-c", "copy", *self.after[1].split(), path)
            made.unlink()
        return path


@dataclass(frozen=True)
class Ingested:
    """A film in a catalog of its own: its shots, thumbnails and playable copy."""

    source: Path
    catalog: Path
    report: FilmReport

    @property
    def copy(self) -> Path:
        return next(self.catalog.glob("media/*.mp4"))

    @property
    def zero_s(self) -> float:
        """The stamp of the source that stands for zero."""
        with Film(self.source) as film:
            return film.origin_s

    @property
    def spans(self) -> np.ndarray:
        """(N, 2) start and end of each shot in seconds."""
        (title,) = Catalog.open(self.catalog)
        return title.shots[["start_s", "end_s"]].to_numpy()

    def thumbnail(self, shot: int) -> np.ndarray:
        """(H, W, 3) float."""
        (path,) = self.catalog.glob(f"media/thumbnails/*/{shot}.webp")
        return np.asarray(Image.open(path).convert("RGB"), dtype=float)


def ingested(video: Path, **choices: object) -> Ingested:
    """Ingest one film into a catalog beside it."""
    catalog = video.with_name(f"{video.name}.catalog")
    report = ingest([video], catalog, IngestOptions(**choices))  # type: ignore[arg-type]
    assert not report.failed, report.failed
    return Ingested(video, catalog, report.films[0])


def grid_of(image: np.ndarray, rows: int = 4, columns: int = 4) -> np.ndarray:
    """(rows, columns, 3) mean colours of the cells of an (H, W, 3) picture, without their borders."""
    high, wide = image.shape[:2]
    return np.array(
        [
            [
                image[
                    int((r + 0.25) * high / rows) : int((r + 0.75) * high / rows) + 1,
                    int((c + 0.25) * wide / columns) : int((c + 0.75) * wide / columns) + 1,
                ].mean(axis=(0, 1))
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def frames_of(path: Path) -> list[tuple[float, av.VideoFrame]]:
    with av.open(str(path)) as film:
        return [(frame.time or 0.0, frame) for frame in film.decode(video=0)]


def seen(frame: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) of a frame as a viewer sees it; size is (H, W)."""
    orientation = orientation_of(frame)
    image = rgb_of(frame, *orientation.size(size[1], size[0]), VideoReformatter(), Interpolation.AREA)
    return orientation.upright(image).astype(float)


def first_sound_s(path: Path) -> float | None:
    """When a film is first louder than a twentieth; None where it has no sound."""
    with av.open(str(path)) as film:
        if not film.streams.audio:
            return None
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        for frame in film.decode(audio=0):
            for piece in resampler.resample(frame):
                loud = np.flatnonzero(np.abs(piece.to_ndarray().reshape(-1)) > 0.05)
                if len(loud):
                    return float(piece.pts * piece.time_base) + loud[0] / 48_000
    return None


def seconds_of(path: Path) -> float:
    with av.open(str(path)) as film:
        return (film.duration or 0) / 1e6


def check_times(film: Ingested, within_s: float = 0.002) -> None:
    """Each picture of the copy stands where the shots have it."""
    with Film(film.source) as source:
        times = [picture.time_s for picture in source.pictures()]
    np.testing.assert_allclose([at for at, _ in frames_of(film.copy)], times, atol=within_s)


def check_copy(film: Ingested, sound_s: float | None, *, damaged: bool = False) -> None:
    """In the middle of each shot, or of a damaged film somewhere in it, the copy shows its thumbnail; sound begins where it did."""
    frames = frames_of(film.copy)
    for shot, (start_s, end_s) in enumerate(film.spans):
        thumbnail = film.thumbnail(shot)
        inside = [frame for at, frame in frames if start_s - 0.02 <= at < end_s - 0.02]
        middle = [frame for at, frame in frames if at <= (start_s + end_s) / 2] or [frames[0][1]]
        shown = inside if damaged else middle[-1:]
        differences = [np.abs(grid_of(seen(f, thumbnail.shape[:2])) - grid_of(thumbnail)) for f in shown]
        assert any(d.mean() < 4 and d.max() < 16 for d in differences), (shot, min(d.max() for d in differences))
    assert (first_sound_s(film.copy) is None) == (sound_s is None)
    if sound_s is not None:
        assert first_sound_s(film.copy) == pytest.approx(sound_s, abs=0.05)


def check_colours(film: Ingested) -> None:
    """The thumbnails show the clip's three colours."""
    assert len(film.spans) == len(COLOURS)
    for shot, colour in enumerate(COLOURS):
        wanted = [int(colour[at : at + 2], 16) for at in (2, 4, 6)]
        assert np.abs(grid_of(film.thumbnail(shot))[2, 2] - wanted).max() < 16, shot
