"""A subtitle file as lines, with its encoding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msm.errors import InputError
from msm.ingest.subtitles.captions import lines_of
from msm.ingest.subtitles.cues import Line
from msm.ingest.subtitles.encoding import Decoded, decode
from msm.ingest.subtitles.parsing import parse

LARGEST_FILE = 64 * 2**20  # bytes; a novel of subtitles has less than one million


@dataclass(frozen=True)
class SubtitleFile:
    """The lines of a file by time, the encoding it was in, and how many of its bytes could not be read."""

    path: Path
    lines: list[Line]
    encoding: str
    num_bad: int


def open_subtitles(
    path: Path, *, language: str | None = None, encoding: str | None = None, frame_rate: float | None = None
) -> SubtitleFile:
    """Read a file of subtitles; InputError that names it where it holds none.

    language    of its text, where that is known: it helps to find the encoding
    encoding    the one to use, instead of the one found
    frame_rate  of the film, for formats that count frames
    """
    try:
        decoded = _decoded(_raw(path), language, encoding)
        lines = lines_of(parse(decoded.text, frame_rate))
        if not lines:
            raise InputError("there is no line with a time in it")
    except InputError as error:
        reason = str(error)
        raise InputError(reason if str(path) in reason else f"{path} is not readable as subtitles: {reason}") from None
    return SubtitleFile(path, lines, decoded.encoding, decoded.num_bad)


def read_subtitles(path: Path) -> list[Line]:
    """The lines of a file of subtitles by time; InputError for a file that holds none."""
    return open_subtitles(path).lines


def _raw(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"{path} is missing" if not path.exists() else f"{path} is no file")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"it is larger than {LARGEST_FILE // 2**20} MB")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _decoded(raw: bytes, language: str | None, encoding: str | None) -> Decoded:
    if not raw.strip(b"\0\r\n\t "):
        raise InputError("it is empty")
    decoded = decode(raw, language, encoding)
    if decoded.text.count("\0") > len(decoded.text) // 100:
        raise InputError("it is no text")
    return decoded
