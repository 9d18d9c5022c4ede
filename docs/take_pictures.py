"""Takes the pictures of README and docs from the running app: `make pictures`, or this with the names of some."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
VIEWS = {  # picture → address, and the window's height
    "masking-lab": ("/?title=harbour-lights&run=neighbour", 1160),
    "map": ("/map?title=harbour-lights", 1000),
    "retrieval": ("/retrieval?run=mediafm&title=the-last-greenhouse", 1160),
    "training": ("/training?run=neighbour", 1100),
    "evaluation": ("/evaluation?run=neighbour", 1300),
    "ablations": ("/ablations?ablation=measured: recipes-series", 1100),
    "data": ("/data", 900),
}


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = HERE.parent / "workbench" / "app.py"
    options = ["--server.port", str(port), "--server.headless", "true"]
    server = subprocess.Popen([sys.executable, "-m", "streamlit", "run", app, *options], cwd=HERE.parent)
    try:
        wait_for(f"http://localhost:{port}/_stcore/health")
        with sync_playwright() as play:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
            for name in sys.argv[1:] or VIEWS:
                address, height = VIEWS[name]
                page = browser.new_page(viewport={"width": 1280, "height": height})
                page.goto(f"http://localhost:{port}{address}")
                take(page, HERE / "pictures" / f"{name}.png")
    finally:
        server.terminate()


def take(page: Page, path: Path) -> None:
    """Wait until nothing runs any more, then take what the window shows."""
    page.wait_for_selector('[data-testid="stMain"] [data-testid="stHeading"]', timeout=60_000)
    page.wait_for_selector('[data-testid="stStatusWidget"]', state="detached", timeout=60_000)
    before = -1
    for _ in range(20):  # frames arrive after the page: until no more of them come
        page.wait_for_timeout(3000)
        frames = page.locator("img").evaluate_all("all => all.filter(i => i.naturalWidth).length")
        if frames == before:
            break
        before = frames
    page.screenshot(path=path)
    print(path)


def wait_for(address: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address)
            return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"{address} did not answer within {seconds:.0f} s")


if __name__ == "__main__":
    main()
