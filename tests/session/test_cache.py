"""What the app keeps between reruns belongs to what is on disk now."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from msm import Catalog
from msm.data.catalog import modalities_of
from tests.browser.small_world import DIMS, small_title
from workbench.session import cache

RUN = Path(__file__).resolve().parents[2] / "sample_data" / "runs" / "neighbour"


def written(path: Path, num_shots: int) -> Catalog:
    shutil.rmtree(path, ignore_errors=True)
    Catalog.write(path, [small_title(np.random.default_rng(0), "a", "test", num_shots)], modalities=modalities_of(DIMS))
    return cache.open_catalog(path)


def test_a_catalog_that_was_replaced_is_another_one_and_the_same_one_is_read_once(tmp_path):
    before = cache.shots(written(tmp_path / "catalog", 10), "a")
    again = cache.shots(cache.open_catalog(tmp_path / "catalog"), "a")
    after = cache.shots(written(tmp_path / "catalog", 12), "a")

    assert again is before
    assert len(before) == 10 and len(after) == 12


@pytest.mark.parametrize("changed", ["model.safetensors", "recipe.json", "baselines.safetensors"])
def test_a_run_that_was_trained_further_is_opened_again(tmp_path, changed):
    run = tmp_path / "run"
    shutil.copytree(RUN, run)
    before = cache.open_run(run)
    kept = cache.open_run(run)
    later = (run / changed).stat().st_mtime_ns + 10**9
    os.utime(run / changed, ns=(later, later))

    assert kept is before
    assert cache.open_run(run) is not before
