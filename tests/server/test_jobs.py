"""Jobs: work that goes on without the page that started it, and is never taken for running when it is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from msm import Catalog, InputError
from tests.ingest.conftest import PLACES, Scene, write_film
from workbench.server import jobs

pytestmark = pytest.mark.slow  # each starts an `msm` of its own


def wait_for(folder: Path, *states: str, seconds: float = 60) -> jobs.Job:
    deadline = time.monotonic() + seconds
    while (job := jobs.read(folder)).state not in states:
        assert time.monotonic() < deadline, (job, job.log)
        time.sleep(0.05)
    return job


def start_info(tmp_path: Path, path: Path) -> jobs.Job:
    return jobs.start(jobs.prepare(tmp_path / "jobs", "info"), "A look", ["info", str(path), "--json"])


@pytest.fixture(scope="module")
def long_film(tmp_path_factory) -> Path:
    """Some seconds of work."""
    return write_film(tmp_path_factory.mktemp("long") / "film.mp4", [Scene(i % 7) for i in range(240)])


def start_ingest(tmp_path: Path, film: Path) -> jobs.Job:
    folder = jobs.prepare(tmp_path / "jobs", "ingest")
    return jobs.start(folder, "Film", ["ingest", str(film), str(tmp_path / "catalog")], {"catalog": "catalog"})


def until_it_reads(job: jobs.Job) -> jobs.Job:
    """Wait until an ingest is done with its planning and has read some of its film."""
    while not (job := jobs.read(job.folder)).share or job.what != "ingesting":
        assert job.state == jobs.RUNNING, job.log
        time.sleep(0.02)
    return job


def test_a_job_tells_its_end_and_its_answer_and_leaves_no_zombie(tmp_path, tiny_catalog):
    job = wait_for(start_info(tmp_path, tiny_catalog.path).folder, jobs.DONE)
    assert job.answer["titles"] == 5 and job.share == 1
    time.sleep(0.2)
    assert [p for p in psutil.Process().children() if p.status() == psutil.STATUS_ZOMBIE] == []


def test_a_job_whose_disk_runs_full_says_so_and_one_on_a_full_disk_does_not_start(tmp_path, long_film, small_disk):
    disk = small_disk(16_384)
    folder = jobs.prepare(disk / "jobs", "ingest")
    words = ["ingest", str(long_film), str(disk / "catalog"), "--no-media"]
    until_it_reads(jobs.start(folder, "Film", words))
    with pytest.raises(OSError, match="No space left"), open(disk / "others", "wb") as others:
        while True:
            others.write(bytes(4096))
            others.flush()
    job = wait_for(folder, jobs.FAILED, jobs.LOST)

    assert job.state == jobs.FAILED and "no space left on its disk" in job.sentence, job
    assert not (folder / "spare").exists()

    with open(disk / "others", "ab") as others:
        others.write(bytes(max(0, shutil.disk_usage(disk).free - 2 * 4096)))
    before = psutil.Process().children()
    with (
        pytest.raises(InputError, match="no space left on its disk"),
        jobs.prepared(disk / "jobs", "info") as another,
    ):
        jobs.start(another, "A look", ["info", str(disk)])
    assert psutil.Process().children() == before
    assert [j.folder for j in jobs.list_jobs(disk / "jobs")] == [folder]


def test_a_failed_job_says_why_in_the_verbs_own_sentence(tmp_path):
    job = wait_for(start_info(tmp_path, tmp_path / "nowhere").folder, jobs.FAILED)
    assert job.sentence == f"{tmp_path / 'nowhere'} is missing" and job.sentence in job.log


def test_progress_grows_and_a_stopped_job_leaves_nothing_behind(tmp_path, long_film):
    job = until_it_reads(start_ingest(tmp_path, long_film))
    assert 0 < job.share <= 1 and job.what == "ingesting"
    jobs.stop(job)
    job = wait_for(job.folder, jobs.STOPPED)
    assert job.stop_requests == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["jobs"]


def test_a_second_request_to_stop_is_a_stronger_one(tmp_path, long_film):
    job = until_it_reads(start_ingest(tmp_path, long_film))
    psutil.Process(json.loads((job.folder / "job.json").read_text())["pid"]).suspend()  # deaf for the moment
    jobs.stop(job)
    jobs.stop(jobs.read(job.folder))
    psutil.Process(json.loads((job.folder / "job.json").read_text())["pid"]).resume()
    assert wait_for(job.folder, jobs.STOPPED).stop_requests == 2


SERVER = """
import signal, sys, time
from pathlib import Path
from workbench.server import jobs
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a server in the background does
folder = jobs.prepare(Path(sys.argv[1]), "ingest")
jobs.start(folder, "Film", ["ingest", *sys.argv[2:]])
"""


@pytest.mark.fault
@pytest.mark.parametrize("end", ["done", "stopped", "lost"])
def test_a_job_outlives_the_server_and_its_end_is_known_to_the_next_one(tmp_path, long_film, end):
    film = write_film(tmp_path / "film.mp4", [Scene(0), Scene(1)] * 10) if end == "done" else long_film
    subprocess.run([sys.executable, "-c", SERVER, tmp_path / "jobs", film, tmp_path / "catalog"], check=True)
    (job,) = jobs.list_jobs(tmp_path / "jobs", "ingest")
    assert job.state == jobs.RUNNING
    if end == "stopped":
        jobs.stop(until_it_reads(job))
    elif end == "lost":
        os.kill(json.loads((job.folder / "job.json").read_text())["pid"], signal.SIGKILL)
    job = wait_for(job.folder, end)
    assert (tmp_path / "catalog").exists() == (end == "done")
    assert job.sentence == jobs.LOST_SENTENCE or end != "lost"


@pytest.mark.fault
def test_a_killed_job_is_told_from_one_that_failed(tmp_path, long_film):
    job = until_it_reads(start_ingest(tmp_path, long_film))
    os.kill(json.loads((job.folder / "job.json").read_text())["pid"], signal.SIGKILL)
    assert wait_for(job.folder, jobs.FAILED).sentence == jobs.KILLED_SENTENCE


def test_a_pid_that_belongs_to_another_process_by_now_is_not_mistaken(tmp_path, tiny_catalog):
    job = start_info(tmp_path, tiny_catalog.path)
    wait_for(job.folder, jobs.DONE)
    while not (job.folder / "exit.json").exists():
        time.sleep(0.02)
    for name in ("progress.json", "exit.json"):
        (job.folder / name).unlink()
    facts = json.loads((job.folder / "job.json").read_text())
    (job.folder / "job.json").write_text(json.dumps({**facts, "pid": os.getpid()}))
    assert jobs.read(job.folder).state == jobs.LOST
    jobs.stop(jobs.read(job.folder))  # and nobody else is hit


def test_only_what_is_over_can_be_forgotten(tmp_path, long_film):
    job = start_ingest(tmp_path, long_film)
    (job.folder / "files").mkdir()
    jobs.remove(job)
    assert job.folder.exists()
    jobs.stop(until_it_reads(job))
    jobs.remove(wait_for(job.folder, jobs.STOPPED))
    assert jobs.list_jobs(tmp_path / "jobs") == [] and not job.folder.exists()


def test_a_folder_that_is_no_job_and_one_of_another_kind_are_not_listed(tmp_path, tiny_catalog):
    jobs.prepare(tmp_path / "jobs", "ingest")
    wait_for(start_info(tmp_path, tiny_catalog.path).folder, jobs.DONE)
    broken = jobs.prepare(tmp_path / "jobs", "ingest")
    (broken / "job.json").write_text("{}")
    assert [j.kind for j in jobs.list_jobs(tmp_path / "jobs")] == ["info"]
    assert jobs.list_jobs(tmp_path / "jobs", "ingest") == []


def test_what_was_made_is_a_catalog(tmp_path):
    film = write_film(tmp_path / "film.mp4", [Scene(place) for place in PLACES])
    job = wait_for(start_ingest(tmp_path, film).folder, jobs.DONE)
    assert Catalog.open(tmp_path / job.about["catalog"]).num_shots == 6
