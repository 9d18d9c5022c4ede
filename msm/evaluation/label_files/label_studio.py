"""Exports of Label Studio (JSON): timelines of videos, segments of sound and time series, choices, ratings and numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from msm.errors import InputError
from msm.evaluation.label_files.marks import Mark

FRAMES = ("timelinelabels",)  # regions that count frames from 1; all others are in seconds
WORDS = ("timelinelabels", "timeserieslabels", "labels", "hypertextlabels", "choices", "taxonomy")
NUMBERS = ("number", "rating")
MEDIA = ("title_id", "title", "video", "video_url", "audio", "file", "csv", "timeseries", "text")
_UPLOAD = re.compile(r"^[0-9a-f]{8}-")  # what Label Studio puts before the name of an uploaded file


def read_label_studio(text: str, fps: float | None = None, known: frozenset[str] = frozenset()) -> list[Mark]:
    """The marks of an export; InputError that names the task.

    fps    frames a second of the films, for timelines, which count frames; a task's own `fps` or `framerate` goes first
    known  ids and names of titles
    """
    try:
        tasks = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is no sound JSON: {error}") from None
    tasks = tasks if isinstance(tasks, list) else [tasks]
    marks: list[Mark] = []
    for number, task in enumerate(tasks):
        if not isinstance(task, dict) or not ("annotations" in task or "completions" in task):
            raise InputError(
                f"task {number} has no annotations; export JSON from Label Studio, not JSON-MIN or another format"
            )
        where = f"task {task.get('id', number)}"
        data: dict[str, Any] = task["data"] if isinstance(task.get("data"), dict) else {}
        title = _title(data, known, where)
        rate = next((data[k] for k in ("fps", "framerate", "frame_rate") if _is_number(data.get(k))), fps)
        for result in _results(task):
            marks += _marks(result, title, where, rate)
    return marks


def _results(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The regions of the first annotation that was not cancelled, each with the times of the region that it is about."""
    annotations = task.get("annotations") or task.get("completions") or []
    found = next((a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")), {})
    results = [r for r in found.get("result") or [] if isinstance(r, dict) and isinstance(r.get("value"), dict)]
    times: dict[Any, dict[str, Any]] = {}
    for r in results:
        if r.get("id") is not None:
            times.setdefault(r["id"], {}).update(
                {k: v for k, v in r["value"].items() if k in ("start", "end", "ranges")}
            )
    return [{**r, "value": {**times.get(r.get("id"), {}), **r["value"]}} for r in results]


def _marks(result: Mapping[str, Any], title: str, where: str, fps: float | None) -> Iterator[Mark]:
    value, label = result["value"], str(result.get("from_name") or result.get("type") or "label")
    words = next((value[k] for k in (*WORDS, *NUMBERS) if k in value), None)
    if words is None:
        return  # a rectangle, a transcript: nothing that a probe reads
    named = [" / ".join(map(str, w)) if isinstance(w, list) else str(w) for w in _listed(words)]
    for seconds in _stretches(value, label, where, fps):
        for word in named or [""]:
            yield Mark(title, label, word, f"{where}, {label!r}", seconds=seconds)


def _listed(words: Any) -> list[Any]:
    return words if isinstance(words, list) else [words]


def _stretches(value: Mapping[str, Any], label: str, where: str, fps: float | None) -> list[tuple[float, float] | None]:
    ranges = value.get("ranges")
    if isinstance(ranges, list):
        if fps is None or fps <= 0:
            raise InputError(f"{where}, {label!r} counts frames; say how many a second its film has with --fps")
        found = [(r.get("start"), r.get("end")) for r in ranges if isinstance(r, dict)]
        stretches = [((_number(a, where) - 1) / fps, _number(b, where) / fps) for a, b in found]
    elif "start" in value or "end" in value:
        a, b = _number(value.get("start"), where), _number(value.get("end"), where)
        stretches = [(a, b + 1e-3 if value.get("instant") else b)]
    else:
        return [None]
    for a, b in stretches:
        if a < 0 or b <= a:
            raise InputError(f"{where}, {label!r}: from {a:g} s to {b:g} s is no stretch of time")
    return list(stretches)


def _number(value: Any, where: str) -> float:
    if not _is_number(value):
        raise InputError(f"{where}: {value!r} is no time in seconds or frames")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _title(data: Mapping[str, Any], known: frozenset[str], where: str) -> str:
    """The title that a task is about: the first of its data that is one, else the name of its file."""
    texts = [str(data[k]) for k in (*MEDIA, *data) if isinstance(data.get(k), str)]
    names = [n for text in texts for n in _names(text)]
    if not names:
        raise InputError(f"{where} does not say which film it is about")
    return next((n for n in names if n in known), names[min(1, len(names) - 1)])


def _names(text: str) -> list[str]:
    """A text as it stands, and as the name of a file: without folders, suffix and the prefix of an upload."""
    stem = PurePosixPath(unquote(re.split(r"[/\\=]", text.split("?d=")[-1])[-1])).stem
    return [text, stem, _UPLOAD.sub("", stem)]
