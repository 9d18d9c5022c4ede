"""How long the steps of a first hour take, beside what one would write by hand for each.

    python -m benchmarks.first_hour [SET …] [--steps 200] [--cells 100] [--work FOLDER] [--profile]

SET is `sample` (the sample films, written as a folder of .npz) or the name of a real set; real sets are other people's work and not
part of this repository, and MSM_REAL_DATA says where they lie. Ours are commands of `msm`; theirs are the steps of
`benchmarks.first_hour.by_hand`. Each is a process of its own, one after the other in turn, so that a noisy machine disturbs both;
seconds, CPU seconds and peak memory of the process and its children. The trainings have the same number of steps and, but for
`neighbour`, windows and width. By hand there are no intervals, baselines beyond two, hidden spans, or alarm.

Writes benchmarks/results/first_hour.json. With --profile, prints instead where the time of `msm train` goes.
"""

from __future__ import annotations

import argparse
import ctypes
import datetime
import os
import platform
import pstats
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from msm.data.catalog import Catalog
from msm.io import files

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "results" / "first_hour.json"
SAMPLE = ROOT / "sample_data" / "catalog"
SUBREAPER = 36  # of prctl: orphans of our children become our own
GRID = ("--vary", "mask.ratio=.2,.4", "--vary", "model.dropout=0,.1,.2", "--seeds", "1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["sample", "friends_shots"])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--cells", type=int, default=100, help="steps of each training of the ablation")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for name in given.sets:
            work = (given.work or Path(temporary)) / name
            source = source_of(name, work)
            if given.profile:
                profile(source, work, given.steps)
                continue
            rows = [row for _ in range(given.repeats) for row in hour(source, work, given.steps, given.cells)]
            keep(name, medians(rows), given.steps, given.cells)


def source_of(name: str, work: Path) -> Path:
    """The folder of .npz files of a set."""
    if name != "sample":
        return Path(os.environ.get("MSM_REAL_DATA", ROOT.parent / "shared" / "data")) / name
    source = work / "source"
    source.mkdir(parents=True, exist_ok=True)
    catalog = Catalog.open(SAMPLE)
    for title in catalog:
        scenes = title.shots["scene"].to_numpy() if "scene" in title.shots else np.zeros(title.num_shots, int)
        columns = {m.name: np.asarray(title.embeddings[:, m.columns]) for m in catalog.modalities}
        arrays: dict[str, Any] = {"scene": scenes, **columns}
        np.savez(source / f"{title.title_id}.npz", **arrays)
    catalog.titles[["title_id", "split"]].to_csv(source / "titles.csv", index=False)
    return source


def hour(source: Path, work: Path, steps: int, cells: int) -> list[dict[str, Any]]:
    """Every step once, ours and by hand in turn."""
    catalog, by_hand = str(work / "catalog"), str(work / "by-hand")
    neighbour, mediafm = str(work / "neighbour"), str(work / "mediafm")

    def hand(step: str, *more: str) -> list[str]:
        return ["-m", "benchmarks.first_hour.by_hand", step, "--source", str(source), "--out", by_hand, *more]

    def ours(*words: str) -> list[str]:
        return ["-m", "msm", *words]

    def training(recipe: str, run: str) -> list[str]:
        return ours(
            "train", catalog, run, "--recipe", recipe, "--set", f"steps={steps}", "--device", "cpu", "--replace"
        )

    ablation = ["ablate", catalog, str(work / "ablation"), "--set", f"steps={cells}", *GRID, "--device", "cpu"]
    plan: list[tuple[str, list[str], list[str] | None]] = [
        ("import", ours("import", str(source), catalog, "--replace"), hand("import")),
        ("first training: mediafm", training("mediafm", mediafm), hand("train", "--steps", str(steps))),
        ("training: neighbour", training("neighbour", neighbour), None),
        ("evaluate", ours("evaluate", mediafm, catalog), hand("evaluate")),
        ("full evaluation", ours("evaluate", neighbour, catalog, "--full"), None),
        ("probes", ours("evaluate", mediafm, catalog, "--probes"), hand("probe")),
        ("map", ours("map", catalog, "--again"), hand("map")),
        ("index", ours("index", catalog, "--kind", "flat", "--replace"), hand("index")),
        ("ablation of six cells", ours(*ablation), hand("ablate", "--steps", str(cells))),
    ]
    rows = []
    for step, mine, theirs in plan:
        row = {"step": step, "ours": measured(mine), **({} if theirs is None else {"by_hand": measured(theirs)})}
        print(step, row, flush=True)
        rows.append(row)
    return rows


def measured(words: list[str]) -> dict[str, float]:
    """Run a command; seconds, CPU seconds and peak memory, of it and its children."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    left = _used_by_orphans()
    if status:
        raise SystemExit(f"{' '.join(words)}: {said[-2000:]}")
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(sum(each.ru_utime + each.ru_stime for each in (used, *left)), 2),
        "peak_mb": round(max(each.ru_maxrss for each in (used, *left)) / 1024),
    }


def _used_by_orphans() -> list[resource.struct_rusage]:
    """What those have used that outlived the command by a moment, as the process does from which the workers of an ablation fork."""
    found = []
    with suppress(ChildProcessError):
        while True:
            found.append(os.wait4(-1, 0)[2])
    return found


def medians(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a step: the medians of its repeats."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["step"], []).append(row)
    return [
        {
            "step": step,
            **{
                who: {key: statistics.median(r[who][key] for r in same) for key in same[0][who]}
                for who in ("ours", "by_hand")
                if who in same[0]
            },
        }
        for step, same in found.items()
    ]


def keep(name: str, rows: list[dict[str, Any]], steps: int, cells: int) -> None:
    """Write the rows of a set beside those of the others."""
    kept = files.read_json(RESULT) if RESULT.exists() else {}
    kept[name] = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "torch": version("torch"),
        "steps": steps,
        "steps_of_a_cell": cells,
        "rows": rows,
    }
    files.write_json(RESULT, kept)


def profile(source: Path, work: Path, steps: int) -> None:
    """Print the functions of `msm` in which `msm train` spends its time, by the time spent in what they call too."""
    catalog, out = work / "catalog", work / "profile"
    if not catalog.exists():
        measured(["-m", "msm", "import", str(source), str(catalog)])
    for recipe in ("neighbour", "mediafm"):
        words = ["train", str(catalog), str(work / f"profiled-{recipe}"), "--recipe", recipe, "--set", f"steps={steps}"]
        measured(["-m", "cProfile", "-o", str(out), "-m", "msm", *words, "--device", "cpu", "--replace"])
        pstats.Stats(str(out)).sort_stats("cumulative").print_stats(r"/msm/", 25)


if __name__ == "__main__":
    main()
