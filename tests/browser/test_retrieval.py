"""Shot retrieval in a browser: a frame asks, joins the question, leaves it, and opens the masking lab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled

pytestmark = pytest.mark.browser


def wall(page: Page, name: str):
    return page.locator(f"[class*='st-key-retrieval-{name}']")


def heading(page: Page):
    return page.get_by_test_id("stHeading")


def test_from_found_frames_to_the_masking_lab_and_back(page, address):
    page.goto(f"{address}/retrieval?title=short&hidden=5")
    expect(heading(page).filter(has_text="A short · shot 5")).to_be_visible()
    found, contextual = wall(page, "raw"), wall(page, "contextual")
    expect(found.locator(".card")).to_have_count(12)
    expect(contextual.locator(".card")).to_have_count(12)
    settled(page)
    picture = wall(page, "around").locator("img").first
    page.wait_for_function("(img) => img.naturalWidth > 0", arg=picture.element_handle())

    # the frames around it ask; so do the found ones
    wall(page, "around").locator(".card[data-row] .open").nth(6).click()
    expect(heading(page).filter(has_text="A short · shot 6")).to_be_visible()
    settled(page)
    found.locator(".card .open").first.click()
    settled(page)
    expect(heading(page).filter(has_text="A short · shot 6")).to_have_count(0)

    # one more to be like, one not to be like, and out again
    found.locator(".card").nth(1).hover()
    found.locator(".card").nth(1).get_by_role("button", name="Also like this").click()
    expect(page.get_by_text("Like these (2 shots; their mean)")).to_be_visible()
    settled(page)
    found.locator(".card").nth(1).hover()
    found.locator(".card").nth(1).get_by_role("button", name="Not like this").click()
    expect(wall(page, "unlike").locator(".card")).to_have_count(1)
    settled(page)
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_text("Like these (")).to_have_count(0)
    settled(page)

    # into the lab with one shot hidden, and back to the same question
    card = contextual.locator(".card").first
    card.hover()
    card.get_by_role("button", name="Hide it in the masking lab").click()
    expect(page.locator(".shot.hidden").first).to_be_visible()
    hidden = int(re.search(r"hidden=(\d+)(&|$)", page.url)[1])
    page.get_by_role("link", name="Shot retrieval").click()
    expect(heading(page).filter(has_text=f"· shot {hidden}")).to_be_visible()


def test_text_of_a_catalog_is_shown_as_it_is_written(page, address):
    page.goto(f"{address}/retrieval?title=markup&hidden=5")
    expect(heading(page).filter(has_text="<b>x</b> · shot 5")).to_be_visible()
    settled(page)
    expect(page.get_by_text("“<i>markup</i> & <script>alert(1)</script>”")).to_be_visible()
    expect(wall(page, "query").locator(".said")).to_have_text(re.compile("<script>"))
