"""A given shot, and the rules for lists with gaps, overlaps and ends beyond the film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

ROUNDING = 1.5  # frames: a shorter gap comes from rounding, or from a last frame that was counted as an end


@dataclass(frozen=True)
class GivenShot:
    """A shot of a list: seconds from the start of the film, and its labels."""

    start_s: float
    end_s: float
    labels: Mapping[str, Any] = field(default_factory=dict)


def tidied(shots: Sequence[GivenShot], frame_s: float, duration_s: float = 0.0) -> list[GivenShot]:
    """Shots in order of time that do not overlap, within the film.

    Where two overlap, the earlier one ends when the later one begins; of several that begin at the same frame the longest
    is kept. A gap of at most 1.5 frames is closed; a longer one stays a gap.

    frame_s     how long a frame lasts
    duration_s  of the film, 0 where its file does not declare it
    """
    longest: dict[int, GivenShot] = {}
    for shot in sorted(shots, key=lambda s: (s.start_s, s.end_s)):
        start_s = max(0.0, shot.start_s)
        end_s = min(shot.end_s, duration_s) if duration_s else shot.end_s
        if end_s - start_s > frame_s / 2:
            longest[round(start_s / frame_s)] = replace(shot, start_s=start_s, end_s=end_s)
    kept = list(longest.values())
    for i, (shot, following) in enumerate(pairwise(kept)):
        if following.start_s - shot.end_s < ROUNDING * frame_s:  # negative where they overlap
            kept[i] = replace(shot, end_s=following.start_s)
    return kept
