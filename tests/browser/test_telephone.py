"""On a telephone every figure of every page has room: no axis title is cut, no labels overlap, and no number is torn from its unit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as Late

from tests.browser.conftest import free_port, served, settled

pytestmark = pytest.mark.browser

WIDTH = 390
LASTS_MS = 5000
PAGES = {  # path → keys of the figures that it shows
    "/?panel=Surprise": ("comparison", "surprise"),
    "/?panel=What+mattered": ("comparison", "influence"),
    "/?panel=What+mattered&method=attention": ("comparison",),
    "/?panel=What+if": ("comparison", "context"),
    "/map": (),
    "/retrieval?measured=yes": ("retrieval-measures",),
    "/training?training=neighbour&beside=mediafm&all_runs=yes": ("training-progress", "training-loss", "training-figure-parallel"),
    "/evaluation?beside=mediafm": ("evaluation-figure-predictors", "evaluation-figure-modality", "evaluation-titles"),
    "/tasks": ("tasks-figure-probes-linear", "tasks-figure-curve-0", "tasks-figure-curve-1"),
    "/ablations": ("scaling-generated", "scaling-series"),
    "/data": (),
    "/present": (),
}  # fmt: skip

FAULTS = """e => {
  const frame = e.getBoundingClientRect();
  const box = (t) => t.getBoundingClientRect();
  const inside = (b) => b.left >= frame.left - 1 && b.right <= frame.right + 1 && b.top >= frame.top - 1 && b.bottom <= frame.bottom + 1;
  const texts = (names) => [...e.querySelectorAll(names)].filter((t) => t.textContent.trim() && box(t).width);
  const turned = (t) => Number(/rotate\\((-?[\\d.]+)/.exec(t.getAttribute("transform") ?? "")?.[1] ?? 0) * Math.PI / 180;
  const overlap = (a, b) => {
    const [p, q] = [box(a), box(b)];
    const angle = turned(a);
    if (angle) { // lines of text side by side: how far they are from each other
      const away = [(p.left + p.right - q.left - q.right) / 2, (p.top + p.bottom - q.top - q.bottom) / 2];
      return Math.abs(away[1] * Math.cos(angle) - away[0] * Math.sin(angle)) < 9;
    }
    const [wide, high] = [Math.min(p.right, q.right) - Math.max(p.left, q.left), Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top)];
    return wide > 1 && high > 0.4 * Math.min(p.height, q.height); // a box is higher than its letters
  };
  const words = (t) => t.textContent.trim();
  const cut = texts(".xtitle, .ytitle, .annotation-text, .legendtext, .xtick text, .ytick text").filter((t) => !inside(box(t)));
  const over = [".xtick text", ".ytick text", ".annotation-text", ".axis-title"].flatMap((names) =>
    texts(names).flatMap((a, i, all) => all.slice(i + 1).filter((b) => overlap(a, b)).map((b) => `${words(a)} over ${words(b)}`)));
  const area = e.querySelector(".nsewdrag")?.getBoundingClientRect().width ?? frame.width;
  const narrow = area < 0.4 * frame.width ? [`${Math.round(area)} of ${Math.round(frame.width)} px`] : [];
  return [...cut.map((t) => `cut: ${words(t)}`), ...over, ...narrow];
}"""

TORN = r"""() => {
  // A percent sign or a group of three digits at the start of a line, which belongs to the number at the end of the one before.
  const torn = [];
  const walk = document.createTreeWalker(document.querySelector("[data-testid=stMain]"), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode())
    for (const found of node.data.matchAll(/\d[\u2009\u202f\u00a0](%|\d{3})/g)) {
      const range = document.createRange();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      if (new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size > 1) torn.push(node.data);
    }
  return torn;
}"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on the sample data, whose runs have all that a page may show."""
    log: Path = tmp_path_factory.mktemp("telephone") / "log"
    port = free_port()
    with served(port, log, ["--catalog", "sample_data/catalog", "--runs", "sample_data/runs"]):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(("path", "figures"), PAGES.items())
def test_on_a_telephone_no_figure_is_cut_no_labels_overlap_and_no_number_is_torn(
    page: Page, sample: str, path: str, figures: tuple[str, ...]
):
    page.set_viewport_size({"width": WIDTH, "height": 844})
    page.goto(f"{sample}{path}")
    expect(page.locator("main h2").first).to_be_visible()
    settled(page)
    for figure in figures:
        expect(page.locator(f".st-key-{figure} .js-plotly-plot .main-svg").first).to_be_visible()
    settled(page)
    plots = page.locator(".js-plotly-plot:has(.main-svg)")
    faults = {key_of(plots.nth(i)): plots.nth(i) for i in range(plots.count())}
    found = {key: there for key, plot in faults.items() if (there := lasting_faults(page, plot))}
    assert found == {}
    assert page.evaluate(TORN) == []
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 1


def key_of(plot: Locator) -> str:
    return plot.evaluate("e => [...e.closest('[class*=st-key-]').classList].find((name) => name.startsWith('st-key-'))")


def lasting_faults(page: Page, plot: Locator) -> list[str]:
    """The faults that are there for longer than a figure needs, which is drawn once to measure its labels, and again."""
    try:
        page.wait_for_function(f"(e) => !({FAULTS})(e).length", arg=plot.element_handle(), timeout=LASTS_MS)
    except Late:
        return plot.evaluate(FAULTS)
    return []
