"""Transcripts in JSON as speech recognisers write them: Whisper and its kin, whisper.cpp, and pipelines of transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msm.ingest.subtitles.captions import lines_of
from msm.ingest.subtitles.cues import Cue, Line


def lines_of_transcript(found: Any) -> list[Line] | None:
    """The lines of a JSON document that is a transcript; None for one that is none.

    Segments are a list or stand under `segments` (start and end in seconds), `transcription` (offsets in
    milliseconds) or `chunks` (timestamp, a pair of seconds).
    """
    if isinstance(found, list):
        found = {"segments": found}
    if not isinstance(found, dict):
        return None
    for key, times in TIMES.items():
        segments = found.get(key)
        if isinstance(segments, list) and segments:
            try:
                cues = [Cue(*times(segment), str(segment["text"])) for segment in segments]
                return lines_of([cue for cue in cues if cue.end_s > max(0.0, cue.start_s)])
            except (KeyError, TypeError, ValueError, IndexError, OverflowError):
                return None
    return None


def _of_segment(segment: Any) -> tuple[float, float]:
    return float(segment["start"]), float(segment["end"])


def _of_transcription(segment: Any) -> tuple[float, float]:
    return float(segment["offsets"]["from"]) / 1000, float(segment["offsets"]["to"]) / 1000


def _of_chunk(segment: Any) -> tuple[float, float]:
    start, end = segment["timestamp"]
    return float(start), float(start) + 2.0 if end is None else float(end)


TIMES: dict[str, Callable[[Any], tuple[float, float]]] = {
    "segments": _of_segment,
    "transcription": _of_transcription,
    "chunks": _of_chunk,
}
