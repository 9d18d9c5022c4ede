"""Jobs are handed out, each comes back, and one that dies takes no other with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from multiprocessing import forkserver

import pytest

from msm.errors import InputError
from msm.runner import KILLED, LocalPool, RayPool, import_ahead, num_cores, run_all, why_it_died


class Threads:
    """A pool of threads that remembers how it was used; see `Pool`."""

    def __init__(self, function, size: int):
        self.size, self.function = size, function
        self.executor = ThreadPoolExecutor(size)
        self.under_way, self.most, self.closed = 0, 0, None

    def submit(self, job) -> Future:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return self.executor.submit(self.function, job)

    def release(self, future: Future) -> None:
        self.under_way -= 1

    def rest(self) -> None:
        pass

    def close(self, *, at_once: bool) -> None:
        self.closed = "at once" if at_once else "at the end"
        self.executor.shutdown()


def half(job: int) -> float:
    return job / 2


def blas_threads(job: int) -> int:
    from threadpoolctl import threadpool_info

    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


def has_torch(job: int) -> bool:
    return "torch" in sys.modules


def torch_threads(job: int) -> int:
    import torch

    return torch.get_num_threads()


def half_or_death(job: int) -> float:
    if job == 3:
        os.kill(os.getpid(), 9)
    return job / 2


def test_every_job_comes_back_and_no_more_than_fit_are_under_way():
    pool = Threads(half, 2)
    found = {job: future.result() for job, future in run_all(pool, range(9))}
    assert found == {n: n / 2 for n in range(9)}
    assert (pool.most, pool.under_way, pool.closed) == (2, 0, "at the end")


def test_after_a_stop_no_job_begins_and_those_under_way_are_waited_for():
    ended: list[int] = []

    def slow(job: int) -> int:
        time.sleep(0.05)
        ended.append(job)
        return job

    pool = Threads(slow, 2)
    looks: list[int] = []
    found = [
        job for job, _ in run_all(pool, range(9), should_stop=lambda: len(ended) > 2, look=lambda: looks.append(1))
    ]
    assert sorted(found) == sorted(ended) and 3 <= len(found) <= 5
    assert looks and pool.closed == "at the end"


def test_a_caller_that_fails_closes_the_pool_at_once():
    pool = Threads(half, 2)
    with pytest.raises(KeyboardInterrupt), closing(run_all(pool, range(9))) as ended:
        next(ended)
        raise KeyboardInterrupt
    assert pool.closed == "at once"


def test_a_failure_is_told_and_an_answer_is_none():
    pool = Threads(lambda job: 1 // job, 1)
    told = {job: why_it_died(future) for job, future in run_all(pool, [1, 0])}
    assert told == {1: None, 0: "ZeroDivisionError: integer division or modulo by zero"}


@pytest.mark.slow
def test_a_process_that_is_killed_takes_no_other_with_it():
    pool = LocalPool(half_or_death, 2)
    told = {job: why_it_died(future) for job, future in run_all(pool, range(6))}
    assert told == {job: KILLED if job == 3 else None for job in range(6)}


def test_without_ray_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(InputError, match="Ray is not installed here"):
        RayPool(half, "local")


@pytest.mark.skipif(num_cores() < 2, reason="one core is everybody's share")
def test_matrix_products_of_a_process_have_its_share_of_the_cores(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)  # which the tests have for themselves
    pool = LocalPool(blas_threads, num_cores())
    assert [future.result() for _, future in run_all(pool, [1])] == [1]


def test_a_process_whose_jobs_need_no_torch_never_imports_it(another_server):
    """It takes seconds in each of the processes, and an import of vectors needs none."""
    assert [future.result() for _, future in run_all(LocalPool(has_torch, 1), [1])] == [False]


@pytest.mark.skipif(num_cores() < 2, reason="one core is everybody's share")
def test_torch_has_the_share_of_the_cores_of_a_process_that_imports_it_in_a_job(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", str(num_cores()))
    assert [future.result() for _, future in run_all(LocalPool(torch_threads, num_cores()), [1])] == [1]


forking = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere no process forks")


@pytest.fixture
def another_server() -> None:
    """The process from which workers fork is started anew: it knows nothing of what other tests imported."""
    forkserver._forkserver._stop()


def said_by_environment(job: str) -> str | None:
    return os.environ.get(job)


def has_module(job: str) -> bool:
    return job in sys.modules


@forking
def test_what_is_imported_ahead_is_there_when_a_process_begins(another_server):
    import_ahead("wave", "no.such.module")
    pool = LocalPool(has_module, 2)
    assert {job: future.result() for job, future in run_all(pool, ["wave", "sndhdr"])} == {
        "wave": True,
        "sndhdr": False,
    }


def test_a_process_has_the_environment_of_now_and_not_of_when_the_first_one_began(another_server, monkeypatch):
    monkeypatch.setenv("MSM_TEST_BEFORE", "1")
    list(run_all(LocalPool(half, 1), [1]))
    monkeypatch.delenv("MSM_TEST_BEFORE")
    monkeypatch.setenv("MSM_TEST_SINCE", "2")
    pool = LocalPool(said_by_environment, 1)
    said = {job: future.result() for job, future in run_all(pool, ["MSM_TEST_BEFORE", "MSM_TEST_SINCE"])}
    assert said == {"MSM_TEST_BEFORE": None, "MSM_TEST_SINCE": "2"}


IMPORTING = """
import time
from msm.runner import import_ahead
import_ahead("torch")
try:
    print("begun", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("heard")
"""


@forking
@pytest.mark.slow
def test_ctrl_c_while_the_imports_are_under_way_is_heard_by_the_caller_alone():
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORTING], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("heard\n", "", 0)
