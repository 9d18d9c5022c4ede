"""The sample films: which there are, how they become a catalog by way of `msm ingest`, and what of it the repository keeps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from msm.data.catalog import Catalog, TitleData
from msm.data.media import film_path, thumbnail_folder
from msm.data.schema import SOURCE_COLUMNS
from msm.errors import InputError
from msm.ingest import IngestOptions, ingest
from msm.io.files import link_or_copy, whole_file
from sample_data.film import FILMED, Film
from sample_data.genres import genres
from sample_data.render import fingerprint, render_all
from sample_data.screenplay import endless_premises, seed_of, write_film

NUM_FILMS = 40
PLAYABLE = ("harbour-lights", "the-last-greenhouse", "a-year-on-the-otters-river")  # the others keep thumbnails only
MAX_SHARD_BYTES = 4 * 2**20  # no file of the repository is larger than 5 MB without need
NOTE = (
    "Drawn, scored and voiced by the code of this project from a seeded screenplay, then read by msm ingest like anyone's "
    "films. The labels are the screenplay's."
)
Progress = Callable[
    [str], Callable[[int, int], None]
]  # what is done → who hears how much of it is done, and of how much


def write_films(seed: int, count: int = NUM_FILMS) -> list[tuple[Film, str]]:
    """Films with their splits, one of each genre in turn. Each has a generator of its own.

    The first of each genre is for test, the second of every other genre for validation, the rest for training.
    """
    films = []
    for number, (genre, premise, _) in enumerate(islice(endless_premises(), count)):
        turn, place = divmod(number, len(genres()))
        split = "test" if turn == 0 else "validation" if turn == 1 and place % 2 == 0 else "train"
        rng = np.random.default_rng(seed_of(seed, premise.title_id))
        films.append((write_film(genre, premise, rng, FILMED), split))
    return films


def make_catalog(
    films: Sequence[tuple[Film, str]], out: Path, build: Path, seed: int, workers: int, progress: Progress
) -> Catalog:
    """Render what is not rendered, ingest what is not ingested, and write the catalog, in place of an older one.

    build  keeps the films and all that was ingested, so that an interrupted run goes on where it was
    """
    videos = render_all(films, build / "films", seed, workers, progress("Render"))
    ingested = _ingest(films, videos, build, seed, workers, progress("Ingest"))
    return publish(ingested, [film.title_id for film, _ in films], out, seed)


def _ingest(
    films: Sequence[tuple[Film, str]],
    videos: Sequence[Path],
    build: Path,
    seed: int,
    workers: int,
    progress: Callable[[int, int], None],
) -> Catalog:
    """All films in one catalog; those that were rendered anew are read anew."""
    stamps = {film.title_id: f"{fingerprint(film, seed)}/{split}" for film, split in films}
    record, path = build / "ingested.json", build / "catalog"
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() and path.exists() else {}
    stale = [video for video in videos if known.get(video.stem) != stamps[video.stem]]
    if stale:
        report = ingest(stale, path, IngestOptions(workers=workers, replace=True), progress)
        for sentence in report.failed.values():
            raise InputError(sentence)
        with whole_file(record) as file:
            file.write_text(json.dumps({**known, **stamps}), encoding="utf-8")
    return Catalog.open(path)


def publish(
    ingested: Catalog, title_ids: Sequence[str], out: Path, seed: int, playable: Sequence[str] = PLAYABLE
) -> Catalog:
    """Write these titles with their thumbnails, and of a few the film itself."""

    def copy_media(folder: Path) -> None:
        for title_id in title_ids:
            source, target = thumbnail_folder(ingested.path, title_id), thumbnail_folder(folder, title_id)
            target.mkdir(parents=True)
            for picture in sorted(source.iterdir()):
                link_or_copy(picture, target / picture.name)
            if title_id in playable:
                link_or_copy(film_path(ingested.path, title_id), film_path(folder, title_id))

    return Catalog.write(
        out,
        _published(ingested, title_ids, playable),
        modalities=ingested.modalities,
        dtype=ingested.dtype,
        provenance=_provenance(ingested, seed),
        replace=True,
        max_shard_bytes=MAX_SHARD_BYTES,
        media=copy_media,
    )


def _published(ingested: Catalog, title_ids: Sequence[str], playable: Sequence[str]) -> Iterator[TitleData]:
    for title_id in title_ids:
        title = ingested[title_id].data()
        media = f"{title_id}.mp4" if title_id in playable else None
        labels = {k: v for k, v in title.labels.items() if k not in SOURCE_COLUMNS}  # files of whoever renders them
        yield replace(title, labels={**labels, "media": media})


def _provenance(ingested: Catalog, seed: int) -> dict[str, object]:
    read = ingested.provenance.get("ingest", {})
    return {
        "kind": "sample films",
        "note": NOTE,
        "seed": seed,
        "generator": "sample_data/make.py",
        "ingest": {key: read[key] for key in ("detector", "encoders") if key in read},
    }
