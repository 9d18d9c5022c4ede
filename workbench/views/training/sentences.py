"""Sentences and tables on trainings: who is ahead, the state of a run, and how recipes differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from msm import baselines
from msm.recipes.hyperparameters import hyperparameters, value_of
from msm.recipes.recipe import Recipe
from msm.runs import monitor
from msm.runs.monitor import Measured, Watched
from workbench.views.ablation.sentences import HYPERPARAMETERS, value_label
from workbench.views.formatting import grouped, left_in_words, number

STATES = {
    monitor.RUNNING: "running",
    monitor.STOPPED: "stopped",
    monitor.FAILED: "failed",
    monitor.DONE: "done",
    monitor.LOST: "gone",
}
CLOSE = 0.005  # centred cosine; smaller differences are called level


def lead_sentence(name: str, measured: Measured) -> str:
    """Whether the model is ahead of the best baseline on validation titles, and since which step."""
    rows = measured.validations
    if not len(rows):
        return f"{name} has not been validated yet."
    best = rows.loc[rows["centred_cosine"].idxmax()]
    last = rows.iloc[-1]
    deed = baselines.action(str(last["baseline_name"]))
    gap = float(best["centred_cosine"] - best["baseline"])
    numbers = f"{number(best['centred_cosine'])} against {number(best['baseline'])}"
    if gap <= -CLOSE:
        return f"{name} is still behind {deed}, the best baseline: {numbers} at step {grouped(int(best['step']))}."
    if gap < CLOSE:
        return f"{name} is level with {deed}, the best baseline: {numbers} at step {grouped(int(best['step']))}."
    if last["centred_cosine"] <= last["baseline"]:
        return f"{name} was ahead of {deed} at step {grouped(int(best['step']))} ({numbers}), but is no longer."
    return f"{name} is ahead of {deed}, the best baseline, {_since(rows)}: {numbers}."


def _since(rows: pd.DataFrame) -> str:
    ahead = (rows["centred_cosine"] > rows["baseline"]).to_numpy()
    first = len(ahead) - int((~ahead[::-1]).argmax()) if not ahead.all() else 0
    step = grouped(int(rows["step"].iloc[first]))
    return f"since its first validation at step {step}" if first == 0 else f"since step {step}"


def overtraining_sentence(measured: Measured) -> str:
    """A note where the best validation lies far back; empty otherwise."""
    rows = measured.validations
    if len(rows) < 4:
        return ""
    best = int(rows["centred_cosine"].to_numpy().argmax())
    lost = float(rows["centred_cosine"].iloc[best] - rows["centred_cosine"].iloc[-1])
    if len(rows) - 1 - best < 3 or lost < CLOSE:
        return ""
    step = grouped(int(rows["step"].iloc[best]))
    return f"It was best at step {step} and has lost {number(lost, 3)} since; the weights of that step are the ones that are kept."


def progress_words(run: Watched, seconds_left: float | None) -> str:
    """Progress of a run, as `step 120 of 600 · about 2 min left · heard 3 s ago`."""
    words = [f"step {grouped(run.step)} of {grouped(run.steps)}"]
    if run.state == monitor.RUNNING:
        words += [left_in_words(seconds_left) if run.step else "starting …"]
        words += ["stopping at its next step …"] if run.stopping else [f"last update {ago(run.silent_s)}"]
    else:
        words += [f"last update {ago(run.silent_s)}"]
    return " · ".join(filter(None, words))


def problem_sentence(run: Watched) -> str:
    """What is wrong with a run; empty where nothing is."""
    if run.problem:
        return f"{run.problem}."
    if run.state == monitor.LOST:
        return f"No process trains it any more: no sign of life for {span(run.silent_s)}. It can be resumed from its last checkpoint."
    if run.state == monitor.FAILED:
        reason = str(run.info.get("reason") or "it did not say why").rstrip(".")
        return f"It failed at step {grouped(run.step)}: {reason}."
    if run.state == monitor.RUNNING and run.silent_s > monitor.SILENT_S:
        return f"Its process lives, but has not been heard for {span(run.silent_s)}."
    return ""


def ago(seconds: float) -> str:
    return "just now" if seconds < 2.5 else f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """A duration as `40 s`, `12 min`, `3 h` or `5 days`."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def hyperparameter_name(key: str) -> str:
    """The display name of a hyperparameter: as on the Ablations page, otherwise its key in words."""
    return HYPERPARAMETERS[key][0] if key in HYPERPARAMETERS else key.rpartition(".")[2].replace("_", " ").capitalize()


def differences_table(recipes: Mapping[str, Recipe]) -> pd.DataFrame:
    """A row a hyperparameter in which these recipes differ: Choice, Key, and a column a run."""
    rows: list[dict[str, Any]] = []
    for parameter in hyperparameters():
        values = {name: value_of(recipe, parameter.key) for name, recipe in recipes.items()}
        if len(set(values.values())) > 1:
            row = {"Choice": hyperparameter_name(parameter.key), "Key": parameter.key}
            rows.append(row | {n: value_label(parameter.key, v) for n, v in values.items()})
    return pd.DataFrame(rows, columns=["Choice", "Key", *recipes])
