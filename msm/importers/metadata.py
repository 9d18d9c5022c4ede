"""A metadata embedding per title, from its labels: what [GLOBAL] may tell the model.

Categories, written `A|B|C`, become ones and zeros over the catalog's vocabulary; a column of numbers
becomes one column, standardised over the training titles. Each title's vector has unit length.
Shape letters: T titles, G width of the metadata embedding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from msm.errors import InputError

MAX_VOCABULARY = 1024  # a column with more values is no category


def embed_metadata(
    labels: pd.DataFrame, columns: Sequence[str], train: np.ndarray, known: Mapping[str, Any] | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """((T, G) float32, what each of the G columns means) from a row of labels a title.

    train  (T,) bool, True where the title is in the training split: numbers are standardised by these
    known  what the columns mean in a catalog that the titles join; words that it does not know are left out
    """
    blocks: list[np.ndarray] = []
    meaning: dict[str, Any] = {}
    for column in columns:
        if column not in labels:
            raise InputError(
                f"--global-from: there is no title label {column!r}; there is {', '.join(labels) or 'none'}"
            )
        numbers = pd.to_numeric(labels[column], errors="coerce")
        empty = labels[column].isna() | (labels[column].astype(str).str.strip() == "")
        given = None if known is None else known[column]
        if isinstance(given, Mapping) or (
            given is None and bool((numbers.notna() | empty).all()) and not bool(empty.all())
        ):
            block, meaning[column] = _standardised(numbers.to_numpy(dtype=np.float64), train, given)
        else:
            block, meaning[column] = _multi_hot(column, labels[column].where(~empty, "").astype(str), given)
        blocks.append(block)
    vectors = np.concatenate(blocks, axis=1)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32), meaning


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
    return np.array([[word in words for word in vocabulary] for words in sets], dtype=np.float64), vocabulary
