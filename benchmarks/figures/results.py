"""The results that the figures are taken from, by the name of their source.

A source is a file of benchmarks/results, or a function of SOURCES that puts several together. Each has the command that made it
under `command`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
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


def best() -> dict[str, Any]:
    """Of each real set the best baseline, `mediafm` at its larger budget and `neighbour` with its lead."""
    larger = read("real_sets")["sets"]
    command = "msm ablate catalogs/NAME ablations/best-NAME --recipe neighbour --vary steps=1"
    command += " --set fusion=per_modality --set validate_every=100 --seeds 3"
    return {"command": command, **{name: best_of(name, larger[name]) for name in SETS}}


def current() -> dict[str, Any]:
    """Of each real set `neighbour` as it is now with its lead, and `mediafm` at its larger budget where that was measured."""
    found, larger = read("against_kriging"), read("real_sets")["sets"]
    sets = {
        n: {**entry, "mediafm": larger[n]["model"] if n in larger else None} for n, entry in found["joined"].items()
    }
    return {"command": found["command"], **sets}


def best_of(name: str, larger: dict[str, Any]) -> dict[str, Any]:
    table = read_json(ABLATIONS / f"best-{name}.json")
    cells = {cell["name"]: cell for cell in table["cells"]}
    own = cells["base"]
    baseline, lead = against(own["test"], own["vs_baseline"], name)
    return {
        "train_shots": table["catalog"]["train_shots"],
        "mediafm": larger["model"],
        "linear": larger["baselines"]["linear"],
        "baseline": baseline,
        "neighbour": own["test"],
        "validation": own["validation"],
        "lead": lead,
        "one_step": cells["steps=1"]["vs_base"],
    }


def against(measured: dict[str, Any], lead: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The best baseline on a real set, and the lead of a cell over it.

    A table that is older than the best baseline of today is restated against that, without an interval.
    """
    kept, best = measured["best_baseline"], best_baseline(name)
    if best["centred_cosine"] <= kept["centred_cosine"] + 1e-6:
        return kept, lead
    return best, {"difference": measured["centred_cosine"] - best["centred_cosine"], "low": None, "high": None}


def best_baseline(name: str) -> dict[str, Any]:
    """The best baseline of a real set with 20 % of the shots hidden, as benchmarks/baselines.py measured it."""
    scores = read("baselines")["sets"][name]["hidden"]["20%"]
    best = max(scores, key=lambda baseline: scores[baseline]["centred_cosine"])
    return {"name": best, **scores[best]}


def hyperparameters() -> dict[str, Any]:
    """The cells of the ablation of `mediafm` on the series by name."""
    table = read_json(ABLATIONS / "knobs-series.json")
    return {"command": table["commands"][0], **{cell["name"]: cell for cell in table["cells"]}}


SOURCES: dict[str, Callable[[], dict[str, Any]]] = {
    "neighbour": functools.partial(sample_run, "neighbour"),
    "mediafm": functools.partial(sample_run, "mediafm"),
    "best": best,
    "current": current,
    "hyperparameters": hyperparameters,
}
