"""The title that benchmarks.lab clicks on is one that the sample runs can read, metadata and all."""

from __future__ import annotations

import pytest

from msm import Catalog, Run
from tests.conftest import REPO

lab = pytest.importorskip("benchmarks.lab", reason="playwright is not installed")


def test_the_sample_runs_fill_in_the_long_title_of_the_lab_benchmark(tmp_path):
    source = Catalog.open(REPO / "sample_data" / "catalog")
    catalog = lab.write_long_title(source, 96, tmp_path / "catalog")
    for name in ("mediafm", "neighbour"):
        fill = Run.open(REPO / "sample_data" / "runs" / name).fill_in(catalog[lab.TITLE], [40, 41, 60])
        assert len(fill.table) == 3 and fill.table["kriging"].notna().all()
