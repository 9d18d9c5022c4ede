"""A video file, decoded once from beginning to end: pictures, sound and subtitles as they come.

Times are seconds from the start of the file, taken from its time stamps and never counted in frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
from av.subtitles.subtitle import SubtitleSet

from msm.errors import InputError
from msm.ingest.chapters import Chapter, chapters_of
from msm.ingest.subtitles import Cue
from msm.ingest.tracks import ANY_TRACKS, TrackChoice, choose_audio, choose_subtitles, choose_video

SOUND_HZ = 16_000
MOST_BAD_PACKETS = 0.05  # of all packets: more, and the file is refused as damaged
NO_FILMS = ("tty", "hls", "concat", "dash", "image2", "sdp", "ffmetadata")  # what ffmpeg reads, but is no video file


@dataclass(frozen=True)
class Picture:
    """A decoded frame at its time."""

    time_s: float
    frame: av.VideoFrame


class Film:
    """An opened video file; use it as a context manager.

    origin_s        the time stamp that stands for zero, in seconds: a broadcast's clock may begin anywhere
    subtitle_track  the track of text that is read, None where there is none

    Raises InputError that names the file where it is no video, or has no track of the number that was asked for.
    """

    def __init__(self, path: Path, tracks: TrackChoice = ANY_TRACKS):
        self.path = path
        self._container = _open(path)
        streams = self._container.streams
        video = choose_video(streams.video)
        if video is None:
            held = ", only sound" if streams.audio else ""
            self.close()  # last: PyAV's streams must not be touched afterwards
            raise InputError(f"{path} holds no video{held}")
        self._video = video
        self._video.thread_type = "AUTO"
        try:
            sound = choose_audio(streams.audio, tracks)
            self.subtitle_track = choose_subtitles(streams.subtitles, tracks)
        except InputError as error:
            self.close()
            raise InputError(f"{path}: {error}") from None
        self._audio: Any = sound and sound.stream
        self._subtitles: Any = self.subtitle_track and self.subtitle_track.stream
        self.origin_s = (self._container.start_time or 0) / 1e6

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._container.close()

    @property
    def duration_s(self) -> float:
        """What the file declares, 0 where it declares nothing."""
        if self._video.duration and self._video.time_base:
            return float(self._video.duration * self._video.time_base)
        return (self._container.duration or 0) / 1e6

    @property
    def rate(self) -> float:
        """Frames a second, roughly; 25 where the file does not say."""
        rate = self._video.guessed_rate or self._video.average_rate
        return min(max(float(rate), 1.0), 240.0) if rate else 25.0

    @property
    def video_index(self) -> int:
        """Index in the file of the stream that pictures are taken from."""
        return int(self._video.index)

    @property
    def audio_index(self) -> int | None:
        """Index in the file of the stream that sound is taken from; None where there is none."""
        return None if self._audio is None else int(self._audio.index)

    @property
    def has_sound(self) -> bool:
        return self._audio is not None

    @property
    def has_words(self) -> bool:
        """True where there are subtitles inside that are text."""
        return self._subtitles is not None

    @property
    def chapters(self) -> list[Chapter]:
        """What the container divides the film into, in order of time; empty for most."""
        return chapters_of(self._container.chapters(), self.origin_s)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a picture on the screen, before rotation: pixels need not be square."""
        context = self._video.codec_context
        aspect = self._video.sample_aspect_ratio or Fraction(1)
        wide = context.width * (float(aspect) if 0.1 < aspect < 10 else 1.0)
        return max(1, round(wide)), max(1, context.height)

    def pictures(
        self,
        on_sound: Callable[[float, np.ndarray], None] = lambda start_s, samples: None,
        on_cue: Callable[[Cue], None] = lambda cue: None,
    ) -> Iterator[Picture]:
        """Every frame in order. On the way, sound and subtitles are given to those who listen.

        on_sound  hears the time of a piece of sound and its (samples,) int16, mono, SOUND_HZ
        """
        clock = _Clock(1 / self.rate)
        resampler = _Resampler()
        heard_s = 0.0
        for item in self._decoded():
            if isinstance(item, av.VideoFrame):
                yield Picture(clock.tick(self._time(item)), item)
            elif isinstance(item, av.AudioFrame):
                at = self._time(item)
                heard_s = heard_s if at is None else max(0.0, at)
                for piece in resampler.pieces(item):
                    on_sound(heard_s, piece)
                    heard_s += len(piece) / SOUND_HZ
            elif isinstance(item, Cue):
                on_cue(item)
        self._check_whole(clock, heard_s)

    def _decoded(self) -> Iterator[Any]:
        """Frames of both kinds and subtitles, in the order of the file."""
        packets = bad = 0
        streams = [s for s in (self._video, self._audio, self._subtitles) if s is not None]
        try:
            for packet in self._container.demux(streams):
                packets += 1
                try:
                    yield from self._cues(packet) if packet.stream is self._subtitles else packet.decode()
                except av.error.InvalidDataError:
                    bad += 1
        except av.error.FFmpegError as error:
            raise InputError(f"{self.path} cannot be read to its end: {_reason(error)}") from None
        if bad > 1 + MOST_BAD_PACKETS * packets:
            raise InputError(f"{self.path} is damaged: {bad} of its {packets} packets cannot be decoded")

    def _cues(self, packet: Any) -> Iterator[Cue]:
        if packet.pts is None or not packet.size:
            return
        start_s = float(packet.pts * packet.time_base) - self.origin_s
        length_s = float((packet.duration or 0) * packet.time_base)
        decoded = packet.decode()
        for found in decoded if isinstance(decoded, list) else [decoded]:
            for rect in found if isinstance(found, SubtitleSet) else [found]:
                yield Cue(start_s, start_s + max(length_s, 0.1), _event_text(getattr(rect, "ass", b"")))

    def _time(self, frame: av.VideoFrame | av.AudioFrame) -> float | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return float(frame.pts * frame.time_base) - self.origin_s

    def _check_whole(self, clock: _Clock, heard_s: float) -> None:
        if clock.now_s is None:
            raise InputError(f"{self.path} holds no picture that can be decoded")
        reached, declared = max(clock.end_s, heard_s), self.duration_s
        if reached < 0.95 * declared - 1:
            raise InputError(
                f"{self.path} is cut off: it ends after {reached:.0f} s of the {declared:.0f} s it declares"
            )


class _Clock:
    """Times of frames that never stand still or run backwards, whatever the file says."""

    def __init__(self, step_s: float):
        self.step_s, self.now_s = step_s, None  # type: float, float | None

    def tick(self, time_s: float | None) -> float:
        if self.now_s is None:
            self.now_s = max(0.0, time_s or 0.0)
        else:
            following = self.now_s + self.step_s if time_s is None else time_s
            self.now_s = max(following, self.now_s + 1e-3)
        return self.now_s

    @property
    def end_s(self) -> float:
        """When the last frame ends."""
        return (self.now_s or 0.0) + self.step_s


class SoundSpool:
    """The sound of a film on disk, so that hours of it need no memory: mono int16 at SOUND_HZ."""

    def __init__(self, path: Path):
        self._file: BinaryIO = open(path, "w+b")  # noqa: SIM115 — closed by close()
        self._samples = 0

    def write(self, start_s: float, piece: np.ndarray) -> None:
        """Append a piece; a gap before it becomes silence, what overlaps the former piece is dropped."""
        gap = round(start_s * SOUND_HZ) - self._samples
        if gap > SOUND_HZ // 10:
            self._file.seek(gap * 2, 1)
            self._samples += gap
        elif gap < -SOUND_HZ // 10:
            piece = piece[-gap:]
        self._file.write(piece.astype("<i2", copy=False).tobytes())
        self._samples += len(piece)

    @property
    def duration_s(self) -> float:
        """When the sound ends, 0 where there is none."""
        return self._samples / SOUND_HZ

    def read(self, start_s: float, end_s: float) -> np.ndarray:
        """(samples,) float32 in −1 … 1; shorter where the sound ends earlier."""
        start, end = (min(max(0, round(s * SOUND_HZ)), self._samples) for s in (start_s, end_s))
        self._file.seek(start * 2)
        samples = np.frombuffer(self._file.read((end - start) * 2), dtype="<i2").astype(np.float32) / 32768
        self._file.seek(0, 2)
        return samples

    def close(self) -> None:
        self._file.close()


def _open(path: Path) -> Any:
    if not path.is_file():
        what = "is a folder without a video in it" if path.is_dir() else "is no file" if path.exists() else "is missing"
        raise InputError(f"{path} {what}")
    try:  # only this file: a playlist in disguise may not name others
        container = av.open(str(path.resolve()), options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise InputError(f"{path} is not readable as a video: {_reason(error)}") from None
    names = set(container.format.name.split(","))
    if names & set(NO_FILMS) or any(n.endswith("_pipe") for n in names):
        seen_as = container.format.long_name or container.format.name
        container.close()
        raise InputError(f"{path} is not a video: it looks like {seen_as}")
    return container


def _reason(error: av.error.FFmpegError) -> str:
    return (error.strerror or "unknown error").rstrip(".")


def _event_text(event: bytes) -> str:
    """What is said in an event as ffmpeg gives it: ReadOrder,Layer,Style,Name,3 margins,Effect,Text."""
    return event.decode("utf-8", "replace").split(",", 8)[-1]


class _Resampler:
    """Sound of any rate and layout, changing on the way even, as mono int16 at SOUND_HZ."""

    def __init__(self) -> None:
        self._new()

    def _new(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_HZ)

    def pieces(self, frame: av.AudioFrame) -> Iterator[np.ndarray]:
        try:
            pieces = self._resampler.resample(frame)
        except ValueError:  # the rate or the layout is another one from here on
            self._new()
            pieces = self._resampler.resample(frame)
        for piece in pieces:
            yield piece.to_ndarray().reshape(-1)
