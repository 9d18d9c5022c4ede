"""The Embedding map in Chromium: a lasso, its frames, the masking lab, and back to the same selection."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Locator, Page, expect

from msm import Catalog
from msm import projection as projections
from msm.data.selection import Selection
from msm.projection.maps import make_maps
from tests.browser.conftest import press, settled
from workbench.views.map.sentences import shown_first

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def mapped(world: Path) -> Iterator[Catalog]:
    """The small world's catalog with maps of principal components: umap would take half a minute."""

    def flat(rows, options, *, classes=None, tell=lambda stage, share: None):
        reduced = projections.pca.principal_components(rows, options.components, seed=options.seed)
        near = projections.layout.nearest_rows(reduced, options.neighbours)[0]
        return projections.Projection(projections.layout._flat(reduced, options.dims), near[:, 1:], "umap")

    catalog = Catalog.open(world / "catalog")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "project", flat)
        make_maps(catalog)
        make_maps(catalog, runs=[world / "runs" / "mediafm"])
    yield catalog


@pytest.fixture
def map_page(page: Page, address: str, mapped: Catalog) -> Page:
    page.goto(f"{address}/map?title=short")
    expect(page.locator(".shot-map")).to_have_attribute("data-points", str(mapped.num_shots))
    expect(page.locator(".over")).to_have_count(2)
    return page


def lasso(page: Page, on: Locator, share: float = 0.12, at: tuple[float, float] = (0.5, 0.5)) -> None:
    """Draw a circle of this share of the map's width."""
    box = on.bounding_box()
    assert box
    x, y, radius = box["x"] + at[0] * box["width"], box["y"] + at[1] * box["height"], share * box["width"]
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for k in range(1, 25):
        page.mouse.move(x + radius * math.cos(k / 24 * 2 * math.pi), y + radius * math.sin(k / 24 * 2 * math.pi))
    page.mouse.up()


def chosen(page: Page) -> int:
    return int(page.locator(".shot-map").get_attribute("data-selected") or 0)


def test_a_lasso_shows_frames_leads_to_the_masking_lab_and_to_retrieval_and_back_to_the_same_selection(
    map_page: Page, mapped, world
):
    lasso(map_page, map_page.locator(".over").first, share=0.03)
    frames = map_page.locator(".side .frame-button")
    expect(frames.first).to_be_visible()
    expect(map_page).to_have_url(re.compile("shots="))
    many, link = chosen(map_page), unquote(map_page.url)
    picked = Selection.from_link(link, world / "runs").table(mapped)
    assert len(picked) == many > 0
    expect(map_page.get_by_text(re.compile(r"around the chosen"))).to_be_visible()

    splits = dict(zip(mapped.titles["title_id"], mapped.titles["split"], strict=True))
    opened, shots = shown_first(Selection.from_link(link, world / "runs").shots, splits)
    assert splits[opened] == "test" and picked["title_id"].nunique() > 1
    where = f"{mapped[opened].name} (test) with {len(shots)} of the {many} shots"
    expect(map_page.get_by_text(where)).to_be_visible()

    press(map_page.get_by_role("button", name="Hide these in the masking lab"))
    expect(map_page.get_by_role("heading", name="Masking lab")).to_be_visible()
    expect(map_page.locator(".shot.hidden")).to_have_count(len(shots))
    expect(map_page.get_by_text(f"{len(shots)} of the {many} chosen shots are of this title")).to_be_visible()

    map_page.go_back()
    expect(map_page.locator(".shot-map")).to_have_attribute("data-selected", str(many))
    expect(map_page).to_have_url(re.compile("shots="))
    assert (
        Selection.from_link(unquote(map_page.url), world / "runs").shots
        == Selection.from_link(link, world / "runs").shots
    )

    press(map_page.get_by_role("button", name="Search like these"))
    expect(map_page.get_by_role("heading", name="Shot retrieval")).to_be_visible()
    expect(map_page).to_have_url(re.compile("shots="))
    map_page.go_back()
    expect(map_page.locator(".shot-map")).to_have_attribute("data-selected", str(many))

    press(map_page.get_by_role("button", name="Clear: Let go of the chosen shots"))
    expect(map_page.locator(".shot-map")).to_have_attribute("data-selected", "0")
    expect(map_page).not_to_have_url(re.compile("shots="))


def test_pointing_shows_a_shot_and_a_click_its_true_neighbours_on_both_maps(map_page: Page):
    over = map_page.locator(".over").nth(1)
    box = over.bounding_box()
    assert box
    for k in range(80):
        map_page.mouse.move(box["x"] + box["width"] * (0.3 + 0.005 * k), box["y"] + box["height"] * 0.5)
        if map_page.locator(".tip:not([hidden])").count():
            break
    expect(map_page.locator(".tip strong")).to_contain_text("shot")
    map_page.mouse.down()
    map_page.mouse.up()
    expect(map_page.locator(".card")).to_be_visible()
    expect(map_page.locator(".card .near .frame-button")).to_have_count(8)
    map_page.locator(".card .near .frame-button").first.click()
    expect(map_page.locator(".card .near .frame-button")).to_have_count(8)
    map_page.keyboard.press("Escape")


def test_a_link_opens_on_its_shots_a_legend_chooses_and_markup_stays_text(page: Page, address: str, mapped: Catalog):
    page.goto(f"{address}/map?shots=markup:0-39")
    expect(page.locator(".shot-map")).to_have_attribute("data-selected", "40")
    expect(page.locator(".side h4")).to_have_text("40 shots of 1 title")
    expect(page.locator(".side .frame-button").first).to_have_attribute("title", re.compile("<b>x</b> · shot 0"))
    expect(page.locator(".side b")).to_have_count(0)

    chips = page.locator(".chip", has_text="validation")
    press(chips.first if chips.count() else page.locator(".chip").first)
    expect(page.locator(".shot-map")).not_to_have_attribute("data-selected", "40")


def test_histograms_filter_the_map_and_each_other_and_count_what_a_lasso_holds(map_page: Page):
    train = map_page.locator(".facet[data-label=split] .facet-row", has_text="train")
    all_of_train = count_of(train)
    row = map_page.locator(".facet[data-label=split] .facet-row", has_text="test")
    press(row)
    expect(row).to_have_attribute("aria-pressed", "true")
    expect(map_page).to_have_url(re.compile("only.split=test"))
    assert count_of(train) == all_of_train > 0  # what it leaves out itself can be taken back
    expect(map_page.locator(".chip", has_text="train").locator(".chip-count")).to_have_text("0")

    lasso(map_page, map_page.locator(".over").first, share=0.25)
    expect(row.locator(".facet-count")).to_have_text(re.compile(rf"^{chosen(map_page):,}".replace(",", ".") + " of "))
    expect(map_page).to_have_url(re.compile("shots="))
    settled(map_page)  # what the lasso adds to the page moves the histograms
    columns = map_page.locator(".facet[data-label='time in the title'] .facet-columns")
    before, box = count_of(row, of="of"), columns.bounding_box()
    assert box
    map_page.mouse.move(box["x"] + 2, box["y"] + 20)
    map_page.mouse.down()
    map_page.mouse.move(box["x"] + box["width"] * 0.02, box["y"] + 20)
    map_page.mouse.up()
    expect(map_page).to_have_url(re.compile("only.time"))
    assert 0 < count_of(row, of="of") < before

    settled(map_page)
    map_page.reload()
    expect(row).to_have_attribute("aria-pressed", "true")
    press(map_page.get_by_role("button", name="All values of split"))
    expect(map_page).not_to_have_url(re.compile("only.split"))


def count_of(row: Locator, of: str = "") -> int:
    text = (
        (row.locator(".facet-count").text_content() or "").rpartition(of)[2]
        if of
        else row.locator(".facet-count").text_content()
    )
    return int(re.sub(r"\D", "", text or "0") or 0)


def test_a_clicked_shot_leads_to_the_lab_and_to_a_search_like_it(page: Page, address: str, mapped: Catalog):
    for button, heading, seen in (
        ("Hide it in the lab", "Masking lab", "1 of 60 hidden"),
        ("Search like this", "Shot retrieval", "A short · shot 12"),
    ):
        point = int(mapped["short"].row["first_shot"]) + 12
        page.goto(f"{address}/map?pin={point}")
        press(page.locator(".card").get_by_role("button", name=button))
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(page.get_by_text(seen).first).to_be_visible()
