"""Search with a text: by the encoder that made the catalog's text columns, or for literal words in the subtitles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.preprocessing import normalize

from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.ingest.encoder import Encoder, encode_queries, encoder_like, places_of
from msm.ingest.encoder_places import note_place, read_places
from msm.search.filters import Filters, allowed_rows
from msm.search.query import shots_of
from msm.search.spaces import RawSpace

MODALITY = "text"


class WordMatches(NamedTuple):
    """The first shots whose text holds the words, as in `SearchResult` but without scores, and the number of all of them."""

    table: pd.DataFrame
    labels: pd.DataFrame
    in_all: int


def text_encoder(catalog: Catalog, choice: str | None = None, modality: str = MODALITY) -> Encoder:
    """The encoder that made a catalog's text columns, or the one of its pictures, whose text tower finds them by words.

    choice    as `msm ingest --encoders` takes it, where the name in the catalog is not enough to load it; it is noted in
              the catalog, if that can be written to, and need not be given again
    modality  text, or video
    Raises InputError where the catalog has no such modality, an encoder that is not known here, or one of pictures alone.
    """
    for held in catalog.modalities:
        if held.name == modality:
            places = read_places(catalog.path).get(held.encoder, ())
            encoder = encoder_like(held.encoder, modality, held.dim, choice, places)
            if modality != MODALITY and not hasattr(encoder, "encode_queries"):
                raise InputError(
                    f"{encoder.name} has no text tower, so shots cannot be found by words in {modality}; ingest with clip"
                )
            if choice is not None and (place := places_of(choice).get(encoder.name)) is not None:
                note_place(catalog.path, held.encoder, place)
            return encoder
    known = ", ".join(m.name for m in catalog.modalities)
    raise InputError(
        f"{catalog.path} has no {modality} modality, so a text cannot be compared with its shots; it has {known}"
    )


def encode_text(encoder: Encoder, space: RawSpace, text: str) -> np.ndarray:
    """(W,) a text in the space of one modality; InputError where the encoder knows no word of it.

    The space is centred on the shots. A text is no shot: in the space of pictures its direction counts, as it is.
    """
    vector = encode_queries(encoder, [text])
    if not vector.any():
        raise InputError(f"{text!r} has no words that {encoder.name} knows")
    return space.project_block(vector)[0] if encoder.modality == MODALITY else normalize(vector)[0]


def find_words(catalog: Catalog, words: str, *, filters: Filters | None = None, k: int = 10) -> WordMatches:
    """Shots whose text holds these words literally, in embedding order."""
    if not words.strip():
        raise InputError("nothing is asked for; write some words")
    if "text" not in catalog.read_shots(0, 1).columns:
        raise InputError(f"{catalog.path} has no texts, so no words can be looked for")
    texts = catalog.read_shots(columns=["text"])["text"].fillna("").astype(str)
    has = texts.str.contains(" ".join(words.split()), case=False, regex=False).to_numpy()
    allowed = allowed_rows(catalog, filters or Filters())
    rows = np.flatnonzero(has if allowed is None else has & allowed)
    found = pd.DataFrame({"row": rows[:k], "score": np.nan, "copies": 0})
    return WordMatches(*shots_of(catalog, found), len(rows))
