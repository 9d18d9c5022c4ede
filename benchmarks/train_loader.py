"""How many shots a second the reader gives from a catalog that is on the disk and not in memory."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from msm.data.catalog import Catalog, TitleData, modalities_of
from msm.data.space import Space
from msm.recipes.recipe import Recipe
from msm.training.trainer import make_sampler

TITLES, SHOT_DIM, STEPS = 320, 2304, 12


def cold_shots_per_s(folder: Path, recipe: Recipe) -> float:
    """Batches read and fused, one after the other, nothing else going on."""
    rng = np.random.default_rng(0)
    stock = rng.standard_normal((4096, SHOT_DIM)).astype(np.float32)
    lengths = rng.integers(60, 513, TITLES)
    titles = (
        TitleData(title_id=f"t{i}", split="train", embeddings=stock[rng.integers(0, len(stock), n)])
        for i, n in enumerate(lengths)
    )
    thirds = {name: SHOT_DIM // 3 for name in ("video", "audio", "text")}
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(thirds))
    space = Space(catalog.modalities, recipe.fusion, np.zeros(SHOT_DIM, np.float32), 2.0)
    sampler = make_sampler(recipe, catalog, space)
    forget(folder / "catalog")
    began, shots = time.perf_counter(), 0
    for step in range(STEPS):
        shots += int(sampler.batch(step).valid.sum())
    return shots / (time.perf_counter() - began)


def forget(catalog: Path) -> None:
    """Drop the vectors from the kernel's memory, so that they are read from the disk again."""
    for path in catalog.glob("*.npy"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
