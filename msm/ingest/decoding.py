"""A video file, decoded once from beginning to end: pictures, sound and subtitles as they come.

Times are seconds from the start of the file, taken from its time stamps and never counted in frames. What cannot be
decoded is passed over and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.container import Flags
from av.subtitles.subtitle import SubtitleSet

from msm.errors import InputError
from msm.ingest.chapters import Chapter, chapters_of
from msm.ingest.clock import BestTimes, FrameClock, Timeline
from msm.ingest.extent import Extent, allows_jumps
from msm.ingest.packets import Decoder, Losses, RestartError, packets, reason
from msm.ingest.sound import SOUND_HZ, Resampler, SoundSpool
from msm.ingest.subtitles import Cue, text_of_packet
from msm.ingest.tracks import ANY_TRACKS, TrackChoice, choose_audio, choose_subtitles, choose_video

__all__ = ["MIN_DECODED", "SOUND_HZ", "Film", "Picture", "SoundSpool"]

FIRST_PACKETS = 100  # more than any decoder keeps before its first frame
MIN_DECODED = 0.1  # of a film's frames: with fewer it is refused
NO_FILMS = ("tty", "hls", "concat", "dash", "image2", "sdp", "ffmetadata")  # what ffmpeg reads, but is no video file


@dataclass(frozen=True)
class Picture:
    """A decoded frame at its time."""

    time_s: float
    frame: av.VideoFrame


class Film:
    """An opened video file; use it as a context manager.

    strict          refuse the film at the first error, instead of reading what can be read

    origin_s        the time stamp that stands for zero, in seconds: a broadcast's clock may begin anywhere
    subtitle_track  the track of text that is read, None where there is none

    Known when `pictures` has ended:

    frames    number of frames that were decoded
    end_s     when the last of them ends
    losses    what could not be decoded
    warnings  a sentence for each thing that is wrong with the file

    Raises InputError that names the file where it is no video, or has no track of the number that was asked for.
    """

    def __init__(self, path: Path, tracks: TrackChoice = ANY_TRACKS, *, strict: bool = False):
        self.path, self.strict, self._tracks = path, strict, tracks
        self.frames, self.end_s, self.losses = 0, 0.0, Losses()
        self.warnings: list[str] = []
        self._threads = True
        self._open()

    def _open(self) -> None:
        """Open the file and choose its streams."""
        self._container = _open(self.path)
        try:
            self._choose_streams(self._container.streams)
        except InputError:
            self.close()
            raise
        self.origin_s = self._start_s()
        self._extent = Extent(self.path, self._container, self._video)

    def _choose_streams(self, streams: Any) -> None:
        self._video: Any = choose_video([s for s in streams.video if s.codec_context is not None])
        if self._video is None:
            unknown = any(s.codec_context is None for s in streams.video)
            held = " that can be decoded" if unknown else ", only sound" if streams.audio else ""
            raise InputError(f"{self.path} holds no video{held}")
        try:
            sound = choose_audio(streams.audio, self._tracks)
            self.subtitle_track = choose_subtitles(streams.subtitles, self._tracks)
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from None
        self._audio: Any = sound and sound.stream
        self._subtitles: Any = self.subtitle_track and self.subtitle_track.stream

    def _start_s(self) -> float:
        """As ffmpeg has it: of the streams that are read where stamps may jump, else of all streams."""
        read = [s for s in (self._video, self._audio) if s is not None]
        starts = [float(s.start_time * s.time_base) for s in read if s.start_time is not None and s.time_base]
        if starts and allows_jumps(self._container):
            return min(starts)
        return (self._container.start_time or 0) / 1e6

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
        return min(max(float(rate), 1 / 3600), 240.0) if rate else 25.0

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

        Raises InputError where fewer than MIN_DECODED of the frames can be decoded; for a strict film at the first error.
        """
        clock, counted = FrameClock(1 / self.rate), "avi" in self._container.format.name
        best = BestTimes(round(1 / self.rate / float(self._video.time_base or 1)), counted=counted)
        resampler, heard_s = Resampler(), 0.0
        for item in self._items():
            if isinstance(item, av.VideoFrame):
                at = self._seconds(self._video, best.of(item.pts, item.dts, self._reach.first))
                self.frames += 1
                self.losses.concealed += item.is_corrupt
                length_s = float((item.duration or 0) * (self._video.time_base or 0))
                yield Picture(clock.tick(at, length_s), item)
            elif isinstance(item, av.AudioFrame):
                at = self._seconds(self._audio, item.pts)
                heard_s = heard_s if at is None else max(0.0, at)
                for piece in resampler.pieces(item):
                    on_sound(heard_s, piece)
                    heard_s += len(piece) / SOUND_HZ
            else:
                on_cue(item)
        self._finish(clock)

    def _items(self) -> Iterator[Any]:
        """Frames of both kinds and subtitles; after an error of a decoder with threads, read again without them."""
        given: Counter[type] = Counter()
        try:
            for item in self._decoded():
                given[type(item)] += 1
                yield item
        except RestartError:
            self.close()
            concealed = self.losses.concealed  # of frames that are not given again
            self._threads, self.losses = False, Losses()
            self.losses.concealed = concealed
            self._open()
        else:
            return
        for item in self._decoded():
            given[type(item)] -= 1
            if given[type(item)] < 0:
                yield item

    def _decoded(self) -> Iterator[Any]:
        """One reading of the file: what each packet becomes, in the order of the packets."""
        self._timeline, self._reach = Timeline(allows_jumps(self._container)), _Reach(self._video)
        read = [s for s in (self._video, self._audio, self._subtitles) if s is not None]
        decoders = {s.index: Decoder(s, self.losses, threads=self._threads and s is self._video) for s in read}
        for packet in packets(self._container, list(self._container.streams), self.losses):
            decoder = decoders.get(packet.stream_index)
            if decoder is not None:
                self._timeline.place(packet)
            self._reach.add(packet)
            if decoder is not None:
                yield from self._cues(packet, decoder) if decoder.stream is self._subtitles else decoder.decode(packet)
            self._refuse_strictly()
        for stream in (self._video, self._audio):
            if stream is not None:
                yield from decoders[stream.index].flush()
        self._refuse_strictly()

    def _cues(self, packet: Any, decoder: Decoder) -> Iterator[Cue]:
        if packet.pts is None:
            return
        start_s = float(packet.pts * packet.time_base) - self.origin_s
        length_s = float((packet.duration or 0) * packet.time_base)
        text = text_of_packet(self._subtitles.codec_context.name, bytes(packet))
        if text is not None:
            yield Cue(start_s, start_s + max(length_s, 0.1), text)
            return
        for found in decoder.decode(packet):
            for rect in found if isinstance(found, SubtitleSet) else [found]:
                yield Cue(start_s, start_s + max(length_s, 0.1), _event_text(getattr(rect, "ass", b"")))

    def _seconds(self, stream: Any, ticks: int | None) -> float | None:
        return None if ticks is None or not stream.time_base else float(ticks * stream.time_base) - self.origin_s

    def _refuse_strictly(self) -> None:
        if self.strict and self.losses:
            raise InputError(
                f"{self.path} is damaged: {self.losses.first or 'a frame decodes in part'}; without --strict what can be read is read"
            )

    def _finish(self, clock: FrameClock) -> None:
        """Judge what was read, and find the end of the last frame."""
        if not self.frames:
            raise InputError(f"{self.path} holds no picture that can be decoded")
        reach, extent, lost = self._reach, self._extent, self.losses.frames
        declared_s, reached_s = (extent.end_s or 0.0) - self.origin_s, clock.end_s
        total, cut_off = self.frames + lost, extent.is_cut_off(reach.video_s, reach.any_s, reach.packets)
        if cut_off:
            self.warnings.append(
                f"it is cut off: it ends after {reached_s:.0f} s of the {declared_s:.0f} s it declares"
            )
            missing = extent.missing(reach.packets, reached_s / declared_s)
            if self.strict or self.frames < MIN_DECODED * (total + missing):
                raise InputError(f"{self.path} {self.warnings[-1].removeprefix('it ')}")
        elif not self._timeline.joins:
            reached_s = extent.end_of_last(reached_s + self.origin_s, reach.video_s, reach.any_s) - self.origin_s
        if self.frames < MIN_DECODED * total:
            raise InputError(f"{self.path} is damaged: only {self.frames} of its {total} frames can be decoded")
        self.end_s = reached_s
        if self._timeline.joins and not allows_jumps(self._container):
            self.warnings.append("its time stamps run backwards, so the parts were laid end to end")
        self.warnings += self.losses.sentences(self.frames)


class _Reach:
    """How far the packets of a file reach, on its own clock."""

    def __init__(self, video: Any):
        self.video_s = self.any_s = 0.0
        self.packets = 0  # of the video
        self.first: list[int | None] = []  # dts of its first packets
        self._video = video.index
        self._ticks: dict[int, float] = {}

    def add(self, packet: Any) -> None:
        index = packet.stream_index
        if index == self._video:
            self.packets += 1
            if self.packets <= FIRST_PACKETS:
                self.first.append(packet.dts)
        at = packet.pts if packet.pts is not None else packet.dts
        if at is not None:
            tick_s = self._ticks.get(index) or self._ticks.setdefault(index, float(packet.time_base))
            self.any_s = max(self.any_s, (at + (packet.duration or 0)) * tick_s)
            if index == self._video:
                self.video_s = max(self.video_s, (at + (packet.duration or 0)) * tick_s)


def _open(path: Path) -> Any:
    if not path.is_file():
        what = "is a folder without a video in it" if path.is_dir() else "is no file" if path.exists() else "is missing"
        raise InputError(f"{path} {what}")
    try:  # only this file: a playlist in disguise may not name others
        container = av.open(str(path.resolve()), options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise InputError(f"{path} is not readable as a video: {reason(error)}") from None
    looking_ahead: Any = Flags.gen_pts  # past the splices of a stream, for stamps that a packet lacks
    container.flags &= ~looking_ahead.value
    names = set(container.format.name.split(","))
    if names & set(NO_FILMS) or any(n.endswith("_pipe") for n in names):
        seen_as = container.format.long_name or container.format.name
        container.close()
        raise InputError(f"{path} is not a video: it looks like {seen_as}")
    return container


def _event_text(event: bytes) -> str:
    """What is said in an event as ffmpeg gives it: ReadOrder,Layer,Style,Name,3 margins,Effect,Text."""
    return event.decode("utf-8", "replace").split(",", 8)[-1]
