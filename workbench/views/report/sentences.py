"""The findings of an evaluation as sentences."""

from __future__ import annotations

from typing import Any

from msm import baselines
from workbench.views.formatting import count, number
from workbench.views.report.comparison import comparison_sentence
from workbench.views.report.reports import Reports

CLEAR = 0.01  # centred cosine; without intervals, smaller differences are called a draw


def verdict(evaluation: dict[str, Any]) -> str:
    """Whether the model or the best baseline is better on unseen titles, or that the difference may be chance."""
    best = str(evaluation["best_baseline"])
    spread = (evaluation.get("intervals") or {}).get("difference")
    if spread is None:
        return comparison_sentence(evaluation)
    model, base = float(evaluation["centred_cosine"]), float(evaluation["baselines"][best]["centred_cosine"])
    deed, numbers = baselines.action(best), f"({number(max(model, base))} against {number(min(model, base))})"
    if spread["low"] > 0:
        return f"On unseen titles the model comes nearer to the truth than {deed}, the best of the baselines {numbers}."
    if spread["high"] < 0:
        return f"On unseen titles {deed} comes nearer to the truth than the model {numbers}: here it is better to copy."
    return f"On unseen titles nobody can tell the model from {deed}: the difference may be chance {numbers}."


def details(evaluation: dict[str, Any]) -> str:
    """The interval behind the verdict, the number of titles, and the mask ratios up to which it holds."""
    sentences = []
    if spread := (evaluation.get("intervals") or {}).get("difference"):
        sentences.append(
            f"With other titles of this kind the difference would lie between {_signed(spread['low'])} and "
            f"{_signed(spread['high'])} (95 %, drawing {count(evaluation['num_titles'], 'title')} anew)."
        )
    if "num_titles" in evaluation and evaluation["num_titles"] < 10:
        sentences.append("These are few titles: take it as a hint.")
    if reach := _reach(evaluation.get("by_ratio", [])):
        sentences.append(reach)
    return " ".join(sentences)


def _reach(ratios: list[dict[str, Any]]) -> str:
    """The mask ratio up to which the model is clearly ahead, as a sentence."""
    ratios = [e for e in ratios if e["num_hidden"]]
    ahead = [(e.get("difference") or {}).get("low", -1.0) > 0 for e in ratios]
    if not ratios or not any(ahead):
        return ""
    if all(ahead):
        return f"It stays ahead even when {ratios[-1]['ratio']:.0%} of a title is hidden."
    lost = next((i for i, a in enumerate(ahead) if not a and any(ahead[:i])), None)
    return (
        f"Its lead is no longer clear when {ratios[lost]['ratio']:.0%} of a title is hidden."
        if lost is not None
        else ""
    )


def comparison_words(reports: Reports) -> str:
    """Which of several runs is best, as a sentence; empty for one run."""
    if len(reports) < 2:
        return ""
    ordered = sorted(reports.items(), key=lambda item: -item[1]["centred_cosine"])
    (first, best), (second, next_) = ordered[:2]
    gap = best["centred_cosine"] - next_["centred_cosine"]
    if gap < CLEAR:
        return f"Of these runs {first} and {second} are as good as equal."
    return f"Of these runs {first} is ahead, {number(gap, 3)} in centred cosine before {second}."


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(value)
