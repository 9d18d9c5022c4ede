"""How a film is cut: by a detector of shots, into segments of one length, or as a list says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from msm.errors import InputError
from msm.ingest.decoding import Film, Picture
from msm.ingest.detector import DEFAULT, SHORTEST_S, Detector, Frame, detector_kind
from msm.ingest.shot_detection import MOST_PICTURES, CutShot, cut_shots
from msm.ingest.shot_lists import GivenShot

LONGEST_S = 86_400.0  # of a segment, and of --min-shot


@dataclass(frozen=True, kw_only=True)
class Cutting:
    """The choices of one ingest on how films are cut.

    detector    one of the files in `detectors/`
    weights     of a detector that needs them
    threshold   of the detector; None is its default
    min_shot_s  shots that a detector finds are at least so long; None is a quarter of a second, the last one excepted
    segments_s  the length of segments, which are cut instead of shots; None cuts shots
    """

    detector: str = DEFAULT
    weights: Path | None = None
    threshold: float | None = None
    min_shot_s: float | None = None
    segments_s: float | None = None

    def __post_init__(self) -> None:
        detector_kind(self.detector, self.weights)
        for name, value in (("--min-shot", self.min_shot_s), ("--segments", self.segments_s)):
            if value is not None and not SHORTEST_S <= value <= LONGEST_S:
                raise InputError(f"{name} is {value:g}, but must be {SHORTEST_S:g} to {LONGEST_S:.0f} seconds")
        if self.threshold is not None and not 0 < self.threshold < 1000:
            raise InputError(f"--threshold is {self.threshold:g}, but must be above 0 and below 1000")
        if self.threshold is not None and not hasattr(self._kind, "THRESHOLD"):
            raise InputError(f"--detector {self.detector} has no threshold")
        if self.segments_s is not None:
            self.refuse_with("--segments")

    def refuse_with(self, option: str) -> None:
        """InputError where choices of a detector were made that an option leaves no room for."""
        others = {"--detector": self.detector != DEFAULT, "--threshold": self.threshold is not None}
        others |= {"--min-shot": self.min_shot_s is not None, "--segments": self.segments_s is not None}
        for other in (name for name, is_given in others.items() if is_given and name != option):
            raise InputError(f"{option} and {other} do not go together: {option} says where the shots are")

    @property
    def description(self) -> str:
        """What a catalog keeps of it."""
        if self.segments_s is not None:
            return f"segments of {self.segments_s:g} s"
        parts = [str(self._kind.DESCRIPTION)]
        parts += [f"threshold {self.threshold:g}"] if self.threshold is not None else []
        parts += [f"shots of at least {self.min_shot_s:g} s"] if self.min_shot_s is not None else []
        return ", ".join(parts)

    @property
    def _kind(self) -> Any:
        return detector_kind(self.detector, self.weights)

    def make(self, frame_s: float = 0.04, given: Sequence[GivenShot] = ()) -> Detector:
        """What cuts one film whose frames last `frame_s`; `given` are the shots of a list, used where there are any."""
        if given:
            return ListedCuts(given, frame_s)
        if self.segments_s is not None:
            return SegmentCuts(self.segments_s, frame_s)
        choices = (self.weights,) if self.threshold is None else (self.weights, self.threshold)
        detector: Detector = self._kind.make(*choices)
        return detector if self.min_shot_s is None else LongShots(detector, self.min_shot_s)


SHOTS = Cutting()


class LongShots:
    """A detector whose shots are at least so long; see `Detector`. A cut that comes sooner is left out."""

    def __init__(self, detector: Detector, shortest_s: float):
        self._detector, self.delay, self.shortest_s = detector, detector.delay, shortest_s

    def push(self, frame: Frame) -> int | None:
        """See `Detector`."""
        return self._detector.push(frame)

    def finish(self, num_frames: int) -> set[int]:
        """See `Detector`."""
        return self._detector.finish(num_frames)


class SegmentCuts:
    """Cuts at the multiples of a length; see `Detector`. A frame belongs to a segment from half a frame before it."""

    delay = 0
    shortest_s = SHORTEST_S

    def __init__(self, length_s: float, frame_s: float):
        self._length_s, self._tolerance_s, self._segment = length_s, frame_s / 2, 0

    def push(self, frame: Frame) -> int | None:
        """See `Detector`."""
        segment = int((frame.time_s + self._tolerance_s) // self._length_s)
        if segment == self._segment:
            return None
        self._segment = segment
        return frame.number

    def finish(self, num_frames: int) -> set[int]:
        """None: there is no delay."""
        return set()


class ListedCuts:
    """Cuts where given shots begin, and where they end before a gap; see `Detector`.

    shots  in order of time, without overlaps
    """

    delay = 0

    def __init__(self, shots: Sequence[GivenShot], frame_s: float):
        edges: dict[float, bool] = {}  # when a piece begins → whether it is a shot, and no gap
        for shot in shots:
            edges[shot.start_s] = True
            edges.setdefault(shot.end_s, False)
            edges[shot.start_s] = True
        self._times, self._are_shots = list(edges), list(edges.values())
        self._tolerance_s = frame_s / 2
        self._next = 0
        self.pieces: list[bool] = []  # of each piece that was cut so far: is it a shot?

    def push(self, frame: Frame) -> int | None:
        """See `Detector`."""
        before = self._next
        while self._next < len(self._times) and self._times[self._next] <= frame.time_s + self._tolerance_s:
            self._next += 1
        if frame.number and before == self._next:
            return None
        self.pieces.append(self._next > 0 and self._are_shots[self._next - 1])
        return frame.number or None

    def finish(self, num_frames: int) -> set[int]:
        """None: there is no delay."""
        return set()


def cut_film(film: Film, pictures: Iterable[Picture], detector: Detector) -> Iterator[CutShot]:
    """The shots of a film in order: without the gaps of a list, and without an end that is too short."""
    if isinstance(detector, ListedCuts):
        pieces = cut_shots(film, pictures, detector, shortest_s=0.0)  # a list may have shots of one frame
        yield from (piece for number, piece in enumerate(pieces) if detector.pieces[number])
    elif isinstance(detector, LongShots | SegmentCuts):
        shots = cut_shots(film, pictures, detector, shortest_s=detector.shortest_s)
        yield from _joined_end(shots, detector.shortest_s)
    else:
        yield from cut_shots(film, pictures, detector)


def _joined_end(shots: Iterator[CutShot], shortest_s: float) -> Iterator[CutShot]:
    """The same shots; a last one that is shorter is part of the one before."""
    held: CutShot | None = None
    before: CutShot | None = None
    for shot in shots:
        if before is not None:
            yield before
        before, held = held, shot
    if before is not None and held is not None and held.end_s - held.start_s < shortest_s - 1e-3:
        yield _joined(before, held)
    else:
        yield from (shot for shot in (before, held) if shot is not None)


def _joined(first: CutShot, second: CutShot) -> CutShot:
    """Two shots in a row as one."""
    lengths = np.array([s.end_s - s.start_s for s in (first, second)], np.float32)
    shares = lengths / lengths.sum()
    pictures = np.concatenate([first.pictures, second.pictures])
    chosen = np.unique(np.linspace(0, len(pictures) - 1, min(len(pictures), MOST_PICTURES)).round().astype(int))
    return CutShot(
        first.start_s,
        second.end_s,
        pictures[chosen],
        first.motion * shares[0] + second.motion * shares[1],
        first.changes * shares[0] + second.changes * shares[1],
    )
