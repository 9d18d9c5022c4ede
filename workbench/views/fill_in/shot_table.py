"""The scores of each hidden shot as a table for display."""

from __future__ import annotations

import pandas as pd

from workbench.views.formatting import clock

MODALITY = "centred_"


def shot_table(table: pd.DataFrame) -> pd.DataFrame:
    """A row a hidden shot: shot, time, distance, model, baseline, lead, rank, and a column for each modality.

    table  columns shot, start_s, distance, centred_cosine, best_baseline, rank, centred_MODALITY …
    """
    shown = pd.DataFrame({"shot": table["shot"]})
    if table["start_s"].notna().any():
        shown["time"] = [clock(s) for s in table["start_s"]]
    shown["distance"] = table["distance"]
    shown["model"] = table["centred_cosine"]
    shown["baseline"] = table["best_baseline"]
    shown["lead"] = table["centred_cosine"] - table["best_baseline"]
    shown["rank"] = table["rank"]
    for column in modality_columns(table):
        shown[column.removeprefix(MODALITY)] = table[column]
    return shown


def modality_columns(table: pd.DataFrame) -> list[str]:
    """The columns centred_MODALITY; none where there is only one modality, whose scores are those of the model."""
    columns = [c for c in table.columns if c.startswith(MODALITY) and c != "centred_cosine"]
    return columns if len(columns) > 1 else []
