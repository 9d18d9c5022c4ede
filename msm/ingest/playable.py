"""Make a copy of a film that a browser plays: a link, the same streams in an .mp4, or H.264 and AAC encoded anew.

The work is ffmpeg's; here it is decided what has to be done, so that the copy shows and sounds what the shots were
taken from: the same streams, colours and orientation, and times that begin at the same zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import av.error

from msm.ingest.colour import Colour, colour_filters, colour_of, write_cube
from msm.ingest.orientation import Orientation, orientation_of
from msm.ingest.packet_survey import PacketSurvey, survey_packets
from msm.io.ffmpeg import run_ffmpeg
from msm.io.files import link_or_copy
from msm.io.programs import ProgramError

# What browsers play in an .mp4: pixels, and of each codec the profiles (None: all)
PIXELS = ("yuv420p", "yuvj420p")
VIDEO = {
    "h264": ("Baseline", "Constrained Baseline", "Main", "High", "Progressive High", "Constrained High"),
    "vp9": ("Profile 0",),
    "av1": ("Main",),
}
SOUND: dict[str, tuple[str, ...] | None] = {"aac": ("LC", "HE-AAC", "HE-AACv2"), "mp3": None, "opus": None}
LARGEST = 1280  # pixels a side of what is encoded anew
MOST_THREADS = 8  # each decodes frames of its own, and frames of 4K are large
DISCONTINUOUS = ("mpegts", "mpeg")  # ffmpeg lays their jumps end to end, from the first stamp that it reads
UNSTAMPED = ("h264", "hevc", "m4v", "mpegvideo", "vc1", "obu")  # bare streams of one codec
TICKS = 90_000  # a second, of the times in an encoded copy
STEREO = ("-ac", "2", "-ar", "48000")
COLOURS, LATE_SOUND = ".colours.cube", ".sound.mka"  # beside the copy while it is made


@dataclass(frozen=True)
class Playable:
    """What became of the copy; a warning says why there is none."""

    kind: Literal["linked", "copied", "encoded", "none"]
    warning: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """What has to be known of a film to copy it.

    zero_s       the stamp that stands for zero
    starts_s     the first stamp of each stream, by its index
    alone        the file holds no other pictures or sound
    """

    video: Path
    format: str
    zero_s: float
    starts_s: dict[int, float]
    pictures: int
    sound: int | None
    alone: bool
    size: tuple[int, int]
    aspect: Fraction
    rate: Fraction
    orientation: Orientation
    colour: Colour
    plays: bool
    sounds: bool
    survey: PacketSurvey


def save_playable(
    video: Path,
    path: Path,
    pictures: int,
    sound: int | None,
    *,
    damaged: bool = False,
    heartbeat: Callable[[], None] = lambda: None,
) -> Playable:
    """Write an .mp4 that a browser plays to `path`.

    pictures, sound  indices of the streams that the shots were taken from
    damaged          some of it could not be decoded: a browser would stop there, so it is encoded anew
    heartbeat        called a few times a second; where it raises, ffmpeg is ended and the exception goes on

    Raises OSError where the disk is full; where no copy can be made for another reason, the result says so.
    """
    try:
        source = _examine(video, pictures, sound, heartbeat)
        if damaged:
            source = replace(source, plays=False, sounds=False)
        if source.plays and source.sounds and _is_mp4(source):
            link_or_copy(video, path)
            return Playable("linked")
        if source.plays:
            with suppress(ProgramError):  # then it is encoded anew
                _convert(source, path, heartbeat)
                return Playable("copied")
        _convert(replace(source, plays=False, sounds=False), path, heartbeat)
        return Playable("encoded")
    except (ProgramError, av.error.FFmpegError, ValueError, IndexError) as error:
        path.unlink(missing_ok=True)
        reason = " ".join(str(error).split())[:200]
        return Playable("none", f"{video}: no copy that a browser plays could be made ({reason})")


def _examine(video: Path, pictures: int, sound: int | None, heartbeat: Callable[[], None]) -> Source:
    """Open the file, read its packets and decode its first picture."""
    options = {"protocol_whitelist": "file"}
    with av.open(str(video.resolve()), options=options, metadata_errors="replace") as container:
        chosen: list[Any] = [container.streams[i] for i in (pictures, sound) if i is not None]
        zero_s = (container.start_time or 0) / 1e6
        survey = survey_packets(container, chosen[0], chosen[1] if sound is not None else None, zero_s, heartbeat)
        frame = _first_frame(video, pictures)
        return Source(
            video=video.resolve(),
            format=container.format.name.partition(",")[0],
            zero_s=zero_s,
            starts_s={s.index: float(s.start_time * s.time_base) for s in chosen if s.start_time is not None},
            pictures=pictures,
            sound=sound,
            alone=all(s.index in (pictures, sound) for s in container.streams if s.type in ("video", "audio")),
            size=(frame.width, frame.height),
            aspect=chosen[0].sample_aspect_ratio or Fraction(1),
            rate=Fraction(chosen[0].guessed_rate or 25),
            orientation=orientation_of(frame),
            colour=colour_of(frame),
            plays=_plays(chosen[0], frame, survey),
            sounds=sound is None or _sounds(chosen[1], survey),
            survey=survey,
        )


def _first_frame(video: Path, pictures: int) -> av.VideoFrame:
    with av.open(str(video.resolve()), options={"protocol_whitelist": "file"}, metadata_errors="replace") as container:
        for packet in container.demux(container.streams[pictures]):
            with suppress(av.error.FFmpegError):
                for frame in packet.decode():
                    if isinstance(frame, av.VideoFrame):
                        return frame
    raise ValueError("no picture of it can be decoded")


def _plays(stream: Any, frame: av.VideoFrame, survey: PacketSurvey) -> bool:
    profiles = VIDEO.get(stream.codec.canonical_name, ())
    return (
        stream.profile in profiles
        and frame.format.name in PIXELS
        and colour_of(frame).is_standard
        and not (survey.broken_stamps or survey.other_pictures or survey.turned_inside)
    )


def _sounds(stream: Any, survey: PacketSurvey) -> bool:
    """Sound that begins late, or stops between, is encoded with the silence: browsers pass over gaps."""
    profiles = SOUND.get(stream.codec.canonical_name, ())
    known = profiles is None or stream.profile in profiles
    return known and stream.codec_context.channels <= 8 and not (survey.unsteady_sound or survey.late_sound)


def _is_mp4(source: Source) -> bool:
    named = source.video.suffix.lower() in (".mp4", ".m4v")
    return named and source.format == "mov" and source.alone and abs(source.zero_s) < 1e-3


def _convert(source: Source, path: Path, heartbeat: Callable[[], None]) -> None:
    """One run of ffmpeg, or two where silence has to stand before sound."""
    colours, late_sound = path.with_name(COLOURS), path.with_name(LATE_SOUND)
    try:
        if not source.plays and not source.colour.is_standard:
            write_cube(colours, source.colour)
        inputs, sound = _input(source, [i for i in (source.pictures, source.sound) if i is not None]), None
        if source.sound is not None:
            sound = f"0:{source.sound}"
        if source.sound is not None and source.survey.late_sound:
            _save_sound(source, late_sound, heartbeat)
            inputs = _input(source, [source.pictures])
            if source.survey.jumps:  # without -copyts each input begins at zero
                inputs += ["-itsoffset", f"{source.survey.sound_start_s:.6f}"]
            inputs += ["-i", f"file:{late_sound}"]
            sound = "1:0"
        streams = ["-map", f"0:{source.pictures}", *(_video_options(source))]
        streams += ["-map", sound, *_sound_options(source)] if sound else []
        bare = ["-map_metadata", "-1", "-map_chapters", "-1", "-max_muxing_queue_size", "100000"]
        run_ffmpeg([*inputs, *streams, *bare, "-movflags", "+faststart", "-f", "mp4"], path, heartbeat)
    finally:
        for left in (colours, late_sound):
            left.unlink(missing_ok=True)


def _input(source: Source, streams: Sequence[int]) -> list[str]:
    """The film as ffmpeg's first input, of which `streams` are read, so that its times begin at the shots' zero."""
    options = ["-noautorotate"] if source.survey.turned_inside else []
    options += ["-protocol_whitelist", "file", "-threads", str(MOST_THREADS), "-f", source.format]
    if source.format in UNSTAMPED:
        options += ["-r", str(source.rate)]
    if not source.survey.jumps:  # the stamps as they are
        options = ["-copyts", *options, "-itsoffset", f"{-source.zero_s:.6f}"]
    elif source.format in DISCONTINUOUS:
        first_s = min((source.starts_s[i] for i in streams if i in source.starts_s), default=source.zero_s)
        options += ["-itsoffset", f"{max(0.0, first_s - source.zero_s):.6f}"]
    return [*options, "-i", f"file:{source.video}"]


def _save_sound(source: Source, path: Path, heartbeat: Callable[[], None]) -> None:
    """The sound alone, of one rate and layout: ffmpeg's filter would put the silence before each change of these."""
    assert source.sound is not None
    sound = ["-map", f"0:{source.sound}", "-c:a", "flac", "-sample_fmt", "s16", *STEREO, "-af", "aresample=async=1"]
    run_ffmpeg([*_input(source, [source.sound]), *sound, "-f", "matroska"], path, heartbeat)


def _video_options(source: Source) -> list[str]:
    if source.plays:
        return ["-c:v", "copy"]
    times = ["-fps_mode", "vfr", "-enc_time_base", f"1:{TICKS}", "-video_track_timescale", str(TICKS)]
    filters = ",".join(_picture_filters(source))
    return ["-vf", filters, "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", *times]


def _picture_filters(source: Source) -> list[str]:
    """Scaled to at most LARGEST pixels a side, colours made standard; ffmpeg turns it upright where the container asks."""
    size = source.orientation.size(*source.size)
    shape = 1 / source.aspect if source.orientation.transposed else source.aspect
    scale = min(1.0, LARGEST / max(size))
    width, height = (max(2, round(n * scale / 2) * 2) for n in size)
    shape = (shape * Fraction(*size) * Fraction(height, width)).limit_denominator(1000)  # of a pixel, once scaled
    fitted, bars = f"{width}:{height}", []
    if source.survey.other_pictures:  # of another size from some point on: all of it is shown, between black bars
        fitted += ":force_original_aspect_ratio=decrease"
        bars = [f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"]
    turned = []
    if source.survey.turned_inside:  # not each picture may say so, and ffmpeg would turn those that do
        turned = ["sidedata=mode=delete:type=DISPLAYMATRIX", *source.orientation.filters]
    return [
        *turned,
        *colour_filters(source.colour, fitted, COLOURS),
        *bars,
        f"setsar={shape.numerator}/{shape.denominator}",
    ]


def _sound_options(source: Source) -> list[str]:
    if source.sounds:
        return ["-c:a", "copy"]
    silence = ":first_pts=0" if source.survey.late_sound else ""
    return ["-c:a", "aac", "-b:a", "128k", *STEREO, "-af", f"aresample=async=1{silence}"]
