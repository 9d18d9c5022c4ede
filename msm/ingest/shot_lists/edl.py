"""Edit decision lists (CMX 3600): the record times of video events are the shots of the film."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from msm.errors import InputError
from msm.ingest.shot_lists.spans import GivenShot
from msm.ingest.shot_lists.timecode import PATTERN, seconds_of

EVENT = re.compile(
    rf"\s*(?P<number>\d+)\s+(?P<reel>\S.*?)\s+(?P<track>\S+)\s+(?P<edit>C|D|W\d+|K[BO]?)(\s+\d+)?"
    rf"\s+{PATTERN}\s+{PATTERN}\s+(?P<start>{PATTERN})\s+(?P<end>{PATTERN})\s*"
)
CLIP = re.compile(r"\*\s*(FROM|TO) CLIP NAME:", re.IGNORECASE)  # of a transition both, the latter is the new shot
DROP = re.compile(r"FCM:\s*(?P<non>NON[- ]?)?DROP[- ]FRAME\s*", re.IGNORECASE)
BLACK = ("BL", "BLK", "BLACK")  # reels


def looks_like_edl(text: str) -> bool:
    """True where there is a line of an event, or the title with which an EDL begins."""
    return any(line.startswith("TITLE:") or EVENT.fullmatch(line) for line in text.splitlines())


def read_edl(text: str, rate: float) -> list[GivenShot]:
    """The video events of an EDL; `clip` is their label where it names the clips. InputError that names a line.

    The film begins at the full hour at or before the first event, as programmes begin at 01:00:00:00.
    """
    events = list(_events(text, rate))
    if not events:
        raise InputError("there is no video event in it")
    origin_s = min(event.hour_s for event in events)
    shots = [GivenShot(e.start_s - origin_s, e.end_s - origin_s, {"clip": e.clip} if e.clip else {}) for e in events]
    return [_on_clock(shot, rate) for shot in shots] if "PYSCENEDETECT" in text[:200].upper() else shots


@dataclass
class _Event:
    """A video event; `hour_s` is the time of the full hour in which it begins."""

    start_s: float
    end_s: float
    hour_s: float
    clip: str = ""


def _events(text: str, rate: float) -> list[_Event]:
    drop_frame, events = False, []
    last: _Event | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if match := DROP.fullmatch(line):
            drop_frame = not match["non"]
        elif match := CLIP.match(line):
            if last is not None:
                last.clip = line[match.end() :].strip()
        elif match := EVENT.fullmatch(line):
            last = _event(match, rate, drop_frame, number)
            events += [last] if last is not None else []
        elif re.match(r"\s*\d+\s+\S", line):
            raise InputError(f"line {number} is no event of an EDL: {line.strip()[:60]!r}")
    return events


def _event(match: re.Match[str], rate: float, drop_frame: bool, number: int) -> _Event | None:
    """A video event that shows something; None for sound, black, and the first line of a transition."""
    track = match["track"].upper()
    if not ("V" in track or track == "B") or match["reel"].strip().upper() in BLACK:
        return None
    hour = re.sub(r"\d\d(?=\D)|\d+$", "00", match["start"].partition(":")[2])
    codes = (match["start"], match["end"], f"{match['start'].partition(':')[0]}:{hour}")
    try:
        start_s, end_s, hour_s = (seconds_of(code, rate, drop_frame=drop_frame) for code in codes)
    except InputError as error:
        raise InputError(f"line {number}: {error}") from None
    if end_s < start_s:
        raise InputError(f"line {number}: an event ends at {match['end']}, before it begins at {match['start']}")
    return _Event(start_s, end_s, hour_s) if end_s > start_s else None


def _on_clock(shot: GivenShot, rate: float) -> GivenShot:
    """PySceneDetect writes hours, minutes and seconds of the clock, and frames since the last full second, rounded down."""
    start_s, end_s = (_clock_s(seconds, rate) for seconds in (shot.start_s, shot.end_s))
    return GivenShot(start_s, end_s, shot.labels)


def _clock_s(seconds: float, rate: float) -> float:
    whole, frames = divmod(round(seconds * rate), round(rate))
    return math.ceil(whole * rate + frames - 1e-3) / rate
