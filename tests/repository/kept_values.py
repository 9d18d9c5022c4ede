"""Numbers that a refactoring must not change: losses of every recipe, scores of the sample runs, points of figures.

python -m tests.repository.kept_values     measure them again, into kept_values.json (only with a change of method)
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the tests: their number orders the sums

import numpy as np
import torch

from msm import Catalog, Recipe, Run
from msm.data.catalog import modalities_of
from msm.evaluation.report import report
from msm.evaluation.scoring import score_titles
from msm.interpret.surprise import surprise
from msm.recipes.presets import PRESETS, preset
from msm.training.trainer import start_run, train
from tests.talks import SETTINGS, alternating_titles
from workbench.views.fill_in.timeline import timeline
from workbench.views.report.figures import part_figure, predictors_figure

REPO = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).with_name("kept_values.json")
LENGTH = ["steps=5", "validate_every=5", "model.depth=3", "precision=float32"]  # Muon would be in bfloat16 on some CPUs


def machine() -> str:
    """What must agree for floating-point results to be equal to the last bit."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    facts = sorted({line for line in lines if line.startswith(("model name", "flags"))}) or [platform.processor()]
    threads = os.environ.get("OMP_NUM_THREADS")  # of the matrix products, whose sums it orders
    named = f", {threads} threads" if threads else ""
    return f"{hashlib.sha256(' '.join(facts).encode()).hexdigest()[:12]}, torch {torch.__version__}{named}"


def small_catalog(folder: Path) -> Catalog:
    """40 titles of dialogue scenes (tests' own), two modalities, with metadata."""
    titles = alternating_titles(40, np.random.default_rng(7))
    return Catalog.write(folder / "talks", titles, modalities=modalities_of({"video": 8, "audio": 4}), dtype="float32")


def losses(recipe: Recipe, catalog: Catalog, folder: Path) -> list[float]:
    """The loss of each of a few steps, then the validation's cosine and rank, and the sum of the weights."""
    run = start_run(catalog, folder / f"{recipe.name}", recipe, device=torch.device("cpu"))
    train(run, catalog, device=torch.device("cpu"))
    lines = run.metrics()
    measured = [line["loss"] for line in lines if "loss" in line]
    last = [line for line in lines if "validation" in line][-1]["validation"]
    weights = sum(float(w.double().abs().sum()) for w in run.load_weights().values() if w.is_floating_point())
    return [*measured, last["centred_cosine"], last["median_rank"], weights]


def training_values() -> Iterator[tuple[str, list[float]]]:
    """Of every preset."""
    settings = [s for s in SETTINGS if not s.startswith(("steps", "validate_every", "model.depth"))]
    with tempfile.TemporaryDirectory() as made:
        catalog = small_catalog(Path(made))
        for name in PRESETS:
            recipe = preset(name).with_settings([*settings, *LENGTH])
            yield f"train {name}", losses(recipe, catalog, Path(made))


def sample_values() -> Iterator[tuple[str, list[float]]]:
    """Scores, surprise and figures of the sample runs."""
    catalog = Catalog.open(REPO / "sample_data" / "catalog")
    titles = catalog.split("test")[:3]
    for name in ("mediafm", "neighbour"):
        run = Run.open(REPO / "sample_data" / "runs" / name)
        fill = run.fill_in(titles[0], range(10, 20))
        table = fill.table.select_dtypes("number")
        yield f"fill {name}", table.to_numpy(dtype=float).ravel().tolist()
        scores = score_titles(run.predict, titles, run.space, seeds=(0,))
        measured = report(scores, "test")
        yield f"evaluate {name}", list(numbers({k: v for k, v in measured.items() if k != "intervals"}))
        yield (
            f"surprise {name}",
            surprise(run, titles[0]).table.select_dtypes("number").to_numpy(float).ravel().tolist(),
        )
        yield f"figure timeline {name}", list(points(timeline(fill.table, fill.best_baseline_name)))
        reports = {name: run.evaluation}
        yield f"figure predictors {name}", list(points(predictors_figure(reports)))
        yield f"figure by distance {name}", list(points(part_figure(reports, "distance")))


def numbers(value: Any) -> Iterator[float]:
    """Every number of a report, in order."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from numbers(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def points(figure: Any) -> Iterator[float]:
    """Every number that a figure draws."""
    for trace in figure.data:
        for axis in (trace.x, trace.y):
            for value in () if axis is None else axis:
                if isinstance(value, int | float | np.number):
                    yield float(value)


def values() -> Iterator[tuple[str, list[float]]]:
    """(what was measured, its numbers) of everything that is kept, on one thread."""
    torch.set_num_threads(1)
    yield from training_values()
    yield from sample_values()


if __name__ == "__main__":
    kept = {"machine": machine(), "values": {name: [v.hex() for v in found] for name, found in values()}}
    KEPT.write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")
    print(f"{sum(map(len, kept['values'].values()))} numbers in {len(kept['values'])} groups")
