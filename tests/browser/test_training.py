"""The Training page in a browser: a training is started, seen to its end; another is stopped, resumed, and deleted."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from msm.runs import monitor
from tests.browser.conftest import press
from workbench.server import jobs

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(autouse=True)
def nothing_left(world: Path):
    """The runs and jobs of these tests go with them."""
    before = set((world / "runs").iterdir())
    yield
    for job in jobs.list_jobs(jobs.jobs_folder(world / "runs"), "train"):
        jobs.stop(job)
        jobs.remove(job)
    for path in set((world / "runs").iterdir()) - before:
        shutil.rmtree(path, ignore_errors=True)


def start(page: Page, name: str, steps: int) -> None:
    """Fill in the form and start it; the form is open already."""
    for label, value in (("Training steps", steps), ("Width of the encoder", 32), ("Depth of the encoder", 1)):
        field = page.get_by_role("spinbutton", name=label)
        field.fill(str(value))
        field.press("Enter")
        expect(page.locator("code", has_text=re.compile(rf"={value}\b"))).to_be_visible()
    page.get_by_role("textbox", name="Name of the run").fill(name)
    page.get_by_role("textbox", name="Name of the run").press("Enter")
    expect(page.locator("code", has_text=f"/{name} ")).to_be_visible()
    press(page.get_by_role("button", name="Start", exact=True))
    expect(page.get_by_text(f"{name} was started. Its curves are")).to_be_visible()
    expect(page.get_by_text(re.compile(f"{name} (running|done)"))).to_be_visible()


def test_trainings_are_started_watched_stopped_resumed_and_deleted(page: Page, address: str, world: Path):
    page.goto(f"{address}/training")
    expect(page.get_by_role("heading", name=re.compile("^mediafm is "))).to_be_visible()
    page.get_by_text("Start a training").click()
    press(page.get_by_role("button", name="How long will it take?"))
    expect(page.get_by_text(re.compile("mediafm.*about .* steps of"))).to_be_visible()
    start(page, "first", 6)
    expect(page.get_by_text("first done")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("^first is "))).to_be_visible()
    expect(page.locator("[class*=st-key-training] .js-plotly-plot")).to_have_count(7)
    assert monitor.look(world / "runs" / "first").step == 6

    start(page, "long", 100_000)
    press(page.get_by_role("button", name="Stop"))
    expect(page.get_by_text("long stopped")).to_be_visible()
    reached = monitor.look(world / "runs" / "long").step
    press(page.get_by_role("button", name="Resume"))
    expect(page.get_by_text("long running")).to_be_visible()
    expect(page.get_by_text("last update just now").first).to_be_visible()
    press(page.get_by_role("button", name="Stop"))
    expect(page.get_by_text("long stopped")).to_be_visible()
    assert monitor.look(world / "runs" / "long").step >= reached

    press(page.get_by_role("button", name="Delete", exact=True))
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    assert (world / "runs" / "long").exists()
    press(page.get_by_role("button", name="Delete it for good"))
    expect(page.get_by_text("first done")).to_be_visible()
    expect(page.get_by_text("There is no run")).to_have_count(0)
    assert not (world / "runs" / "long").exists()

    into_the_lab = page.get_by_role("button", name="Masking lab")
    expect(into_the_lab).to_have_count(1)  # while the page draws anew, the one of before stands there too
    press(into_the_lab)
    expect(page.get_by_role("heading", name="Masking lab")).to_be_visible()
    expect(page).to_have_url(re.compile("run=first"))
