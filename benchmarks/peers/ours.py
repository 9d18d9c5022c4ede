"""Our recipes with as many steps as fit into the processor time, and no more than the preset has."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from msm.data.catalog import Catalog
from msm.inference.run import Run
from msm.recipes.presets import preset
from msm.training.trainer import start_run, train

RECIPES = ("lvmae", "neighbour")
SETTINGS = ("fusion=per_modality", "precision=float32")
MEASURED = 12  # steps that are timed before a training is planned
VALIDATIONS = 5


def train_recipe(name: str, catalog: Catalog, seconds: float, seed: int, folder: Path) -> tuple[Run, dict[str, Any]]:
    """A run of the recipe, its best weights, and what its training was like: as `train_for` says it of the others."""
    cpu = torch.device("cpu")
    base = replace(preset(name).with_settings(SETTINGS), seed=seed)
    rate = _seconds_a_step(catalog, base, folder / f"{name}-rate")
    steps = min(base.steps, max(20, int(seconds / rate)))
    recipe = base.with_settings([f"steps={steps}", f"validate_every={max(1, steps // VALIDATIONS)}"])
    started = start_run(catalog, folder / f"{name}-{seed}", recipe, device=cpu, replace=True)
    run = train(started, catalog, device=cpu)
    per_s = float(np.median([line["shots_per_s"] for line in run.metrics()]))
    best = run.info["best"]
    return Run.open(run.path), {
        "steps": steps,
        "best_step": best["step"],
        "shots_per_cpu_s": per_s,
        "cpu_s": steps * rate,
    }


def _seconds_a_step(catalog: Catalog, recipe: Any, path: Path) -> float:
    cpu, times = torch.device("cpu"), []
    short = recipe.with_settings([f"steps={MEASURED}", f"validate_every={MEASURED}"])
    started = start_run(catalog, path, short, device=cpu, replace=True)
    train(started, catalog, device=cpu, on_step=lambda line: times.append(time.process_time()))
    return float(np.median(np.diff(times[2:])))
