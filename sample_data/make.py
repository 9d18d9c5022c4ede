"""Builds the sample catalog and trains the sample run on it: `python -m sample_data.make`.

`python -m sample_data.make --without-pictures --titles 2000 OUT` writes a catalog of any number of titles
straight from the screenplay, and trains nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from sample_data.without_pictures import NUM_TITLES, SEED, make_catalog, make_titles

__all__ = ["CATALOG", "RUN", "SEED", "make_catalog", "make_titles", "train_run"]

HERE = Path(os.path.relpath(Path(__file__).parent))  # as seen from here: a run notes where its catalog lay
CATALOG, RUN = HERE / "catalog", HERE / "runs" / "mediafm"
MAX_SHARD_BYTES = 4 * 2**20  # no file of the repository is larger than 5 MB


def train_run(catalog: Path = CATALOG, run: Path = RUN) -> None:
    """Train the default recipe with the commands that anyone would use, and keep its evaluation."""
    subprocess.run([sys.executable, "-m", "msm", "train", catalog, run, "--device", "cpu", "--replace"], check=True)
    subprocess.run([sys.executable, "-m", "msm", "evaluate", run, catalog, "--device", "cpu"], check=True)
    shutil.rmtree(run / "checkpoint")  # a finished run needs none, and it is larger than all the rest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=CATALOG, help="the catalog (default: %(default)s)")
    parser.add_argument(
        "--without-pictures", action="store_true", help="straight from the screenplay, and train nothing"
    )
    parser.add_argument("--titles", type=int, default=NUM_TITLES, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    parser.add_argument("--no-run", action="store_true", help="write the catalog and train nothing")
    chosen = parser.parse_args()
    if chosen.titles < 1:
        parser.error(f"--titles is {chosen.titles}, but must be at least 1")
    write_catalog(chosen.out, chosen.seed, chosen.titles)
    if not (chosen.no_run or chosen.without_pictures):
        train_run(chosen.out)


def write_catalog(path: Path, seed: int, num_titles: int) -> None:
    begin = time.perf_counter()
    shard_bytes = {"max_shard_bytes": MAX_SHARD_BYTES} if path == CATALOG else {}
    catalog = make_catalog(path, seed, num_titles, **shard_bytes)
    size_mb = sum(f.stat().st_size for f in files_of(path)) / 1e6
    print(
        f"{path}: {len(catalog)} titles, {catalog.num_shots} shots, {catalog.shot_dim} wide, {size_mb:.1f} MB, "
        f"in {time.perf_counter() - begin:.1f} s"
    )


def files_of(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


if __name__ == "__main__":
    main()
