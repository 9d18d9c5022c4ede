"""The probe for scene boundaries: whether a scene begins at a shot, from the shot and the one before it.

Shape letters: R rows, d width of an embedding.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

from msm.evaluation.probes.linear import differences, logistic_scores, sizes
from msm.evaluation.probes.rows import Parts, Rows, Unusable, divide
from msm.evaluation.probes.scores import interval, mean_scene_iou, title_weights, weighted_ap


def boundary_features(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(R, d) → (rows, 2 d + 1): each of these shots, how far each column moved from the shot before, their cosine.

    The first row of a title has no shot before it in the title and is never scored.
    """
    here, before = x[rows], x[rows - 1]
    lengths = np.linalg.norm(here, axis=1) * np.linalg.norm(before, axis=1)
    cosine = (here * before).sum(axis=1) / np.maximum(lengths, 1e-9)
    return np.concatenate([here, np.abs(here - before), cosine[:, None]], axis=1)


def probe_boundaries(rows: Rows, report: str, rng: np.random.Generator) -> dict:
    """AP, F1 at the threshold that is best on the validation titles, and mIoU of the scenes."""
    inside = np.r_[False, rows.title[1:] == rows.title[:-1]]
    known = (rows.scene >= 0) & np.r_[False, rows.scene[:-1] >= 0] & inside
    if not known.any():
        raise Unusable("no two neighbouring shots have a scene")
    starts = known & np.r_[False, rows.scene[1:] != rows.scene[:-1]]
    parts = divide(rows, known, report, rng, width=2 * rows.width + 1)
    for name, part in zip(("train", report), (parts.fit, parts.report), strict=False):
        if starts[part].all() or not starts[part].any():
            raise Unusable(f"the {name} titles have no scene boundary, or nothing else")
    scored, read = starts[parts.report], np.concatenate(parts)
    among_read = Parts(*np.split(np.arange(len(read)), np.cumsum([len(part) for part in parts[:-1]])))
    columns, resampled = {}, {}
    weights = title_weights(rows.title[parts.report], rng)
    for kind, x in rows.columns.items():
        scores = logistic_scores(boundary_features(x, read), starts[read, None], among_read, rng)
        predicted = scores["report"][:, 0]
        cut = predicted >= _best_threshold(starts[parts.choose], scores["choose"][:, 0])
        columns[kind] = {
            "ap": float(average_precision_score(scored, predicted)),
            "f1": float(f1_score(scored, cut, zero_division=0.0)),
            "miou": _miou(rows.title[parts.report], scored, cut),
        }
        resampled[kind] = weighted_ap(scored, predicted, weights)
    share = float(scored.mean())
    even = _even_cuts(rows.title[parts.report], scored)
    return {
        "probe": "boundary",
        "measure": "ap",
        **sizes(rows, parts),
        "chance": {"ap": share, "f1": 2 * share / (1 + share), "miou": _miou(rows.title[parts.report], scored, even)},
        "columns": columns,
        "intervals": {k: interval(r) for k, r in resampled.items()},
        "differences": differences(resampled, {k: c["ap"] for k, c in columns.items()}),
    }


def _best_threshold(truth: np.ndarray, predicted: np.ndarray) -> float:
    if not truth.any():
        return 0.5
    precision, recall, thresholds = precision_recall_curve(truth, predicted)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(thresholds[min(int(f1.argmax()), len(thresholds) - 1)])


def _miou(title: np.ndarray, starts: np.ndarray, predicted: np.ndarray) -> float:
    """Mean over the titles."""
    edges = np.flatnonzero(np.diff(title)) + 1
    pairs = zip(np.split(starts, edges), np.split(predicted, edges), strict=True)
    # the shot before the first one scored begins the title and its scene
    return float(np.mean([mean_scene_iou(np.r_[True, a], np.r_[True, b]) for a, b in pairs]))


def _even_cuts(title: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """As many scenes as there are, all of one length: the chance level."""
    cuts = []
    for part in np.split(starts, np.flatnonzero(np.diff(title)) + 1):
        even = np.zeros(len(part), dtype=bool)
        count = int(part.sum())
        even[np.linspace(0, len(part), count + 2)[1:-1].astype(int).clip(0, len(part) - 1)] = count > 0
        cuts.append(even)
    return np.concatenate(cuts)
