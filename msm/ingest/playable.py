"""Make a copy of a film that a browser plays: a link, the same streams in an .mp4, or H.264 and AAC encoded anew.

The work is ffmpeg's; here it is decided what has to be done, so that the copy shows and sounds what the shots were
taken from: the same streams, colours and orientation, and times that begin at the same zero.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import av.error

from msm.ingest.colour import Colour, colour_filters, colour_of, write_cube
from msm.ingest.extent import allows_jumps
from msm.ingest.orientation import Orientation, orientation_of
from msm.ingest.packet_survey import RESTART_S, PacketSurvey, survey_packets
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

    zero_s         the stamp that stands for zero
    discontinuous  stamps of the format may jump: ffmpeg lays the parts end to end, as `clock.Timeline` does
    alone          the file holds no other pictures or sound
    """

    video: Path
    format: str
    zero_s: float
    discontinuous: bool
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
    zero_s: float | None = None,
    damaged: bool = False,
    heartbeat: Callable[[], None] = lambda: None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Playable:
    """Write an .mp4 that a browser plays to `path`.

    pictures, sound  indices of the streams that the shots were taken from
    zero_s           the stamp that stands for zero, in seconds; the file's first one where it is not given
    damaged          some of it could not be decoded: a browser would stop there, so it is encoded anew
    heartbeat        called a few times a second; where it raises, ffmpeg is ended and the exception goes on
    progress         hears how many seconds of the copy are written, while ffmpeg writes it

    Raises OSError where the disk is full; where no copy can be made for another reason, the result says so.
    """
    try:
        source = _examine(video, pictures, sound, zero_s, heartbeat)
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        return _no_copy(video, error)
    if damaged:
        source = replace(source, plays=False, sounds=False)
    if source.plays and source.sounds and _is_mp4(source):
        link_or_copy(video, path)
        return Playable("linked")
    if source.plays:
        with suppress(ProgramError):  # then it is encoded anew
            _convert(source, path, heartbeat, progress)
            return Playable("copied")
    try:
        _convert(replace(source, plays=False, sounds=False), path, heartbeat, progress)
        return Playable("encoded")
    except ProgramError as error:
        path.unlink(missing_ok=True)
        return _no_copy(video, error)


def _no_copy(video: Path, error: Exception) -> Playable:
    reason = " ".join(str(error).split())[:200]
    return Playable("none", f"{video}: no copy that a browser plays could be made ({reason})")


def _examine(
    video: Path, pictures: int, sound: int | None, zero_s: float | None, heartbeat: Callable[[], None]
) -> Source:
    """Open the file, read its packets and decode its first picture."""
    options = {"protocol_whitelist": "file"}
    with av.open(str(video.resolve()), options=options, metadata_errors="replace") as container:
        chosen: list[Any] = [container.streams[i] for i in (pictures, sound) if i is not None]
        zero_s = (container.start_time or 0) / 1e6 if zero_s is None else zero_s
        survey = survey_packets(container, chosen[0], chosen[1] if sound is not None else None, zero_s, heartbeat)
        frame = _first_frame(video, pictures)
        if sound is not None:
            survey.sound_start_s = _sound_start_s(video, sound, zero_s, survey.sound_start_s)
        return Source(
            video=video.resolve(),
            format=container.format.name.partition(",")[0],
            zero_s=zero_s,
            discontinuous=allows_jumps(container),
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


def _first_frame(video: Path, index: int) -> Any:
    """Of a stream, decoded."""
    with av.open(str(video.resolve()), options={"protocol_whitelist": "file"}, metadata_errors="replace") as container:
        for packet in container.demux(container.streams[index]):
            with suppress(av.error.FFmpegError):
                for frame in packet.decode():
                    return frame
    raise ValueError("none of its frames can be decoded")


def _sound_start_s(video: Path, sound: int, zero_s: float, by_packets: float) -> float:
    """Where sound begins once it is decoded: some decoders give none for the first packets."""
    with suppress(ValueError, av.error.FFmpegError):
        frame = _first_frame(video, sound)
        if frame.pts is not None:
            return max(0.0, float(frame.pts * frame.time_base) - zero_s)
    return by_packets


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


def _convert(source: Source, path: Path, heartbeat: Callable[[], None], progress: Callable[[float], None]) -> None:
    """One run of ffmpeg, or two where silence has to stand before sound."""
    colours, late_sound = path.with_name(COLOURS), path.with_name(LATE_SOUND)
    inputs, sound = _input(source), [] if source.sound is None else ["-map", f"0:{source.sound}"]
    try:
        if not source.plays and not source.colour.is_standard:
            write_cube(colours, source.colour)
        if source.sound is not None and source.survey.late_sound:
            _save_sound(source, late_sound, heartbeat)
            begin = ["-itsoffset", f"{source.survey.sound_start_s:.6f}"] if source.discontinuous else []
            inputs += [*begin, "-i", f"file:{late_sound}", *_unused(source.sound)]
            sound = ["-map", "1:0"]
        streams = ["-map", f"0:{source.pictures}", *_video_options(source), *sound, *_sound_options(source)]
        bare = ["-map_metadata", "-1", "-map_chapters", "-1", "-max_muxing_queue_size", "100000"]
        run_ffmpeg([*inputs, *streams, *bare, "-movflags", "+faststart", "-f", "mp4"], path, heartbeat, progress)
    finally:
        for left in (colours, late_sound):
            left.unlink(missing_ok=True)


def _input(source: Source) -> list[str]:
    """The film as ffmpeg's first input, so that its times begin at the shots' zero.

    Where stamps may jump, ffmpeg's zero is the first stamp of the streams that are used; elsewhere stamps are moved
    as they are.
    """
    options = ["-noautorotate"] if source.survey.turned_inside else []
    options += ["-protocol_whitelist", "file", "-threads", str(MOST_THREADS), "-f", source.format]
    if source.format in UNSTAMPED:
        options += ["-r", str(source.rate)]
    if not source.discontinuous:
        options = ["-copyts", *options, "-itsoffset", f"{-source.zero_s:.6f}"]
    return [*options, "-i", f"file:{source.video}"]


def _unused(stream: int) -> list[str]:
    """An output that nobody sees: both streams have to be used for the parts to be laid end to end in the same way."""
    return ["-map", f"0:{stream}", "-c", "copy", "-f", "null", "-"]


def _save_sound(source: Source, path: Path, heartbeat: Callable[[], None]) -> None:
    """The sound alone, of one rate and layout: ffmpeg's filter would put the silence before each change of these."""
    sound = ["-map", f"0:{source.sound}", "-c:a", "flac", "-sample_fmt", "s16", *STEREO, "-af", _steady(source)]
    run_ffmpeg([*_input(source), *_unused(source.pictures), *sound, "-f", "matroska"], path, heartbeat)


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
        *(
            ["setpts=PTS-STARTPTS"] if source.format == "avi" else []
        ),  # which counts frames from zero on as they are decoded
        *_joined(source, f"{float(1 / source.rate):.6f}"),
        *turned,
        *colour_filters(source.colour, fitted, COLOURS),
        *bars,
        f"setsar={shape.numerator}/{shape.denominator}",
    ]


def _joined(source: Source, step_s: str) -> list[str]:
    """A filter that lays the parts of a film end to end where its stamps run backwards; step_s between two frames.

    ffmpeg does so by itself only in formats whose stamps may jump.
    """
    if source.discontinuous or not source.survey.restarts:
        return []
    step = f"if(lt((PTS-PREV_INPTS)*TB\\,{RESTART_S})\\,({step_s})/TB\\,PTS-PREV_INPTS)"
    return [f"setpts=if(isnan(PREV_INPTS)\\,PTS\\,PREV_OUTPTS+{step})"]


def _steady(source: Source) -> str:
    """Filters that fill gaps of sound with silence."""
    joined = [f"a{name}" for name in _joined(source, "NB_SAMPLES/SR")]
    return ",".join([*joined, "aresample=async=1"])


def _sound_options(source: Source) -> list[str]:
    if source.sound is None:
        return []
    if source.sounds:
        return ["-c:a", "copy"]
    silence = ":first_pts=0" if source.survey.late_sound else ""
    return ["-c:a", "aac", "-b:a", "128k", *STEREO, "-af", f"{_steady(source)}{silence}"]
