"""What each metric means, for the help mark beside it."""

from __future__ import annotations

METRIC_HELP = {
    "model": (
        "How near the model's guess comes to the real shots, on average. 1 is exactly right, 0 is no better than the "
        "average shot of all titles. (Cosine after the average shot is taken away.)"
    ),
    "baseline": (
        "The same for the best of five ways to guess without a model, such as copying the nearest visible shot. "
        "It is chosen after the fact, in its favour."
    ),
    "skill": (
        "How much of what the best copy leaves to be won the model wins: 100 % is exactly right, 0 % is no better than "
        "copying, below 0 copying is better."
    ),
    "rank": "How many of the title's shots lie as near to what the model expected as the real one: 1 is the best.",
}
