"""Which shot each line belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from msm.ingest.subtitles.cues import Line


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


def num_placed(lines: Sequence[Line], shot_starts: np.ndarray, shot_ends: np.ndarray) -> int:
    """How many lines overlap any shot."""
    placed = most_overlapped([li.start_s for li in lines], [li.end_s for li in lines], shot_starts, shot_ends)
    return int((placed >= 0).sum())
