"""Make a copy of a film that a browser plays."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from msm.errors import InputError
from msm.io.files import link_or_copy

PLAYABLE_VIDEO, PLAYABLE_SOUND = ("h264",), ("aac", "mp3")
EVERYWHERE = ("yuv420p", "yuvj420p")  # the pixels that every browser decodes
LARGEST = 1280  # pixels a side of what is encoded anew


def save_playable(video: Path, path: Path) -> None:
    """Write an .mp4 that a browser plays to `path`: the file itself if it is one, else its streams, else encoded anew."""
    with av.open(str(video.resolve()), options={"protocol_whitelist": "file"}, metadata_errors="replace") as source:
        pictures, sound = source.streams.video[0], next(iter(source.streams.audio), None)
        plays = pictures.codec_context.name in PLAYABLE_VIDEO and pictures.codec_context.pix_fmt in EVERYWHERE
        plays = plays and (sound is None or sound.codec_context.name in PLAYABLE_SOUND)
        if plays and video.suffix.lower() in (".mp4", ".m4v") and "mp4" in source.format.name:
            return link_or_copy(video, path)
        try:
            with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as target:
                _copy_streams(source, target, pictures, sound) if plays else _encode(source, target, pictures, sound)
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, OSError) and not isinstance(error, ValueError):
                raise  # a full disk says so itself
            path.unlink(missing_ok=True)
            reason = " ".join(str(error).split())
            raise InputError(
                f"{video}: no copy that a browser plays could be made ({reason}); --no-media does without"
            ) from None
    return None


def _copy_streams(source: Any, target: Any, pictures: Any, sound: Any) -> None:
    """The same pictures and sound in another container: nothing is decoded."""
    kept = [s for s in (pictures, sound) if s is not None]
    copies = {s.index: target.add_stream_from_template(s) for s in kept}
    for packet in source.demux(kept):
        if packet.dts is not None and packet.pts is not None:
            begin = round(_origin_s(source) / packet.time_base)
            packet.pts, packet.dts = packet.pts - begin, packet.dts - begin
            packet.stream = copies[packet.stream.index]
            target.mux(packet)


def _origin_s(source: Any) -> float:
    """The stamp that stands for zero: a broadcast's clock may begin anywhere."""
    return (source.start_time or 0) / 1e6


def _encode(source: Any, target: Any, pictures: Any, sound: Any) -> None:
    """H.264 and AAC of at most LARGEST pixels a side, upright; the times of the frames stay what they were."""
    video = _add_video(source, target, pictures)
    audio = target.add_stream("aac", rate=44_100, layout="stereo") if sound is not None else None
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=44_100, frame_size=1024) if audio else None
    last, origin_s = -1, _origin_s(source)
    for packet in source.demux([s for s in (pictures, sound) if s is not None]):
        for frame in _decodable(packet):
            if isinstance(frame, av.VideoFrame):
                last = _encode_picture(frame, origin_s, video, target, last)
            elif resampler is not None and audio is not None:
                frame.pts = None
                for piece in resampler.resample(frame):
                    target.mux(audio.encode(piece))
    for stream in (s for s in (video, audio) if s is not None):
        target.mux(stream.encode(None))


def _add_video(source: Any, target: Any, pictures: Any) -> Any:
    """A stream of the size and shape that the pictures have when they stand upright."""
    context = pictures.codec_context
    scale = min(1.0, LARGEST / max(context.width, context.height))
    size = [max(2, round(n * scale) // 2 * 2) for n in (context.width, context.height)]
    aspect = pictures.sample_aspect_ratio or Fraction(1)
    if _turns(next(source.decode(pictures))) % 2:
        size, aspect = size[::-1], 1 / aspect
    source.seek(0)
    rate = Fraction(pictures.guessed_rate or 25).limit_denominator(1001)
    video = target.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "23"})
    video.width, video.height, video.pix_fmt = *size, "yuv420p"
    video.codec_context.time_base = Fraction(1, 90_000)
    video.sample_aspect_ratio = aspect
    return video


def _encode_picture(frame: av.VideoFrame, origin_s: float, video: Any, target: Any, last: int) -> int:
    """Encode one frame; returns its time in 1/90000 s, always later than the last."""
    known = frame.pts is not None and frame.time_base is not None
    at = round((frame.pts * frame.time_base - origin_s) * 90_000) if known else last + 3600  # type: ignore[operator]
    upright = _upright(frame, video.width, video.height)
    upright.pts, upright.time_base, upright.pict_type = max(at, last + 1), Fraction(1, 90_000), 0
    target.mux(video.encode(upright))
    return int(upright.pts)


def _upright(frame: av.VideoFrame, width: int, height: int) -> Any:
    turns = _turns(frame)
    if not turns:
        return frame.reformat(width, height, "yuv420p")
    lying: Any = frame.reformat(*((height, width) if turns % 2 else (width, height)), "rgb24").to_ndarray()
    standing: Any = np.ascontiguousarray(np.rot90(lying, turns))
    return av.VideoFrame.from_ndarray(standing, format="rgb24").reformat(format="yuv420p")


def _turns(frame: av.VideoFrame) -> int:
    """Quarter turns against the clock that make a frame upright."""
    return round((frame.rotation or 0) / 90) % 4


def _decodable(packet: Any) -> list[Any]:
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []
