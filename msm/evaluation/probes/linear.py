"""Linear probes: logistic regression for each class, ridge regression for a number.

Shape letters: R rows, K classes, d width of an embedding, B resamplings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

import numpy as np
from scipy.stats import kendalltau
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from msm.evaluation.probes.labels import Label
from msm.evaluation.probes.ridge import along_strengths, out_of_fold
from msm.evaluation.probes.rows import HELD_BACK, Parts, Rows, Unusable, sample
from msm.evaluation.probes.scores import interval, macro_ap, mean_finite, micro_ap, title_weights, weighted_ap

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # C of logistic regression on standardised columns
RIDGES = (1e1, 1e2, 1e3, 1e4, 1e5)
TUNING_ROWS = 3000  # rows on which the regularisation is chosen; the probe is then fitted on all
MOST_CLASSES, FEWEST_ROWS, FEWEST_TITLES = 20, 10, 2
FOLDS = 10


def indicators(label: Label, rows: Rows, parts: Parts) -> tuple[list[str], np.ndarray]:
    """The classes that can be fitted and scored, most frequent first, and which rows have them, (R, K) bool.

    A class is kept with 10 rows of 2 titles to fit on, and where some but not all scored rows have it.
    Of two classes only the rarer is kept.
    """
    counts: dict[str, int] = {}
    for i in parts.fit:
        for word in label.values[i]:
            counts[word] = counts.get(word, 0) + 1
    kept: list[str] = []
    columns: list[np.ndarray] = []
    for word in sorted(counts, key=lambda w: (-counts[w], w)):
        if len(kept) == MOST_CLASSES or counts[word] < min(FEWEST_ROWS, len(parts.fit) // 10 + 2):
            break
        has = np.fromiter((word in v for v in label.values), dtype=bool, count=len(label.values))
        titles = len(np.unique(rows.title[parts.fit[has[parts.fit]]]))
        if titles >= FEWEST_TITLES and not has[parts.fit].all() and 0 < has[parts.report].mean() < 1:
            kept.append(word)
            columns.append(has)
    if not kept:
        raise Unusable("no value of it is frequent enough in the training titles and also found in the scored ones")
    if len(kept) == 2 and label.kind == "classes" and len(counts) == 2:
        kept, columns = kept[1:], columns[1:]
    return kept, np.stack(columns, axis=1)


def logistic_scores(x: np.ndarray, truth: np.ndarray, parts: Parts, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Fit one probe a class and return its probabilities on the rows to choose on and those to score.

    x (R, d), truth (R, K) bool → {"choose": (rows, K), "report": (rows, K)}
    """
    scale = StandardScaler().fit(x[parts.fit])
    fit, choose, report = (scale.transform(x[p]).astype(np.float32) for p in parts)
    few = sample(np.arange(len(fit)), TUNING_ROWS, rng)
    present = truth[parts.choose].any(axis=0)  # the classes by which the regularisation can be chosen

    def score(strength: float) -> float:
        scores = _fitted(fit[few], truth[parts.fit][few], strength)(choose)
        return macro_ap(truth[parts.choose][:, present], scores[:, present])

    best = max(STRENGTHS, key=score) if present.any() else STRENGTHS[1]
    predict = _fitted(fit, truth[parts.fit], best)
    return {"choose": predict(choose), "report": predict(report)}


def _fitted(x: np.ndarray, truth: np.ndarray, strength: float) -> Callable[[np.ndarray], np.ndarray]:
    """Fit one logistic regression a class; a class that all rows or none have gets a constant."""
    models = [
        LogisticRegression(C=strength, max_iter=200, tol=1e-3).fit(x, t) if t.any() and not t.all() else float(t.mean())
        for t in truth.T
    ]

    def predict(rows: np.ndarray) -> np.ndarray:
        scores = [np.full(len(rows), m) if isinstance(m, float) else m.predict_proba(rows)[:, 1] for m in models]
        return np.stack(scores, axis=1)

    return predict


def probe_classes(label: Label, rows: Rows, parts: Parts, rng: np.random.Generator) -> dict:
    """AP macro and micro of every kind of embedding, the chance level, and the differences with intervals."""
    names, truth = indicators(label, rows, parts)
    scored = truth[parts.report]
    scores = {k: logistic_scores(x, truth, parts, rng)["report"] for k, x in rows.columns.items()}
    shares = np.broadcast_to(truth[parts.fit].mean(axis=0), scored.shape)
    weights = title_weights(rows.title[parts.report], rng)
    resampled = {
        k: mean_finite(np.stack([weighted_ap(t, s, weights) for t, s in zip(scored.T, g.T, strict=True)]))
        for k, g in scores.items()
    }
    return {
        "probe": "linear",
        "measure": "ap_macro",
        "classes": names,
        **sizes(rows, parts),
        "chance": {"ap_macro": macro_ap(scored, shares), "ap_micro": micro_ap(scored, shares)},
        "columns": {k: {"ap_macro": macro_ap(scored, g), "ap_micro": micro_ap(scored, g)} for k, g in scores.items()},
        "intervals": {k: interval(r) for k, r in resampled.items()},
        "differences": differences(resampled, {k: macro_ap(scored, g) for k, g in scores.items()}),
    }


def probe_numbers(labels: Sequence[Label], rows: Rows, report: str, seed: int) -> list[dict | Unusable]:
    """Kendall's τ-b of ridge predictions of each label, ten folds by title; or the reason why there is none.

    A title is predicted by a probe fitted on nine tenths of all other titles, and τ is taken over the
    titles that the encoder was not trained on. The ridge is chosen within the training titles. Labels of the same rows share
    what depends on the rows alone.
    """
    alike: dict[bytes, list[int]] = {}
    for i, label in enumerate(labels):
        alike.setdefault(label.labelled.tobytes(), []).append(i)
    found: dict[int, dict | Unusable] = {}
    for places in alike.values():
        found |= zip(places, _of_same_rows([labels[i] for i in places], rows, report, seed), strict=True)
    return [found[i] for i in range(len(labels))]


def _of_same_rows(labels: Sequence[Label], rows: Rows, report: str, seed: int) -> list[dict | Unusable]:
    labelled = labels[0].labelled
    unseen = labelled & (rows.split == report if report == "train" else rows.split != "train")
    seen = labelled & (rows.split == "train")
    varied = [len(np.unique(label.values[unseen])) >= 3 for label in labels]
    flat = Unusable("fewer than three different values among the titles that training did not see")
    if not any(varied):
        return [flat for _ in labels]
    rng = np.random.default_rng(seed)
    where = np.concatenate([sample(np.flatnonzero(seen), rows.most_rows, rng), np.flatnonzero(unseen & ~seen)])
    groups = rows.title[where]
    folds = min(FOLDS, len(np.unique(groups)))
    if folds < 3:
        few = Unusable("fewer than three titles have it")
        return [few if of_label else flat for of_label in varied]
    truth = np.stack([label.values[where] for label in labels], axis=1)[:, varied]
    predictions = {k: _folded(x[where], truth, groups, folds, seen[where]) for k, x in rows.columns.items()}
    evaluated = unseen[where]
    about = {
        "probe": "number",
        "measure": "kendall_tau",
        "folds": folds,
        "num_fit": int(len(where) * (folds - 1) / folds),
        "num_scored": int(evaluated.sum()),
        "num_titles": len(np.unique(groups[evaluated])),
        "chance": {"kendall_tau": 0.0},
    }
    scored = iter(
        _scored(about, y[evaluated], {k: g[evaluated, i] for k, g in predictions.items()}, groups[evaluated], rng)
        for i, y in enumerate(truth.T)
    )
    return [next(scored) if of_label else flat for of_label in varied]


def _scored(
    about: dict, truth: np.ndarray, predictions: dict[str, np.ndarray], title: np.ndarray, rng: np.random.Generator
) -> dict:
    """The entry of one label; every label gets the same draws of titles."""
    taus = {k: kendall_tau(truth, g) for k, g in predictions.items()}
    resampled = _resampled_taus(truth, predictions, title, deepcopy(rng))
    return {
        **about,
        "columns": {k: {"kendall_tau": t} for k, t in taus.items()},
        "intervals": {k: interval(r) for k, r in resampled.items()},
        "differences": differences(resampled, taus),
    }


def _folded(x: np.ndarray, y: np.ndarray, groups: np.ndarray, folds: int, seen: np.ndarray) -> np.ndarray:
    """Out-of-fold predictions of several numbers (rows, L), each with the ridge that is best for it: (rows, L)."""
    ridges = _best_ridges(x[seen], y[seen], groups[seen]) if seen.any() else np.full(y.shape[1], RIDGES[2])
    fold = np.empty(len(x), dtype=int)
    for i, (_, left) in enumerate(GroupKFold(folds).split(x, groups=groups)):
        fold[left] = i
    return out_of_fold(x, y, fold, ridges)


def _best_ridges(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(rows, d), (rows, L) → (L,)"""
    held = np.unique(groups, return_inverse=True)[1] % HELD_BACK == HELD_BACK - 1
    if not held.any() or held.all():
        return np.full(y.shape[1], RIDGES[2])
    predicted = along_strengths(x, y, held, RIDGES)
    taus = [[kendall_tau(t, p) for t, p in zip(y[held].T, g.T, strict=True)] for g in predicted]
    return np.array(RIDGES)[np.argmax(taus, axis=0)]


def kendall_tau(truth: np.ndarray, predicted: np.ndarray) -> float:
    """τ-b of (R,) and (R,); 0 where either is constant."""
    if len(truth) < 2:
        return 0.0
    tau = float(kendalltau(truth, predicted).statistic)
    return tau if np.isfinite(tau) else 0.0


def _resampled_taus(
    truth: np.ndarray, predictions: dict[str, np.ndarray], title: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """τ over titles drawn with replacement; the same draws for every kind of embedding."""
    rows = {t: np.flatnonzero(title == t) for t in np.unique(title)}
    names = list(rows)
    out: dict[str, list[float]] = {k: [] for k in predictions}
    for _ in range(100):
        drawn = np.concatenate([rows[names[i]] for i in rng.integers(len(names), size=len(names))])
        drawn = sample(drawn, 3000, rng)
        for k, predicted in predictions.items():
            out[k].append(kendall_tau(truth[drawn], predicted[drawn]))
    return {k: np.array(v) for k, v in out.items()}


def differences(resampled: dict[str, np.ndarray], point: dict[str, float]) -> dict[str, dict]:
    """The contextual embedding against each other kind, paired in every resampling."""
    if "contextual" not in point:
        return {}
    out = {}
    for other in (k for k in point if k != "contextual"):
        spread = interval(resampled["contextual"] - resampled[other])
        out[f"contextual - {other}"] = {"mean": point["contextual"] - point[other], **(spread or {})}
    return out


def sizes(rows: Rows, parts: Parts) -> dict[str, int]:
    return {
        "num_fit": len(parts.fit),
        "num_scored": len(parts.report),
        "num_titles": len(np.unique(rows.title[parts.report])),
    }
