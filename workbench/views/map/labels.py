"""What the points of a map can be coloured and filtered by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from msm import Catalog

TITLE, SPLIT, LENGTH, PLACE = "title", "split", "length in seconds", "place in the title"


def map_labels(catalog: Catalog, of: str = "shots") -> pd.DataFrame:
    """A column a label, a row a point: the catalog's labels, and title, split, length and place in the title.

    Those of few values come first: they make the best colours. What is the same, or unknown, all over is left out.
    """
    titles = catalog.titles
    told = pd.DataFrame({name: titles[name] for name in catalog.title_labels})
    told[TITLE], told[SPLIT] = titles["name"].astype(str), titles["split"].astype(str)
    if of == "titles":
        told["shots"], told["minutes"] = titles["num_shots"], titles["duration_s"] / 60
        return _telling(told)
    counts = titles["num_shots"].to_numpy()
    told = told.loc[np.repeat(np.arange(len(titles)), counts)].reset_index(drop=True)
    table = catalog.read_shots()
    for name in catalog.shot_labels:
        told[name] = table[name]
    told[LENGTH] = table["end_s"] - table["start_s"]
    within = np.concatenate([np.arange(n) / max(n - 1, 1) for n in counts])
    told[PLACE] = within
    return _telling(told)


def _telling(told: pd.DataFrame) -> pd.DataFrame:
    """Without columns that are the same, or unknown, all over; the few-valued words first: they make the best colours."""

    def rank(name: str) -> tuple[int, int]:
        values = told[name]
        words = not pd.api.types.is_numeric_dtype(values)
        return (0 if words and few[name] <= 12 else 1 if few[name] <= 40 else 2, list(told).index(name))

    few = told.nunique()
    return told[sorted(few.index[few > 1], key=rank)]
