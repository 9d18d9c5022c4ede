"""The numbers of the report: the scores of `msm.evaluation.scoring.score_titles`, summarised by part.

Intervals come from a bootstrap over titles (`msm.metrics.LEVEL`): shots of one title are correlated, so titles and not
shots are the independent units. Model and baselines share each draw, so that their difference is paired.

Shape letters: T titles, P predictors, B resamplings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from msm import baselines, metrics
from msm.data.scenes import POSITIONS

DISTANCES = ((1, 1), (2, 2), (3, None))  # shots to the nearest visible one: from, to
SPAN_DISTANCES = ((1, 1), (2, 2), (3, 3), (4, None))
RESAMPLINGS = 1000
FEWEST_TITLES = 3  # no interval for fewer


def report(scores: pd.DataFrame, split: str) -> dict[str, Any]:
    """Summarise the table of `score_titles` as JSON values, as `msm evaluate --json` prints them.

    `skill` is of centred cosine, against the baseline that is best over all these shots together.
    """
    model = scores[scores["predictor"] == "model"]
    scored = {name: _means(scores[scores["predictor"] == name]) for name in baselines_in(scores)}
    best = best_baseline(scores)
    scored["global_mean"]["median_rank"] = None  # it predicts the same for every shot, so it ranks nothing
    return {
        "split": split,
        **_means(model),
        "skill": metrics.skill(model["centred_cosine"].mean(), scored[best]["centred_cosine"]),
        "best_baseline": best,
        "num_titles": int(model["title_id"].nunique()),
        "num_hidden": len(model),
        "baselines": scored,
        "intervals": intervals(scores, best),
        "by_distance": by_distance(scores, best, DISTANCES),
        "by_modality": by_modality(scores),
    }


def best_baseline(scores: pd.DataFrame) -> str:
    """The baseline with the highest mean centred cosine over all these shots."""
    means = scores.groupby("predictor")["centred_cosine"].mean()
    return max(baselines_in(scores), key=lambda name: means[name])


def baselines_in(scores: pd.DataFrame) -> list[str]:
    """The baselines that were scored: one that is fitted is missing for a run that was trained before it was added."""
    scored = set(scores["predictor"].unique())
    return [name for name in baselines.NAMES if name in scored]


def intervals(scores: pd.DataFrame, best: str) -> dict[str, Any] | None:
    """Intervals of centred cosine: of the model, the skill, the difference to the best baseline, and every baseline.

    None with fewer than three titles.
    """
    drawn = _resampled(scores)
    if drawn is None:
        return None
    model, base = drawn["model"], drawn[best]
    return {
        "centred_cosine": _middle(model),
        "skill": _middle((model - base) / np.maximum(1 - base, 1e-6)),
        "difference": {"mean": _difference(scores, best), **_middle(model - base)},
        "baselines": {name: _middle(drawn[name]) for name in baselines_in(scores)},
    }


def _resampled(scores: pd.DataFrame) -> dict[str, np.ndarray] | None:
    """Each predictor's mean centred cosine over B draws of titles, (B,); None where there are too few titles."""
    table = scores.groupby(["title_id", "predictor"], sort=False)["centred_cosine"].agg(["sum", "size"]).unstack()
    if len(table) < FEWEST_TITLES:
        return None
    means = metrics.resampled_means(table["sum"].to_numpy(), table["size"].to_numpy(), RESAMPLINGS)
    return dict(zip(table["sum"].columns, means.T, strict=True))


def _middle(resampled: np.ndarray) -> dict[str, float]:
    low, high = metrics.middle(resampled)
    return {"low": low, "high": high}


def _difference(scores: pd.DataFrame, best: str) -> float:
    means = scores.groupby("predictor")["centred_cosine"].mean()
    return float(means["model"] - means[best])


def _means(scores: pd.DataFrame) -> dict[str, Any]:
    return {
        "cosine": float(scores["cosine"].mean()),
        "centred_cosine": float(scores["centred_cosine"].mean()),
        "median_rank": float(scores["rank_share"].median()),
    }


def against_best(scores: pd.DataFrame, best: str) -> dict[str, Any]:
    """Model and one baseline on some of the hidden shots; every number is None where there are none."""
    model, base = (scores.loc[scores["predictor"] == p, "centred_cosine"] for p in ("model", best))
    if not len(model):
        return {"num_hidden": 0, "centred_cosine": None, "best_baseline": None, "skill": None, "difference": None}
    drawn = _resampled(scores)
    spread = {} if drawn is None else _middle(drawn["model"] - drawn[best])
    return {
        "num_hidden": len(model),
        "centred_cosine": float(model.mean()),
        "best_baseline": float(base.mean()),
        "skill": metrics.skill(model.mean(), base.mean()),
        "difference": {"mean": float(model.mean() - base.mean()), **spread},
    }


def by_distance(scores: pd.DataFrame, best: str, distances: tuple[tuple[int, int | None], ...]) -> list[dict[str, Any]]:
    """Model and best baseline by the distance from a hidden shot to the nearest visible one."""
    return [
        {
            "distance": f"{low}" if high == low else f"{low}+",
            **against_best(scores[scores["distance"].between(low, high or np.inf)], best),
        }
        for low, high in distances
    ]


def by_modality(scores: pd.DataFrame) -> dict[str, Any]:
    """Each modality alone: the model, and the baseline that is best at it; a modality that no hidden shot has is left out."""
    out = {}
    for column in (c for c in scores.columns if c.startswith("centred_") and c != "centred_cosine"):
        if scores[column].isna().all():  # for instance films without speech
            continue
        means = scores.groupby("predictor")[column].mean()
        best = means.drop("model").idxmax()
        own, base = float(means["model"]), float(means[best])
        out[column.removeprefix("centred_")] = {
            "centred_cosine": own,
            "best_baseline": str(best),
            "best_baseline_centred_cosine": base,
            "skill": metrics.skill(own, base),
        }
    return out


def by_position(scores: pd.DataFrame, positions: pd.DataFrame | None) -> list[dict[str, Any]]:
    """By the position in the scene: first, middle, last, only shot; empty where no label marks scenes.

    positions  title_id, shot, position
    """
    if positions is None:
        return []
    placed = scores.merge(positions, on=["title_id", "shot"], how="left")
    best = best_baseline(scores)
    parts = [{"position": p, **against_best(placed[placed["position"] == p], best)} for p in POSITIONS]
    return [part for part in parts if part["num_hidden"]]


def by_ratio(scores: pd.DataFrame, ratio: float) -> dict[str, Any]:
    """One mask ratio: the model against the baseline that is best at it; every number is None where no shot was hidden."""
    if scores.empty:
        return {"ratio": ratio, "best_baseline_name": None, "median_rank": None, **against_best(scores, "")}
    best = best_baseline(scores)
    model = scores[scores["predictor"] == "model"]
    rank = float(model["rank_share"].median())
    return {"ratio": ratio, "best_baseline_name": best, "median_rank": rank, **against_best(scores, best)}


def by_span(scores: pd.DataFrame | None, length: int, ratio: float, left_out: int) -> dict[str, Any]:
    """Spans of shots hidden: over all of them, and by distance to the nearest visible shot.

    left_out  number of titles that are too short; where all are, the entry has a sentence `skipped` instead of numbers
    """
    about = {"length": length, "ratio": ratio, "titles_left_out": left_out}
    if scores is None:
        return {**about, "skipped": f"no title has the {length + 2} shots that hiding {length} in a row takes."}
    best = best_baseline(scores)
    whole = {"best_baseline_name": best, **against_best(scores, best)}
    return {**about, **whole, "by_distance": by_distance(scores, best, SPAN_DISTANCES)}


def by_part(scores: pd.DataFrame, modality: str, rest_shown: bool) -> dict[str, Any]:
    """One modality hidden: scores of its columns alone, against the baseline that is best at them.

    rest_shown  whether the model was given the other modalities of these shots; so was the baseline `known_modalities`
    """
    block = scores.assign(centred_cosine=scores[f"centred_{modality}"]).dropna(subset="centred_cosine")
    about = {"modality": modality, "rest_shown": rest_shown}
    if block.empty:
        return {**about, "best_baseline_name": None, **against_best(block, "")}
    best = best_baseline(block)
    return {**about, "best_baseline_name": best, **against_best(block, best)}


def by_title(scores: pd.DataFrame, names: dict[str, str]) -> list[dict[str, Any]]:
    """A row a title, in file order: model, the best baseline over all titles, difference, skill, median rank."""
    best = best_baseline(scores)
    means = scores.groupby(["title_id", "predictor"], sort=False)["centred_cosine"].mean().unstack()
    model = scores[scores["predictor"] == "model"].groupby("title_id", sort=False)["rank_share"]
    ranks, counts = model.median(), model.size()
    return [
        {
            "title_id": str(title_id),
            "name": names.get(str(title_id), str(title_id)),
            "num_hidden": int(counts[title_id]),
            "centred_cosine": float(row["model"]),
            "best_baseline": float(row[best]),
            "difference": float(row["model"] - row[best]),
            "skill": metrics.skill(row["model"], row[best]),
            "median_rank": float(ranks[title_id]),
        }
        for title_id, row in means.iterrows()
    ]
