"""Builds the sample catalog and trains the sample run on it: `python -m sample_data.make`.

Until there are films, the screenplay's stand-in encoders make the embeddings; the catalog's provenance says so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from msm.catalog import Catalog, TitleData, modalities_of
from sample_data.embeddings import DIMS, embed, embed_title
from sample_data.film import Film, Shot
from sample_data.screenplay import all_premises, seed_of, write_film

SEED = 2026
HERE = Path(os.path.relpath(Path(__file__).parent))  # as seen from here: a run notes where its catalog lay
CATALOG, RUN = HERE / "catalog", HERE / "runs" / "mediafm"
MAX_SHARD_BYTES = 4 * 2**20  # no file of the repository is larger than 5 MB
NOTE = (
    "No film was shot: a seeded screenplay was written, and stand-ins for encoders turned each shot's "
    "place, people, voice, music and topic into vectors."
)


def make_catalog(path: Path = CATALOG, seed: int = SEED) -> Catalog:
    """Write the whole sample catalog, in place of an older one."""
    return Catalog.write(
        path,
        make_titles(seed),
        modalities=modalities_of(DIMS, dict.fromkeys(DIMS, "screenplay")),
        provenance={"kind": "screenplay", "note": NOTE, "seed": seed, "generator": "sample_data/make.py"},
        replace=True,
        max_shard_bytes=MAX_SHARD_BYTES,
    )


def make_titles(seed: int = SEED) -> Iterator[TitleData]:
    """All titles, genre by genre. Each has a generator of its own, so none depends on the others."""
    for genre, premise, split in all_premises():
        rng = np.random.default_rng(seed_of(seed, premise.title_id))
        film = write_film(genre, premise, rng)
        yield title_data(film, split, embed(film, rng))


def title_data(film: Film, split: str, embeddings: np.ndarray) -> TitleData:
    """A film as a catalog holds it."""
    outline = film.outline
    labels = {
        "synopsis": film.synopsis,
        "tags": "|".join(outline.tags),
        "genre": outline.genre.name,
        "year": outline.year,
    }
    return TitleData(
        title_id=film.title_id,
        name=film.name,
        split=split,
        embeddings=embeddings,
        shots=pd.DataFrame([_shot_row(shot) for shot in film.shots]),
        global_embedding=embed_title(film),
        labels=labels,
    )


def _shot_row(shot: Shot) -> dict[str, object]:
    return {
        "start_s": shot.start_s,
        "end_s": shot.end_s,
        "text": shot.text,
        "scene": shot.scene.number,
        "place": shot.place.name,
        "characters": "|".join(shot.characters),
        "shot_size": shot.size,
        "speaker": shot.speaker,
        "tone": shot.scene.tone,
        "act": shot.scene.act,
        "pattern": shot.pattern,
        "time_of_day": shot.scene.time_of_day,
        "prop": shot.prop,
        "motif": shot.motif,
    }


def train_run(catalog: Path = CATALOG, run: Path = RUN) -> None:
    """Train the default recipe with the commands that anyone would use, and keep its evaluation."""
    subprocess.run([sys.executable, "-m", "msm", "train", catalog, run, "--device", "cpu", "--replace"], check=True)
    subprocess.run([sys.executable, "-m", "msm", "evaluate", run, catalog, "--device", "cpu"], check=True)
    shutil.rmtree(run / "checkpoint")  # a finished run needs none, and it is larger than all the rest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", type=Path, default=CATALOG, help="where to write it (default: %(default)s)")
    parser.add_argument("--no-run", action="store_true", help="write the catalog and train nothing")
    chosen = parser.parse_args()
    write_catalog(chosen.catalog)
    if not chosen.no_run:
        train_run(chosen.catalog)


def write_catalog(path: Path) -> None:
    begin = time.perf_counter()
    catalog = make_catalog(path)
    size_mb = sum(f.stat().st_size for f in files_of(path)) / 1e6
    print(
        f"{path}: {len(catalog)} titles, {catalog.num_shots} shots, {catalog.shot_dim} wide, {size_mb:.1f} MB, "
        f"in {time.perf_counter() - begin:.1f} s"
    )


def files_of(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


if __name__ == "__main__":
    main()
