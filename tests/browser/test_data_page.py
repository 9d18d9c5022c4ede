"""Bringing one's own on the Data page: upload or path, a bar that outlives the page, a report, and the way into the lab."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from playwright.sync_api import Page, expect

from msm import Catalog
from tests.browser.conftest import press, settled
from tests.ingest.conftest import PLACES, Scene, write_film
from workbench.server import jobs

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def no_jobs(world: Path):
    """Each test begins and ends without jobs on the page."""
    yield
    for job in jobs.list_jobs(jobs.jobs_folder(world / "runs")):
        jobs.stop(job)
        jobs.remove(job)


def bring(page: Page, address: str, kind: str = "Films") -> None:
    page.goto(f"{address}/data")
    expect(page.get_by_text("Valid: every rule").first).to_be_visible()
    page.get_by_role("tab", name="Bring your own").click()
    page.get_by_role("radio", name=kind).click()
    expect(page.get_by_role("button", name={"Films": "Read the films", "Embeddings": "Import"}[kind])).to_be_visible()
    settled(page)


def type_into(page: Page, label: str, text: str) -> None:
    page.get_by_role("textbox", name=label).fill(text)
    page.get_by_role("textbox", name=label).press("Enter")
    settled(page)


def begin(page: Page, button: str) -> None:
    expect(page.get_by_role("button", name=button)).to_be_enabled()
    press(page.get_by_role("button", name=button))


def test_an_uploaded_film_with_subtitles_ends_in_the_masking_lab(page, address, world, tmp_path):
    film = write_film(tmp_path / "..harbour <b>.mp4", [Scene(place) for place in PLACES])
    words = tmp_path / "other-name.srt"
    words.write_text("1\n00:00:00,100 --> 00:00:00,900\nGood evening\n", encoding="utf-8")
    bring(page, address)
    page.locator("input[type=file]").set_input_files([film, words])
    expect(page.get_by_role("textbox", name="Name of the new catalog")).to_have_attribute("placeholder", "harbour-b")
    type_into(page, "Name of the new catalog", "uploaded")
    begin(page, "Read the films")

    expect(page.get_by_text("Every shot has video and audio. 1 of 6 have text.")).to_be_visible()
    expect(page.get_by_text("holds 1 title and 6 shots.")).to_be_visible()
    expect(page.get_by_alt_text("A shot of harbour <b>")).to_have_count(6)
    (title,) = Catalog.open(world / "uploaded")
    assert (title.name, title.shots["text"][0]) == ("harbour <b>", "Good evening")
    assert not [
        p
        for p in world.rglob("*harbour*")
        if not p.is_relative_to(world / "runs" / ".jobs") and p.suffix != ".mp4" and p.is_file()
    ]

    press(page.get_by_role("button", name="Open in the masking lab"))
    expect(page.locator(".shot")).to_have_count(6)
    expect(page).to_have_url(re.compile("catalog=uploaded"))
    page.wait_for_function("(img) => img.naturalWidth > 0", arg=page.locator(".shot .frame").first.element_handle())
    expect(page.get_by_text("no training title")).to_be_visible()


def suspended_when_begun(folder: Path) -> psutil.Process:
    """The process of the only job, suspended as soon as some of a film is read, so that it cannot be ready before a click."""
    while not (found := jobs.list_jobs(folder)) or not found[0].share or found[0].what != "ingesting":
        time.sleep(0.001)
    process = psutil.Process(json.loads((found[0].folder / "job.json").read_text())["pid"])
    process.suspend()
    return process


def test_a_closed_page_finds_its_job_again_and_can_stop_it(fresh_page, page, address, world, tmp_path):
    film = write_film(tmp_path / "long.mp4", [Scene(i % 7) for i in range(200)])
    bring(fresh_page, address)
    type_into(fresh_page, "or read from this machine's disk", str(film))
    begin(fresh_page, "Read the films")
    reader = suspended_when_begun(jobs.jobs_folder(world / "runs"))
    expect(fresh_page.get_by_text(re.compile(r"long.mp4 · ingesting \d+%"))).to_be_visible()
    fresh_page.close()

    page.goto(f"{address}/data")
    expect(page.get_by_text(re.compile(r"long.mp4 · ingesting \d+%"))).to_be_visible()
    press(page.get_by_role("button", name="Stop"))
    expect(page.get_by_role("button", name="Stop now")).to_be_visible()
    reader.resume()
    expect(page.get_by_text("long.mp4 was stopped.")).to_be_visible()
    press(page.get_by_role("button", name="Dismiss"))
    expect(page.get_by_text("was stopped")).to_have_count(0)


def test_what_cannot_be_read_gets_its_sentence_and_makes_no_catalog(page, address, world, tmp_path):
    (tmp_path / "letter.mp4").write_text("Dear film,\n", encoding="utf-8")
    bring(page, address)
    page.locator("input[type=file]").set_input_files(tmp_path / "letter.mp4")
    begin(page, "Read the films")
    expect(page.get_by_role("alert").filter(has_text="letter.mp4 is not readable as a video")).to_be_visible()
    assert not (world / "letter").exists()

    type_into(page, "or read from this machine's disk", str(tmp_path / "nothing.mp4"))
    begin(page, "Read the films")
    expect(page.get_by_role("alert").filter(has_text="nothing.mp4 is missing")).to_be_visible()


def test_uploaded_embeddings_become_a_catalog_that_can_be_chosen(page, address, world, tmp_path):
    rng = np.random.default_rng(0)
    rows = [(f"t{t}", s, rng.standard_normal(6).tolist()) for t in range(4) for s in range(5)]
    pd.DataFrame(rows, columns=["title_id", "shot", "embedding"]).to_parquet(tmp_path / "mine.parquet")
    bring(page, address, "Embeddings")
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.parquet")
    begin(page, "Import")

    expect(page.get_by_text("holds 4 titles and 20 shots.")).to_be_visible()
    expect(page.locator("code", has_text=re.compile("^msm train .*/mine "))).to_be_visible()
    assert len(Catalog.open(world / "mine")) == 4
    page.get_by_role("combobox", name="Catalog").click()
    page.get_by_role("option", name="mine").click()
    expect(page).to_have_url(re.compile("catalog=mine"))
