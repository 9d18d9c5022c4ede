"""On a Ray cluster of two nodes the same comes out as in one process, to the bit, also where a worker is killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from msm import Catalog, Run
from msm.evaluation import evaluate_streamed
from msm.evaluation.evaluate_run import evaluate_run
from msm.inference import embed
from msm.ingest import IngestOptions, ingest
from msm.interpret import surprise_titles
from msm.recipes.recipe import Recipe
from msm.runner import KILLED, Place, RayPool, run_all, why_it_died
from msm.training.trainer import start_run, train
from tests.ingest.test_bad_input import cut_off

REPO = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.alone]


def started() -> Any:
    """A cluster of two nodes. Ray gives up where its agents take longer than 15 s to start, as on a busy machine."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    for attempts_left in (2, 1, 0):
        cluster = cluster_utils.Cluster()
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=1, include_dashboard=False, object_store_memory=100 << 20)
            return cluster
        except Exception:
            cluster.shutdown()
            if not attempts_left:
                raise


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A cluster of two nodes with a core each, on this machine; it ends with the tests."""
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


class KillOne:
    """A callable for `progress` that kills an actor of the cluster when it is first called."""

    def __init__(self) -> None:
        self.killed: list[int] = []

    def __call__(self, done: int, total: int) -> None:
        if self.killed or done >= total:
            return
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # it may have ended meanwhile
                if "ray::_Actor" in " ".join(process.cmdline()):
                    process.kill()
                    self.killed.append(process.pid)
                    return


@pytest.fixture(scope="module")
def run(talks, tmp_path_factory) -> Run:
    """A run of a few steps on the small catalog."""
    settings = ["steps=4", "validate_every=4", "model.width=16", "model.depth=1", "model.heads=2"]
    path, device = tmp_path_factory.mktemp("runs") / "run", torch.device("cpu")
    train(start_run(talks, path, Recipe().with_settings(settings), device=device), talks, device=device)
    return Run.open(path)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_embeddings_reports_and_surprise_of_a_cluster_are_those_of_one_process_though_a_worker_is_killed(
    talks, run, tmp_path, monkeypatch, address
):
    torch.set_num_threads(1)  # as the workers have one each
    monkeypatch.setattr(embed, "PART_SHOTS", 90)
    monkeypatch.setattr(surprise_titles, "PART_SHOTS", 300)
    monkeypatch.setattr(evaluate_streamed, "PART_SHOTS", 60)
    cluster = Place(ray=address)

    kill = KillOne()
    embed.embed_catalog(run, talks, tmp_path / "one")
    embed.embed_catalog(run, talks, tmp_path / "ray", place=cluster, progress=kill)
    assert kill.killed and contents(tmp_path / "ray") == contents(tmp_path / "one")

    kill = KillOne()
    one = evaluate_run(run, talks, full=True)
    assert evaluate_run(run, talks, full=True, place=cluster, progress=kill) == one and kill.killed

    surprise_titles.surprise_titles(run, list(talks), tmp_path / "one.parquet")
    surprise_titles.surprise_titles(run, list(talks), tmp_path / "ray.parquet", place=cluster)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "ray.parquet").read_bytes()
    assert not list(tmp_path.glob(".*")) and not list(run.path.glob(".evaluation*"))
