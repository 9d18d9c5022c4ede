"""Copy as code: the notebook cell that draws what the page shows."""

from __future__ import annotations

from pathlib import Path


def timeline_code(catalog: Path, run: Path, title_id: str, hidden: str) -> str:
    """A cell of a notebook; `hidden` as ranges, e.g. "40-44, 60"."""
    return f"""\
from msm import Catalog, Run
from msm.hiding import parse_ranges
from workbench.views.timeline import timeline

title = Catalog.open({str(catalog)!r})[{title_id!r}]
hidden = parse_ranges({hidden!r}, title.num_shots)
fill = Run.open({str(run)!r}).fill_in(title, hidden)
timeline(fill.table, fill.best_baseline_name, duration_s=title.duration_s)
"""
