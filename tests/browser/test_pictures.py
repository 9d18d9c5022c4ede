"""The pictures of README and docs: each page as a visitor of the sample data meets it, checked, and kept where asked.

PICTURES=docs/pictures pytest tests/browser/test_pictures.py        what `make pictures` does; -k NAME for one
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import free_port, served
from workbench.views import palette

pytestmark = pytest.mark.browser

WIDTH, COLOURS = 1280, 256
MOST_KB = 400  # of a picture: a repository and a page are slow enough
LEAST_COLOURS = 24  # of the picture's: a blank page has one, a page without its figures a few


class View(NamedTuple):
    """A page to be taken."""

    address: str
    height: int  # of the window
    heading: str
    shows: str  # what it is about, as a selector
    least: int = 1  # so many of these


VIEWS = {
    "masking-lab": View("/?title=harbour-lights&run=neighbour", 1460, "Masking lab", ".shot img.frame", 40),
    "map": View("/map?title=harbour-lights", 1000, "Embedding map", ".shot-map canvas.base"),
    "retrieval": View("/retrieval?run=mediafm&title=the-last-greenhouse", 1160, "Shot retrieval", ".card img", 6),
    "training": View("/training?run=neighbour", 1100, "Training", ".js-plotly-plot .main-svg"),
    "evaluation": View("/evaluation?run=neighbour", 1300, "Evaluation", ".js-plotly-plot .main-svg"),
    "ablations": View("/ablations?ablation=measured: recipes-series", 1100, "Ablations", ".js-plotly-plot .main-svg"),
    "data": View("/data", 900, "Data", "[data-testid=stDataFrame] canvas", 2),
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the app is served on the sample data."""
    port = free_port()
    words = ["--catalog", "sample_data/catalog", "--runs", "sample_data/runs"]  # as a reader has them: pages show them
    with served(port, tmp_path_factory.mktemp("pictures") / "server.log", words):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("name", VIEWS)
def test_a_page_looks_as_its_picture_says_and_the_picture_is_kept_where_asked(page: Page, sample, name):
    view = VIEWS[name]
    page.set_viewport_size({"width": WIDTH, "height": view.height})
    page.goto(f"{sample}{view.address}")
    taken = take(page, view)

    colours = Image.open(io.BytesIO(taken)).convert("RGB").getcolors(COLOURS)
    assert colours is not None and len(colours) > LEAST_COLOURS
    assert len(taken) < MOST_KB * 1000
    if folder := os.environ.get("PICTURES"):
        Path(folder, f"{name}.png").write_bytes(taken)


def take(page: Page, view: View) -> bytes:
    """Wait until nothing runs any more and all is there, then take what the window shows, as a PNG of few colours."""
    expect(page.locator("[data-testid=stMain] [data-testid=stHeading]").first).to_have_text(view.heading)
    page.wait_for_selector("[data-testid=stStatusWidget]", state="detached")
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0)
    expect(page.locator(view.shows).nth(view.least - 1)).to_be_attached()
    still(page)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    small = io.BytesIO()
    of_few_colours(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).save(small, "PNG", optimize=True)
    return small.getvalue()


def of_few_colours(picture: Image.Image) -> Image.Image:
    """A quarter of the size; colours that mean something stay what they are, however few dots have them."""
    kept = [
        c
        for colour in (*palette.MEANINGS.values(), palette.OTHER, *palette.CATEGORIES)
        for c in bytes.fromhex(colour[1:])
    ]
    common = picture.quantize(COLOURS - len(kept) // 3, dither=Image.Dither.NONE).getpalette() or []
    all_of_them = Image.new("P", (1, 1))
    all_of_them.putpalette(kept + common)
    return picture.quantize(palette=all_of_them, dither=Image.Dither.FLOYDSTEINBERG)


def still(page: Page, most_s: int = 60) -> None:
    """Until every picture in the window has arrived and the window looks the same for a second and a half."""
    before = None
    for _ in range(2 * most_s // 3):
        page.wait_for_timeout(1500)
        waiting = page.locator("img:visible").evaluate_all(
            "all => all.filter(i => i.getBoundingClientRect().top < innerHeight && !(i.complete && i.naturalWidth)).length"
        )
        now = page.screenshot()
        if not waiting and now == before:
            return
        before = now
    raise AssertionError(f"the page goes on moving, or {waiting} of its pictures do not come")
