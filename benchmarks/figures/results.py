"""The results that the figures are taken from, by the name of their source.

A source is a file of benchmarks/results, or a function of SOURCES that puts several together. Each has the command that made it
under `command`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
ABLATIONS = RESULTS / "ablations"
SETS = ("scene_shots", "screenplays", "series")


def value(path: str) -> Any:
    """The value at SOURCE/KEY/KEY …; the keys of a list are its positions."""
    source, *keys = path.split("/")
    found: Any = read(source)
    for key in keys:
        if not isinstance(found, list) and key not in found:
            raise KeyError(path)
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found


@functools.cache
def read(source: str) -> dict[str, Any]:
    return SOURCES[source]() if source in SOURCES else read_json(RESULTS / f"{source}.json")


def read_json(path: Path) -> Any:
    if not path.is_file():
        raise KeyError(path.name)
    return json.loads(path.read_text(encoding="utf-8"))


def sample_run(name: str) -> dict[str, Any]:
    """The evaluation of a run of the sample data, its parts by name instead of in a list."""
    folder = ROOT / "sample_data" / "runs" / name
    evaluation = read_json(folder / "evaluation.json")
    return {
        **evaluation,
        "command": f"msm evaluate sample_data/runs/{name} sample_data/catalog --full",
        "train_shots": read_json(folder / "run.json")["catalog"]["train_shots"],
        "best": evaluation["baselines"][evaluation["best_baseline"]],
        "by_part": {part["modality"]: part for part in evaluation["by_part"]},
        "ratio": {str(row["ratio"]): row for row in evaluation["by_ratio"]},
        "span": {row["distance"]: row for row in evaluation["spans"]["by_distance"]},
    }


def current() -> dict[str, Any]:
    """Of each real set `neighbour` with its lead, the baseline `linear`, and `mediafm` at its larger budget where that was measured."""
    found, larger, baselines = read("against_kriging"), read("real_sets")["sets"], read("baselines")["sets"]
    sets = {
        name: {
            **entry,
            "mediafm": larger[name]["model"] if name in larger else None,
            "linear": baselines[name]["hidden"]["20%"]["linear"],
            "by_part": joined_parts(list(found["sets"][name].values())),
        }
        for name, entry in found["joined"].items()
    }
    return {"command": found["command"], **sets}


def joined_parts(trainings: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each modality that was hidden alone: the baseline that is told the rest, the mean of the trainings, and the lead of each."""
    by_part = {}
    for part in trainings[0]["parts"]:
        rows = [training["parts"][part] for training in trainings]
        by_part[part] = {
            "baseline": rows[0]["best_baseline"],
            "neighbour": mean(row["centred_cosine"] for row in rows),
            "lead": mean(row["difference"]["mean"] for row in rows),
            "of_each": [row["difference"] for row in rows],
        }
    return by_part


def best_baseline(name: str) -> dict[str, Any]:
    """The best baseline of a real set with 20 % of the shots hidden, as benchmarks/baselines.py measured it."""
    scores = read("baselines")["sets"][name]["hidden"]["20%"]
    best = max(scores, key=lambda baseline: scores[baseline]["centred_cosine"])
    return {"name": best, **scores[best]}


def hyperparameters() -> dict[str, Any]:
    """The cells of the ablation of `mediafm` on the series by name."""
    table = read_json(ABLATIONS / "knobs-series.json")
    return {"command": table["commands"][0], **{cell["name"]: cell for cell in table["cells"]}}


def costs() -> dict[str, Any]:
    """Of each verb of benchmarks.scale its row at each number of shots of 128 columns."""
    found = read_json(RESULTS / "scale.json")
    verbs: dict[str, Any] = {}
    for row in found["rows"]:
        if row["dim"] == 128:
            verbs.setdefault(row["verb"], {})[str(row["shots"])] = row
    return {"command": found["command"], **verbs}


SOURCES: dict[str, Callable[[], dict[str, Any]]] = {
    "neighbour": functools.partial(sample_run, "neighbour"),
    "mediafm": functools.partial(sample_run, "mediafm"),
    "current": current,
    "hyperparameters": hyperparameters,
    "costs": costs,
}
