"""Renders the sample films, ingests them, trains the sample runs and draws their maps: `python -m sample_data.make`.

`python -m sample_data.make --maps` only draws the maps of what is there.

`python -m sample_data.make --without-pictures --titles 2000 OUT` writes a catalog of any number of titles
straight from the screenplay, in minutes, and trains nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from msm.data.catalog import Catalog
from sample_data import without_pictures

SEED = 2026
HERE = Path(os.path.relpath(Path(__file__).parent))  # as seen from here: a run notes where its catalog lay
CATALOG, RUNS, BUILD = HERE / "catalog", HERE / "runs", HERE / "build"
RECIPES: dict[str, tuple[str, ...]] = {  # a run each, with settings where it differs from the preset
    "neighbour": (  # the best tried on the validation titles; starting from kriging (decision 0015) is worse on these films
        *("steps=600", "validate_every=25", "mask.ratio=0.25", "model.start=distance", "validate_on=random"),
        *("mask.policy=independent", "mask.span_p=0.2", "mask.length=10"),
        *("batch_windows=8", "window=128", "model.width=128"),
    ),
    "mediafm": ("steps=400",),  # it is best at 350
}


def train_runs(catalog: Path = CATALOG, runs: Path = RUNS) -> None:
    """Train the sample runs with the commands that anyone would use, and keep their evaluations and a report of tasks."""
    for recipe, settings in RECIPES.items():
        run = runs / recipe
        words = [word for setting in settings for word in ("--set", setting)]
        train = ["train", str(catalog), str(run), "--recipe", recipe, "--device", "cpu", "--replace", *words]
        subprocess.run([sys.executable, "-m", "msm", *train], check=True)
        evaluate = ["evaluate", str(run), str(catalog), "--full", "--device", "cpu"]
        subprocess.run([sys.executable, "-m", "msm", *evaluate], check=True)
        shutil.rmtree(run / "checkpoint")  # a finished run needs none, and it is larger than all the rest
    if catalog == CATALOG:  # people's labels are of these films
        probe = ["probe", str(catalog), str(runs / next(iter(RECIPES))), "--labels", str(HERE / "scenes.csv")]
        subprocess.run([sys.executable, "-m", "msm", *probe], check=True)


def draw_maps(catalog: Path = CATALOG, runs: Path = RUNS) -> None:
    """The maps that the Embedding map page opens on: the raw shots, and those of the first run in their titles."""
    if (catalog / "maps").is_dir():  # those of an earlier catalog or run
        shutil.rmtree(catalog / "maps")
    for options in ([], ["--run", str(runs / next(iter(RECIPES)))]):
        subprocess.run([sys.executable, "-m", "msm", "map", str(catalog), *options], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?", default=CATALOG, help="the catalog (default: %(default)s)")
    parser.add_argument("--without-pictures", action="store_true", help="straight from the screenplay; trains nothing")
    parser.add_argument("--titles", type=int, help="how many (default: 40 films, 80 without pictures)")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=2, help="films at the same time (default: %(default)s)")
    parser.add_argument("--build", type=Path, default=BUILD, help="where all the films stay (default: %(default)s)")
    parser.add_argument("--no-run", action="store_true", help="write the catalog and train nothing")
    parser.add_argument("--maps", action="store_true", help="only draw the maps of the catalog and its first run")
    chosen = parser.parse_args()
    for name in ("titles", "workers"):
        if (number := getattr(chosen, name)) is not None and number < 1:
            parser.error(f"--{name} is {number}, but must be at least 1")
    begin = time.perf_counter()
    runs = RUNS if chosen.out == CATALOG else chosen.out.with_name(f"{chosen.out.name}-runs")
    if chosen.maps:
        draw_maps(chosen.out, runs)
        return
    if chosen.without_pictures:
        titles = chosen.titles or without_pictures.NUM_TITLES
        _tell(without_pictures.make_catalog(chosen.out, chosen.seed, titles), begin)
        return
    _tell(film_catalog(chosen.out, chosen.build, chosen.seed, chosen.titles, chosen.workers), begin)
    if not chosen.no_run:
        train_runs(chosen.out, runs)
        draw_maps(chosen.out, runs)


def film_catalog(out: Path, build: Path, seed: int, titles: int | None, workers: int) -> Catalog:
    """Render, ingest and write, with a bar for each."""
    try:
        from sample_data import films  # draws with Skia, which the app does not need
    except ImportError as error:
        sys.exit(
            f"films cannot be drawn here ({error}); make sample-data installs Skia, which on a bare Linux "
            "also needs the packages libgl1 and libegl1"
        )
    with _bars() as bar:
        return films.make_catalog(films.write_films(seed, titles or films.NUM_FILMS), out, build, seed, workers, bar)


@contextmanager
def _bars() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:

        def bar(what: str) -> Callable[[int, int], None]:
            task = progress.add_task(what, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield bar


def _tell(catalog: Catalog, begin: float) -> None:
    size_mb = sum(f.stat().st_size for f in catalog.path.rglob("*") if f.is_file()) / 1e6
    print(
        f"{catalog.path}: {len(catalog)} titles, {catalog.num_shots} shots, {catalog.shot_dim} wide, {size_mb:.1f} MB, "
        f"in {time.perf_counter() - begin:.1f} s"
    )


if __name__ == "__main__":
    main()
