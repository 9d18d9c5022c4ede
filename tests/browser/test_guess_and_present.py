"""Guessing and presenting with the keyboard alone, and the file that needs no server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import settled
from workbench.present import export

pytestmark = pytest.mark.browser


def test_a_shot_is_guessed_and_the_next_one_asked_for_by_key(page, address):
    page.goto(f"{address}/?title=short&hidden=2,7,12,20,28,33,41,50&run=mediafm")
    page.get_by_role("radio", name="Guess").or_(page.get_by_role("button", name="Guess", exact=True)).first.click()
    cards = page.locator(".card")
    expect(page.get_by_text(re.compile("Which of these . hidden shots stands at"))).to_be_visible()
    expect(cards.first).to_be_visible()
    asked = cards.count()
    assert 3 <= asked <= 5
    # The picture itself and no address: that would tell the number of the shot.
    assert all(src.startswith("data:") for src in page.locator(".card img").evaluate_all("all => all.map(i => i.src)"))
    expect(page.locator(".card .marked, .card b")).to_have_count(0)

    page.keyboard.press(str(asked + 1))  # there is no such choice
    page.keyboard.press("2")
    expect(page.locator(".card .picture.marked")).to_have_count(1)
    expect(cards.nth(1).get_by_text("you")).to_be_visible()
    expect(page.locator(".card b")).to_have_count(3)  # you, the model, copying
    expect(page.get_by_text(re.compile("After 1 round: you"))).to_be_visible()
    page.keyboard.press("1")  # answered is answered
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Which of these . hidden shots stands at"))).to_be_visible()
    expect(page.locator(".card b")).to_have_count(0)

    page.get_by_role("textbox", name="Hidden shots").press("3")  # a digit that is typed is no answer
    settled(page)
    expect(page.locator(".card b")).to_have_count(0)


def test_a_presentation_is_turned_by_keys_and_left_by_escape(page, address):
    page.goto(f"{address}/?title=short&hidden=2,7,12&run=mediafm")
    expect(page.locator(".filmstrip .shot").first).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Present", exact=True).click()
    expect(page.get_by_role("heading", name="A short")).to_be_visible()
    expect(page.locator(".msm-film img")).to_have_count(59)
    expect(page.locator("section[data-testid=stSidebar]")).not_to_be_visible()
    settled(page)
    expect(page.locator(".choices")).to_be_attached()  # what listens for keys is loaded last

    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="These shots are hidden")).to_be_visible()
    expect(page.locator(".msm-film .msm-veil")).to_have_count(3)
    page.keyboard.press(" ")
    expect(page.get_by_role("heading", name="What does the model expect here?")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", name="These shots are hidden")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Masking lab")).to_be_visible()
    expect(page.get_by_role("textbox", name="Hidden shots")).to_have_value("2, 7, 12")


WHERE_PRESENT_STANDS = """
window.places = [];
(function look() {
  const button = [...document.querySelectorAll("button")].find(b => b.innerText.trim().endsWith("Present"));
  if (button) places.push(button.getBoundingClientRect().y);
  requestAnimationFrame(look);
})();
"""


def test_the_buttons_below_the_strip_stay_where_they_first_appear(fresh_page, address):
    page = fresh_page
    page.add_init_script(WHERE_PRESENT_STANDS)
    page.goto(f"{address}/?title=short&hidden=2,7,12&run=mediafm")
    expect(page.locator(".filmstrip .shot").first).to_be_visible()
    settled(page)
    expect(page.get_by_role("button", name="Present", exact=True)).to_be_visible()
    page.wait_for_timeout(500)
    places = page.evaluate("places")
    assert max(places) - min(places) < 30  # a press while they move is lost


def test_the_file_is_turned_by_keys_without_a_server(fresh_page, world: Path, tmp_path):
    page = fresh_page
    script = tmp_path / "mine.toml"
    script.write_text(
        'title = "short"\n[[steps]]\nshow = "words"\nheading = "<b>One</b>"\n'
        '[[steps]]\nshow = "film"\nheading = "Two"\nhidden = "3"\n[[steps]]\nshow = "surprise"\nheading = "Three"\n'
    )
    folders = ["--catalog", str(world / "catalog"), "--runs", str(world / "runs")]
    assert export.main([str(script), str(tmp_path / "mine.html"), *folders]) == 0
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "mine.html").as_uri())

    expect(page.get_by_role("heading", name="<b>One</b>")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Two")).to_be_visible()
    assert page.locator("section.shown .msm-film img").first.evaluate("i => i.complete && i.naturalWidth > 0")
    page.keyboard.press(" ")
    expect(page.get_by_role("heading", name="Three")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.get_by_role("heading", name="<b>One</b>")).to_be_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
