"""One training of one cell: train, score every title, keep what the table needs. Runs in a process of its own.

A finished training leaves in its run folder, beside what any run has:

    result.json     state (done | failed | pruned), sentence where it failed, seconds, and the report of each split; of a
                    training that a search stopped early (pruned) the step at which it ended
    scores.parquet  a row a (split, title, predictor): split, title_id, predictor, num_hidden,
                    centred_cosine and cosine (means over its hidden shots), median_rank (a share)
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from msm.errors import NO_MEMORY, InputError, lacks_memory
from msm.io import files

RESULT, SCORES = "result.json", "scores.parquet"
PRUNE = "prune"  # a file in a run folder: a search asks for its end


@dataclass(frozen=True)
class Job:
    """What a worker needs to know, in plain values, so that it can be sent to another machine."""

    name: str
    catalog: str
    run: str  # folder
    stop: str  # a file; while it exists, trainings stop at their next step
    baselines: str  # folder of what `msm.ablation.baseline_scores` keeps
    recipe: dict[str, Any]
    splits: tuple[str, ...]
    device: str
    keep_weights: bool


def train_and_score(job: Job) -> dict[str, Any]:
    """Go on with this training where it stands; what goes wrong is its result, not an error.

    returns  the content of result.json, or {"state": "stopped"}
    """
    path, started = Path(job.run), time.monotonic()
    if (path / RESULT).exists():
        return read_result(path)
    try:
        result = _train_and_score(job, path)
    except Exception as error:  # of any kind: out of memory on a GPU, a disk that is full, a mistake of ours
        result = {"state": "failed", "sentence": sentence_of(error)}
    if result["state"] != "stopped":
        result["seconds"] = round(time.monotonic() - started, 1)
        path.mkdir(parents=True, exist_ok=True)
        files.write_json(path / RESULT, result)
        if not job.keep_weights:
            forget_weights(path)
    return result


def read_result(path: Path) -> dict[str, Any]:
    """The content of a run folder's result.json; InputError where it is not what a training leaves."""
    result = files.read_json(path / RESULT)
    if not isinstance(result, dict) or result.get("state") not in ("done", "failed", "pruned"):
        raise InputError(f"{path / RESULT} is not the result of a training")
    return result


def _train_and_score(job: Job, path: Path) -> dict[str, Any]:
    from msm.data.catalog import Catalog
    from msm.recipes.recipe import Recipe
    from msm.runs.folder import RunFolder
    from msm.training.trainer import pick_device, start_run, train

    catalog, device = Catalog.open(job.catalog), pick_device(job.device)
    begun, prune = (path / "run.json").exists(), path / PRUNE
    if prune.exists() and not begun:
        return {"state": "pruned", "step": 0}
    run = (
        RunFolder.open(path)
        if begun
        else start_run(catalog, path, Recipe.from_dict(job.recipe), device=device, replace=path.exists())
    )
    if run.info["state"] != "done":
        stop = Path(job.stop)
        train(run, catalog, device=device, resume=begun, should_stop=lambda: stop.exists() or prune.exists())
    if run.info["state"] == "stopped":
        return {"state": "pruned", "step": run.info["steps_done"]} if prune.exists() else {"state": "stopped"}
    return {"state": "done", "best": run.info["best"], "reports": _score(job, run, catalog, str(device))}


def _score(job: Job, run: Any, catalog: Any, device: str) -> dict[str, Any]:
    """The report of each split; scores.parquet on the way."""
    from msm.ablation.baseline_scores import baseline_scores
    from msm.evaluation.report import report
    from msm.evaluation.scoring import score_titles
    from msm.inference.run import Run

    trained = Run.open(run.path, device=device)
    reports, tables = {}, []
    for split in job.splits:
        if titles := catalog.split(split):
            beside = baseline_scores(Path(job.baselines), titles, split, trained.space)
            scores = score_titles(trained.predict, titles, trained.space, sharpen=trained.sharpen, beside=beside)
            reports[split] = report(scores, split)
            tables.append(by_title(scores).assign(split=split))
    with files.whole_file(run.path / SCORES) as temporary:
        pd.concat(tables, ignore_index=True).to_parquet(temporary, index=False)
    run.save_evaluation(reports[job.splits[-1]])
    return reports


def by_title(scores: pd.DataFrame) -> pd.DataFrame:
    """A row a (title, predictor) out of a row a hidden shot: `msm.evaluation.scoring.score_titles` made short."""
    exact = scores.astype({"centred_cosine": "float64", "cosine": "float64"})
    groups = exact.groupby(["title_id", "predictor"], sort=False)
    return groups.agg(
        num_hidden=("cosine", "size"),
        centred_cosine=("centred_cosine", "mean"),
        cosine=("cosine", "mean"),
        median_rank=("rank_share", "median"),
    ).reset_index()


def forget_weights(path: Path) -> None:
    """Leave recipe, metrics and scores; they are kilobytes, the weights are megabytes."""
    from msm.runs import baseline_parameters
    from msm.runs.folder import WEIGHTS

    for name in (WEIGHTS, baseline_parameters.FILE):
        (path / name).unlink(missing_ok=True)
    shutil.rmtree(path / "checkpoint", ignore_errors=True)


def sentence_of(error: BaseException) -> str:
    """One line for a person: our own sentences as they are, others with their kind."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    if isinstance(error, InputError):
        return first
    if lacks_memory(error):
        return f"{NO_MEMORY}: {first}"
    return f"{type(error).__name__}: {first}"
