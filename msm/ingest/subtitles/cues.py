"""What a subtitle is before and after its text is read: a cue with its markup, and a line of plain words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

WORD_TIME = re.compile(r"<(?:(\d{1,6}):)?(\d{1,9}):(\d{1,9})[.,](\d{1,3})\d*>")
DRAWING = re.compile(r"\\p(\d+)")


@dataclass(frozen=True)
class Line:
    """What is said, in plain words, from start to end."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class Cue:
    """A subtitle as it stands in a file or a stream: times and text with its markup."""

    start_s: float
    end_s: float
    marked_up: str


@dataclass(frozen=True)
class Row:
    """A row of a cue in plain words; `said_s` is when its first word is said, where the file says so."""

    text: str
    said_s: float | None = None


def plain_text(marked_up: str) -> str:
    """Words alone: no line breaks, drawings, styles in braces, tags or entities."""
    return " ".join(row.text for row in rows_of(marked_up))


def rows_of(marked_up: str) -> list[Row]:
    """The rows that hold words."""
    rows = re.split(r"\\N|\n", "".join(_undrawn(marked_up)))
    read = [Row(_words(row), _leading_time(row)) for row in rows]
    return [row for row in read if row.text]


def has_word_times(marked_up: str) -> bool:
    return WORD_TIME.search(marked_up) is not None


def _undrawn(marked_up: str) -> Iterator[str]:
    """The text outside of braces, without drawing commands: those between {\\p1} and {\\p0}."""
    drawing = False
    for part in re.split(r"(\{[^{}]*\})", marked_up):
        if part.startswith("{") and part.endswith("}"):
            scales = DRAWING.findall(part)
            drawing = int(scales[-1][:9]) > 0 if scales else drawing
        elif not drawing:
            yield part


def _words(row: str) -> str:
    bare = re.sub(r"</?[a-zA-Z][^<>]*>", "", WORD_TIME.sub("", row))
    return " ".join(html.unescape(re.sub(r"\\[nh]", " ", bare)).split())


def _leading_time(row: str) -> float | None:
    found = WORD_TIME.match(row.strip())
    return seconds(*found.groups()) if found else None


def seconds(hours: str | None, minutes: str, secs: str, fraction: str | None) -> float:
    """Of a clock time in its parts; the fraction is what stands after the point."""
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(secs)
    return whole + (int(fraction.ljust(3, "0")) / 1000 if fraction else 0.0)
