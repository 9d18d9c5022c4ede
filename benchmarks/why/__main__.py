"""Local continuity, long range, metadata: what each gives to the prediction of a hidden shot, and how far any prediction could get.

    python -m benchmarks.why --work FOLDER [--sets NAME …] [--parts context metadata call_backs ceiling]

Takes the trainings of benchmarks.against_kriging from FOLDER and makes what is missing there. Writes benchmarks/results/why.json, the
figures of docs/why.md, and its tables. The real sets are other people's work and not part of this repository; MSM_REAL_DATA
says where they lie.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.against_kriging import kept_catalog, run_of
from benchmarks.baselines import SETS
from benchmarks.figures import pages
from benchmarks.why import callbacks, ceiling, context, metadata, pictures
from msm.io import files
from msm.runs.folder import versions

ROOT = Path(__file__).parents[2]
OUT = ROOT / "benchmarks" / "results" / "why.json"
PAGE = ROOT / "docs" / "why.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder of the catalogs and runs, kept for the next call"
    )
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        for part in chosen.parts:
            for name in chosen.sets:
                found = PARTS[part](name, chosen.work)
                if found is not None:
                    write(part, name, found)
                    print(part, name, found, flush=True)
    pictures.draw(files.read_json(OUT))
    if set(PARTS) <= set(files.read_json(OUT)):
        pages.update(PAGE)


def _context(name: str, work: Path) -> dict[str, Any]:
    catalog = kept_catalog(name, work / "catalogs")
    return context.by_context(catalog, run_of(catalog, work / "runs" / f"{name}-0", 0), np.random.default_rng(0))


def _metadata(name: str, work: Path) -> dict[str, Any] | None:
    if name not in metadata.METADATA:
        return None
    source = Path(os.environ.get("MSM_REAL_DATA", ROOT.parent / "shared" / "data"))
    catalog = metadata.catalog_of(name, source, work / "catalogs")
    informed, without = (
        metadata.run_of(catalog, work / "runs" / f"{name}-{'with' if use else 'without'}-global", use_global=use)
        for use in (True, False)
    )
    return metadata.by_metadata(catalog, informed, without, np.random.default_rng(0))


def _call_backs(name: str, work: Path) -> dict[str, Any] | None:
    if name not in callbacks.LABELS:
        return None
    catalog = kept_catalog(name, work / "catalogs")
    run = run_of(catalog, work / "runs" / f"{name}-0", 0)
    return callbacks.call_backs(catalog, run, callbacks.LABELS[name], np.random.default_rng(0))


def _ceiling(name: str, work: Path) -> dict[str, Any]:
    catalog = kept_catalog(name, work / "catalogs")
    run = run_of(catalog, work / "runs" / f"{name}-0", 0)
    return {"noise": ceiling.noise_floor(run), "oracles": ceiling.oracles(catalog, run)}


PARTS: dict[str, Callable[[str, Path], dict[str, Any] | None]] = {
    "context": _context,
    "metadata": _metadata,
    "call_backs": _call_backs,
    "ceiling": _ceiling,
}


def write(part: str, name: str, found: dict[str, Any]) -> None:
    """Keep what was measured; everything else in the file stays as it is."""
    kept: dict[str, Any] = files.read_json(OUT) if OUT.exists() else {}
    of_part = kept.get(part, {}) | {name: found}
    document = {
        **kept,
        "command": "python -m benchmarks.why --work FOLDER",
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, one thread",
        "versions": versions(),
        part: {n: of_part[n] for n in SETS if n in of_part},
    }
    files.write_json(OUT, document)


if __name__ == "__main__":
    main()
