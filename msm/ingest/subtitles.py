"""What is said: subtitles of files and streams, and which shot each line belongs to."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysubs2

from msm.errors import InputError

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
LARGEST_FILE = 64 * 2**20  # bytes; a novel of subtitles has less than one million


@dataclass(frozen=True)
class Line:
    """A subtitle."""

    start_s: float
    end_s: float
    text: str


def plain_text(marked_up: str) -> str:
    """Words alone: no line breaks, styles in braces, tags or entities."""
    text = re.sub(r"\\[Nnh]", " ", re.sub(r"\{[^{}]*\}|</?[a-zA-Z][^<>]*>", "", marked_up))
    return " ".join(html.unescape(text).split())


def read_subtitles(path: Path) -> list[Line]:
    """The lines of an .srt, .vtt, .ass or .ssa file by time; InputError for a file that holds none."""
    text = _tame(_decode(path))
    try:
        events = _parse(text, path.suffix.lower())
    except (pysubs2.Pysubs2Error, ValueError, KeyError, IndexError) as error:
        raise InputError(f"{path} is not readable as subtitles: {_reason(error)}") from None
    spoken = [e for e in events if not e.is_comment and e.end > e.start]
    lines = [Line(e.start / 1000, e.end / 1000, plain_text(e.text)) for e in sorted(spoken, key=lambda e: e.start)]
    lines = [line for line in lines if line.text]
    if not lines:
        raise InputError(f"{path} is not readable as subtitles: there is no line with a time in it")
    return lines


def _tame(text: str) -> str:
    """The same words: spaces in a row are one, and a < that no > closes is an entity.

    Readers of tags look for the end of each from its beginning, which takes hours in a file of nothing but beginnings.
    """
    return re.sub(r"<(?=[^<>]*(?:<|\Z))", "&lt;", re.sub(r"[ \t]+", " ", text))


def _parse(text: str, suffix: str) -> pysubs2.SSAFile:
    """What the text itself says it is counts; its name only where it does not say."""
    try:
        return pysubs2.SSAFile.from_string(text)
    except pysubs2.FormatAutodetectionError:
        if suffix not in (".ass", ".ssa"):
            raise
        return pysubs2.SSAFile.from_string(text, format_=suffix[1:])


def _reason(error: Exception) -> str:
    known = isinstance(error, pysubs2.FormatAutodetectionError | pysubs2.UnknownFormatIdentifierError)
    return "its format is none of srt, vtt, ass" if known else " ".join(str(error).split())[:120]


def _decode(path: Path) -> str:
    """UTF-8, UTF-16 with its mark, else Windows-1252, as old subtitles are."""
    if not path.is_file():
        raise InputError(f"{path} is missing" if not path.exists() else f"{path} is no file")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path} is not readable as subtitles: it is larger than {LARGEST_FILE // 2**20} MB")
    raw = path.read_bytes()
    marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(f"{path} is not readable as subtitles: it is no text")


def sidecar_subtitles(video: Path) -> Path | None:
    """`film.srt` beside `film.mp4`, else `film.en.vtt`, else the first of another language; None where there is none."""
    beside = [p for p in sorted(video.parent.iterdir()) if p.suffix.lower() in SUFFIXES and p.is_file()]
    languages = {p: p.name[len(video.stem) : -len(p.suffix)] for p in beside if p.name.startswith(video.stem)}
    fitting = [p for p, language in languages.items() if re.fullmatch(r"(\.[\w-]{2,12})?", language)]
    return min(fitting, key=lambda p: (languages[p] != "", not languages[p].startswith(".en"), p.name), default=None)


def most_overlapped(
    start_s: Sequence[float], end_s: Sequence[float], shot_starts: np.ndarray, shot_ends: np.ndarray
) -> np.ndarray:
    """(spans,) the shot that each span overlaps most, the earlier of two alike; −1 where it overlaps none."""
    found = np.full(len(start_s), -1)
    for i, (start, end) in enumerate(zip(start_s, end_s, strict=True)):
        overlap = np.minimum(shot_ends, end) - np.maximum(shot_starts, start)
        if len(overlap) and overlap.max() > 0:
            found[i] = int(np.argmax(np.round(overlap, 6)))
    return found


def text_of_shots(lines: Sequence[Line], shot_starts: np.ndarray, shot_ends: np.ndarray) -> list[str]:
    """What is said in each shot, lines in order of time; empty where nothing is."""
    lines = sorted(lines, key=lambda line: line.start_s)
    shots = most_overlapped([li.start_s for li in lines], [li.end_s for li in lines], shot_starts, shot_ends)
    said: list[list[str]] = [[] for _ in shot_starts]
    for line, shot in zip(lines, shots, strict=True):
        if shot >= 0:
            said[shot].append(line.text)
    return [" ".join(parts) for parts in said]
