"""Which shots are exported: a table of them, a link of the app, a selection that the app kept, or ranges in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog
from msm.data.selection import Selection, read_shots, rows_of_shots
from msm.errors import InputError, reading


def chosen_rows(
    catalog: Catalog, shots: str | None, splits: tuple[str, ...] = (), runs: Path | None = None
) -> np.ndarray | None:
    """(n,) ascending rows of a catalog; None where everything is meant.

    shots   a file (.csv or .parquet with title_id and shot, as the app downloads; .txt as it keeps selections), the address of a
            page, or for example harbour-lights:3-9;kites:4
    splits  only titles of these
    runs    the folder of runs of the app, where the shots of a large selection in an address are kept

    Raises InputError for a file, title, shot or split that is not there.
    """
    rows = None if shots is None else _named(catalog, shots, runs)
    if not splits:
        return rows
    titles = [title for split in splits for title in catalog.split(split)]
    first = catalog.first_shots
    inside = [np.arange(first[t.index], first[t.index] + t.num_shots) for t in titles]
    of_splits = np.unique(np.concatenate(inside)) if inside else np.zeros(0, dtype=np.int64)
    return of_splits if rows is None else np.intersect1d(rows, of_splits)


def _named(catalog: Catalog, shots: str, runs: Path | None) -> np.ndarray:
    path = Path(shots)
    if path.suffix.lower() in (".csv", ".parquet"):
        return _of_table(catalog, path)
    if path.suffix.lower() == ".txt":
        with reading(path, "a selection"):
            text = path.read_text(encoding="utf-8")
        return rows_of_shots(read_shots(text.strip()), catalog.titles)
    if "://" in shots:
        folder = catalog.path.absolute().parent / "runs" if runs is None else runs
        selection = Selection.from_link(shots, folder)
        if not selection.shots:
            raise InputError("the address has no selected shots; select some on the map or by a search")
        return selection.rows(catalog.titles)
    return rows_of_shots(read_shots(shots), catalog.titles)


def _of_table(catalog: Catalog, path: Path) -> np.ndarray:
    with reading(path, "a table of shots"):
        table = pd.read_csv(path, dtype={"title_id": str}) if path.suffix.lower() == ".csv" else pd.read_parquet(path)
    lacking = [name for name in ("title_id", "shot") if name not in table]
    if lacking:
        raise InputError(f"{path} has no column {lacking[0]}; a table of shots has title_id and shot")
    try:
        numbers = table["shot"].astype(int)
    except (TypeError, ValueError):
        raise InputError(f"{path}: the column shot must have numbers, counted from 0") from None
    if (numbers < 0).any():
        raise InputError(f"{path}: the column shot must have numbers, counted from 0")
    by_title = numbers.groupby(table["title_id"].astype(str)).agg(lambda shots: tuple(sorted(set(shots))))
    return rows_of_shots(tuple(by_title.items()), catalog.titles)
