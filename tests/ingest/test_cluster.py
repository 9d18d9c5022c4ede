"""On a Ray cluster the same titles come out as in one process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from msm import Catalog
from msm.ingest import IngestOptions, ingest
from msm.runner import KILLED, RayPool, run_all, why_it_died
from tests.ingest.test_bad_input import cut_off

REPO = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.alone]


def started() -> Any:
    """A cluster of one node. Ray gives up where its agents take longer than 15 s to start, as on a busy machine."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    for attempts_left in (2, 1, 0):
        cluster = cluster_utils.Cluster()
        try:
            cluster.add_node(num_cpus=2, include_dashboard=False)
            return cluster
        except Exception:
            cluster.shutdown()
            if not attempts_left:
                raise


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A cluster of one node with two cores, on this machine; it ends with the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")  # no token is left in the home of whoever tests
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(REPO), os.environ.get("PYTHONPATH", "")])))
        cluster = started()
        yield cluster.address
        cluster.shutdown()


def double_or_death(job: int) -> int:
    if job == 1:
        os._exit(1)
    return 2 * job


def test_a_cluster_makes_the_titles_that_one_process_makes(put, tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)  # paths are relative, and a worker of Ray begins elsewhere
    for number in range(3):
        put(number, f"films/{number}.mp4")
    cut_off(tmp_path / "films" / "cut.mkv")
    told: list[tuple[int, int]] = []
    one = ingest(["films"], "one")
    ray = ingest(["films"], "ray", IngestOptions(ray=address), lambda done, total: told.append((done, total)))
    assert (
        ray.as_dict() == one.as_dict() and ray.added == ["0", "1", "2"] and list(ray.failed) == [Path("films/cut.mkv")]
    )
    assert told and told[-1][0] == told[-1][1]
    for a, b in zip(Catalog.open("one"), Catalog.open("ray"), strict=True):
        np.testing.assert_array_equal(a.embeddings, b.embeddings)
        assert a.shots.equals(b.shots) and a.row.to_dict() == b.row.to_dict()
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]  # no finished title waits any more


def test_a_worker_of_ray_that_dies_takes_no_other_with_it(address):
    pool = RayPool(double_or_death, address)
    assert pool.size == 2
    ended = {job: future for job, future in run_all(pool, range(4))}
    assert {job: why_it_died(future) for job, future in ended.items()} == {0: None, 1: KILLED, 2: None, 3: None}
    assert [ended[job].result() for job in (0, 2, 3)] == [0, 4, 6]
