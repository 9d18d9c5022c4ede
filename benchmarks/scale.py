"""What each verb costs from 10,000 to 10,000,000 shots: seconds, CPU seconds and peak memory, and how they grow.

    python -m benchmarks.scale --work DIR [--sizes 10000,100000,1000000,10000000] [--dim 128] [--verbs write,check,info,…]

Beside import and the first step of a training stands what others do with the same vectors (`benchmarks.scale_peers`).
`--model usual --sizes 200000 --verbs embed,embed_two` on a quiet machine compares two workers with one by their seconds, with a thread each;
it is printed and not kept.

Catalogs are those of `benchmarks.scale_catalog`, written to DIR and left there; every verb is a command of its own, with one thread.
What has been measured is kept in benchmarks/results/scale.json and replaced verb by verb and size by size. The slope is of the
logarithm of the CPU seconds over that of the shots, from the second smallest size on: 1 is proportional, 0 constant. Per shot are the CPU seconds
beyond those of the smallest size, which are mostly the start of Python and torch.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from msm.io import files

FOLDER = "statistics"  # of a catalog; a process that imported torch would lend its peak memory to those it starts
RESULT = Path(__file__).parent / "results" / "scale.json"
SMALL = "small"
MODELS = {SMALL: ["model.width=64", "model.depth=2", "model.heads=2", "batch_windows=4"], "usual": ["batch_windows=4"]}
FIRST_STEP = "step 1 of"  # the line of `msm train` after which it is stopped
Row = dict[str, Any]


def measured(words: list[str], until: str | None = None) -> Row:
    """Run a command; seconds, CPU seconds and peak memory, of it and its children, up to a line of stderr that holds `until`."""
    began = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if until is not None and until in line:
            process.kill()
            break
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status and until is None:
        raise SystemExit(f"{' '.join(words)}: {''.join(said[-3:])}")
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


class Scale:
    """The catalogs of a folder, and the verbs on them."""

    def __init__(self, work: Path, dim: int, model: str = SMALL):
        self.work, self.dim, self.model = work, dim, model

    def catalog(self, shots: int) -> Path:
        return self.work / f"{shots}x{self.dim}"

    def write(self, shots: int) -> Row:
        shutil.rmtree(self.catalog(shots), ignore_errors=True)
        return measured(
            ["-m", "benchmarks.scale_catalog", str(self.catalog(shots)), "--shots", str(shots), "--dim", str(self.dim)]
        )

    def check(self, shots: int) -> Row:
        """`msm info` of a catalog that another program wrote: everything is read."""
        shutil.rmtree(self.catalog(shots) / FOLDER, ignore_errors=True)
        return self.info(shots)

    def info(self, shots: int) -> Row:
        return measured(["-m", "msm", "info", str(self.catalog(shots))])

    def train_first(self, shots: int) -> Row:
        """`msm train` to its first step where mean and baselines are not known yet."""
        for file in (self.catalog(shots) / FOLDER).glob("space-*"):
            file.unlink()
        return self.train(shots)

    def train(self, shots: int) -> Row:
        """`msm train` to its first step."""
        return measured(self._training(shots, self.work / "begun", 1000), until=FIRST_STEP)

    def evaluate(self, shots: int) -> Row:
        """`msm evaluate` on the test split, a tenth of the shots, of a run of one step."""
        words = ["-m", "msm", "evaluate", str(self.run()), str(self.catalog(shots))]
        return {**measured(words), "split_shots": shots // 10}

    def imported(self, shots: int) -> Row:
        """`msm import` of a hundred Parquet shards."""
        return self._made(["-m", "msm", "import", str(self.shards(shots)), str(self.work / "out")])

    def import_arrow(self, shots: int) -> Row:
        """The same shards read with pyarrow and written with numpy.save."""
        return self._made(["-m", "benchmarks.scale_peers", "arrow", str(self.shards(shots)), str(self.work / "out")])

    def import_datasets(self, shots: int) -> Row:
        """The same shards by Hugging Face datasets, saved to disk."""
        kept = self.work / f"datasets-{shots}-{self.dim}"
        shutil.rmtree(kept, ignore_errors=True)
        return measured(["-m", "benchmarks.scale_peers", "datasets", str(self.shards(shots)), str(kept)])

    def train_loader(self, shots: int) -> Row:
        """The first batch by pandas, numpy.load and a DataLoader."""
        return measured(["-m", "benchmarks.scale_peers", "loader", str(self.catalog(shots))], until="first batch")

    def train_datasets(self, shots: int) -> Row:
        """The first batch by Hugging Face datasets and a DataLoader."""
        kept = self.work / f"datasets-{shots}-{self.dim}"
        return measured(["-m", "benchmarks.scale_peers", "datasets_loader", str(kept)], until="first batch")

    def embed(self, shots: int) -> Row:
        return self._made(["-m", "msm", "embed", str(self.run()), str(self.catalog(shots)), str(self.work / "out")])

    def embed_two(self, shots: int) -> Row:
        """`msm embed --workers 2`."""
        words = ["-m", "msm", "embed", str(self.run()), str(self.catalog(shots)), str(self.work / "out")]
        return self._made([*words, "--workers", "2"])

    def surprise(self, shots: int) -> Row:
        """`msm surprise` of the test split, a tenth of the shots."""
        out = self.work / "surprise.parquet"
        words = ["-m", "msm", "surprise", str(self.run()), str(self.catalog(shots)), "--split", "test"]
        return {**measured([*words, "--out", str(out), "--replace"]), "split_shots": shots // 10}

    def index(self, shots: int) -> Row:
        shutil.rmtree(self.catalog(shots) / "index", ignore_errors=True)
        return measured(["-m", "msm", "index", str(self.catalog(shots))])

    def map(self, shots: int) -> Row:
        """`msm map --sample 10000`, a layout of as many points at every size."""
        return measured(["-m", "msm", "map", str(self.catalog(shots)), "--sample", "10000", "--again"])

    def _made(self, words: list[str]) -> Row:
        """Measure a command that writes the folder `out`, which is removed again."""
        shutil.rmtree(self.work / "out", ignore_errors=True)
        row = measured(words)
        shutil.rmtree(self.work / "out")
        return row

    def shards(self, shots: int) -> Path:
        """The shots of a catalog as a hundred Parquet files."""
        folder = self.work / f"shards-{shots}-{self.dim}"
        if not folder.exists():
            measured(["-m", "benchmarks.scale_peers", "shards", str(self.catalog(shots)), str(folder)])
        return folder

    def run(self) -> Path:
        """A run of one step."""
        run = self.work / f"run-{self.dim}-{self.model}"
        if not (run / "model.safetensors").exists():
            measured(self._training(min(self.known()), run, 1))
        return run

    def _training(self, shots: int, run: Path, steps: int) -> list[str]:
        settings = [word for s in (*MODELS[self.model], f"steps={steps}") for word in ("--set", s)]
        return ["-m", "msm", "train", str(self.catalog(shots)), str(run), "--replace", *settings]

    def known(self) -> list[int]:
        """The sizes whose catalogs are there."""
        return [int(p.name.split("x")[0]) for p in self.work.glob(f"*x{self.dim}")]


VERBS: tuple[str, ...] = (
    "write",
    "check",
    "info",
    "imported",
    "import_arrow",
    "import_datasets",
    "train_first",
    "train",
    "train_loader",
)
VERBS += ("train_datasets", "evaluate", "surprise", "embed", "embed_two", "index", "map")


def summary(rows: list[Row]) -> dict[str, Any]:
    """Of the rows of one verb: the slope of the CPU seconds, and microseconds a shot at each size beyond the smallest."""
    rows = sorted(rows, key=lambda row: row["shots"])
    if len(rows) < 3:
        return {}
    shots, cpu = (np.array([row[key] for row in rows[1:]], dtype=float) for key in ("shots", "cpu_seconds"))
    own = {row["shots"]: 1e6 * (row["cpu_seconds"] - rows[0]["cpu_seconds"]) / row["shots"] for row in rows[1:]}
    return {
        "slope": round(float(np.polyfit(np.log(shots), np.log(cpu), 1)[0]), 2),
        "cpu_us_per_shot": {str(size): round(value, 2) for size, value in own.items()},
        "peak_mb_growth": rows[-1]["peak_mb"] - rows[0]["peak_mb"],
    }


def record(verb: str, shots: int, dim: int, row: Row) -> None:
    """Put a row into RESULT, in the place of the one before."""
    before = files.read_json(RESULT)["rows"] if RESULT.exists() else []
    rows = [r for r in before if (r["verb"], r["shots"], r["dim"]) != (verb, shots, dim)]
    rows.append({"verb": verb, "shots": shots, "dim": dim, **row, "load": round(os.getloadavg()[0], 1)})
    rows.sort(key=lambda r: (r["dim"], VERBS.index(r["verb"]), r["shots"]))
    verbs = dict.fromkeys((r["dim"], r["verb"]) for r in rows)
    document = {
        "command": "python -m benchmarks.scale --work DIR",
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread, other work beside it",
        "versions": {
            "python": platform.python_version(),
            **{p: version(p) for p in ("msm-workbench", "torch", "numpy")},
        },
        "rows": rows,
        "summary": [
            {"verb": v, "dim": d, **found}
            for d, v in verbs
            if (found := summary([r for r in rows if (r["dim"], r["verb"]) == (d, v)]))
        ],
    }
    files.write_json(RESULT, document)
    RESULT.with_suffix(".md").write_text(markdown(document), encoding="utf-8")


def markdown(document: dict[str, Any]) -> str:
    """The results as a page."""
    lines = [f"`{document['command']}`, {document['date']}, {document['machine']}.", ""]
    lines += ["| verb | shots | columns | seconds | CPU seconds | peak MB |", "| --- | --: | --: | --: | --: | --: |"]
    for r in document["rows"]:
        cells = [r["verb"], f"{r['shots']:,}", r["dim"], r["seconds"], r["cpu_seconds"], r["peak_mb"]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "| verb | columns | slope | CPU µs a shot at each size |", "| --- | --: | --: | --- |"]
    for s in document["summary"]:
        each = ", ".join(f"{int(size):,}: {value:g}" for size, value in s["cpu_us_per_shot"].items())
        lines.append(f"| {s['verb']} | {s['dim']} | {s['slope']} | {each} |")
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder with 3 GB of room; what is in it stays")
    parser.add_argument("--sizes", default="10000,100000,1000000,10000000", help="shots (default: %(default)s)")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument(
        "--model", choices=MODELS, default=SMALL, help="the run that embeds; usual is the recipe's own size"
    )
    parser.add_argument("--verbs", default=",".join(VERBS), help="(default: %(default)s)")
    chosen = parser.parse_args()
    scale = Scale(chosen.work, chosen.dim, chosen.model)
    chosen.work.mkdir(parents=True, exist_ok=True)
    for shots in map(int, chosen.sizes.split(",")):
        for verb in chosen.verbs.split(","):
            measure: Callable[[int], Row] = getattr(scale, verb)
            row = measure(shots)
            print(verb, shots, row, flush=True)
            if chosen.model == SMALL:
                record(verb, shots, chosen.dim, row)


if __name__ == "__main__":
    main()
