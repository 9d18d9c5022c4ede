"""What only the browser knew stands in the address too: the timeline's measure, zooms, and the round of the game."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from msm import Catalog
from msm import projection as projections
from msm.projection.layout import ProjectionOptions
from msm.projection.maps import MapOptions, make_maps
from tests.browser.conftest import free_port, press, served, settled
from tests.browser.small_world import write_trio
from tests.browser.test_masking_lab import visit

pytestmark = pytest.mark.browser


def measure(page: Page, name: str):
    return page.get_by_role("radiogroup", name="Measure").get_by_role("radio", name=name, exact=True)


def undo(page: Page):
    return page.get_by_role("button", name=re.compile("^Undo"))


def test_the_timelines_measure_and_the_strips_zoom_survive_a_reload_and_are_undone(page: Page, address: str):
    visit(page, address, hidden="3-8")
    measure(page, "Raw cosine").click()
    expect(page).to_have_url(re.compile("measure=raw"))
    width = page.locator(".shot").first.evaluate("e => e.clientWidth")
    page.get_by_role("button", name=re.compile("^Larger frames")).click()
    expect(page).to_have_url(re.compile("zoom=1.4"))
    settled(page)

    page.reload()
    expect(measure(page, "Raw cosine")).to_be_checked()
    expect(page.locator(".plot")).to_have_attribute("aria-label", re.compile("^raw cosine"))
    assert page.locator(".shot").first.evaluate("e => e.clientWidth") > width
    settled(page)
    page.go_back()
    expect(page).not_to_have_url(re.compile("zoom"))
    settled(page)
    page.go_back()
    expect(page).not_to_have_url(re.compile("measure"))
    expect(measure(page, "Centred cosine")).to_be_checked()
    assert page.locator(".shot").first.evaluate("e => e.clientWidth") == width


def test_the_round_of_the_game_stands_in_the_address(page: Page, address: str):
    page.goto(f"{address}/?title=short&hidden=3-9&panel=Guess")
    press(page.get_by_role("button", name=re.compile("^Choice 1")))
    press(page.get_by_role("button", name="Next shot"))
    expect(page).to_have_url(re.compile("round=1"))
    assert top_of(page, "button", "Clear") < top_of(
        page, "radio", "Guess"
    )  # the buttons that hide stand above the panels
    asked = page.get_by_text(re.compile("Which of these")).inner_text()
    settled(page)
    page.reload()
    expect(page.get_by_text(asked, exact=True)).to_be_visible()


def test_a_zoom_into_a_curve_survives_a_reload_and_is_undone(page: Page, address: str):
    page.goto(f"{address}/training?training=mediafm")
    plot = page.locator(".st-key-training-progress .js-plotly-plot")
    expect(plot.locator(".main-svg").first).to_be_visible()
    settled(page)
    box = plot.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("zoom.progress="))
    seen = plot.evaluate("e => e.layout.xaxis.range.map((x) => Math.round(x * 10))")
    settled(page)
    page.reload()
    expect(plot.locator(".main-svg").first).to_be_visible()
    assert plot.evaluate("e => e.layout.xaxis.range.map((x) => Math.round(x * 10))") == seen
    settled(page)
    press(undo(page))
    expect(page).not_to_have_url(re.compile("zoom.progress="))
    page.wait_for_function(
        "() => document.querySelector('.st-key-training-progress .js-plotly-plot').layout.xaxis.autorange === true"
    )


def top_of(page: Page, role: str, name: str) -> float:
    box = page.get_by_role(role, name=name, exact=True).bounding_box()  # type: ignore[arg-type]
    assert box is not None
    return box["y"]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small catalog with a map of three dimensions, and two runs that differ in a hyperparameter."""
    folder = write_trio(tmp_path_factory.mktemp("looks"), 40)
    shutil.copytree(folder / "runs" / "mediafm", folder / "runs" / "second")
    recipe = folder / "runs" / "second" / "recipe.json"
    recipe.write_text(recipe.read_text().replace('"ratio": 0.2', '"ratio": 0.4'))

    def flat(rows, options, *, classes=None, tell=lambda stage, share: None):
        reduced = projections.pca.principal_components(rows, options.components, seed=options.seed)
        near = projections.layout.nearest_rows(reduced, options.neighbours)[0]
        return projections.Projection(projections.layout._flat(reduced, options.dims), near[:, 1:], "umap")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "project", flat)
        (stored,) = make_maps(Catalog.open(folder / "catalog"), MapOptions(layout=ProjectionOptions(dims=3)))
    port = free_port()
    with served(
        port,
        folder / "log",
        ["--catalog", str(folder / "catalog"), "--runs", str(folder / "runs")],
    ):
        yield f"http://127.0.0.1:{port} {stored.key}"


def dragged(page: Page, where: Locator, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag between two places of an element, given as shares of its width and height."""
    where.scroll_into_view_if_needed()
    box = where.bounding_box()
    assert box is not None
    (x0, y0), (x1, y1) = ((box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (begin, end))
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move(x1, y1, steps=6)
    page.mouse.up()


def test_ranges_of_the_parallel_axes_survive_a_reload_and_are_undone(page: Page, elsewhere: str):
    url, _ = elsewhere.split()
    page.goto(f"{url}/training?all_runs=yes")
    plot = page.locator(".st-key-training-figure-parallel .js-plotly-plot")
    # To four digits: the page rounds what the hand drew, and may do so only when it is drawn again.
    kept = "e => e.data[0].dimensions.map((axis) => axis.constraintrange?.map((x) => x.toFixed(4)) ?? null)"
    expect(plot.locator(".axis-brush").first).to_be_visible()
    settled(page)
    dragged(page, plot.locator(".axis-brush .background").first, (0.5, 0.7), (0.5, 0.3))
    expect(page).to_have_url(re.compile("brushes=mask.ratio"))
    seen = plot.evaluate(kept)
    assert seen[0] and seen[1] is None
    settled(page)
    page.reload()
    expect(plot.locator(".axis-brush").first).to_be_visible()
    assert plot.evaluate(kept) == seen
    settled(page)
    press(undo(page))
    expect(page).not_to_have_url(re.compile("brushes"))
    settled(page)
    page.wait_for_function(f"([e]) => ({kept})(e).every((range) => range === null)", arg=[plot.element_handle()])


def test_the_order_of_the_parallel_axes_survives_a_reload_and_is_undone(page: Page, elsewhere: str):
    url, _ = elsewhere.split()
    page.goto(f"{url}/training?all_runs=yes")
    plot = page.locator(".st-key-training-figure-parallel .js-plotly-plot")
    order = "e => e.data[0].dimensions.map((axis) => axis.name)"
    expect(plot.locator(".axis-title")).to_have_count(2)
    settled(page)
    assert plot.evaluate(order) == ["mask.ratio", "skill"]
    left, right = (plot.locator(".axis-title").nth(i) for i in (0, 1))
    left.scroll_into_view_if_needed()
    begin, end = left.bounding_box(), right.bounding_box()
    assert begin is not None and end is not None
    page.mouse.move(begin["x"] + begin["width"] / 2, begin["y"] + begin["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] + 40, begin["y"] + begin["height"] / 2, steps=12)
    page.mouse.up()
    expect(page).to_have_url(re.compile("brushes=skill%2Cmask.ratio|brushes=skill,mask.ratio"))
    settled(page)
    page.reload()
    expect(plot.locator(".axis-title")).to_have_count(2)
    assert plot.evaluate(order) == ["skill", "mask.ratio"]
    settled(page)
    press(undo(page))
    expect(page).not_to_have_url(re.compile("brushes"))
    settled(page)
    page.wait_for_function(
        f'([e]) => JSON.stringify(({order})(e)) === \'["mask.ratio","skill"]\'', arg=[plot.element_handle()]
    )


def test_the_turn_of_a_map_of_three_dimensions_survives_a_reload_and_is_undone(page: Page, elsewhere: str):
    url, key = elsewhere.split()
    page.goto(f"{url}/map?map={key}")
    plot = page.locator(".js-plotly-plot").first
    camera = "e => [e._fullLayout.scene.camera.eye, e._fullLayout.scene.camera.up].map(({ x, y, z }) => [x, y, z].map((n) => n.toFixed(3)))"
    expect(plot.locator("canvas").first).to_be_visible()
    settled(page)
    first = plot.evaluate(camera)
    dragged(page, plot, (0.5, 0.5), (0.7, 0.6))
    expect(page).to_have_url(re.compile("turn="))
    settled(page)  # what is drawn again begins with the camera of the figure and turns at once
    page.wait_for_function(
        f"(first) => JSON.stringify(({camera})(document.querySelector('.js-plotly-plot'))) !== first",
        arg=json.dumps(first, separators=(",", ":")),
    )
    seen = plot.evaluate(camera)
    page.reload()
    expect(plot.locator("canvas").first).to_be_visible()
    assert plot.evaluate(camera) == seen
    settled(page)
    press(undo(page))
    expect(page).not_to_have_url(re.compile("turn="))
    settled(page)
    page.wait_for_function(
        f"([e, first]) => JSON.stringify(({camera})(e)) === first",
        arg=[plot.element_handle(), json.dumps(first, separators=(",", ":"))],
    )
