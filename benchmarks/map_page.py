"""How long it takes on the map page from the end of a lasso to the frames of what it holds.

    python -m benchmarks.map_page [--points 50000] [--lassos 20] [--out benchmarks/results/map_page.json]

In Chromium, in one session, circles of different sizes are drawn on a map of so many made-up shots with thumbnails. The
clock runs from the pointer's release to the first frame in which every thumbnail of the selection (at most 48 are shown)
is decoded; and, as `answered`, until the server's own words on the selection stand below.
"""

from __future__ import annotations

import argparse
import json
import math
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
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from msm import Catalog, TitleData
from msm import projection as projections
from msm.data.catalog import modalities_of
from msm.data.media import thumbnail_folder
from msm.projection.maps import make_maps

ROOT = Path(__file__).parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTH, OF_A_TITLE, PICTURES, WARM_UP = 24, 100, 64, 3
PATIENCE_MS = 120_000

# Two promises a lasso: the frames are there; the server has answered.
WATCH = """
() => {
  let start = 0;
  const root = () => [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".shot-map")).find(Boolean);
  window.addEventListener("pointerup", () => { start = performance.now(); }, true);
  window.until = (there) => new Promise((done) => {
    const look = () => there() ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
    look();
  });
  window.lassoed = (before) => {
    start = Infinity;
    const fresh = () => performance.now() >= start && root().dataset.selected !== before;
    const frames = until(() => {
      const pictures = [...root().querySelectorAll(".side .frames img")];
      return fresh() && pictures.length && pictures.every((p) => p.complete && p.naturalWidth);
    });
    const words = () => [...document.querySelectorAll("summary")].map((e) => e.textContent.replace(/[^0-9]/g, ""));
    const answered = until(() => fresh() && words().some((w) => w === root().dataset.selected));
    return Promise.all([frames, answered]);
  };
}
"""


def made_world(folder: Path, num_points: int) -> Catalog:
    """A catalog of so many shots in titles of 100, with thumbnails, and a map of it."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((12, WIDTH))

    def titles() -> Iterator[TitleData]:
        for number in range(-(-num_points // OF_A_TITLE)):
            count = min(OF_A_TITLE, num_points - number * OF_A_TITLE)
            rows = centres[number % 12] + 0.8 * rng.standard_normal(WIDTH) + 0.6 * rng.standard_normal((count, WIDTH))
            times = 4.0 * np.arange(count)
            said = [f"Line {i} of film {number}." for i in range(count)]
            shots = pd.DataFrame({"start_s": times, "end_s": times + 4, "text": said, "scene": np.arange(count) // 9})
            labels = {"genre": f"genre {number % 12}"}
            split = "train" if number % 4 else "test"
            yield TitleData(title_id=f"film-{number}", split=split, embeddings=rows, shots=shots, labels=labels)

    def media(catalog: Path) -> None:
        pictures = []
        for i in range(PICTURES):
            hue = Image.new("HSV", (160, 90), (i * 255 // PICTURES, 140, 190)).convert("RGB")
            Image.blend(hue, Image.linear_gradient("L").resize((160, 90)).convert("RGB"), 0.4).save(
                catalog / f"{i}.webp"
            )
            pictures.append(catalog / f"{i}.webp")
        for row in range(num_points):
            place = thumbnail_folder(catalog, f"film-{row // OF_A_TITLE}")
            place.mkdir(parents=True, exist_ok=True)
            os.link(pictures[row % PICTURES], place / f"{row % OF_A_TITLE}.webp")
        for picture in pictures:
            picture.unlink()

    catalog = Catalog.write(folder / "catalog", titles(), modalities=modalities_of({"video": WIDTH}), media=media)
    projections.project = principal  # where the points are is all the same here
    make_maps(catalog)
    return catalog


def principal(rows, options, *, classes=None, tell=lambda stage, share: None):
    reduced = projections.pca.principal_components(rows, options.components, seed=0)
    near = projections.layout.nearest_rows(reduced, options.neighbours)[0]
    return projections.Projection(reduced[:, : options.dims].copy(), near[:, 1:], "pca", "principal components")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "workbench" / "app.py"), "--server.port", str(port)]
    command += ["--server.headless", "true", "--", "--catalog", str(folder / "catalog"), "--runs", str(folder / "runs")]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()


def open_page(page: Page, url: str, num_points: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            page.goto(f"{url}/map")
            break
        except Exception:  # the server is not up yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
    page.wait_for_selector(f".shot-map[data-points='{num_points}']", timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)


def lasso(page: Page, share: float, at: tuple[float, float]) -> tuple[float, float, int]:
    """Milliseconds until the frames are there, until the server has answered; and how many shots it holds."""
    box = page.locator(".over").first.bounding_box()
    assert box
    x, y, radius = box["x"] + at[0] * box["width"], box["y"] + at[1] * box["height"], share * box["width"]
    before = page.locator(".shot-map").get_attribute("data-selected")
    watched = page.evaluate_handle(f"() => ({{promise: lassoed({json.dumps(before)})}})")
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for k in range(1, 25):
        page.mouse.move(x + radius * math.cos(k * math.pi / 12), y + radius * math.sin(k * math.pi / 12))
    page.mouse.up()
    frames, answered = page.evaluate("async (w) => await w.promise", watched)
    page.wait_for_timeout(300)
    return frames, answered, int(page.locator(".shot-map").get_attribute("data-selected") or 0)


def measure(url: str, num_points: int, lassos: int) -> tuple[list[tuple[float, float, int]], float]:
    """What each lasso took, and the milliseconds in which the map is painted."""
    rng = np.random.default_rng(1)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        open_page(page, url, num_points)
        found = []
        for i in range(lassos + WARM_UP):
            share = (0.04, 0.08, 0.16)[i % 3]  # of the width: a hundred, some hundred, thousands of shots
            found.append(lasso(page, share, (float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.4, 0.6)))))
        paints = []
        for _ in range(9):
            page.get_by_role("button", name="Closer").click()
            page.wait_for_timeout(150)
            page.get_by_role("button", name="The whole map").click()
            page.wait_for_timeout(150)
            paints.append(float(page.locator(".shot-map").get_attribute("data-paint-ms") or 0))
        browser.close()
    return found[WARM_UP:], statistics.median(paints)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=50_000)
    parser.add_argument("--lassos", type=int, default=20)
    parser.add_argument("--out", type=Path, help="a JSON file to add the result to")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        made_world(Path(name), chosen.points)
        with served(Path(name)) as url:
            found, paint = measure(url, chosen.points, chosen.lassos)
    told = {**summary(found, chosen.points), "paint_median_ms": paint}
    print(json.dumps(told, indent=1))
    if chosen.out:
        kept = json.loads(chosen.out.read_text(encoding="utf-8")) if chosen.out.exists() else {}
        kept[str(chosen.points)] = told
        chosen.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def summary(found: list[tuple[float, float, int]], num_points: int) -> dict[str, object]:
    """Milliseconds: medians and 95th percentiles, with machine and versions."""
    frames, answered, sizes = (list(column) for column in zip(*found, strict=True))
    return {
        "command": f"python -m benchmarks.map_page --points {num_points} --lassos {len(found)}",
        "points": num_points,
        "frames_median_ms": round(statistics.median(frames), 1),
        "frames_p95_ms": round(float(np.percentile(frames, 95)), 1),
        "answered_median_ms": round(statistics.median(answered), 1),
        "answered_p95_ms": round(float(np.percentile(answered, 95)), 1),
        "shots_in_a_lasso": [min(sizes), int(statistics.median(sizes)), max(sizes)],
        "load": [round(x, 1) for x in os.getloadavg()],
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "streamlit": version("streamlit"),
    }


if __name__ == "__main__":
    main()
