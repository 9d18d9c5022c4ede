"""What each metric means, for the help mark beside it."""

from __future__ import annotations

from msm import baselines

METRIC_HELP = {
    "model": (
        "How close the model's prediction is to the real shots, on average. 1 is exactly right, 0 is no better than the "
        "average shot of all titles. (Cosine after subtracting the average shot.)"
    ),
    "baseline": (
        "The same for the best of six baselines, which predict without a model, such as copying the nearest visible shot, averaging those around, or interpolating: "
        "a weighted mean of all visible shots of the title, by how alike shots at each distance are in the training titles (kriging). "
        "The best one is chosen afterwards, which favours it."
    ),
    "skill": (
        "The share of the best baseline's error that the model removes: 100 % is exactly right, 0 % is no better than "
        "the baseline, below 0 the baseline is better."
    ),
    "rank": "The rank of the real shot among the title's shots, by similarity to the prediction: 1 is the best.",
}


def baseline_help(name: str) -> str:
    """The help of the best baseline, with which of them it is here and what it does.

    name  the key of the baseline
    """
    return f"Here: **{baselines.term(name)}**, {baselines.action(name)}. {METRIC_HELP['baseline']}"
