"""Demuxing and decoding that go on where libavformat and libavcodec report an error.

An error at a packet is about that packet: the next one is read. What was lost is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import av
import av.error

MOST_DEMUX_ERRORS = 100  # in a row, without a packet between them: the file has ended
MOST_REORDERED = 16  # frames that a decoder of H.264 or HEVC holds back


class RestartError(Exception):
    """A decoder with frame threads has to be replaced by one without; the file is read again from its beginning."""


class Losses:
    """What could not be read of one film.

    frames     video packets that could not be decoded
    others     packets of sound and subtitles that could not be decoded
    reads      errors of the demuxer
    concealed  frames that were decoded in part, and completed by the decoder
    """

    def __init__(self) -> None:
        self.frames = self.others = self.reads = self.concealed = 0
        self.first = ""  # the first error, in FFmpeg's words

    def __bool__(self) -> bool:
        return bool(self.frames or self.others or self.reads or self.concealed)

    def sentences(self, frames: int) -> list[str]:
        """Warnings about a film of which so many frames were decoded."""
        found = []
        if self.frames:
            found.append(f"{self.frames} of {self.frames + frames} frames could not be decoded ({self.first})")
        if self.concealed:
            found.append(f"{self.concealed} of {frames} frames are damaged")
        if self.others:
            found.append(f"{self.others} packets of sound or subtitles could not be decoded")
        if self.reads:
            found.append(f"the file could not be read at {self.reads} places")
        return found

    def note(self, error: BaseException) -> None:
        self.first = self.first or reason(error)


def reason(error: BaseException) -> str:
    """What FFmpeg says of an error, without a full stop."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")


def packets(container: Any, streams: Sequence[Any], losses: Losses) -> Iterator[Any]:
    """The packets of some streams in the order of the file, without those that only flush decoders."""
    in_a_row = 0
    while in_a_row < MOST_DEMUX_ERRORS:
        demuxer = container.demux(streams)
        while True:
            try:
                packet = next(demuxer)
            except (StopIteration, IndexError):  # IndexError: PyAV flushes a stream that appeared while it read
                return
            except (av.error.FFmpegError, ValueError, OSError) as error:
                in_a_row += 1
                losses.reads += 1
                losses.note(error)
                break  # a new demuxer goes on where this one stopped
            in_a_row = 0
            if packet.size:  # an empty packet would tell the decoder that the stream has ended
                yield packet


class Decoder:
    """Decodes the packets of one stream.

    threads  decode several frames at once. With them an error can leave packets in the decoder that PyAV cannot
             reach, after which every packet is refused: `RestartError` is raised at the first error
    """

    def __init__(self, stream: Any, losses: Losses, *, threads: bool = False):
        self.stream = self._stream = stream
        self._losses, self._threads = losses, threads
        self._under_way = 0  # packets that have not become frames yet
        self._is_video = stream.type == "video"
        if threads:
            stream.thread_type = "AUTO"

    def decode(self, packet: Any) -> list[Any]:
        """The frames that a packet completes; none where it is damaged."""
        try:
            return self._frames(packet)
        except av.error.BlockingIOError:  # frames wait in the decoder: take them, then try again
            self._lost(None)
            return [*self.flush(), *self._again(packet)]
        except _DECODER_ERRORS as error:
            self._lost(error)
            return []

    def flush(self) -> list[Any]:
        """The frames that the decoder still holds; it can be used again afterwards."""
        frames: list[Any] = []
        under_way = self._under_way
        try:
            frames = self._frames(None)
        except _DECODER_ERRORS as error:
            self._lost(error)
        if self._threads and len(frames) < under_way <= self._stream.codec_context.thread_count + MOST_REORDERED:
            raise RestartError  # PyAV keeps silent about an error behind a frame, and drops what comes after it
        self._stream.codec_context.flush_buffers()
        self._under_way = 0
        return frames

    def _again(self, packet: Any) -> list[Any]:
        try:
            return self._frames(packet)
        except _DECODER_ERRORS as error:
            self._lost(error)
            return []

    def _frames(self, packet: Any) -> list[Any]:
        frames = list(self._stream.codec_context.decode(packet))
        self._under_way += (packet is not None) - len(frames)
        return frames

    def _lost(self, error: BaseException | None) -> None:
        if self._threads:
            raise RestartError
        if error is None:
            return
        self._losses.note(error)
        if self._is_video:
            self._losses.frames += 1
        else:
            self._losses.others += 1


_DECODER_ERRORS = (av.error.FFmpegError, ValueError, IndexError, OSError, NotImplementedError)
