"""The Evaluation page in Chromium: a click on a title, the pictures saved as PNG, the HTML file opened by itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import press

pytestmark = pytest.mark.browser


@pytest.fixture
def report(page: Page, address: str, world: Path) -> Page:
    """The page with a whole report, measured by its own buttons where the small world has an old one."""
    page.goto(f"{address}/evaluation")
    again = page.get_by_role("button", name="Measure it again")
    titles = page.get_by_text("Title by title")
    expect(again.or_(titles)).to_be_visible()  # a button's script may come after the page's text
    if again.is_visible():
        press(again)
        expect(page.get_by_text("is done; the report below holds it")).to_be_visible(timeout=120_000)
        press(page.get_by_role("button", name="Dismiss"))
    expect(titles).to_be_visible(timeout=60_000)
    return page


def picture(page: Page, name: str):
    return page.locator(f".st-key-{name.replace('.', '-')}")


def test_a_click_on_a_title_opens_it_in_the_masking_lab(report: Page):
    marks = picture(report, "evaluation.titles").locator(".scatterlayer .trace.scatter .points path")
    marks.last.scroll_into_view_if_needed()
    box = marks.last.bounding_box()
    assert box
    report.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(report.get_by_role("heading", name="Masking lab")).to_be_visible()
    expect(report).to_have_url(re.compile("title="))


def test_names_that_are_markup_are_shown_as_text(report: Page):
    names = picture(report, "evaluation.titles").locator(".yaxislayer-above text, .ytick text")
    expect(names.filter(has_text="<b>x</b>")).to_have_count(1)


def test_a_picture_is_saved_as_png_by_its_camera(report: Page):
    chart = picture(report, "evaluation.figure.predictors")
    chart.hover()
    with report.expect_download() as download:
        chart.locator("[data-title*='Download plot']").click()
    assert download.value.suggested_filename == "evaluation-predictors.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_the_html_file_opens_without_a_server_and_without_an_error(report: Page, browser: Browser, tmp_path: Path):
    with report.expect_download() as download:
        report.get_by_role("button", name="Report (one HTML file)").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)

    context = browser.new_context(offline=True)
    alone = context.new_page()
    errors: list[str] = []
    alone.on("pageerror", lambda error: errors.append(str(error)))
    alone.on("requestfailed", lambda request: errors.append(request.url))
    alone.on("dialog", lambda dialog: errors.append(dialog.message))
    alone.goto(path.as_uri())
    expect(alone.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    assert alone.locator(".js-plotly-plot").count() >= 4 and alone.locator("table").count() >= 4
    context.close()
    assert errors == []


@pytest.mark.parametrize("width", [900, 1400])
def test_no_picture_is_wider_than_its_place(report: Page, width: int):
    report.set_viewport_size({"width": width, "height": 1000})
    report.wait_for_timeout(1500)
    wide = report.evaluate(
        """() => [...document.querySelectorAll('.js-plotly-plot')].filter(p =>
             p.getBoundingClientRect().width < 200 || p.scrollWidth > p.parentElement.clientWidth + 4).length"""
    )
    assert wide == 0
