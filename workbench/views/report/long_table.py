"""A whole report as one long table for a spreadsheet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.views.report.geometry import geometry_table
from workbench.views.report.probes import probes_table
from workbench.views.report.reports import PARTS, Reports
from workbench.views.report.tables import part_table, predictors_table, titles_table


def long_table(reports: Reports, lines: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a number of the report: run, part, place, measure, value."""
    rows: list[pd.DataFrame] = []
    shown = predictors_table(reports)
    shown["run"] = np.where(shown["kind"] == "model", shown["name"], next(iter(reports)))
    shown["place"] = np.where(shown["kind"] == "model", "model", shown["name"])
    rows.append(_long(shown.drop(columns=["name", "label", "kind"]), "predictors"))
    rows += [_long(part_table(reports, part), part) for part in PARTS]
    rows.append(_long(titles_table(reports).drop(columns="name").rename(columns={"title_id": "place"}), "title"))
    probes = probes_table(reports)
    if len(probes):
        probes = probes.assign(place=probes["task"] + ", " + probes["column"]).drop(
            columns=["task", "column", "label", "of", "at", "primary", "low", "high"]
        )
        rows.append(probes.assign(part="probe " + probes["probe"]).drop(columns="probe"))
    geometry = geometry_table(lines).drop(columns="alarm")
    geometry = geometry.assign(
        run=next(iter(reports)), place=geometry["of"] + " at step " + geometry["step"].astype(str)
    )
    rows.append(_long(geometry.drop(columns=["step", "of"]), "geometry"))
    table = pd.concat([r for r in rows if len(r)], ignore_index=True)
    return table[["run", "part", "place", "measure", "value"]].dropna(subset="value")


def _long(table: pd.DataFrame, part: str) -> pd.DataFrame:
    return table.melt(["run", "place"], var_name="measure").assign(part=part)
