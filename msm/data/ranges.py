"""Shots named as a person types them: `40-44, 60`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msm.errors import InputError

MOST_NAMED = 1_000_000  # shots in one list; anyone may write a link


def parse_ranges(text: str, num_shots: int) -> list[int]:
    """Shots named as a person types them, `40-44, 60`, sorted and once each; counted from 0.

    Raises InputError with one sentence for anything that is not a shot of this title.
    """
    shots: set[int] = set()
    named = 0
    words = re.sub(
        r" ?[-–] ?", "-", re.sub(r"\s+", " ", text)
    )  # in two steps: one would look at each space again and again
    for part in (p.strip() for p in re.split(r"[,; ]+(?![-–])", words)):
        if not part:
            continue
        match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part)
        if not match:
            raise InputError(f"{part[:80]!r} is not a shot or a range of shots; write for example 40-44, 60")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise InputError(f"{part} runs backwards; write {last}-{first}")
        if last >= num_shots:
            raise InputError(f"there is no shot {last}: this title has {num_shots} shots, 0 to {num_shots - 1}")
        named += last - first + 1
        if named > MOST_NAMED:
            raise InputError(f"more than {MOST_NAMED} shots are named; name fewer")
        shots.update(range(first, last + 1))
    return sorted(shots)


def format_ranges(shots: Iterable[int]) -> str:
    """The inverse of `parse_ranges`: [40, 41, 42, 60] → `40-42, 60`."""
    spans: list[list[int]] = []
    for shot in sorted({int(s) for s in shots}):
        if spans and shot == spans[-1][1] + 1:
            spans[-1][1] = shot
        else:
            spans.append([shot, shot])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)
