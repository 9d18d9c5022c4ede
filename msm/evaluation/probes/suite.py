"""Every probe that a label allows, each as one entry of the report: numbers, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from msm.evaluation.probes.boundaries import probe_boundaries
from msm.evaluation.probes.labels import Label, Unusable
from msm.evaluation.probes.linear import probe_classes, probe_numbers
from msm.evaluation.probes.neighbours import probe_knn, probe_retrieval
from msm.evaluation.probes.rows import Rows, divide, scored_elsewhere

SCENE = "scene"  # the name of the scene probes in the report


def probe_label(label: Label, rows: Rows, *, of: str, at: str, report: str, seed: int) -> list[dict[str, Any]]:
    """Run the probes of a label's kind: linear, k-NN and retrieval for classes, Kendall's τ for a number.

    of      "shot" or "title": whose label it is
    at      "shot" or "title": what the rows are; a title's label is also probed at each of its shots
    report  the split that is scored
    """
    about: dict[str, Any] = {"label": label.name, "of": of, "at": at, "kind": label.kind}

    def rng() -> np.random.Generator:
        return np.random.default_rng(seed)

    if label.kind == "number":
        return probe_number_labels([(label, of)], rows, at=at, report=report, seed=seed)
    dealt = scored_elsewhere(rows, label.labelled, report, rng())
    if dealt is not None:
        rows = dealt
        about["note"] = (
            f"no {report} title has it: scored on other titles, which the encoder saw in training (without it)"
        )
    leave_out = "nothing" if at == "title" else "title" if of == "title" else "scene"
    entries = [
        entry(about, "linear", lambda: probe_classes(label, rows, _parts(label, rows, report, rng()), rng())),
        entry(
            about,
            "retrieval",
            lambda: probe_retrieval(label, rows, _parts(label, rows, report, rng()), leave_out=leave_out, rng=rng()),
        ),
    ]
    if label.kind == "classes":
        knn = entry(about, "knn", lambda: probe_knn(label, rows, _parts(label, rows, report, rng()), rng()))
        entries.insert(1, knn)
    return entries


def probe_number_labels(
    labels: Sequence[tuple[Label, str]], rows: Rows, *, at: str, report: str, seed: int
) -> list[dict[str, Any]]:
    """Probe several numbers of the same rows together, each with whose label it is: an entry of each, as `probe_label` makes it."""
    found = probe_numbers([label for label, _ in labels], rows, report, seed)
    entries = []
    for (label, of), one in zip(labels, found, strict=True):
        about = {"label": label.name, "of": of, "at": at, "kind": label.kind}
        entries.append(_skipped(about, "number", one) if isinstance(one, Unusable) else {**about, **one})
    return entries


def probe_scenes(rows: Rows, *, report: str, seed: int) -> list[dict[str, Any]]:
    """Probe scene boundaries, and retrieval of the other shots of a scene."""
    about = {"label": SCENE, "of": "shot", "at": "shot", "kind": "scenes"}
    scenes = np.array([frozenset([str(s)]) if s >= 0 else frozenset() for s in rows.scene], dtype=object)
    label = Label(SCENE, "classes", scenes)

    def search() -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        return probe_retrieval(label, rows, _parts(label, rows, report, rng), leave_out="nothing", rng=rng)

    return [
        entry(about, "boundary", lambda: probe_boundaries(rows, report, np.random.default_rng(seed))),
        entry(about, "retrieval", search),
    ]


def entry(about: dict[str, Any], probe: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of a probe, or the reason why there is none."""
    try:
        return {**about, **measure()}
    except Unusable as reason:
        return _skipped(about, probe, reason)


def _skipped(about: dict[str, Any], probe: str, reason: Unusable) -> dict[str, Any]:
    return {**about, "probe": probe, "skipped": f"{about['label']}: {reason}."}


def _parts(label: Label, rows: Rows, report: str, rng: np.random.Generator) -> Any:
    return divide(rows, label.labelled, report, rng)
