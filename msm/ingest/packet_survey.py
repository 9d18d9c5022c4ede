"""What the packets of a file say about its streams, read without decoding: can they be copied as they are?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

SOUND_GAP_S = 0.1  # less is jitter of the stamps; `SoundSpool` and ffmpeg's `async` fill in from here on
RESTART_S = -1.0  # between two packets of a stream: as far back is another part of the film
LATE_S = 0.045  # sound that begins later than this does not begin with the film; less is the delay of a codec
SPS, SEI, SLICES = 7, 6, (1, 5)  # types of NAL units of H.264
UNORDERED = ("avi",)  # its packets have no times, and pictures that are shown in another order get wrong ones
ORIENTATION_SEI = 47
BEAT = 2000
HEADERS_WITHIN = 1 << 16  # bytes of a packet in which its headers stand


@dataclass
class PacketSurvey:
    """What was found; each True is a reason against a copy.

    broken_stamps   pictures without time stamps, or in an order that no container takes
    other_pictures  size or coding of the pictures changes on the way
    turned_inside   the pictures themselves, not the container, say how they are turned
    unsteady_sound  sound has gaps or overlaps, or its rate or channels change
    restarts        time stamps begin anew on the way
    sound_start_s   when sound begins; 0 where it begins with the film, or there is none
    """

    broken_stamps: bool = False
    other_pictures: bool = False
    turned_inside: bool = False
    unsteady_sound: bool = False
    restarts: bool = False
    sound_start_s: float = 0.0

    @property
    def late_sound(self) -> bool:
        return self.sound_start_s > LATE_S


def survey_packets(
    container: Any, video: Any, audio: Any | None, origin_s: float, heartbeat: Callable[[], None] = lambda: None
) -> PacketSurvey:
    """Read all packets of two streams of an opened container; one that cannot be read to its end counts as broken.

    origin_s   the stamp that stands for zero
    heartbeat  called after every BEAT packets
    """
    survey = PacketSurvey()
    pictures = _Pictures(survey, video)
    sound = _Sound(survey, audio, origin_s) if audio is not None else None
    for number, packet in enumerate(_packets(container, [s for s in (video, audio) if s is not None])):
        if number % BEAT == BEAT - 1:
            heartbeat()
        if packet is None:
            survey.broken_stamps = survey.unsteady_sound = True
        elif packet.stream is video:
            pictures.see(packet)
        elif sound is not None:
            sound.see(packet)
    return survey


def _packets(container: Any, streams: Sequence[Any]) -> Iterator[Any | None]:
    """Those that hold something; None at the end of a file that cannot be read to its end."""
    packets = container.demux(streams)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except Exception:  # PyAV raises what it likes where a file is damaged, and ffmpeg goes on where it can
            yield None
            return
        if packet.size:
            yield packet


class _Pictures:
    def __init__(self, survey: PacketSurvey, stream: Any):
        self._survey = survey
        survey.broken_stamps |= stream.container.format.name in UNORDERED
        self._is_h264 = stream.codec_context.name == "h264"
        extradata = bytes(stream.codec_context.extradata or b"")
        self._length_bytes = (extradata[4] & 3) + 1 if extradata[:1] == b"\x01" and len(extradata) > 6 else 0
        self._headers = set(_headers_of(extradata, self._length_bytes)) if self._is_h264 else set()
        self._last_dts: int | None = None

    def see(self, packet: Any) -> None:
        if packet.pts is None:
            self._survey.broken_stamps = True
        if packet.dts is not None:
            step = packet.dts - self._last_dts if self._last_dts is not None else 1
            self._survey.broken_stamps |= step <= 0
            self._survey.restarts |= float(step * packet.time_base) < RESTART_S
            self._last_dts = packet.dts
        if packet.is_corrupt:
            self._survey.broken_stamps = True
        if packet.has_sidedata("new_extradata"):
            self._survey.other_pictures = True
        if self._is_h264 and packet.is_keyframe:
            self._see_headers(bytes(memoryview(packet)[:HEADERS_WITHIN]))

    def _see_headers(self, data: bytes) -> None:
        for unit in _nal_units(data, self._length_bytes):
            kind = unit[0] & 31
            if kind == SPS:
                sps = unit.rstrip(b"\0")
                if self._headers and sps not in self._headers:
                    self._survey.other_pictures = True
                self._headers.add(sps)
            elif kind == SEI and ORIENTATION_SEI in _messages(unit):
                self._survey.turned_inside = True
            elif kind in SLICES:
                break


class _Sound:
    def __init__(self, survey: PacketSurvey, stream: Any, origin_s: float):
        self._survey, self._codec = survey, stream.codec_context.name
        self._frame_s = (stream.codec_context.frame_size or 0) / (stream.codec_context.sample_rate or 1)
        self._start_s = None if stream.start_time is None else float(stream.start_time * stream.time_base) - origin_s
        self._origin_s = origin_s
        self._end_s: float | None = None
        self._header: bytes | None = None

    def see(self, packet: Any) -> None:
        at = packet.pts if packet.pts is not None else packet.dts
        if at is not None:
            self._see_time(float(at * packet.time_base) - self._origin_s, packet)
        if packet.has_sidedata("new_extradata"):
            self._survey.unsteady_sound = True
        header = _sound_header(self._codec, bytes(memoryview(packet)[:4]))
        if header and self._header and header != self._header:
            self._survey.unsteady_sound = True
        self._header = header or self._header

    def _see_time(self, start_s: float, packet: Any) -> None:
        if self._end_s is None:
            self._survey.sound_start_s = max(0.0, start_s if self._start_s is None else self._start_s)
        elif abs(start_s - self._end_s) > SOUND_GAP_S:
            self._survey.unsteady_sound = True
            self._survey.restarts |= start_s - self._end_s < RESTART_S
        length_s = float(packet.duration * packet.time_base) if packet.duration else self._frame_s
        self._end_s = start_s + length_s


def _sound_header(codec: str, start: bytes) -> bytes:
    """The bits that give rate and channels in front of a packet; empty where they stand elsewhere."""
    if len(start) < 4 or start[0] != 0xFF:
        return b""
    if codec == "aac" and start[1] & 0xF6 == 0xF0:  # ADTS: profile, rate, channels
        return bytes([start[2] & 0xFD, start[3] & 0xC0])
    if codec.startswith("mp3") and start[1] & 0xE0 == 0xE0:  # version, rate, one channel or two
        return bytes([start[1] & 0x18, start[2] & 0x0C, start[3] & 0xC0 == 0xC0])
    return b""


def _messages(unit: bytes) -> Iterator[int]:
    """The types of the messages in an SEI unit; each stands before its length, both in bytes of 255 and a last one."""
    data, at = unit[1:].replace(b"\0\0\3", b"\0\0"), 0
    while at + 2 < len(data):
        numbers = [0, 0]
        for i in range(2):
            while at < len(data) and data[at] == 255:
                numbers[i], at = numbers[i] + 255, at + 1
            numbers[i], at = numbers[i] + (data[at] if at < len(data) else 0), at + 1
        yield numbers[0]
        at += numbers[1]


def _headers_of(extradata: bytes, length_bytes: int) -> Iterator[bytes]:
    """The sequence parameter sets that stand before the stream."""
    if not length_bytes:
        yield from (u.rstrip(b"\0") for u in _nal_units(extradata, 0) if u[0] & 31 == SPS)
        return
    at = 6
    for _ in range(extradata[5] & 31):
        length = int.from_bytes(extradata[at : at + 2], "big")
        yield extradata[at + 2 : at + 2 + length].rstrip(b"\0")
        at += 2 + length


def _nal_units(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """The NAL units of a packet, the last perhaps cut; after lengths, or (0) after start codes as in Annex B."""
    at = 0
    while length_bytes and at + length_bytes < len(data):
        length = int.from_bytes(data[at : at + length_bytes], "big")
        at += length_bytes
        if length:
            yield data[at : at + length]
        at += length
    if not length_bytes:
        yield from (unit for unit in data.split(b"\0\0\1")[1:] if unit)
