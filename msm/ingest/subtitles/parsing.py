"""The cues of a subtitle file.

SubRip, WebVTT, SBV and SubStation are read here, since pysubs2 takes clock times of at most 99 hours, joins notes to
cues, and loses cues with word times; it reads what is met more rarely: MicroDVD, MPL2, TMPlayer, SAMI and TTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pysubs2

from msm.errors import InputError
from msm.ingest.subtitles.cues import Cue, seconds

CLOCK = r"(?:(\d{1,6})\s*:\s*)?(\d{1,9})\s*:\s*(\d{1,9})(?:\s*[.,:]\s*(\d{1,3})\d*)?"
TIMING = re.compile(rf"\s*-?{CLOCK}\s*[-–—−]+\s*>\s*-?{CLOCK}(?:\s.*)?$")
SBV_TIMING = re.compile(rf"\s*{CLOCK.replace('[.,:]', '[.]')},{CLOCK.replace('[.,:]', '[.]')}\s*$")
ASS_FIELDS = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
SUBSTATION = re.compile(r"^[ \t\ufeff]*(\[Script Info\]|\[Events\]|Dialogue:)", re.MULTILINE | re.IGNORECASE)
WEB_PAGE = re.compile(r"\s*<(!doctype\s+html|html|head)\b", re.IGNORECASE)


def parse(text: str, frame_rate: float | None = None) -> list[Cue]:
    """Cues in the order of the file; what the text itself says it is counts, not its name.

    frame_rate  of the film, for formats that count frames

    Raises InputError for a text that holds none, with a reason that follows "is not readable as subtitles".
    """
    if WEB_PAGE.match(text):
        raise InputError("it is a web page")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    is_substation = SUBSTATION.search(text) is not None
    cues = list(_substation(text) if is_substation else _timed(text))
    if not cues and not is_substation:
        cues = _by_pysubs2(text, frame_rate)
    cues = [cue for cue in cues if cue.end_s > max(0.0, cue.start_s)]
    if not cues:
        raise InputError("there is no line with a time in it")
    return cues


def _timed(text: str) -> Iterator[Cue]:
    """Blocks under a line of two clock times, as SubRip, WebVTT and SBV have them."""
    web_vtt = text.lstrip("\ufeff \n\t").startswith("WEBVTT")
    times: tuple[float, float] | None = None
    rows: list[str] = []
    number = 0
    for line in text.split("\n"):
        found = TIMING.match(line) or SBV_TIMING.match(line)
        if found:
            number += 1
            yield from _cue(times, rows, None if web_vtt else number)
            groups = found.groups()
            times, rows = (seconds(*groups[:4]), seconds(*groups[4:])), []
        elif web_vtt and not line:  # ends a cue; notes, styles and names of cues follow
            yield from _cue(times, rows)
            times = None
        else:
            rows.append(line)
    yield from _cue(times, rows)


def _cue(times: tuple[float, float] | None, rows: list[str], following: int | None = None) -> Iterator[Cue]:
    """The cue above a line of times, before which the number of the next one may stand."""
    if times is None:
        return
    rows = _stripped(rows)
    if following is not None and rows and re.fullmatch(r"\s*\d{1,9}\s*", rows[-1]):
        set_off = len(rows) > 1 and not rows[-2].strip()
        if set_off or int(rows[-1]) == following:
            rows = _stripped(rows[:-1])
    yield Cue(*times, "\n".join(rows))


def _stripped(rows: list[str]) -> list[str]:
    """Without blank rows at the end."""
    last = next((i for i in range(len(rows), 0, -1) if rows[i - 1].strip()), 0)
    return rows[:last]


def _substation(text: str) -> Iterator[Cue]:
    fields = ASS_FIELDS
    for line in text.split("\n"):
        kind, _, rest = line.strip().partition(":")
        if kind.lower() == "format":
            named = [name.strip().lower() for name in rest.split(",")]
            fields = named if {"start", "end", "text"} <= set(named) else fields
        elif kind.lower() == "dialogue":
            values = dict(zip(fields, rest.split(",", len(fields) - 1), strict=False))
            clocks = [re.fullmatch(rf"\s*{CLOCK}\s*", values.get(name, "")) for name in ("start", "end")]
            if clocks[0] and clocks[1] and "text" in values:
                yield Cue(seconds(*clocks[0].groups()), seconds(*clocks[1].groups()), values["text"])


def _by_pysubs2(text: str, frame_rate: float | None) -> list[Cue]:
    try:
        text = text.replace("http://www.w3.org/2006/10/ttaf1", "http://www.w3.org/ns/ttml")  # TTML before it was that
        events = pysubs2.SSAFile.from_string(_tame(text), fps=frame_rate) if text.strip() else []
    except (pysubs2.FormatAutodetectionError, pysubs2.UnknownFormatIdentifierError):
        raise InputError("its format is none of srt, vtt, ass") from None
    except (pysubs2.Pysubs2Error, ValueError, KeyError, IndexError, SyntaxError, NotImplementedError) as error:
        raise InputError(" ".join(str(error).split())[:120]) from None
    return [Cue(e.start / 1000, e.end / 1000, e.text) for e in events if not e.is_comment]


def _tame(text: str) -> str:
    """The same words: spaces in a row are one, and a < that no > closes is an entity.

    Readers of tags look for the end of each from its beginning, which takes hours in a file of nothing but beginnings.
    """
    return re.sub(r"<(?=[^<>]*(?:<|\Z))", "&lt;", re.sub(r"[ \t]+", " ", text))
