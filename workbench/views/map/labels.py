"""The labels by which the points of a map can be coloured and filtered."""

from __future__ import annotations

import numpy as np
import pandas as pd

from msm import Catalog

TITLE, SPLIT, LENGTH, PLACE, TIME = "title", "split", "length in seconds", "place in the title", "time in the title"
NOTED = "has a note"


def map_labels(catalog: Catalog, of: str = "shots", noted: np.ndarray | None = None) -> pd.DataFrame:
    """A column a label, a row a point: the labels of the catalog, and title, split, time (seconds), length and place in the title.

    Labels with few values come first. Labels with one value or none are left out.

    noted  (points,) bool: which have a note; comes last
    """
    labels = _labels(catalog, of)
    if noted is not None and noted.any():
        labels = labels.assign(**{NOTED: np.where(noted, "yes", "no")})
    return labels


def _labels(catalog: Catalog, of: str) -> pd.DataFrame:
    titles = catalog.titles
    labels = pd.DataFrame({name: titles[name] for name in catalog.title_labels})
    labels[TITLE], labels[SPLIT] = titles["name"].astype(str), titles["split"].astype(str)
    if of == "titles":
        labels["shots"], labels["minutes"] = titles["num_shots"], titles["duration_s"] / 60
        return _sort_labels(labels)
    counts = titles["num_shots"].to_numpy()
    labels = labels.loc[np.repeat(np.arange(len(titles)), counts)].reset_index(drop=True)
    table = catalog.read_shots()
    for name in catalog.shot_labels:
        labels[name] = table[name]
    labels[TIME] = table["start_s"]
    labels[LENGTH] = table["end_s"] - table["start_s"]
    within = np.concatenate([np.arange(n) / max(n - 1, 1) for n in counts])
    labels[PLACE] = within
    return _sort_labels(labels)


def is_continuous(values: pd.Series) -> bool:
    """Whether a label is filtered by a range of numbers, and not by its values."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and values.nunique() > 20


def _sort_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Drop columns with one value or none; text with few values comes first, since it colours best."""

    def rank(name: str) -> tuple[int, int]:
        values = labels[name]
        words = not pd.api.types.is_numeric_dtype(values)
        return (0 if words and few[name] <= 12 else 1 if few[name] <= 40 else 2, list(labels).index(name))

    few = labels.nunique()
    return labels[sorted(few.index[few > 1], key=rank)]
