"""How much memory 200 steps on a catalog of a million shots keep resident.

    python -m benchmarks.train_memory [--shots 1000000] [--steps 200] [--dim 2304]

The vectors are written sparsely: a file of the right length in which only a few rows of each title are there, the others
are holes that read as zeros. Such shots break a rule of the format, so the catalog is not validated first, which reads
it title by title as the mean does. The model is small: what is measured is the reading. Writes
benchmarks/results/train_memory.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from msm.data.catalog import Catalog
from msm.data.schema import FORMAT
from msm.io import files
from msm.recipes.presets import preset
from msm.runs.folder import RunFolder
from msm.training.trainer import Trainer

TITLE_SHOTS = 500
RESULT = Path(__file__).parent / "results" / "train_memory.json"


def sparse_catalog(path: Path, num_shots: int, dim: int) -> Catalog:
    """Titles of 500 shots, of which every fiftieth has a vector."""
    path.mkdir(parents=True)
    num_titles = num_shots // TITLE_SHOTS
    first = np.arange(num_titles) * TITLE_SHOTS
    names = np.array([f"t{i:06d}" for i in range(num_titles)])
    titles = {
        "title_id": names,
        "name": names,
        "split": "train",
        "first_shot": first,
        "num_shots": TITLE_SHOTS,
        "duration_s": 2.0 * TITLE_SHOTS,
    }
    pd.DataFrame(titles).to_parquet(path / "titles.parquet")
    shot = np.tile(np.arange(TITLE_SHOTS), num_titles)
    shots = {
        "title_id": np.repeat(names, TITLE_SHOTS),
        "shot": shot,
        "start_s": 2.0 * shot,
        "end_s": 2.0 * shot + 2,
    }
    pd.DataFrame(shots).to_parquet(path / "shots.parquet")
    header = {
        "format": FORMAT,
        "shot_dim": dim,
        "dtype": "float16",
        "modalities": [{"name": "all", "start": 0, "dim": dim, "encoder": ""}],
        "global_dim": 0,
        "provenance": {},
    }
    files.write_json(path / "catalog.json", header)
    table = np.lib.format.open_memmap(
        path / "shots-00000.npy", mode="w+", dtype=np.float16, shape=(num_titles * TITLE_SHOTS, dim)
    )
    rng = np.random.default_rng(0)
    for start in first:
        table[start : start + TITLE_SHOTS : 50] = rng.standard_normal((10, dim))
    table.flush()
    return Catalog.open(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--dim", type=int, default=2304)
    chosen = parser.parse_args()
    cpu, small = torch.device("cpu"), ["model.width=16", "model.heads=2", "model.depth=1", "batch_windows=2"]
    recipe = preset("mediafm").with_settings([*small, f"steps={chosen.steps}"])
    with tempfile.TemporaryDirectory() as folder:
        catalog = sparse_catalog(Path(folder) / "catalog", chosen.shots, chosen.dim)
        run = RunFolder.create(
            Path(folder) / "run", recipe, {"catalog": {"fingerprint": catalog.fingerprint}, "best": None}
        )
        began = time.perf_counter()
        trainer = Trainer(run, catalog, cpu)
        for _ in range(chosen.steps):
            trainer.run_step()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # of everything, the writing too
        write(chosen, {"largest_resident_mb": round(peak), "seconds": round(time.perf_counter() - began, 1)})


def write(chosen: argparse.Namespace, found: dict[str, float]) -> None:
    """Write what was measured, with the command, to RESULT and to the terminal."""
    size = {name: getattr(chosen, name) for name in ("shots", "steps", "dim")}
    document = {
        "command": "python -m benchmarks.train_memory" + "".join(f" --{name} {n}" for name, n in size.items()),
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": [round(x, 1) for x in os.getloadavg()],
        "vectors_gb": round(2 * chosen.shots * chosen.dim / 1e9, 1),
        **size,
        **found,
    }
    files.write_json(RESULT, document)
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
