"""From cues to lines, each said once: captions that roll, grow or are doubled show the same words again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from msm.ingest.subtitles.cues import Cue, Line, Row, has_word_times, rows_of

GAP_S = 0.5  # a longer pause clears the screen
FLICKER_S = 0.3  # a cue this short only continues the one before it, if it shows the same
MOST_ROWS = 8  # that roll
ROLLING = 0.3  # of the cues repeat rows of the one before: more, and the file is one of rolling captions


@dataclass(frozen=True)
class _Shown:
    """A cue in plain words."""

    start_s: float
    end_s: float
    rows: tuple[Row, ...]

    @property
    def texts(self) -> list[str]:
        return [row.text for row in self.rows]


def lines_of(cues: Sequence[Cue]) -> list[Line]:
    """What is said, by time. A line of rolling captions stands at the time when it is first said."""
    shown = [_Shown(c.start_s, c.end_s, tuple(rows_of(c.marked_up))) for c in cues]
    shown = _steady(sorted(dict.fromkeys(s for s in shown if s.rows), key=lambda s: (s.start_s, s.end_s)))
    if _is_rolling(shown, any(has_word_times(c.marked_up) for c in cues)):
        return _rolled(shown)
    return [Line(s.start_s, s.end_s, " ".join(s.texts)) for s in shown]


def _is_rolling(shown: Sequence[_Shown], word_times: bool) -> bool:
    pairs = pairwise(shown)
    repeats = sum(b.start_s - a.end_s <= GAP_S and _shift(a.texts, b.texts) < len(a.rows) for a, b in pairs)
    return repeats >= 1 if word_times else repeats >= max(2, ROLLING * (len(shown) - 1))


def _shift(before: Sequence[str], after: Sequence[str]) -> int:
    """How many rows have left the screen at its top; all of them where the two cues share nothing.

    The row at the bottom may have grown.
    """
    for shift in range(max(0, len(before) - MOST_ROWS), len(before)):
        kept = before[shift:]
        same = [a == b for a, b in zip(kept, after, strict=False)]
        grown = len(kept) <= len(after) and after[len(kept) - 1].startswith(kept[-1])
        if all(same) or (all(same[: len(kept) - 1]) and grown):
            return shift
    return len(before)


def _rolled(shown: Sequence[_Shown]) -> list[Line]:
    lines: list[Line] = []
    screen: list[int] = []  # the lines on it, from top to bottom
    screen_ends_s = 0.0
    for cue in shown:
        if cue.start_s - screen_ends_s > GAP_S:
            screen = []
        screen = screen[_shift([lines[i].text for i in screen], cue.texts) :][: len(cue.rows)]
        for i, row in zip(screen, cue.rows, strict=False):
            if row.text != lines[i].text:
                lines[i] = replace(lines[i], text=row.text, end_s=cue.end_s)
        for row in cue.rows[len(screen) :]:
            said_s = min(max(cue.start_s, row.said_s or 0.0), cue.end_s - 1e-3)
            screen.append(len(lines))
            lines.append(Line(said_s, cue.end_s, row.text))
        screen_ends_s = cue.end_s
    return lines


def _steady(shown: Sequence[_Shown]) -> list[_Shown]:
    """The same cues; one that is shown in many short pieces, as moving signs are, is one."""
    kept: list[_Shown] = []
    latest: dict[tuple[str, ...], int] = {}
    for cue in shown:
        i = latest.get(tuple(cue.texts))
        if i is not None and cue.start_s - kept[i].end_s < 0.05 and _flickers(kept[i], cue):
            kept[i] = replace(kept[i], end_s=max(kept[i].end_s, cue.end_s))
        else:
            latest[tuple(cue.texts)] = len(kept)
            kept.append(cue)
    return kept


def _flickers(one: _Shown, other: _Shown) -> bool:
    return min(one.end_s - one.start_s, other.end_s - other.start_s) < FLICKER_S
