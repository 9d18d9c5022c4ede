"""How long a film is by its own account, and whether its file is whole.

Only the video stream's own declaration counts: a container's duration is that of its longest stream, which may be
sound or subtitles.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
from av.format import Flags

OWN_DURATION = {"mov", "avi", "ogg"}  # demuxers that know the duration of each stream
SEGMENT = 0x18538067  # of Matroska and WebM
FLV_SIZE = b"\x00\x08filesize\x00"  # in the metadata of an FLV file, followed by a double
CUT_SHARE, CUT_S = 0.95, 1.0  # what ends that much before its declared end is cut off


class Extent:
    """What a file declares of one of its video streams.

    end_s      when its last frame ends, in seconds on the file's own clock; None where the file does not say
    frames     how many it has; 0 where the file does not say
    whole_s    when the whole file ends
    exact      it is the video stream's own declaration, not that of the whole file
    truncated  True or False where the file itself tells whether it ends before its end; else None
    """

    def __init__(self, path: Path, container: Any, stream: Any):
        names = set(container.format.name.split(","))
        self.truncated = _is_truncated(path, names)
        self.exact = bool(names & OWN_DURATION)
        self.frames = int(stream.frames)
        self.whole_s = ((container.duration or 0) + (container.start_time or 0)) / 1e6
        self._in_packets = "mov" in names  # each packet says how long its frame lasts
        self.end_s: float | None = None
        if allows_jumps(container) and not self.exact:
            return  # what these declare is the last stamp of the file
        if (tagged := _tag(stream, "DURATION")) is not None:
            self.end_s, self.exact = tagged, True
        elif "avi" in names and self.frames and stream.time_base:
            self.end_s = float(self.frames * stream.time_base)  # the demuxer's duration is what is left of the file
            self.frames = 0  # it counts ticks, in many of which no frame comes
        elif stream.duration and stream.time_base:
            self.end_s = float((stream.duration + (stream.start_time or 0)) * stream.time_base)
        elif container.duration:
            self.end_s = self.whole_s
            self.exact = len(container.streams) == 1

    def is_cut_off(self, video_end_s: float, any_end_s: float, packets: int) -> bool:
        """Whether the file ends too early.

        video_end_s  when the last packet of the video stream ends, on the file's own clock
        any_end_s    the same of all streams
        packets      that were read of the video stream
        """
        if self.end_s is None or self.truncated is False or packets >= CUT_SHARE * (self.frames or np.inf):
            return False
        reached_s = video_end_s if self.exact else max(video_end_s, any_end_s)
        return reached_s < CUT_SHARE * self.end_s - CUT_S

    def end_of_last(self, frame_end_s: float, video_end_s: float, any_end_s: float) -> float:
        """When the last frame ends, on the file's own clock, in a film that is not cut off.

        frame_end_s             by that frame itself
        video_end_s, any_end_s  as for `is_cut_off`

        What a damaged header declares is not believed where nothing else in the file speaks for it.
        """
        if self.end_s is None or not self.exact:
            return frame_end_s
        if self._in_packets:
            return max(frame_end_s, video_end_s)
        believed_s = max(any_end_s, self.whole_s) + CUT_S
        return max(frame_end_s, self.end_s) if self.end_s <= believed_s else frame_end_s

    def missing(self, packets: int, share: float) -> int:
        """How many packets a film lacks that is cut off.

        packets  that were read of the video stream
        share    of its declared length that was read
        """
        if self.frames:
            return max(0, self.frames - packets)
        return round(packets * (1 / max(share, 1e-6) - 1)) if self.truncated else 0


def allows_jumps(container: Any) -> bool:
    """Whether time stamps of this format may jump: MPEG-TS, MPEG-PS and Ogg."""
    return bool(container.format.flags & Flags.ts_discont.value)


def _tag(stream: Any, name: str) -> float | None:
    """Seconds of a Matroska statistics tag such as DURATION=00:01:42.021000000, also with a language (DURATION-eng)."""
    for key, value in stream.metadata.items():
        found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", value.strip())
        if key.split("-")[0].upper() == name and found:
            return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
    return None


def _is_truncated(path: Path, names: set[str]) -> bool | None:
    """Whether a file is shorter than it says; None where it does not say."""
    with open(path, "rb") as file:
        head = file.read(4096)
    size = path.stat().st_size
    if "matroska" in names:
        return _segment_is_truncated(head, size)
    if "avi" in names and head.startswith(b"RIFF"):
        return size < 8 + int.from_bytes(head[4:8], "little")
    if "flv" in names and (at := head.find(FLV_SIZE)) >= 0:
        declared = head[at + len(FLV_SIZE) :][:8]
        return len(declared) == 8 and size < struct.unpack(">d", declared)[0]
    return None


def _segment_is_truncated(head: bytes, file_size: int) -> bool | None:
    """Whether the segment of a Matroska file, whose first bytes are given, ends behind the file."""
    _, header, at = _element(head, 0)
    if header is None:
        return None
    identifier, size, start = _element(head, at + header)
    if identifier != SEGMENT or size is None:
        return None
    return file_size < start + size


def _element(head: bytes, at: int) -> tuple[int, int | None, int]:
    """(id, size, start of the contents) of the EBML element at a place; the size is None where it is unknown."""
    identifier, width = _number(head, at, keep_marker=True)
    size, more = _number(head, at + width, keep_marker=False)
    unknown = more == 0 or size == (1 << 7 * more) - 1
    return identifier, None if unknown else size, at + width + more


def _number(head: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """An EBML number and its width in bytes; (0, 0) where there is none."""
    first = head[at] if at < len(head) else 0
    width = 9 - first.bit_length() if first else 0
    if not width or at + width > len(head):
        return 0, 0
    value = int.from_bytes(head[at : at + width], "big")
    return value if keep_marker else value & ~(1 << 7 * width), width
