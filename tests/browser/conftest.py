"""The app on a free port and Chromium in front of it, once a session of tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.browser.small_world import make
from tests.browser.tab import PATIENCE_MS, SharedTab, errors_of, open_tab

ROOT = Path(__file__).parent.parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FAILED = pytest.StashKey[bool]()
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make(folder)
    return folder


@pytest.fixture(scope="session")
def address(world: Path) -> Iterator[str]:
    """Where the app is served; the server goes with the tests."""
    port = free_port()
    words = ["--catalog", str(world / "catalog"), "--runs", str(world / "runs")]
    with served(port, world / "server.log", words):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def served(port: int, log: Path, words: list[str], *options: str) -> Iterator[None]:
    """The app on a port, with words after `--` and options of Streamlit's own, as long as the block runs."""
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "workbench" / "app.py")]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true", *options]
    with open(log, "w") as written:
        env = {**os.environ, "PYTHONFAULTHANDLER": "1"}  # a server that is aborted says where its threads were
        server = subprocess.Popen([*command, "--", *words], cwd=ROOT, stdout=written, stderr=subprocess.STDOUT, env=env)
        try:
            wait_until_served(f"http://127.0.0.1:{port}/_stcore/health", server, log)
            yield
        finally:
            end(server, log)


def end(server: subprocess.Popen, log: Path) -> None:
    """Ask the app to end; one that does not is aborted, and its log says what it was at."""
    server.terminate()
    try:
        server.wait(timeout=60)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGABRT)
        server.wait(timeout=20)
        raise AssertionError(f"the app did not end when asked to:\n{log.read_text()[-6000:]}") from None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_served(url: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the app did not come up: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium where there is one, else the one that Playwright installed."""
    own = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=own, args=FLAGS)
        yield started
        started.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the server wrote: a page says no more than "under 169c12" of what it could not draw."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    world = getattr(item, "funcargs", {}).get("world")
    world = getattr(world, "folder", world)
    for log in [world / "server.log", world / "runs" / ".log" / "workbench.log"] if report.failed and world else []:
        if log.is_file():
            report.sections.append((f"The server's {log.name}", log.read_text()[-4000:]))
    return report


@pytest.fixture(scope="session")
def shared_tab(browser: Browser) -> Iterator[SharedTab]:
    tab = SharedTab(browser)
    yield tab
    tab.close()


@pytest.fixture
def page(shared_tab: SharedTab, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A visitor of whom nothing is stored; an error in the page's own scripts fails the test."""
    with errors_of(shared_tab.page()) as errors:
        yield shared_tab.page()
    if errors or request.node.stash.get(FAILED, False):
        shared_tab.close()
    else:
        shared_tab.clear()
    assert errors == []


@pytest.fixture
def fresh_page(browser: Browser) -> Iterator[Page]:
    """A visitor in a tab of its own, for a test that adds scripts, routes or listeners to it."""
    opened = open_tab(browser)
    with errors_of(opened) as errors:
        yield opened
        opened.context.close()
    assert errors == []


def settled(page: Page) -> None:
    """Wait until no script of the page runs."""
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")


def press(button: Locator) -> None:
    """Click once the page has been drawn to its end.

    While it is drawn anew, what comes and goes moves the buttons, and a click whose button moves between the pointer going
    down and up is none. So wherever a click follows something that draws the page again.
    """
    settled(button.page)
    button.click()
