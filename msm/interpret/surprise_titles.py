"""Surprise of many titles as one Parquet file: each title is read when its turn comes, here or on many workers.

Shape letters: N shots of a title.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from msm.data.catalog import Catalog, Title
from msm.inference.run import Run
from msm.interpret.surprise import surprise
from msm.io.files import refuse_existing, whole_file
from msm.io.portable import give_back_memory
from msm.runner import HERE, Arrays, Do, Place, Tell, run_parts, staging_folder, stretches
from msm.runs.folder import weights_fingerprint

PART_SHOTS = 1 << 12  # of a part: seconds to minutes of work
SCHEMA = pa.schema(
    [
        ("title_id", pa.string()),
        ("shot", pa.int32()),
        ("start_s", pa.float64()),
        ("surprise", pa.float64()),
        ("copy_surprise", pa.float64()),
        ("baseline", pa.string()),
        ("starts_scene", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class SurpriseOfTitles:
    """What a worker does: it loads the run once, and hides the shots of some titles in turn."""

    run: str
    catalog: str
    exact: bool

    def begin(self, device: str) -> Do:
        """See `msm.runner.Work`."""
        return _expecting(Run.open(self.run, device=device or "cpu"), Catalog.open(self.catalog), exact=self.exact)


def surprise_titles(
    run: Run,
    titles: Sequence[Title],
    out: str | Path,
    *,
    exact: bool = False,
    replace: bool = False,
    place: Place = HERE,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write the surprise of every shot of titles of one catalog to a Parquet file; returns the number of shots.

    Columns are title_id and those of `Surprise.table`, a row group for some titles; a title of one shot, which nothing is left
    to expect from, has no surprise. What was stopped goes on where it was.

    exact     every shot alone; else every k-th together, as of `surprise`
    replace   an existing file, else an InputError
    progress  called with (shots done, shots in all)
    Raises InputError where the run does not fit the titles' catalog.
    """
    path, catalog = Path(out), titles[0].catalog
    refuse_existing(path, replace=replace)
    run.check_fits(catalog)
    cut = stretches([t.num_shots for t in titles], PART_SHOTS)
    jobs = [tuple(t.index for t in titles[part.start : part.stop]) for part in cut]
    decides = {"weights": weights_fingerprint(run.path), "catalog": catalog.fingerprint, "exact": exact}
    path.parent.mkdir(parents=True, exist_ok=True)
    with staging_folder(path, "surprise") as staging:
        parts = run_parts(
            SurpriseOfTitles(str(run.path), str(catalog.path), exact),
            jobs,
            place,
            sizes=[part.size for part in cut],
            staging=staging,
            key=json.dumps({**decides, "parts": jobs, "msm": version("msm-workbench")}),
            here=_expecting(run, catalog, exact=exact),
            progress=progress,
        )
        with closing(parts), whole_file(path) as temporary, pq.ParquetWriter(temporary, SCHEMA) as writer:
            for part in parts:
                writer.write_table(_table(part, catalog))
    return sum(t.num_shots for t in titles)


def _expecting(run: Run, catalog: Catalog, *, exact: bool) -> Do:
    def expect(rows: Sequence[int], tell: Tell) -> Arrays:
        tables = []
        for row in rows:
            title = catalog.title_at(row)
            tables.append(_table_of(run, title, exact=exact).assign(title=row))
            give_back_memory()  # every title has batches of its own size, and leaves some megabytes of gaps
            tell(title.num_shots)
        whole = pd.concat(tables, ignore_index=True)
        opens = whole["starts_scene"].map({True: 1, False: 0}).fillna(-1)
        numbers = {name: whole[name].to_numpy() for name in ("title", "shot", "start_s", "surprise", "copy_surprise")}
        return {**numbers, "baseline": whole["baseline"].to_numpy().astype(str), "opens": opens.to_numpy(np.int8)}

    return expect


def _table_of(run: Run, title: Title, *, exact: bool) -> pd.DataFrame:
    if title.num_shots > 1:
        return surprise(run, title, exact=exact).table
    nothing = {"surprise": np.nan, "copy_surprise": np.nan, "baseline": "", "starts_scene": None}
    return title.shots[["shot", "start_s"]].assign(**nothing)


def _table(part: Arrays, catalog: Catalog) -> pa.Table:
    titles = catalog.column("title_id")[part["title"]].astype(str)
    columns = {
        name: pa.array(part[name], from_pandas=True) for name in ("shot", "start_s", "surprise", "copy_surprise")
    }
    return pa.table(
        {
            "title_id": pa.array(titles.tolist(), pa.string()),
            **columns,
            "shot": columns["shot"].cast(pa.int32()),
            "baseline": pa.array([name or None for name in part["baseline"].tolist()], pa.string()),
            "starts_scene": pa.array(part["opens"] == 1, mask=part["opens"] < 0),
        },
        schema=SCHEMA,
    )
