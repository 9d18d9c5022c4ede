"""Work that fails in its own process: the page says so in a sentence with a way out, and the server serves on for everybody."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import free_port, press, served, settled
from tests.browser.small_world import write_trio
from tests.browser.tab import open_tab
from tests.conftest import mount_small_disk, unmount
from tests.ingest.conftest import Scene, write_film
from workbench.app_pages.training import processes
from workbench.server import jobs

pytestmark = [pytest.mark.browser, pytest.mark.fault]
SMALL = {"steps": 100_000, "batch_windows": 2, "model.width": 16, "model.depth": 1, "model.heads": 2}
DISK_KB = 16_384

HUNGRY = '''
"""Encoders of somebody's own that want more memory than there is; the process may have a little more than it has."""
import os, resource, signal
from pathlib import Path
import numpy as np

class Hungry:
    modality, dim = "video", 4

    def __init__(self, name, ask):
        self.name, self._ask = name, ask

    def encode(self, shots):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + (64 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        self._ask()

def in_numpy():
    np.ones(1 << 28)

def in_torch():  # importing it takes more than there is, and then it says so in words of its own
    import torch

def until_the_kernel_ends_it():
    os.kill(os.getpid(), signal.SIGKILL)

def numpy(): return [Hungry("hungry-numpy", in_numpy)]
def torch(): return [Hungry("hungry-torch", in_torch)]
def kernel(): return [Hungry("hungry-kernel", until_the_kernel_ends_it)]
'''


@dataclass
class World:
    """A server whose runs are on a small disk where one can be mounted, and somebody who is in the masking lab meanwhile."""

    folder: Path
    address: str
    no_small_disk: str  # why, empty where there is one

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def jobs(self) -> Path:
        return jobs.jobs_folder(self.runs)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("failing")
    plugin = folder / "plugin"
    (plugin / "hungry-1.0.dist-info").mkdir(parents=True)
    (plugin / "hungry.py").write_text(HUNGRY, encoding="utf-8")
    (plugin / "hungry-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: hungry\nVersion: 1.0\n")
    named = "".join(f"hungry-{name} = hungry:{name}\n" for name in ("numpy", "torch", "kernel"))
    (plugin / "hungry-1.0.dist-info" / "entry_points.txt").write_text(f"[msm.encoders]\n{named}")
    (folder / "runs").mkdir()
    no_small_disk = mount_small_disk(folder / "runs", DISK_KB)
    write_trio(folder, 20)
    port = free_port()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(plugin), os.environ.get("PYTHONPATH")])))
            patch.setenv("OMP_NUM_THREADS", "1")
            words = ["--catalog", str(folder / "catalog"), "--runs", str(folder / "runs")]
            with served(port, folder / "server.log", words):
                yield World(folder, f"http://127.0.0.1:{port}", no_small_disk)
    finally:
        unmount(folder / "runs")


@pytest.fixture
def world(failing: World) -> Iterator[World]:
    yield failing
    (failing.runs / "ballast").unlink(missing_ok=True)
    for job in jobs.list_jobs(failing.jobs):
        if job.state == jobs.RUNNING:
            os.kill(pid_of(job), signal.SIGKILL)
        shutil.rmtree(job.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def elsewhere(browser: Browser, failing: World) -> Iterator[Page]:
    """Somebody else's session, in the masking lab before anything fails and through all that does."""
    page = open_tab(browser)
    page.goto(f"{failing.address}/?title=title-test&hidden=none")
    expect(page.locator(".shot")).to_have_count(20)
    yield page
    page.context.close()


def serves_on(world: World, elsewhere: Page) -> None:
    """The server answers, and the session that was there before hides a shot and is shown what is expected for it."""
    with urllib.request.urlopen(f"{world.address}/_stcore/health", timeout=10) as answer:
        assert answer.read() == b"ok"
    before = elsewhere.locator(".shot.scored").count()
    elsewhere.locator(".shot:not(.scored)").first.click()
    expect(elsewhere.locator(".shot.scored")).to_have_count(before + 1)
    expect(elsewhere.locator("[data-testid=stException]")).to_have_count(0)


def said(page: Page, sentence: str) -> None:
    expect(page.get_by_text(re.compile(sentence)).first).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    if folder := os.environ.get("PICTURES_OF_TROUBLE"):
        name = re.sub(r"\W+", "-", sentence)[:40]
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def pid_of(job: jobs.Job) -> int:
    return int(json.loads((job.folder / "job.json").read_text(encoding="utf-8"))["pid"])


def train(world: World, name: str, catalog: Path | None = None, **changed: object) -> jobs.Job:
    """As the Training page's button begins it."""
    run, settings = world.runs / name, {**SMALL, **{key.replace("__", "."): v for key, v in changed.items()}}
    return processes.start(world.jobs, catalog or world.folder / "catalog", run, "mediafm", settings)


def watch(page: Page, world: World, name: str) -> None:
    deadline = time.monotonic() + 60
    while not (world.runs / name / "run.json").exists():
        assert time.monotonic() < deadline, [(job.sentence, job.log) for job in jobs.list_jobs(world.jobs)]
        time.sleep(0.1)
    page.goto(f"{world.address}/training?training={name}")


def until(world: World, name: str, step: int) -> None:
    deadline = time.monotonic() + 60
    metrics = world.runs / name / "metrics.jsonl"
    while not metrics.exists() or metrics.read_text(encoding="utf-8").count("\n") < step:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_training_whose_loss_is_no_number_says_what_to_try(page, world, elsewhere):
    train(world, "diverged", optim__name="adamw", optim__lr=10.0, optim__weight_decay=10.0, optim__warmup=0.0)
    watch(page, world, "diverged")
    said(page, "It failed at step .*: the loss is no longer a number; try a lower optim.lr")
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()
    serves_on(world, elsewhere)


def test_a_training_that_fills_the_disk_says_so_and_goes_on_when_there_is_room(page, world, elsewhere):
    if world.no_small_disk:
        pytest.skip(world.no_small_disk)
    train(world, "full", validate_every=50)
    until(world, "full", 3)
    with pytest.raises(OSError, match="No space left"), open(world.runs / "ballast", "wb") as ballast:
        while True:
            ballast.write(bytes(4096))
            ballast.flush()
    watch(page, world, "full")
    said(page, "It failed at step .* there is no space left on its disk")
    serves_on(world, elsewhere)
    (world.runs / "ballast").unlink()
    press(page.get_by_role("button", name="Resume"))
    expect(page.get_by_text("full running")).to_be_visible()
    press(page.get_by_role("button", name="Stop"))
    expect(page.get_by_text("full stopped")).to_be_visible()


def test_a_training_whose_catalog_is_gone_when_it_begins_says_which(page, world, elsewhere):
    shutil.copytree(world.folder / "catalog", world.folder / "gone")
    train(world, "homeless", world.folder / "gone")
    shutil.rmtree(world.folder / "gone")
    page.goto(f"{world.address}/training")
    said(page, "homeless.* did not begin: .*/gone")
    expect(page.get_by_role("button", name="Dismiss")).to_be_enabled()
    serves_on(world, elsewhere)


def test_a_training_whose_vectors_are_cut_under_it_is_called_gone(page, world, elsewhere):
    """What is mapped and cut ends the process (SIGBUS): its own, not the server's."""
    shutil.copytree(world.folder / "catalog", world.folder / "cut")
    train(world, "cut-off", world.folder / "cut")
    until(world, "cut-off", 3)
    os.truncate(world.folder / "cut" / "shots-00000.npy", 100)
    watch(page, world, "cut-off")
    said(page, "No process trains it any more")
    serves_on(world, elsewhere)
    shutil.rmtree(world.folder / "cut")


@pytest.mark.parametrize(
    ("encoders", "sentence"),
    [
        ("hungry-numpy", "encoder hungry-numpy ran out of memory; take a smaller one"),
        ("hungry-torch", "encoder hungry-torch ran out of memory; take a smaller one"),
        ("hungry-kernel", "it was killed; perhaps there was not enough memory"),
    ],
)
def test_an_encoder_that_runs_out_of_memory_ends_its_own_process(page, world, elsewhere, encoders, sentence):
    film = write_film(world.folder / "film.mp4", [Scene(0, 0.5), Scene(1, 0.5)])
    page.goto(f"{world.address}/data")
    page.get_by_role("tab", name="Bring your own").click()
    for label, text in (("or read from this machine's disk", str(film)), ("Encoders", encoders)):
        if label == "Encoders":
            page.get_by_text("More choices").first.click()
        field = page.get_by_role("textbox", name=label, exact=True)
        field.fill(text)
        field.press("Enter")
        settled(page)
    press(page.get_by_role("button", name="Read the films"))
    said(page, sentence)
    assert not (world.folder / "film").exists()
    serves_on(world, elsewhere)


def test_a_map_process_that_is_killed_can_be_started_again(page, world, elsewhere):
    page.goto(f"{world.address}/map")
    press(page.get_by_role("button", name=re.compile("^Draw the map: ")).first)
    deadline = time.monotonic() + 30
    while not (found := jobs.list_jobs(world.jobs, "map")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(pid_of(found[0]), signal.SIGKILL)
    said(page, "it was killed; perhaps there was not enough memory")
    expect(page.get_by_role("button", name=re.compile("^Draw the map: ")).first).to_be_enabled()
    serves_on(world, elsewhere)
