"""A task: the targets that a label sets, and the shots that each example may be predicted from.

Shape letters: I examples, K classes, N shots of a title.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from msm.errors import InputError
from msm.evaluation.label_files.marks import Example, LabelSet
from msm.evaluation.probes import Unusable

KINDS = ("classes", "tags", "number", "boundaries")
MOST_CLASSES, FEWEST, FEWEST_TITLES = 12, 10, 3  # most frequent ones; examples and titles that a class must have
BOUNDARY_NAMES, BOUNDARY_END = ("boundary", "boundaries", "cut"), "_start"


@dataclass(frozen=True)
class Task:
    """One label as targets."""

    name: str
    kind: str  # of KINDS
    of: str  # shot, span or title
    title: np.ndarray  # (I,) index in the catalog
    first: np.ndarray  # (I,) first shot
    stop: np.ndarray  # (I,) one past the last
    classes: tuple[str, ...]  # K names; empty for a number
    truth: np.ndarray  # (I, K) bool, or (I, 1) float for a number
    left_out: int  # examples of rare classes

    def take(self, rows: np.ndarray) -> Task:
        """The task on some of its examples, in this order."""
        return replace(
            self, title=self.title[rows], first=self.first[rows], stop=self.stop[rows], truth=self.truth[rows]
        )


def make_task(labels: LabelSet, kind: str | None, num_shots: np.ndarray) -> Task:
    """Make the targets of a label.

    kind       one of KINDS; None = by its values and name
    num_shots  of each title of the catalog
    Raises Unusable where its values allow no task, InputError where they do not fit the kind that was asked for.
    """
    kind = kind or kind_of(labels)
    if kind not in KINDS:
        raise InputError(f"the kind of {labels.name!r} is {kind!r}, but must be one of {', '.join(KINDS)}")
    if kind == "boundaries":
        return _boundaries(labels, num_shots)
    if kind == "number":
        return _number(labels)
    return _classes(labels, kind)


def kind_of(labels: LabelSet) -> str:
    """boundaries for a 0/1 label of shots called boundary or …_start, number for three numbers or more, tags for several words."""
    values = {v for e in labels.examples for v in e.values}
    name = labels.name.lower()
    marked = name in BOUNDARY_NAMES or name.endswith(BOUNDARY_END)
    if marked and labels.of != "title" and all(v in ("0", "1") or _number_of(v) in (0.0, 1.0) for v in values):
        return "boundaries"
    if any(len(e.values) > 1 for e in labels.examples):
        return "tags"
    if len(values) > 2 and all(_number_of(v) is not None for v in values):
        return "number"
    return "classes"


def _number_of(text: str) -> float | None:
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _number(labels: LabelSet) -> Task:
    values = []
    for e in labels.examples:
        number = _number_of(e.values[0])
        if number is None:
            raise InputError(f"{labels.name!r} is to be a number, but {e.values[0]!r} is none")
        values.append(number)
    truth = np.array(values, dtype=float)
    if len(np.unique(truth)) < 3:
        raise Unusable("it has fewer than three different values")
    return _task(labels.name, "number", labels.of, labels.examples, (), truth[:, None])


def _classes(labels: LabelSet, kind: str) -> Task:
    if kind == "classes" and (several := next((e for e in labels.examples if len(e.values) > 1), None)):
        raise InputError(f"{labels.name!r} is to be one class, but an example has {' and '.join(several.values)}")
    counts = Counter(v for e in labels.examples for v in e.values)
    titles: Mapping[str, set[int]] = {v: set() for v in counts}
    for e in labels.examples:
        for v in e.values:
            titles[v].add(e.title)
    fewest = min(FEWEST, max(3, len(labels.examples) // 10))
    frequent = [v for v, n in sorted(counts.items(), key=lambda c: (-c[1], c[0])) if n >= fewest]
    kept = [v for v in frequent if len(titles[v]) >= FEWEST_TITLES and counts[v] < len(labels.examples)]
    names = tuple(kept[:MOST_CLASSES])
    if len(names) < (2 if kind == "classes" else 1):
        raise Unusable(f"too few of its values have {fewest} examples in {FEWEST_TITLES} titles")
    examples = [e for e in labels.examples if kind == "tags" or e.values[0] in names]
    truth = np.array([[n in e.values for n in names] for e in examples], dtype=bool)
    return _task(labels.name, kind, labels.of, examples, names, truth, len(labels.examples) - len(examples))


def _boundaries(labels: LabelSet, num_shots: np.ndarray) -> Task:
    """Every shot but the first of each labelled title: whether a span begins there, or the label says 1."""
    values = {v for e in labels.examples for v in e.values}
    marks_each = all(_number_of(v) in (0.0, 1.0) for v in values) and labels.of != "title"
    rows: list[Example] = []
    truth = []
    by_title: dict[int, list[Example]] = {}
    for e in labels.examples:
        by_title.setdefault(e.title, []).append(e)
    for title, examples in by_title.items():
        begins = np.zeros(int(num_shots[title]), dtype=bool)
        before: tuple[str, ...] | None = None
        for e in examples:
            if marks_each:
                begins[e.first] = _number_of(e.values[0]) == 1.0
            else:
                begins[e.first] |= e.stop - e.first > 1 or e.values != before
            before = e.values
        known = {i for e in examples for i in (range(e.first, e.stop) if e.stop - e.first > 1 else (e.first,))}
        for i in sorted(known - {0}):
            rows.append(Example(title, i, i + 1, ()))
            truth.append(begins[i])
    found = np.array(truth, dtype=bool)
    if not found.any() or found.all():
        raise Unusable("it has no boundary, or nothing else")
    return _task(labels.name, "boundaries", "shot", rows, ("boundary",), found[:, None])


def _task(
    name: str,
    kind: str,
    of: str,
    examples: list[Example] | tuple[Example, ...],
    classes: tuple[str, ...],
    truth: np.ndarray,
    left_out: int = 0,
) -> Task:
    title, first, stop = np.array([(e.title, e.first, e.stop) for e in examples], dtype=int).reshape(-1, 3).T
    return Task(name, kind, of, title, first, stop, classes, truth, left_out)
