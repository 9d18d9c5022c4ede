"""A catalog of any number of titles straight from the screenplay, with stand-ins for encoders instead of films.

It shows how a model grows with its data: thousands of titles in minutes, which nobody could render.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog, TitleData, modalities_of
from sample_data.embeddings import DIMS, embed, embed_title
from sample_data.film import Film, Shot
from sample_data.screenplay import endless_premises, seed_of, write_film

SEED = 2026
NUM_TITLES = 80
MAX_SHARD_BYTES = 512 * 2**20
NOTE = (
    "No film was shot: a seeded screenplay was written, and stand-ins for encoders turned each shot's "
    "place, people, voice, music and topic into vectors."
)


def make_catalog(
    path: Path, seed: int = SEED, num_titles: int = NUM_TITLES, max_shard_bytes: int = MAX_SHARD_BYTES
) -> Catalog:
    """Write a catalog without pictures, in place of an older one."""
    return Catalog.write(
        path,
        make_titles(seed, num_titles),
        modalities=modalities_of(DIMS, dict.fromkeys(DIMS, "screenplay")),
        provenance={"kind": "screenplay", "note": NOTE, "seed": seed, "generator": "sample_data/without_pictures.py"},
        replace=True,
        max_shard_bytes=max_shard_bytes,
    )


def make_titles(seed: int = SEED, num_titles: int = NUM_TITLES) -> Iterator[TitleData]:
    """Titles, one of each genre in turn. Each has a generator of its own, so none depends on the others or their number."""
    for genre, premise, split in islice(endless_premises(), num_titles):
        rng = np.random.default_rng(seed_of(seed, premise.title_id))
        film = write_film(genre, premise, rng)
        yield title_data(film, split, embed(film, rng))


def title_data(film: Film, split: str, embeddings: np.ndarray) -> TitleData:
    """A film as a catalog holds it."""
    outline = film.outline
    return TitleData(
        title_id=film.title_id,
        name=film.name,
        split=split,
        embeddings=embeddings,
        shots=pd.DataFrame(
            [{"start_s": s.start_s, "end_s": s.end_s, "text": s.text, **labels_of(s)} for s in film.shots]
        ),
        global_embedding=embed_title(film),
        labels={
            "synopsis": film.synopsis,
            "tags": "|".join(outline.tags),
            "genre": outline.genre.name,
            "year": outline.year,
        },
    )


def labels_of(shot: Shot) -> dict[str, object]:
    """What the screenplay knows of a shot, as columns of the shots' table."""
    return {
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
