"""The Training page in a browser: a training is started, seen to its end; another is stopped, resumed, and deleted."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from msm.runs import monitor
from msm.runs.annotation import FILE
from msm.runs.table import runs_table
from tests.browser.conftest import press, settled
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
    for label, value in (("Training steps", steps), ("Encoder width", 32), ("Encoder depth", 1)):
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
    answer = page.get_by_text(re.compile("mediafm.*about .* steps of"))
    expect(answer).to_be_visible()
    settled(page)
    page.wait_for_timeout(1000)  # figures that are drawn again take their time
    expect(answer).to_be_in_viewport()
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


def test_chosen_rows_of_the_table_are_tagged_archived_and_compared(page: Page, address: str, world: Path):
    for left in (p for p in (world / "runs").iterdir() if p.is_dir() and p.name != "mediafm"):
        shutil.rmtree(left)  # of other tests on the same server
    for name in ("other", "third"):
        shutil.copytree(world / "runs" / "mediafm", world / "runs" / name)
    page.goto(f"{address}/training?training=third")
    page.get_by_text("All runs (3)").click()
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid.locator("canvas").first).to_be_visible()
    expect(page.get_by_text("Choose rows at their left edge.")).to_be_visible()
    choose(page, 3)
    expect(page.get_by_text("1 run chosen of 3.")).to_be_visible()
    press(page.get_by_role("button", name="Archive", exact=True))
    expect(page.get_by_text("1 archived run not shown.")).to_be_visible()

    choose(page, 1)
    expect(page.get_by_text("1 run chosen of 2.")).to_be_visible()
    choose(page, 2)
    expect(page.get_by_text("2 runs chosen of 2.")).to_be_visible()
    page.get_by_role("button", name="Tags, note, colour").click()
    page.get_by_role("textbox", name="Add tags").fill("paper")
    press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("2 runs chosen of 2.")).to_be_visible()
    press(page.get_by_role("button", name="Compare", exact=True))
    expect(page.get_by_role("heading", name="In what their recipes differ")).to_be_visible()
    expect(page).to_have_url(re.compile("beside="))
    table = runs_table(world / "runs", archived=True)
    assert table["archived"].sum() == 1
    assert set(table.loc[~table["archived"], "tags"]) == {("paper",)}
    (world / "runs" / "mediafm" / FILE).unlink(missing_ok=True)


def choose(page: Page, row: int) -> None:
    settled(page)
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 20 + 35 * row)
