"""How long the masking lab takes from a click to the frame that carries the answer.

    python benchmarks/lab.py [--shots 512] [--clicks 30] [--catalog DIR --runs DIR]

In Chromium, in one session, a click on a shot of a title of so many shots alternates with an empty
fragment rerun (a button and a line of text). A click is answered in the first frame in which the
filmstrip shows a score on every hidden shot and the timeline has a point for each; an empty rerun
in the first frame that shows its new count. Both start at the pointer's release, in the browser.
Where the catalog has no title that long, shots of its titles are strung together to make one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from msm import Catalog, TitleData

ROOT = Path(__file__).parent.parent
TITLE = "benchmark"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

# The app as it is, and beside it a fragment that does nothing.
SESSION = """
import runpy
import streamlit as st

@st.fragment
def empty():
    st.session_state["empty"] = st.session_state.get("empty", 0) + st.button("empty rerun")
    st.text("count %s" % st.session_state["empty"])

runpy.run_path(MAIN)
with st.sidebar:
    empty()
"""

# Waits, frame by frame, for what `answered` says, and tells the milliseconds since the last pointerup.
WATCH = """
() => {
  let start = 0;
  window.addEventListener("pointerup", () => { start = performance.now(); }, true);
  const strip = () => [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".filmstrip")).find(Boolean);
  window.untilAnswered = (answered) => new Promise((done) => {
    const look = () => answered(strip()) ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
    look();
  });
  window.lab = (hidden) => (strip) => {
    const points = document.querySelectorAll(".js-plotly-plot .scatterlayer .trace:last-child .points path");
    return !strip.classList.contains("stale") && strip.querySelectorAll(".scored").length === hidden && points.length === hidden;
  };
}
"""


def long_title(catalog: Catalog, num_shots: int) -> TitleData:
    """The catalog's shots, one title after the other, as one title of so many shots."""
    rows = np.resize(np.arange(catalog.num_shots), num_shots)
    embeddings = catalog.read_rows(0, catalog.num_shots)[rows]
    scenes = np.arange(num_shots) // 9
    times = 4.0 * np.arange(num_shots)
    said = [f"Somebody says line {i} of the film." for i in range(num_shots)]
    shots = pd.DataFrame({"start_s": times, "end_s": times + 4, "text": said, "scene": scenes})
    first = next(iter(catalog)).global_embedding
    return TitleData(title_id=TITLE, split="test", embeddings=embeddings, shots=shots, global_embedding=first)


@contextmanager
def served(catalog: Path, runs: Path, folder: Path) -> Iterator[str]:
    """The app with the empty fragment, on a free port."""
    script = folder / "session.py"
    script.write_text(SESSION.replace("MAIN", repr(str(ROOT / "workbench" / "main.py"))), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    command += ["--server.headless", "true", "--", "--catalog", str(catalog), "--runs", str(runs)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()


def open_page(page: Page, url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            page.goto(url)
            break
        except Exception:  # the server is not up yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
    page.wait_for_selector(".filmstrip .scored", timeout=60_000)
    page.wait_for_selector(".js-plotly-plot .points path", timeout=60_000)
    page.evaluate(WATCH)


def click_shot(page: Page, shot: int) -> float:
    cell = page.locator(f".shot[data-shot='{shot}']")
    hidden = page.locator(".shot.hidden").count() + (-1 if cell.get_attribute("aria-selected") == "true" else 1)
    watched = page.evaluate_handle(f"() => ({{promise: untilAnswered(lab({hidden}))}})")
    cell.click()
    took = page.evaluate("async (w) => await w.promise", watched)
    page.wait_for_timeout(250)
    return took


def rerun_empty(page: Page, count: int) -> float:
    answered = (
        f"() => [...document.querySelectorAll('[data-testid=stText]')].some((e) => e.textContent === 'count {count}')"
    )
    watched = page.evaluate_handle(f"() => ({{promise: untilAnswered({answered})}})")
    page.get_by_role("button", name="empty rerun").click()
    took = page.evaluate("async (w) => await w.promise", watched)
    page.wait_for_timeout(250)
    return took


def measure(url: str, clicks: int, warm_up: int = 5) -> tuple[list[float], list[float]]:
    """Milliseconds of each click and of each empty rerun, without the first few."""
    rng = np.random.default_rng(0)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        open_page(page, f"{url}/?title={TITLE}")
        total = page.locator(".shot").count()
        lab, empty = [], []
        for i in range(clicks + warm_up):
            empty.append(rerun_empty(page, i + 1))
            lab.append(click_shot(page, int(rng.integers(total))))
        browser.close()
    return lab[warm_up:], empty[warm_up:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=512)
    parser.add_argument("--clicks", type=int, default=30)
    parser.add_argument("--catalog", type=Path, default=ROOT / "sample_data" / "catalog")
    parser.add_argument("--runs", type=Path, default=ROOT / "sample_data" / "runs")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = Catalog.open(chosen.catalog)
        Catalog.write(folder / "catalog", [long_title(source, chosen.shots)], modalities=source.modalities)
        with served(folder / "catalog", chosen.runs.resolve(), folder) as url:
            lab, empty = measure(url, chosen.clicks)
    print(json.dumps(summary(lab, empty, chosen.shots), indent=1))


def summary(lab: list[float], empty: list[float], num_shots: int) -> dict[str, object]:
    """Milliseconds: medians, 95th percentiles, and the medians' ratio, with machine and versions."""
    medians = statistics.median(lab), statistics.median(empty)
    return {
        "command": f"python benchmarks/lab.py --shots {num_shots} --clicks {len(lab)}",
        "lab_median_ms": round(medians[0], 1),
        "lab_p95_ms": round(float(np.percentile(lab, 95)), 1),
        "empty_median_ms": round(medians[1], 1),
        "empty_p95_ms": round(float(np.percentile(empty, 95)), 1),
        "ratio_of_medians": round(medians[0] / medians[1], 2),
        "shots": num_shots,
        "cores": os.cpu_count(),
        "load_before": [round(x, 1) for x in os.getloadavg()],
        "python": platform.python_version(),
        "streamlit": version("streamlit"),
        "plotly": version("plotly"),
    }


if __name__ == "__main__":
    main()
