"""Catalogs of many titles and folders of many runs: pages of tables, what is chosen across pages, and a filter that searches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from msm.runs.table import runs_table
from tests.browser.conftest import free_port, press, served, settled
from tests.browser.small_world import write_crowd

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_crowd(tmp_path_factory.mktemp("crowd"))


@pytest.fixture(scope="module")
def url(crowd: Path) -> Iterator[str]:
    port = free_port()
    with served(port, crowd / "server.log", ["--catalog", str(crowd / "catalog"), "--runs", str(crowd / "runs")]):
        yield f"http://127.0.0.1:{port}"


def choose_row(page: Page, row: int) -> None:
    settled(page)
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid.locator("canvas").first).to_be_visible()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 20 + 35 * row)


def turn(page: Page, number: int) -> None:
    settled(page)
    press(page.get_by_test_id("stPagination").get_by_role("button", name=re.compile(rf"\b{number}$")))


def test_runs_chosen_on_two_pages_are_compared_and_archived_together(page: Page, url: str, crowd: Path):
    page.goto(f"{url}/training?all_runs=yes")
    expect(page.get_by_text("Showing 1 to 100 of 230 runs.")).to_be_visible()
    choose_row(page, 2)
    expect(page.get_by_text("1 run chosen of 230.")).to_be_visible()
    turn(page, 3)
    expect(page.get_by_text("Showing 201 to 230 of 230 runs.")).to_be_visible()
    expect(page).to_have_url(re.compile("runs.page=3"))
    choose_row(page, 1)
    expect(page.get_by_text("2 runs chosen of 230.")).to_be_visible()
    turn(page, 1)
    expect(page.get_by_text("Showing 1 to 100 of 230 runs.")).to_be_visible()
    expect(page.get_by_text("2 runs chosen of 230.")).to_be_visible()
    choose_row(page, 3)  # beside the one that was chosen before
    expect(page.get_by_text("3 runs chosen of 230.")).to_be_visible()
    choose_row(page, 2)  # no more
    expect(page.get_by_text("2 runs chosen of 230.")).to_be_visible()
    press(page.get_by_role("button", name="Archive", exact=True))
    expect(page.get_by_text("2 archived runs not shown.")).to_be_visible()
    table = runs_table(crowd / "runs", archived=True)
    assert set(table.loc[table["archived"], "name"]) == {"run-227", "run-029"}


def test_a_row_of_a_sorted_later_page_opens_its_title(page: Page, url: str):
    page.goto(f"{url}/data?titles.sort=-name&titles.find=harbour")
    expect(page.get_by_text("Showing 1 to 100 of 157 titles.")).to_be_visible()
    turn(page, 2)
    expect(page.get_by_text("Showing 101 to 157 of 157 titles.")).to_be_visible()
    settled(page)
    page.reload()
    expect(page.get_by_text("Showing 101 to 157 of 157 titles.")).to_be_visible()
    choose_row(page, 1)
    wanted = sorted((f"Episode {n} of Harbour lights" for n in range(3, 1100, 7)), reverse=True)[100]
    expect(page.get_by_role("heading", name="Masking lab")).to_be_visible()
    expect(page).to_have_url(re.compile(f"title=title-{int(wanted.split()[1]):04d}"))


def test_the_filter_of_titles_looks_for_typed_words(page: Page, url: str):
    page.goto(f"{url}/retrieval")
    press(page.get_by_role("button", name="Filters"))
    field = page.get_by_role("combobox", name="Titles")
    field.fill("harbour 1095")
    field.press("Enter")
    settled(page)
    field.click()
    page.get_by_role("option", name="Episode 1095 of Harbour lights").click()
    expect(page).to_have_url(re.compile("titles=title-1095"))
    expect(page.get_by_text("Episode 1095 of Harbour lights").first).to_be_visible()
