"""Back, Forward, Undo and Redo step through what was done, on every page; a reload shows what was seen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import press, settled
from tests.browser.test_masking_lab import drag, expect_hidden, shot, visit

pytestmark = pytest.mark.browser


def undo(page: Page):
    return page.get_by_role("button", name=re.compile("^Undo"))


def redo(page: Page):
    return page.get_by_role("button", name=re.compile("^Redo"))


# A step back of which the server has not heard, then a message from a new session: what the page tells this one, or nothing.
LOSE_THE_SESSION = """() => new Promise((done) => {
    const before = location.search;
    const timer = setTimeout(() => done(null), 1000);
    const by = (move) => { clearTimeout(timer); done(move); };
    const lead = () => globalThis.__msmSteps.lead({ moves: 0, session: "another", leads: true }, by);
    const wait = () => void (location.search === before ? setTimeout(wait) : setTimeout(lead));
    history.back();
    wait();
})"""


def test_a_step_back_is_told_again_to_a_new_session_of_the_server(page: Page, address: str):
    visit(page, address, hidden="3-8")
    shot(page, 12).click()
    expect_hidden(page, "3-8, 12", 7)
    settled(page)
    told = page.evaluate(LOSE_THE_SESSION)
    assert told is not None
    assert told["number"] == 1
    assert "hidden=3-8&" in told["search"] + "&"


def test_back_forward_keys_and_buttons_step_through_hidden_sets(page: Page, address: str):
    visit(page, address)
    expect(undo(page)).to_be_disabled()
    shot(page, 7).click()
    expect_hidden(page, "7", 1)
    drag(page, 10, 14)
    expect_hidden(page, "7, 10-14", 6)
    shot(page, 7).click()
    expect_hidden(page, "10-14", 5)

    page.go_back()
    expect_hidden(page, "7, 10-14", 6)
    page.go_back()
    expect_hidden(page, "7", 1)
    page.go_forward()
    expect_hidden(page, "7, 10-14", 6)

    page.keyboard.press("Control+z")
    expect_hidden(page, "7", 1)
    page.keyboard.press("Control+Shift+Z")
    expect_hidden(page, "7, 10-14", 6)
    page.keyboard.press("Meta+z")
    expect_hidden(page, "7", 1)
    press(redo(page))
    expect_hidden(page, "7, 10-14", 6)
    press(redo(page))
    expect_hidden(page, "10-14", 5)
    expect(redo(page)).to_be_disabled()

    page.keyboard.press("Control+z")
    expect_hidden(page, "7, 10-14", 6)
    shot(page, 20).click()  # another way on: what was undone is gone
    expect_hidden(page, "7, 10-14, 20", 7)
    expect(redo(page)).to_be_disabled()
    for _ in range(3):
        page.keyboard.press("Control+z")  # faster than the page follows
    expect_hidden(page, "", 0)
    expect(undo(page)).to_be_disabled()

    field = page.get_by_role("textbox", name="Hidden shots")
    field.fill("4")
    field.press("Control+z")  # in a field it is the field's own
    expect_hidden(page, "", 0)


def test_steps_lead_over_pages_and_a_page_adds_one_step(page: Page, address: str):
    visit(page, address)
    expect(undo(page)).to_be_disabled()
    shot(page, 5).click()
    expect_hidden(page, "5", 1)
    page.get_by_role("link", name="Embedding map").click()
    expect(page.locator(".shot-map")).to_be_visible()
    find = page.get_by_role("textbox", name="Find in titles and subtitles")
    find.fill("harbour")
    find.press("Enter")
    expect(page).to_have_url(re.compile("find=harbour"))
    expect(page.get_by_text("118 shots found.")).to_be_visible()
    settled(page)

    page.reload()
    expect(page.get_by_text("118 shots found.")).to_be_visible()
    settled(page)
    press(undo(page))
    expect(page.get_by_text("118 shots found.")).to_have_count(0)
    expect(find).to_have_value("")
    settled(page)
    page.go_back()
    expect_hidden(page, "5", 1)
    settled(page)
    page.go_back()
    expect_hidden(page, "", 0)
    settled(page)
    page.go_forward()
    expect_hidden(page, "5", 1)
    settled(page)
    page.go_forward()
    expect(page.locator(".shot-map")).to_be_visible()
    page.go_forward()
    expect(page.get_by_text("118 shots found.")).to_be_visible()


def test_a_view_is_saved_by_name_and_opened_from_another_page_and_session(page: Page, address: str, fresh_page: Page):
    visit(page, address, hidden="3-5")
    page.get_by_role("radio", name="Guess").click()
    expect(page).to_have_url(re.compile("panel=Guess"))
    page.get_by_role("button", name="Saved views").click()
    name = page.get_by_role("textbox", name="Name of this view")
    name.fill("A game <b>")
    name.press("Enter")
    press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("button", name="A game <b>", exact=True)).to_be_visible()

    elsewhere = fresh_page
    elsewhere.goto(f"{address}/data")
    expect(elsewhere.get_by_text("Valid: every rule")).to_be_visible()
    settled(elsewhere)
    elsewhere.get_by_role("button", name="Saved views").click()
    press(elsewhere.get_by_role("button", name="A game <b>", exact=True))
    expect_hidden(elsewhere, "3-5", 3)
    expect(elsewhere.get_by_role("radio", name="Guess")).to_be_checked()

    press(page.get_by_role("button", name="Remove", exact=True))
    expect(page.get_by_role("button", name="A game <b>", exact=True)).to_have_count(0)


def test_keys_extend_after_a_pause_and_tooltip_and_panel_follow_the_shot_that_was_hidden_last(page: Page, address: str):
    visit(page, address, title="short")
    page.locator(".shot[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator(".tip img")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator(".tip")).to_contain_text("Shot 2, 00:")
    expect(page.locator(".tip")).to_contain_text("hidden")
    expect(page.locator(".tip img")).to_have_count(0)
    expect_hidden(page, "2", 1)

    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
        page.wait_for_timeout(500)  # longer than a held key repeats
    expect_hidden(page, "0-3", 4)

    shot(page, 20).click()
    expect_hidden(page, "0-3, 20", 5)
    expect(page).to_have_url(re.compile("look=20"))
    expect(shot(page, 20)).to_have_class(re.compile("looked"))


def test_the_tour_leads_over_the_lab_and_is_left_at_any_time(page: Page, address: str):
    visit(page, address)
    expect(page.get_by_text("Hide shots of a film and see whether")).to_be_visible()
    press(page.get_by_role("button", name="Two-minute tour"))
    card = page.get_by_role("dialog")
    seen = []
    for number in range(1, 7):
        expect(card).to_contain_text(f"{number} of 6")
        seen.append(card.get_by_role("heading").text_content())
        expect(page.locator(".ring:not([hidden])")).to_have_count(1 if number < 6 else 0)
        if number == 2:  # the page goes on working below it
            shot(page, 3).click()
            expect_hidden(page, "3", 1)
            expect(card).to_contain_text("2 of 6")
        card.get_by_role("button", name="Done" if number == 6 else "Next").click()
    assert len({*seen}) == 6
    expect(card).to_have_count(0)
    settled(page)
    expect(page).not_to_have_url(re.compile("tour"))

    press(page.get_by_role("button", name="Two-minute tour"))
    expect(page).to_have_url(re.compile("tour=yes"))
    expect(card).to_contain_text("1 of 6")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(page).not_to_have_url(re.compile("tour"))
