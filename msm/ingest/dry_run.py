"""What an ingest would do, as a table: a row a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msm.errors import printable
from msm.ingest.planning import Planned

HEAD = ("action", "title", "length", "subtitles", "video")


@dataclass(frozen=True)
class DryRun:
    """The plan of each film, in order, and a sentence for each file of a folder that was left out."""

    plans: Sequence[Planned]
    notes: Sequence[str] = ()

    @property
    def refused(self) -> list[str]:
        """A sentence for each film that would be refused."""
        return [plan.why for plan in self.plans if plan.action == "refuse"]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: films, a list of {video, action, title_id, seconds, subtitles, why}, and notes."""
        return {"films": [_row(plan) for plan in self.plans], "notes": [printable(note) for note in self.notes]}

    def as_text(self) -> str:
        """A line a film, each column as wide as it must be, and a line a sentence."""
        rows = [HEAD, *(_cells(_row(plan)) for plan in self.plans)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        counts = [(n, what) for what in _WORDS if (n := sum(plan.action == what for plan in self.plans))]
        sentences = [printable(plan.why) for plan in self.plans if plan.action == "skip"]
        said = ", ".join(f"{n} {_WORDS[what]}" for n, what in counts)
        return "\n".join([*lines, *sentences, *map(printable, self.notes), f"{said}; nothing was written"])


_WORDS = {"add": "to add", "replace": "to replace", "skip": "to skip", "refuse": "to refuse"}


def _row(plan: Planned) -> dict[str, Any]:
    return {
        "video": printable(plan.wanted.video),
        "action": plan.action,
        "title_id": plan.facts.title_id or None,
        "seconds": round(plan.seconds, 3) if plan.is_made else None,
        "subtitles": plan.words or None,
        "why": printable(plan.why) or None,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    seconds = row["seconds"]
    length = "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    return row["action"], row["title_id"] or "", length, row["subtitles"] or "", row["video"]
