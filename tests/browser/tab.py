"""The tab that the browser tests of one process share, so that Chromium compiles the scripts of Streamlit and Plotly once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize

PATIENCE_MS = 90_000  # a failure waits for long, but a machine that does other work fails no test
VIEWPORT: ViewportSize = {"width": 1280, "height": 1000}
STORED = "cookies,local_storage,indexeddb,cache_storage,service_workers"  # `local_storage` takes in that of sessions


def open_tab(browser: Browser) -> Page:
    """A new visitor's: a context of its own, with nothing stored and nothing cached."""
    context = browser.new_context(viewport=VIEWPORT, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


@contextmanager
def errors_of(page: Page) -> Iterator[list[str]]:
    """The errors of the page's own scripts, as long as the block runs."""
    errors: list[str] = []

    def note(error: object) -> None:
        errors.append(str(error))

    page.on("pageerror", note)
    yield errors
    page.remove_listener("pageerror", note)


class SharedTab:
    """One tab, opened when it is first asked for and cleared after each test.

    A page of the app takes a third of the processor time in a tab that has shown one before. Between two tests the tab shows an
    empty page and loses what a page or a test may leave: everything stored, the size, the colour scheme and the pointer. Scripts,
    routes and listeners that a test adds to a page would stay, so such a test takes `fresh_page`.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._page: Page | None = None

    def page(self) -> Page:
        if self._page is None:
            self._page = open_tab(self._browser)
        return self._page

    def clear(self) -> None:
        """Leave nothing to the next test."""
        page = self.page()
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.mouse.move(0, 0)
        page.goto("about:blank")
        session = page.context.new_cdp_session(page)
        session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": STORED})
        session.detach()
        page.set_viewport_size(VIEWPORT)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")

    def close(self) -> None:
        if self._page is not None:
            self._page.context.close()
            self._page = None
