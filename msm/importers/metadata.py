"""A metadata embedding per title, from its labels: what [GLOBAL] may tell the model.

Categories, written `A|B|C`, become ones and zeros over the catalog's vocabulary; a column of numbers becomes one
column, standardised over the training titles; `text:COLUMN` is encoded by an encoder of words. Each title's vector
has unit length. What the columns mean is kept in the catalog's provenance and with each run, so that titles that join
later, and other catalogs, are told the same way.
Shape letters: T titles, G width of the metadata embedding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from msm.data.fusion import unit
from msm.errors import InputError
from msm.ingest.encoder import Encoder, encode_texts, encoder_like, load_encoders

MAX_VOCABULARY = 1024  # a column with more values is no category
MAX_TERM_WORDS = 8  # a term with more words is a sentence
MEAN_TERM_WORDS = 5  # so are terms that have as many on average
TEXT = "text:"  # before the name of a column that is encoded
DEFAULT_ENCODER = "descriptors"


def embed_metadata(
    labels: pd.DataFrame,
    columns: Sequence[str],
    train: np.ndarray,
    known: Mapping[str, Any] | None = None,
    encoder: str | None = None,
    places: Mapping[str, Sequence[str]] | None = None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """((T, G) float32, what each of the G columns means) from a row of labels a title.

    columns  names of labels; `text:` before one has it encoded
    train    (T,) bool, True where the title is in the training split: numbers are standardised by these
    known    what the columns mean in a catalog that the titles join, or to a run; words that it lacks are left out
    encoder  as `load_encoders` takes it, of `text:` columns; None = the one in `known`, else `descriptors`
    places   where the encoder in `known` may be, as `msm.ingest.encoder_places` reads them
    """
    blocks: list[np.ndarray] = []
    meaning: dict[str, Any] = {}
    for asked in columns:
        column = asked.removeprefix(TEXT)
        if column not in labels:
            raise InputError(
                f"--global-from: there is no title label {column!r}; there is {', '.join(labels) or 'none'}"
            )
        given = None if known is None else known[column]
        if asked.startswith(TEXT):
            block, meaning[column] = _encoded(column, labels[column], given, encoder, places or {})
        else:
            block, meaning[column] = _labelled(column, labels[column], train, given)
        blocks.append(block)
    vectors = np.concatenate(blocks, axis=1)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32), meaning


def columns_of(meaning: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that a meaning was made of, as `--global-from` names them; empty for vectors made elsewhere."""
    if any(is_made_elsewhere(of) for of in meaning.values()):
        return ()
    return tuple(TEXT + name if isinstance(of, Mapping) and "text" in of else name for name, of in meaning.items())


def is_made_elsewhere(of: Any) -> bool:
    """Whether an entry of a meaning names vectors that were imported, which labels cannot make again."""
    return isinstance(of, Mapping) and "vectors" in of


def _labelled(
    column: str, values: pd.Series, train: np.ndarray, given: Mapping[str, float] | Sequence[str] | None
) -> tuple[np.ndarray, Any]:
    numbers = pd.to_numeric(values, errors="coerce")
    empty = values.isna() | (values.astype(str).str.strip() == "")
    all_numbers = bool((numbers.notna() | empty).all()) and not bool(empty.all())
    if isinstance(given, Mapping) or (given is None and all_numbers):
        return _standardised(numbers.to_numpy(dtype=np.float64), train, given)
    return _multi_hot(column, values.where(~empty, "").astype(str), given)


def _standardised(
    numbers: np.ndarray, train: np.ndarray, given: Mapping[str, float] | None
) -> tuple[np.ndarray, dict[str, float]]:
    """(T, 1): a title without the number gets the mean, which is 0."""
    known = numbers[train & np.isfinite(numbers)]
    mean, deviation = (float(known.mean()), float(known.std())) if len(known) else (0.0, 0.0)
    if given is not None:
        mean, deviation = float(given["mean"]), float(given["deviation"])
    scaled = (numbers - mean) / (deviation or 1.0)
    return np.nan_to_num(scaled, posinf=0.0, neginf=0.0)[:, None], {"mean": mean, "deviation": deviation}


def _multi_hot(column: str, values: pd.Series, given: Sequence[str] | None) -> tuple[np.ndarray, list[str]]:
    """(T, vocabulary)"""
    sets = [{word.strip() for word in value.split("|")} - {""} for value in values]
    vocabulary = sorted(set().union(*sets)) if given is None else list(given)
    if not vocabulary or len(vocabulary) > MAX_VOCABULARY:
        raise InputError(
            f"--global-from: {column!r} has {len(vocabulary)} values; a category has 1 to {MAX_VOCABULARY}"
        )
    if given is None:
        _refuse_sentences(column, vocabulary)
    return np.array([[word in words for word in vocabulary] for words in sets], dtype=np.float64), vocabulary


def _refuse_sentences(column: str, vocabulary: Sequence[str]) -> None:
    """Sentences as categories would only number the titles: no title says anything about another."""
    lengths = [len(term.split()) for term in vocabulary]
    if max(lengths) > MAX_TERM_WORDS or sum(lengths) >= MEAN_TERM_WORDS * len(lengths):
        raise InputError(
            f"--global-from: {column!r} holds sentences ({max(vocabulary, key=len)[:40]!r} …), not categories; "
            f"write {TEXT}{column}, which encodes them"
        )


def _encoded(
    column: str,
    values: pd.Series,
    given: Mapping[str, Any] | None,
    choice: str | None,
    places: Mapping[str, Sequence[str]],
) -> tuple[np.ndarray, dict[str, Any]]:
    """(T, width of the encoder): zeros for a title without the text."""
    encoder = _encoder_of_words(given, choice, places)
    texts = ["" if value is None or value != value else str(value) for value in values]
    vectors = encode_texts(encoder, texts)
    if not vectors.any():
        raise InputError(f"--global-from: {column!r} has no words that {encoder.name} knows")
    return unit(vectors), {"text": given["text"] if given is not None else encoder.name, "dim": encoder.dim}


def _encoder_of_words(
    given: Mapping[str, Any] | None, choice: str | None, places: Mapping[str, Sequence[str]]
) -> Encoder:
    if given is not None:
        made_by = str(given["text"])
        return encoder_like(made_by, "text", int(given["dim"]), choice, places.get(made_by, ()))
    found = [e for e in load_encoders(choice or DEFAULT_ENCODER) if e.modality == "text"]
    if not found:
        raise InputError(f"--global-encoder is {choice!r}, which encodes no text")
    return found[0]
