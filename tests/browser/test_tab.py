"""The tab that tests share shows the next one nothing of the one before."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.tab import SharedTab

pytestmark = pytest.mark.browser
HELD = """() => ({
  stored: [localStorage.length, sessionStorage.length],
  cookie: document.cookie.includes("c=3"),
  state: history.state,
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  moving: matchMedia("(prefers-reduced-motion: no-preference)").matches,
  size: [innerWidth, innerHeight],
})"""
LEAVE = """() => {
  localStorage.setItem("a", "1"); sessionStorage.setItem("b", "2"); document.cookie = "c=3";
  history.pushState({ step: 4 }, "");
}"""
LEFT = {"stored": [1, 1], "cookie": True, "state": {"step": 4}, "dark": True, "moving": True, "size": [390, 800]}
CLEARED = {"stored": [0, 0], "cookie": False, "state": None, "dark": False, "moving": False, "size": [1280, 1000]}


@pytest.fixture
def tab(browser: Browser):
    tab = SharedTab(browser)
    yield tab
    tab.close()


def test_a_cleared_tab_holds_nothing_of_what_a_test_left_in_it(tab: SharedTab, address: str):
    places = [f"{origin}/_stcore/health" for origin in (address, address.replace("127.0.0.1", "localhost"))]
    page = tab.page()
    page.emulate_media(color_scheme="dark", reduced_motion="no-preference")
    page.set_viewport_size({"width": 390, "height": 800})
    page.context.new_page()
    for place in places:
        page.goto(place)
        page.evaluate(LEAVE)
        assert page.evaluate(HELD) == LEFT

    tab.clear()
    assert tab.page() is page and page.context.pages == [page] and page.url == "about:blank"
    for place in places:
        page.goto(place)
        assert page.evaluate(HELD) == CLEARED
