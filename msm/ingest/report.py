"""What an ingest reports of each film, and the file in the catalog that keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from msm.config.schema import check
from msm.data.schema import INGEST_REPORT
from msm.errors import NO_MEMORY, InputError, lacks_memory, printable
from msm.io.files import read_json, write_json

Outcome = Literal["added", "skipped", "failed"]
Media = Literal["", "linked", "copied", "encoded", "none"]


class FilmReport(Struct, kw_only=True):
    """What became of one film.

    video           the path as it was given; bytes that are no UTF-8 are written as \\xNN
    title_id        "" where the film was refused before it had one
    outcome         added, skipped (the catalog had it already) or failed
    problem         one sentence: why it failed or was skipped; else ""
    shots, seconds  of the title
    frames          that were decoded
    frames_skipped  packets of the video stream that could not be decoded
    words           where the words came from: a file's name, "stream 2 (eng)", …; "" for none
    lines           of the subtitles that were placed in shots
    encoding        of the subtitle file; "" for none
    media           the playable copy: linked, copied, encoded or none; "" where none was asked for
    warnings        a sentence each: what went wrong without costing the film
    """

    video: str
    title_id: str = ""
    outcome: Outcome = "added"
    problem: str = ""
    shots: int = 0
    seconds: float = 0.0
    frames: int = 0
    frames_skipped: int = 0
    words: str = ""
    lines: int = 0
    encoding: str = ""
    media: Media = ""
    warnings: list[str] = []

    def warn(self, sentence: str) -> None:
        """Add a warning, once."""
        if (plain := printable(sentence)) not in self.warnings:
            self.warnings.append(plain)

    def as_dict(self) -> dict[str, Any]:
        return to_builtins(self)

    def as_line(self) -> str:
        """The row on a terminal: `film: 6 shots, 6.0 s, words from film.srt (utf-8, 4 lines), media linked`."""
        if self.outcome == "skipped":
            return self.problem
        if self.outcome == "failed":
            return f"{self.title_id or self.video}: failed"
        facts = [f"{self.shots} {'shot' if self.shots == 1 else 'shots'}", f"{self.seconds:.1f} s"]
        if self.frames_skipped:
            facts.append(f"{self.frames_skipped} of {self.frames + self.frames_skipped} frames skipped")
        facts.append(self._words_as_text())
        if self.media:
            facts.append("no media" if self.media == "none" else f"media {self.media}")
        return f"{self.title_id}: {', '.join(facts)}"

    def _words_as_text(self) -> str:
        if not self.words:
            return "no words"
        placed = f"{self.lines} {'line' if self.lines == 1 else 'lines'}"
        return f"words from {self.words} ({', '.join(filter(None, [self.encoding, placed]))})"


@dataclass
class IngestReport:
    """What became of each video: its path and its row, in the order in which they were given.

    left_out  a sentence for each video of a folder that was not read
    """

    rows: list[tuple[Path, FilmReport]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def films(self) -> list[FilmReport]:
        return [row for _, row in self.rows]

    @property
    def added(self) -> list[str]:
        """Ids of new titles."""
        return [row.title_id for row in self.films if row.outcome == "added"]

    @property
    def skipped(self) -> list[str]:
        """Ids of titles that the catalog had already."""
        return [row.title_id for row in self.films if row.outcome == "skipped"]

    @property
    def failed(self) -> dict[Path, str]:
        """A sentence for each video that could not be read."""
        return {path: row.problem for path, row in self.rows if row.outcome == "failed"}

    def add(self, video: Path, row: FilmReport) -> None:
        self.rows.append((video, row))

    def fail(self, video: Path, problem: str, title_id: str = "") -> None:
        self.add(
            video, FilmReport(video=printable(video), title_id=title_id, outcome="failed", problem=printable(problem))
        )

    def refuse(self, video: Path, problem: str) -> None:
        """Turn the row of a title that was to be added into that of a failure."""
        self.rows = [
            (
                path,
                replace(row, outcome="failed", problem=f"{path}: {problem}")
                if path == video and row.outcome == "added"
                else row,
            )
            for path, row in self.rows
        ]

    def skip(self, video: Path, title_id: str, why: str) -> None:
        self.add(
            video, FilmReport(video=printable(video), title_id=title_id, outcome="skipped", problem=printable(why))
        )

    def sort(self, videos: Sequence[Path]) -> None:
        """Bring the rows into the order of these videos."""
        place = {video: number for number, video in reversed(list(enumerate(videos)))}
        self.rows.sort(key=lambda pair: place[pair[0]])

    @property
    def notes(self) -> list[str]:
        """A sentence for each film that was skipped or left out."""
        return [row.problem for row in self.films if row.outcome == "skipped"] + [printable(s) for s in self.left_out]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: added, skipped, notes, failed as a list of {video, problem}, and films, a row each."""
        failed = [{"video": row.video, "problem": row.problem} for row in self.films if row.outcome == "failed"]
        rows = [row.as_dict() for row in self.films]
        return {"added": self.added, "skipped": self.skipped, "failed": failed, "notes": self.notes, "films": rows}

    def as_text(self, catalog: str | Path) -> str:
        """A line a film, its warnings below it, and a line for all of them."""
        lines = []
        for row in self.films:
            lines += [row.as_line(), *(f"  warning: {warning}" for warning in row.warnings)]
        lines += [printable(sentence) for sentence in self.left_out]
        counts = f"{len(self.added)} added, {len(self.skipped)} skipped, {len(self.failed)} failed"
        return "\n".join([*lines, f"{printable(catalog)}: {counts}"])


def unreadable(video: Path, error: Exception) -> InputError:
    """The sentence for a film at which something unforeseen happened."""
    line = next(iter(str(error).strip().splitlines()), "")
    what = NO_MEMORY if lacks_memory(error) else f"{type(error).__name__}: {line}".removesuffix(": ")
    return InputError(f"{video} cannot be read: {what}")


class _Kept(Struct):
    films: list[FilmReport]


def read_report(catalog: Path) -> list[FilmReport]:
    """The rows that a catalog keeps of its ingests; none where it has no report that can be read."""
    path = catalog / INGEST_REPORT
    try:
        return check(_Kept, read_json(path), path).films
    except InputError:
        return []


def keep_report(former: Iterable[FilmReport], report: IngestReport, folder: Path) -> None:
    """Write the report of a catalog: former rows, and the new ones in the place of those of the same title or video."""
    kept: dict[tuple[str, str], FilmReport] = {_key(row): row for row in former}
    new = [row for row in report.films if row.outcome != "skipped"]
    for row in new:
        kept.pop(("failed", row.video), None)
    kept |= {_key(row): row for row in new}
    write_json(folder / INGEST_REPORT, {"films": [row.as_dict() for row in kept.values()]})


def _key(row: FilmReport) -> tuple[str, str]:
    return ("failed", row.video) if row.outcome == "failed" else ("title", row.title_id)
