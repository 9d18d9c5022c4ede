"""The title that benchmarks.lab clicks on is one that the sample runs can read, metadata and all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
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


def test_baselines_that_are_predicted_beside_the_model_are_the_same_click_after_click(tmp_path):
    catalog = lab.write_long_title(Catalog.open(REPO / "sample_data" / "catalog"), 300, tmp_path / "catalog")
    runs = [Run.open(REPO / "sample_data" / "runs" / "mediafm") for _ in range(2)]
    hidden = {40, 41, 60, 200}
    with ThreadPoolExecutor(1) as beside:
        for shot in (41, 250, 60):
            hidden ^= {shot}
            fill = runs[0].fill_in(catalog[lab.TITLE], hidden, beside=beside)
            alone = runs[1].fill_in(catalog[lab.TITLE], hidden)
            pd.testing.assert_frame_equal(fill.table, alone.table, atol=1e-6)
            assert fill.best_baseline_name == alone.best_baseline_name
