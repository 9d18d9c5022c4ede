"""Time stamps of a file become one timeline that never stands still or runs backwards.

The rules are those of the ffmpeg program (fftools/ffmpeg_demux.c): where the time stamps of a format that allows
discontinuities jump, as in concatenated .ts and .vob files, the parts are laid end to end, and pictures, sound and
subtitles move by the same offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

JUMP_S = 10.0  # further ahead than that is a discontinuity: ffmpeg's -dts_delta_threshold
BACK_S = 0.1  # further back than that is one
BACK_ELSEWHERE_S = 1.0  # the same in formats without discontinuities, whose stamps are rounded
WRONG_S = 30 * 3600.0  # a stamp that far off is no stamp: ffmpeg's -dts_error_threshold


@dataclass
class _Lane:
    """Where one stream stands: decoding times of its last packet and of the one that should follow, and its end."""

    tick_s: float
    step_s: float
    dts_s: float | None = None
    next_s: float | None = None
    end_s: float = 0.0  # of what is shown or heard


class Timeline:
    """Moves the time stamps of packets so that the parts of a file follow each other.

    discontinuous  the format allows discontinuities (MPEG-TS, MPEG-PS, Ogg): gaps of more than JUMP_S close
    """

    def __init__(self, discontinuous: bool):
        self.offset_s = 0.0
        self.joins = 0  # places at which parts were joined
        self._discontinuous = discontinuous
        self._lanes: dict[int, _Lane] = {}
        self._last_s: float | None = None

    def place(self, packet: Any) -> None:
        """Change a packet's time stamps to those of the timeline. Packets come in the order of the file."""
        lane = self._lanes.get(packet.stream_index) or self._add(packet.stream)
        self._shift(packet, lane, self.offset_s)
        if packet.stream.type in ("video", "audio"):
            if not self._discontinuous:
                self._mend_shown(packet, lane)
            if packet.dts is not None:
                self._mend(packet, lane)
            self._advance(packet, lane)

    def _add(self, stream: Any) -> _Lane:
        rate = stream.guessed_rate if stream.type == "video" else None
        lane = self._lanes[stream.index] = _Lane(float(stream.time_base or 1), 1 / float(rate) if rate else 0.0)
        return lane

    def _shift(self, packet: Any, lane: _Lane, seconds: float) -> None:
        ticks = round(seconds / lane.tick_s)
        if ticks:
            packet.dts = None if packet.dts is None else packet.dts + ticks
            packet.pts = None if packet.pts is None else packet.pts + ticks

    def _mend(self, packet: Any, lane: _Lane) -> None:
        """Find out whether the packet's time is a discontinuity or nonsense, and do what follows from it."""
        dts_s = packet.dts * lane.tick_s
        if lane.next_s is not None and lane.dts_s is not None:
            off_s, back_s = dts_s - lane.next_s, lane.dts_s - dts_s
            if self._discontinuous:
                if abs(off_s) > JUMP_S or back_s > BACK_S:
                    self._join(packet, lane, off_s)
            elif abs(off_s) > WRONG_S:
                self._forget(packet, lane)
            elif back_s > BACK_ELSEWHERE_S:
                self._join(packet, lane, off_s)
        elif self._discontinuous and self._last_s is not None and abs(dts_s - self._last_s) > JUMP_S:
            self._join(packet, lane, dts_s - self._last_s)  # a stream that begins after a discontinuity
        if packet.dts is not None:
            self._last_s = packet.dts * lane.tick_s

    def _mend_shown(self, packet: Any, lane: _Lane) -> None:
        """Join a part at the time at which its first packet is shown: Matroska knows no times of decoding."""
        if packet.pts is not None and packet.is_keyframe and lane.dts_s is not None:
            off_s = packet.pts * lane.tick_s - lane.end_s
            if -WRONG_S < off_s < -BACK_ELSEWHERE_S:
                self._join(packet, lane, off_s)

    def _join(self, packet: Any, lane: _Lane, off_s: float) -> None:
        self.offset_s -= off_s
        self.joins += 1
        self._shift(packet, lane, -off_s)

    def _forget(self, packet: Any, lane: _Lane) -> None:
        packet.dts = None
        if packet.pts is not None and abs(packet.pts * lane.tick_s - (lane.next_s or 0.0)) > WRONG_S:
            packet.pts = None

    def _advance(self, packet: Any, lane: _Lane) -> None:
        if packet.dts is not None:
            lane.dts_s = packet.dts * lane.tick_s
        elif lane.next_s is not None:
            lane.dts_s = lane.next_s
        length_s = (packet.duration or 0) * lane.tick_s or lane.step_s
        if lane.dts_s is not None:
            lane.next_s = lane.dts_s + length_s
        if packet.pts is not None:
            lane.end_s = max(lane.end_s, packet.pts * lane.tick_s + length_s)


class BestTimes:
    """Chooses between the two time stamps of a frame, as libavcodec's best_effort_timestamp does.

    step     ticks between two frames
    counted  the file only counts frames in the order of decoding, as AVI does, and presentation times are made up.
             A frame's time is then less by the delay of the decoder: as many frames as it was given before the first
             one came
    """

    def __init__(self, step: int, *, counted: bool) -> None:
        self._step, self._counted = step, counted
        self._delay: int | None = None
        self._faulty_pts = self._faulty_dts = 0
        self._last_pts = self._last_dts = -(2**63)

    def of(self, pts: int | None, dts: int | None, first: Sequence[int | None]) -> int | None:
        """The stamp of the next frame, None where there is none; `first` has the dts of the stream's first packets."""
        if self._counted:
            return self._undelayed(dts, first)
        if dts is not None:
            self._faulty_dts += dts <= self._last_dts
            self._last_dts = dts
        elif pts is not None:
            self._last_dts = pts
        if pts is not None:
            self._faulty_pts += pts <= self._last_pts
            self._last_pts = pts
        elif dts is not None:
            self._last_pts = dts
        return pts if dts is None or (pts is not None and self._faulty_pts <= self._faulty_dts) else dts

    def _undelayed(self, dts: int | None, first: Sequence[int | None]) -> int | None:
        if dts is None:
            return None
        if self._delay is None:
            self._delay = self._step * (first.index(dts) if dts in first else 0)
        return dts - self._delay


class FrameClock:
    """Times of frames that never stand still, run backwards or leave the film by more than WRONG_S, whatever the file says.

    step_s  between two frames where the file says nothing
    """

    def __init__(self, step_s: float):
        self.step_s, self.now_s, self.end_s = step_s, None, 0.0  # type: float, float | None, float
        self._shift_s = 0.0  # of frames that follow one whose stamp was far ahead

    def tick(self, time_s: float | None, length_s: float = 0.0) -> float:
        """The time of the next frame; `end_s` is when that frame ends, 0 before the first one."""
        expected_s = 0.0 if self.now_s is None else self.now_s + self.step_s
        following = expected_s if time_s is None else time_s + self._shift_s
        if not -BACK_ELSEWHERE_S <= following - expected_s <= WRONG_S:
            self._shift_s += expected_s - following
            following = expected_s
        self.now_s = max(0.0, following) if self.now_s is None else max(following, self.now_s + 1e-3)
        self.end_s = self.now_s + (length_s or self.step_s)
        return self.now_s
