"""How long the masking lab takes from a click to the frame that carries the answer.

    python -m benchmarks.lab [--shots 512] [--clicks 30] [--people 1 [--windows 1]] [--run NAME] [--catalog DIR --runs DIR]

In Chromium, in one session, a click on a shot of a title of so many shots alternates with an empty
fragment rerun (a button and a line of text). A click is answered in the first frame in which the
filmstrip shows a score on every hidden shot and the timeline has a point for each; an empty rerun
in the first frame that shows its new count. Both start at the pointer's release, in the browser.
Shots of the catalog's titles are strung together to make a title that long. Also measured: from the
server's first answer to the first frame with a scored filmstrip and timeline, in a fresh browser.

With --people N, N sessions hide another shot once every two seconds for a while, each at its own time. --windows of
them (one, unless told otherwise) click in Chromium and are timed to the frame; the others speak Streamlit's protocol without
drawing (`benchmarks.visitor`), since everybody's browser runs on a machine of their own, and are timed to the end of the
answer. Told are the median, the 95th percentile and the slowest of each. `--windows N` is the upper bound: all the browsers
on the server's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from benchmarks.visitor import Visitor
from msm import Catalog, TitleData

ROOT = Path(__file__).parent.parent
TITLE = "benchmark"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

# The server as it is, preloading included, and in each session beside the app a fragment that does nothing.
SERVER = """
from streamlit.starlette import App
from workbench.app import lifespan
from workbench.server.routes import ROUTES

app = App(SESSION, lifespan=lifespan, routes=ROUTES)
"""
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
  let known; // looked up once: to search the page at every frame would be what is measured
  const strip = () => {
    if (!known?.isConnected) known = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".filmstrip")).find(Boolean);
    return known;
  };
  window.untilAnswered = (answered) => new Promise((done) => {
    const look = () => answered(strip()) ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
    look();
  });
  window.lab = (hidden) => (strip) => {
    const points = Number(strip.querySelector(".plot").dataset.points);
    return !strip.classList.contains("stale") && strip.querySelectorAll(".scored").length === hidden && points === hidden;
  };
}
"""


# When the strip first carries an answer, in milliseconds since the page was asked for.
PAINTED = """
const look = () => {
  const strip = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".filmstrip")).find(Boolean);
  if (strip?.querySelector(".scored") && Number(strip.querySelector(".plot").dataset.points)) {
    requestAnimationFrame(() => { window.paintedAt = performance.now(); });
  } else setTimeout(look, 20);
};
look();
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


def write_long_title(source: Catalog, num_shots: int, path: Path) -> Catalog:
    """A catalog of that title alone, whose metadata embeddings mean what they mean in the source: its runs can read it."""
    told = {"global": source.global_meaning} if source.global_dim else {}
    title = long_title(source, num_shots)
    return Catalog.write(path, [title], modalities=source.modalities, dtype=str(source.dtype), provenance=told)


@contextmanager
def served(catalog: Path, runs: Path, folder: Path) -> Iterator[str]:
    """The app with the empty fragment, on a free port."""
    session, script = folder / "session.py", folder / "server.py"
    shutil.copytree(ROOT / "workbench" / ".streamlit", folder / ".streamlit")
    session.write_text(
        SESSION.replace("MAIN", repr(str(ROOT / "workbench" / "app_pages" / "main.py"))), encoding="utf-8"
    )
    script.write_text(SERVER.replace("SESSION", repr(str(session))), encoding="utf-8")
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
    page.evaluate(WATCH)


def first_paint(page: Page, url: str) -> float:
    """Milliseconds from the server's first byte to the first frame with a scored filmstrip and timeline."""
    page.add_init_script(PAINTED)
    page.goto(url)
    page.wait_for_function("() => window.paintedAt", timeout=60_000)
    return page.evaluate("() => window.paintedAt - performance.getEntriesByType('navigation')[0].responseStart")


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


def measure(url: str, clicks: int, warm_up: int = 5) -> tuple[list[float], list[float], float]:
    """Milliseconds of each click and of each empty rerun, without the first few, and of the first paint."""
    rng = np.random.default_rng(0)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        open_page(page, url)
        total = page.locator(".shot").count()
        lab, empty = [], []
        for i in range(clicks + warm_up):
            empty.append(rerun_empty(page, i + 1))
            lab.append(click_shot(page, int(rng.integers(total))))
        fresh = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        painted = first_paint(fresh, url)
        browser.close()
    return lab[warm_up:], empty[warm_up:], painted


# A person: clicks a shot of its own choice every so often, and notes how long each answer took.
PERSON = """
async ([clicks, pauseMs, seed]) => {
  const strip = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".filmstrip")).find(Boolean);
  const cells = [...strip.querySelectorAll(".shot")];
  strip.querySelector(".shots").setPointerCapture = () => {};
  const wait = (ms) => new Promise((go) => setTimeout(go, ms));
  const took = [];
  await wait((pauseMs * 0.37 * seed) % pauseMs);
  for (let i = 0; i < clicks; i++) {
    const cell = cells[(seed * 131 + i * 37) % cells.length];
    const expected = strip.querySelectorAll(".shot.hidden").length + (cell.classList.contains("hidden") ? -1 : 1);
    for (const type of ["pointerdown", "pointerup"])
      cell.dispatchEvent(new PointerEvent(type, { bubbles: true, composed: true, button: 0, pointerId: 1 }));
    const start = performance.now();
    await new Promise((done) => {
      // Not at every frame, as one person does: ten windows that look sixty times a second are the load themselves.
      const look = () => (lab(expected)(strip) ? requestAnimationFrame(done) : setTimeout(look, 50));
      look();
    });
    took.push(performance.now() - start);
    await wait(Math.max(0, pauseMs - took.at(-1)));
  }
  return took;
}
"""


def measure_people(
    url: str, query: str, people: int, windows: int, clicks: int = 12, pause_ms: int = 2000
) -> tuple[list[float], list[float]]:
    """Milliseconds of every click in a window, and of everything that the others hid.

    Each hides other shots, so that no answer is remembered.
    """
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        pages = [browser.new_context(viewport={"width": 1440, "height": 1000}).new_page() for _ in range(windows)]
        for i, page in enumerate(pages):
            open_page(page, f"{url}/?{query}&hidden={3 * i}-{3 * i + 90}")
        answers: list[list[float]] = []
        others = threading.Thread(
            target=lambda: answers.extend(
                asyncio.run(everybody(url, query, range(windows, people), clicks, pause_ms / 1000))
            )
        )
        others.start()
        for i, page in enumerate(pages):  # started together, awaited together
            page.evaluate(f"() => {{ window.person = ({PERSON})([{clicks}, {pause_ms}, {i + 1}]) }}")
        took = [t for page in pages for t in page.evaluate("async () => await window.person")]
        others.join()
        browser.close()
    return took, [1000 * seconds for one in answers for seconds in one]


async def everybody(url: str, query: str, numbers: range, clicks: int, pause: float) -> list[list[float]]:
    return await asyncio.gather(*(visit(url, query, number, clicks, pause) for number in numbers))


async def visit(url: str, query: str, number: int, clicks: int, pause: float) -> list[float]:
    """Seconds of each answer to a person who hides one shot more every so often, without a window."""
    visitor = Visitor(url)
    first = 3 * number
    await visitor.open(f"{query}&hidden={first}-{first + 90}")
    await asyncio.sleep(pause * 0.37 * number % pause)
    took = []
    for i in range(clicks):
        seen = await visitor.type("Hidden shots", f"{first}-{first + 91 + i}")
        if seen.errors or not seen.strips or len(seen.strips[-1]["hidden"]) != 92 + i:
            raise RuntimeError(f"no answer to visitor {number}: {seen.errors or seen.strips[-1:]}")
        took.append(seen.seconds)
        await asyncio.sleep(max(0.0, pause - seen.seconds))
    await visitor.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=512)
    parser.add_argument("--clicks", type=int, default=30)
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--windows", type=int, default=1, help="how many of the people have a window of Chromium here")
    parser.add_argument("--run", help="the run's name; the default run without it")
    parser.add_argument("--catalog", type=Path, default=ROOT / "sample_data" / "catalog")
    parser.add_argument("--runs", type=Path, default=ROOT / "sample_data" / "runs")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = Catalog.open(chosen.catalog)
        write_long_title(source, chosen.shots, folder / "catalog")
        with served(folder / "catalog", chosen.runs.resolve(), folder) as url:
            query = f"title={TITLE}" + (f"&run={chosen.run}" if chosen.run else "")
            if chosen.people > 1:
                windows, others = measure_people(url, query, chosen.people, min(chosen.windows, chosen.people))
                print(json.dumps(summary_of_people(windows, others, chosen), indent=1))
                return
            lab, empty, painted = measure(f"{url}/?{query}", chosen.clicks)
    print(json.dumps(summary(lab, empty, painted, chosen.shots), indent=1))


def summary(lab: list[float], empty: list[float], painted: float, num_shots: int) -> dict[str, object]:
    """Milliseconds: medians, 95th percentiles, and the ratios, with machine and versions."""
    medians = statistics.median(lab), statistics.median(empty)
    p95 = float(np.percentile(lab, 95))
    return {
        "command": f"python -m benchmarks.lab --shots {num_shots} --clicks {len(lab)}",
        "lab_median_ms": round(medians[0], 1),
        "lab_p95_ms": round(p95, 1),
        "empty_median_ms": round(medians[1], 1),
        "empty_p95_ms": round(float(np.percentile(empty, 95)), 1),
        "ratio_of_medians": round(medians[0] / medians[1], 2),
        "ratio_of_p95_to_empty_median": round(p95 / medians[1], 2),
        "first_paint_ms": round(painted, 1),
        "shots": num_shots,
        **machine(),
    }


def summary_of_people(windows: list[float], others: list[float], chosen: argparse.Namespace) -> dict[str, object]:
    spread = {
        f"{who}_{what}_ms": round(value, 1)
        for who, took in (("windows", windows), ("others", others))
        if took
        for what, value in (
            ("median", statistics.median(took)),
            ("p95", float(np.percentile(took, 95))),
            ("slowest", max(took)),
        )
    }
    command = f"python -m benchmarks.lab --shots {chosen.shots} --people {chosen.people} --windows {chosen.windows}"
    return {"command": command, **spread, "clicks": len(windows) + len(others), "shots": chosen.shots, **machine()}


def machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "load_before": [round(x, 1) for x in os.getloadavg()],
        "python": platform.python_version(),
        "streamlit": version("streamlit"),
        "torch": version("torch"),
    }


if __name__ == "__main__":
    main()
