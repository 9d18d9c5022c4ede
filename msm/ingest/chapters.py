"""Chapters of a film: the scenes of its shots, where nobody else names scenes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Chapter:
    """Seconds from the start of the film, and a title that may be empty."""

    start_s: float
    end_s: float
    title: str = ""


def chapters_of(found: Iterable[Any], origin_s: float) -> list[Chapter]:
    """The chapters of a container as PyAV gives them, in order of time, without those of no length."""
    chapters = []
    for entry in found:
        start_s, end_s = (float(entry[side] * entry["time_base"]) - origin_s for side in ("start", "end"))
        title = str(entry.get("metadata", {}).get("title", "")).strip()
        if end_s > max(start_s, 0.0):
            chapters.append(Chapter(start_s, end_s, title))
    return sorted(chapters, key=lambda chapter: chapter.start_s)


def spans_of_chapters(chapters: Sequence[Chapter]) -> list[dict[str, Any]]:
    """Labelled spans: `scene` from 0, and `chapter`, its title, where one has a title. None for fewer than two chapters."""
    if len(chapters) < 2:
        return []
    spans: list[dict[str, Any]] = [
        {"start_s": c.start_s, "end_s": c.end_s, "scene": number} for number, c in enumerate(chapters)
    ]
    if any(chapter.title for chapter in chapters):
        for span, chapter in zip(spans, chapters, strict=True):
            span["chapter"] = chapter.title or None
    return spans
