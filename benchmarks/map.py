"""How long a map takes, and whether it is as true, against plain umap-learn on the same vectors.

    python -m benchmarks.map [--shots 100000] [--rounds 1] [--out benchmarks/results/map.json]

The vectors are made, 2304 wide: titles of a dozen genres, scenes within titles, shots within scenes, centred and of unit
length as a catalog's are mapped. `msm.projection.project` (seeded: the same map each time) and `umap.UMAP().fit` (as it
comes: unseeded, on all cores) take turns, each in a process of its own, so each also imports and compiles what it needs.
Trustworthiness is measured alike on both, against the full vectors, on the same 500 shots.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from msm.io import files

WIDTH, GENRES, PLACES = 2304, 12, 64
METHODS = ("msm", "umap")
BAR, MOST_TRUST_LOST = 3.0, 0.01


def made_shots(num_shots: int, seed: int = 0) -> np.ndarray:
    """(N, 2304) float32: shots that lie together by genre, title and scene, centred and of unit length."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    genres, places = 0.7 * normal(GENRES, WIDTH), normal(PLACES, WIDTH) / 8
    shots = np.empty((num_shots, WIDTH), dtype=np.float32)
    start = number = 0
    while start < num_shots:
        stop = min(num_shots, start + int(rng.integers(60, 180)))
        scene = np.cumsum(rng.random(stop - start) < 0.12)
        where = 0.8 * normal(1, PLACES) + normal(int(scene[-1]) + 1, PLACES)[scene] + 0.7 * normal(stop - start, PLACES)
        shots[start:stop] = genres[number % GENRES] + where @ places + 0.5 * normal(stop - start, WIDTH)
        start, number = stop, number + 1
    shots /= np.linalg.norm(shots, axis=1, keepdims=True)
    shots -= shots.mean(axis=0)
    shots /= np.linalg.norm(shots, axis=1, keepdims=True)
    return shots


def lay_out(method: str, vectors: Path, points: Path) -> tuple[float, float]:
    """(seconds, seconds of all cores together) of one map, from vectors in memory to points; in a process of its own."""
    shots = np.load(vectors)
    begin, worked = time.perf_counter(), time.process_time()
    if method == "msm":
        from msm.projection import ProjectionOptions, project

        found = project(shots, ProjectionOptions()).points
    else:
        import umap

        found = umap.UMAP().fit(shots).embedding_
    took = time.perf_counter() - begin, time.process_time() - worked
    np.save(points, found)
    return took


def measure(num_shots: int, rounds: int, keep: Callable[[dict[str, Any]], None] = lambda found: None) -> dict[str, Any]:
    """What `summary` tells; `keep` hears it after each map, so that a benchmark that is cut short leaves what it has."""
    from msm.projection import trustworthiness

    seconds: dict[str, list[float]] = {method: [] for method in METHODS}
    cores: dict[str, list[float]] = {method: [] for method in METHODS}
    trust: dict[str, list[float]] = {method: [] for method in METHODS}
    with tempfile.TemporaryDirectory() as name:
        vectors, points = Path(name) / "shots.npy", Path(name) / "points.npy"
        np.save(vectors, made_shots(num_shots))
        shots = np.load(vectors, mmap_mode="r")
        for _ in range(rounds):
            for method in METHODS:
                command = [sys.executable, "-m", "benchmarks.map", "--child", method, str(vectors), str(points)]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    print(f"{method} ended with {done.returncode}: {done.stderr[-1000:]}", file=sys.stderr)
                    continue
                took, worked = map(float, done.stdout.split()[-2:])
                seconds[method].append(took)
                cores[method].append(worked)
                trust[method].append(trustworthiness(shots, np.load(points), seed=1))
                print(
                    f"{method}: {seconds[method][-1]:.1f} s, trustworthiness {trust[method][-1]:.4f}", file=sys.stderr
                )
                keep(summary(num_shots, rounds, seconds, cores, trust))
    return summary(num_shots, rounds, seconds, cores, trust)


def summary(
    num_shots: int,
    rounds: int,
    seconds: dict[str, list[float]],
    cores: dict[str, list[float]],
    trust: dict[str, list[float]],
) -> dict[str, Any]:
    """Medians, their ratio, and whether the bars are met (None where a method has not finished); machine and versions."""
    medians = {method: statistics.median(found) for method, found in seconds.items() if found}
    trusts = {method: statistics.median(found) for method, found in trust.items() if found}
    both = len(medians) == len(METHODS)
    return {
        "command": f"python -m benchmarks.map --shots {num_shots} --rounds {rounds}",
        "shots": num_shots,
        "width": WIDTH,
        "rounds": rounds,
        "seconds": {m: round(s, 1) for m, s in medians.items()},
        "core_seconds": {m: round(statistics.median(s), 1) for m, s in cores.items() if s},
        "load": [round(x, 1) for x in os.getloadavg()],
        "times_faster": round(medians["umap"] / medians["msm"], 2) if both else None,
        "trustworthiness": {m: round(t, 4) for m, t in trusts.items()},
        "met": medians["umap"] >= BAR * medians["msm"] and trusts["msm"] >= trusts["umap"] - MOST_TRUST_LOST
        if both
        else None,
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("umap-learn", "faiss-cpu", "numba", "numpy", "scikit-learn")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a JSON file to add the result to")
    parser.add_argument("--child", nargs=3, metavar=("METHOD", "VECTORS", "POINTS"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        method, vectors, points = chosen.child
        print(*lay_out(method, Path(vectors), Path(points)))
        return

    def keep(found: dict[str, Any]) -> None:
        if chosen.out:
            kept = json.loads(chosen.out.read_text(encoding="utf-8")) if chosen.out.exists() else {}
            files.write_json(chosen.out, {**kept, str(chosen.shots): found})

    print(json.dumps(measure(chosen.shots, chosen.rounds, keep), indent=1))


if __name__ == "__main__":
    main()
