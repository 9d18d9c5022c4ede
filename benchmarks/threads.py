"""Milliseconds of a training step, by how many threads it has and how long they wait awake, alone and beside another training.

    python -m benchmarks.threads [CATALOG] [--steps 20] [--repeats 3]

Each figure is the median over repeats, which alternate, of steps in a process of its own; "two at once" is of two such
processes. A thread of OpenMP that has nothing to do looks for work GOMP_SPINCOUNT times before it sleeps. Where the threads
of a process are more than the cores, because a second thread of Python has a team of its own, it sleeps after 100. Writes
benchmarks/results/threads.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from msm.io import files

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "threads.json"
SAMPLE = ROOT / "sample_data" / "catalog"
RECIPES = ("mediafm", "neighbour")
LIBRARY, OURS = "300000", "1000"  # what GNU OpenMP does by itself, and what `msm train` asks for
# way → (share of the cores that have a thread, GOMP_SPINCOUNT, whether the thread that reads ahead has a team of its own)
WAYS = {
    "all cores, OpenMP's own waiting": (1.0, LIBRARY, False),
    "all cores, a team for the reader": (1.0, LIBRARY, True),
    "all cores, short waiting": (1.0, OURS, False),
    "half of the cores": (0.5, OURS, False),
}


def measure(catalog: str, recipe: str, threads: int, steps: int, *, team: bool) -> float:
    """In a process of its own: mean milliseconds of a step, after three to warm up."""
    import torch

    from msm.data.catalog import Catalog
    from msm.recipes.presets import preset
    from msm.training.prefetch import Prefetcher
    from msm.training.sampler import Batch
    from msm.training.trainer import Trainer, start_run

    torch.set_num_threads(threads)
    opened, device = Catalog.open(catalog), torch.device("cpu")
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(start_run(opened, Path(folder) / "run", preset(recipe), device=device), opened, device)
        if team:  # as long as the reader copies its windows by torch

            def read(step: int) -> Batch:
                batch = trainer.sampler.batch(step)
                return replace(batch, shots=batch.shots.clone())

            trainer.reader = Prefetcher(read, trainer.recipe.steps)
        for _ in range(3):
            trainer.run_step()
        began = time.perf_counter()
        for _ in range(steps):
            trainer.run_step()
        return (time.perf_counter() - began) / steps * 1e3


def start(catalog: Path, recipe: str, way: str, steps: int) -> subprocess.Popen[str]:
    """`measure` in a new process, which prints its result."""
    share, spins, team = WAYS[way]
    threads = max(1, round(share * (os.cpu_count() or 1)))
    words = [str(catalog), "--measure", recipe, str(threads), str(int(team)), "--steps", str(steps)]
    environment = {**os.environ, "GOMP_SPINCOUNT": spins}
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.threads", *words], stdout=subprocess.PIPE, text=True, env=environment
    )


def at_once(count: int, catalog: Path, recipe: str, way: str, steps: int) -> float:
    """Mean milliseconds of a step of so many trainings at the same time."""
    processes = [start(catalog, recipe, way, steps) for _ in range(count)]
    found = [float(process.communicate()[0]) for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit(f"a training of {recipe} failed")
    return statistics.mean(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalog", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        recipe, threads, team = given.measure
        print(measure(str(given.catalog), recipe, int(threads), given.steps, team=team == "1"))
        return
    found: dict[tuple[str, str, int], list[float]] = {}
    for repeat in range(given.repeats):
        for recipe in RECIPES:
            for way in WAYS:
                for count in (1, 2):
                    milliseconds = at_once(count, given.catalog, recipe, way, given.steps)
                    found.setdefault((recipe, way, count), []).append(milliseconds)
                    print(
                        f"{repeat + 1}/{given.repeats} {recipe}, {way}, {count} at once: {milliseconds:.0f} ms",
                        flush=True,
                    )
    rows: list[dict[str, Any]] = [
        {
            "way": way,
            **{
                f"{recipe}_{'alone' if count == 1 else 'two'}": round(statistics.median(found[recipe, way, count]), 1)
                for recipe in RECIPES
                for count in (1, 2)
            },
        }
        for way in WAYS
    ]
    about = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "catalog": "the sample films" if given.catalog == SAMPLE else given.catalog.name,
        "repeats": given.repeats,
    }
    files.write_json(RESULT, {**about, "rows": rows})
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
