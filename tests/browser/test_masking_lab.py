"""The masking lab as a person meets it: a hand or a key hides shots, and everything follows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import press, settled
from workbench.views.formatting import grouped

pytestmark = pytest.mark.browser


def visit(page: Page, address: str, title: str = "harbour-lights", hidden: str = "none") -> None:
    page.goto(f"{address}/?title={title}&hidden={hidden}")
    expect(page.locator(".shot").first).to_be_visible()
    settled(page)
    page.wait_for_timeout(200)  # the address, once it is complete, may draw the page again, under a drag
    settled(page)


def shot(page: Page, number: int) -> Locator:
    return page.locator(f".shot[data-shot='{number}']")


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Hidden shots")


def expect_hidden(page: Page, ranges: str, count: int) -> None:
    """Strip, field, URL and timeline all speak of the same shots."""
    expect(field(page)).to_have_value(ranges)
    expect(page.locator(".shot[aria-selected=true]")).to_have_count(count)
    expect(page.locator(".shot.scored")).to_have_count(count)
    expect(page.locator(".plot")).to_have_attribute("data-points", str(count))
    expect(page).to_have_url(
        re.compile(f"hidden={re.escape(ranges.replace(' ', '')).replace(',', '(,|%2C)') or 'none'}")
    )


def drag(page: Page, first: int, last: int) -> None:
    start, end = (shot(page, n).bounding_box() for n in (first, last))
    assert start and end
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=8)
    page.mouse.up()


# Keeps back what the page tells Streamlit, as a slow line would.
HOLD_BACK = """
const late = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (words) { window.held ? late.push([this, words]) : send.call(this, words); };
window.letGo = () => { window.held = false; late.splice(0).forEach(([socket, words]) => send.call(socket, words)); };
"""


def test_the_page_greets_with_hidden_shots_and_a_verdict(page, address):
    page.goto(address)

    expect(page.locator(".shot.scored").first).to_be_visible()
    expect(page.get_by_role("heading", level=3, name=re.compile("hidden shot|the model|Copying"))).to_be_visible()
    expect(page.locator(".plot")).to_have_attribute("aria-label", re.compile("centred cosine .* on average: model"))
    expect(page.get_by_text("Over all unseen titles")).to_be_visible()


def test_a_click_hides_a_shot_and_timeline_and_verdict_follow(page, address):
    visit(page, address)
    shot(page, 7).click()

    expect_hidden(page, "7", 1)
    expect(page.get_by_role("heading", name=re.compile("one moment, not a measurement"))).to_be_visible()
    shot(page, 9).click()
    expect_hidden(page, "7, 9", 2)
    shot(page, 7).click()
    expect_hidden(page, "9", 1)

    page.get_by_text("Shot by shot").click()
    expect(page.locator("[data-testid=stDataFrame] table[role=grid]").first).to_have_attribute("aria-rowcount", "2")


def test_a_drag_hides_a_span_and_a_drag_from_a_hidden_shot_reveals(page, address):
    visit(page, address)
    drag(page, 10, 16)
    expect_hidden(page, "10-16", 7)

    drag(page, 12, 14)
    expect_hidden(page, "10-11, 15-16", 4)


def test_a_drag_may_run_backwards_and_over_rows(page, address):
    visit(page, address)
    last = page.locator(".shot").count() - 1
    drag(page, last - 2, 5)

    expect_hidden(page, f"5-{last - 2}", last - 6)


def test_escape_lets_go_of_a_drag_without_hiding(page, address):
    visit(page, address, hidden="3")
    start, end = shot(page, 10).bounding_box(), shot(page, 15).bounding_box()
    page.mouse.move(start["x"] + 4, start["y"] + 9)
    page.mouse.down()
    page.mouse.move(end["x"] + 4, end["y"] + 9, steps=4)
    expect(page.locator(".shot[aria-selected=true]")).to_have_count(7)
    page.keyboard.press("Escape")
    page.mouse.up()

    expect_hidden(page, "3", 1)


def test_shift_click_extends_from_the_last_click(page, address):
    visit(page, address)
    shot(page, 4).click()
    expect_hidden(page, "4", 1)
    shot(page, 9).click(modifiers=["Shift"])

    expect_hidden(page, "4-9", 6)


def test_quick_gestures_all_count_though_answers_come_late(page, address):
    visit(page, address)
    page.evaluate(
        """async () => {
          const root = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".filmstrip")).find(Boolean);
          root.querySelector(".shots").setPointerCapture = () => {};
          for (let i = 0; i < 60; i += 2) {
            for (const type of ["pointerdown", "pointerup"]) {
              const hand = { bubbles: true, composed: true, button: 0, pointerId: 1 };
              root.querySelector(`[data-shot="${i}"]`).dispatchEvent(new PointerEvent(type, hand));
            }
            await new Promise((go) => setTimeout(go, 45));
          }
        }"""
    )

    expect_hidden(page, ", ".join(str(i) for i in range(0, 60, 2)), 30)


def test_scores_come_straight_from_the_model_while_the_rerun_is_still_on_its_way(fresh_page, address):
    page = fresh_page
    page.add_init_script(HOLD_BACK)
    visit(page, address)
    page.evaluate("window.held = true")
    shot(page, 7).click()
    expect(page.locator(".shot.scored")).to_have_count(1)
    expect(page.locator(".plot")).to_have_attribute("data-points", "1")
    assert "hidden=7" not in page.url

    page.evaluate("window.letGo()")
    expect_hidden(page, "7", 1)


def test_a_gesture_that_finds_no_way_but_the_rerun_is_answered_by_it(fresh_page, address):
    page = fresh_page
    page.route("**/fill-in/**", lambda route: route.abort())
    visit(page, address)
    shot(page, 7).click()
    shot(page, 9).click()
    expect_hidden(page, "7, 9", 2)


def test_typed_ranges_hide_and_a_bad_one_says_what_is_wrong(page, address):
    visit(page, address)
    field(page).fill("40-44, 60")
    field(page).press("Enter")
    expect_hidden(page, "40-44, 60", 6)

    field(page).fill("44-40")
    field(page).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("44-40 runs backwards")
    expect(page.locator(".shot.hidden")).to_have_count(6)

    shot(page, 0).click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect_hidden(page, "0, 40-44, 60", 7)


def test_random_hides_about_a_fifth_and_others_next_time_and_clear_shows_all(page, address):
    visit(page, address)
    draws = []
    for _ in range(2):
        page.get_by_role("button", name="Hide 20 % at random").click()
        settled(page)
        page.wait_for_function(
            "(old) => !old.includes(document.querySelector('[aria-label=\"Hidden shots\"]').value)", arg=["", *draws]
        )
        draws.append(field(page).input_value())
        assert 10 <= page.locator(".shot.hidden").count() <= 40

    press(page.get_by_role("button", name="Clear"))
    expect_hidden(page, "", 0)
    expect(page.get_by_text("Nothing is hidden")).to_be_visible()


def test_keys_alone_hide_reveal_and_extend(page, address):
    visit(page, address)
    page.locator(".shot[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect_hidden(page, "2", 1)

    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect_hidden(page, "2-3", 2)

    page.keyboard.press("End")
    page.keyboard.down("Shift")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.up("Shift")
    last = page.locator(".shot").count() - 1
    expect_hidden(page, f"2-3, {last - 2}-{last}", 5)

    page.keyboard.press("Home")
    expect(shot(page, 0)).to_be_focused()
    page.keyboard.press("n")
    expect(shot(page, 2)).to_be_focused()
    page.keyboard.press("Space")
    expect_hidden(page, f"3, {last - 2}-{last}", 4)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("look=2"))
    expect(shot(page, 2)).to_have_class(re.compile("looked"))


def test_a_screen_reader_hears_number_time_and_state(page, address):
    visit(page, address, hidden="41")

    expect(page.get_by_role("listbox", name=re.compile("Shots of Harbour lights"))).to_be_visible()
    expect(shot(page, 41)).to_have_attribute("aria-label", re.compile(r"^Shot 41, \d\d:\d\d, hidden, centred cosine"))
    expect(shot(page, 40)).to_have_attribute("aria-label", re.compile(r"^Shot 40, \d\d:\d\d, visible"))
    expect(page.locator(".shot[tabindex='0']")).to_have_count(1)


def test_reloading_and_opening_the_link_elsewhere_show_the_same_view(page, address, fresh_page):
    visit(page, address, hidden="3-5")
    shot(page, 20).click()
    expect_hidden(page, "3-5, 20", 4)

    page.reload()
    expect_hidden(page, "3-5, 20", 4)
    fresh_page.goto(page.url)
    expect_hidden(fresh_page, "3-5, 20", 4)


def test_clear_survives_a_reload(page, address):
    visit(page, address, hidden="3")
    press(page.get_by_role("button", name="Clear"))
    expect_hidden(page, "", 0)

    page.reload()
    expect(page.get_by_text("Nothing is hidden")).to_be_visible()
    expect(page.locator(".shot.hidden")).to_have_count(0)


def test_another_title_is_shown_with_its_own_shots_and_the_url_follows(page, address):
    visit(page, address)
    page.get_by_role("combobox", name=re.compile("Title")).click()
    page.get_by_role("option", name=re.compile("A short")).click()

    expect(page.locator(".shot")).to_have_count(60)
    expect(page.locator(".shot.scored").first).to_be_visible()
    expect(page).to_have_url(re.compile("title=short"))


def test_markup_in_titles_and_texts_is_shown_as_text(page, address):
    visit(page, address, title="markup", hidden="1")
    shot(page, 5).hover()

    expect(page.locator(".tip")).to_contain_text("<i>markup</i> & <script>alert(1)</script>")
    expect(page.get_by_role("listbox", name="Shots of <b>x</b>; selected means hidden")).to_be_visible()
    assert page.locator(".tip i, .tip script").count() == 0
    expect(page.get_by_role("combobox", name="Title")).to_have_value("<b>x</b> · test · 40 shots")


def test_thumbnails_are_shown_where_there_are_some_and_colours_where_one_is_missing(page, address):
    visit(page, address, title="short", hidden="1")
    frame = shot(page, 0).locator(".frame")

    page.wait_for_function("(img) => img.naturalWidth === 160", arg=frame.element_handle())
    shot(page, 59).scroll_into_view_if_needed()
    expect(shot(page, 59).locator(".frame")).to_have_count(0)
    assert page.request.get(f"{address}/thumbnails/..%2F..%2F..%2Fcatalog/0.webp").status in (400, 404)


def test_a_title_without_times_counts_shots(page, address):
    visit(page, address, title="markup", hidden="1-3")

    expect(page.locator(".plot .axis text").last).to_have_text("40")
    expect(shot(page, 5)).to_have_attribute("aria-label", "Shot 5, visible")


@pytest.mark.parametrize(
    ("title", "count"), [("still", 1), ("sketch", 3), ("feature", 512), ("marathon", 2000), ("saga", 5000)]
)
def test_titles_of_any_length_answer(page, address, title, count):
    visit(page, address, title=title)
    expect(page.locator(".shot")).to_have_count(count)
    expect(page.locator(".player")).to_be_hidden()
    expect(page.locator(".filmstrip")).to_contain_text(f"of {grouped(count)} hidden")
    if count <= 3:  # a handful of shots may take the room
        assert shot(page, 0).bounding_box()["width"] > 60
    shot(page, 0).click()

    expect_hidden(page, "0", 1)
    expect(page.get_by_text("This title has no pictures.")).to_be_visible()


def test_painting_a_drag_over_two_thousand_shots_touches_only_what_the_hand_has_passed(page, address):
    visit(page, address, title="marathon")
    touched = page.evaluate(
        """() => {
          const root = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".filmstrip")).find(Boolean);
          const cells = [...root.querySelectorAll(".shot")].slice(0, 600);
          const seen = new MutationObserver(() => {});
          seen.observe(root, { subtree: true, attributes: true, childList: true, characterData: true });
          const at = (cell, type) => {
            const box = cell.getBoundingClientRect();
            const place = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
            cell.dispatchEvent(new PointerEvent(type, { bubbles: true, composed: true, button: 0, pointerId: 1, ...place }));
            return seen.takeRecords().length;
          };
          root.querySelector(".shots").setPointerCapture = () => {};
          return [at(cells[0], "pointerdown"), ...cells.filter((_, i) => i % 7 === 0).map((c) => at(c, "pointermove"))];
        }"""
    )

    assert sum(touched) > 600  # it paints
    assert max(touched) < 100  # of two thousand shots, for the seven that a move passes


def test_a_row_of_the_data_page_opens_that_title_in_the_lab(page, address):
    page.goto(f"{address}/data")
    expect(page.get_by_text("Valid: every rule")).to_be_visible()
    settled(page)
    # A canvas has no elements to wait for, so wait until it stands still where it is drawn.
    canvas = page.locator("[data-testid=stDataFrame] canvas").first
    expect(canvas).to_be_visible()
    table, before = canvas.bounding_box(), None
    while table != before:
        page.wait_for_timeout(500)
        table, before = canvas.bounding_box(), table
    page.mouse.click(table["x"] + 16, table["y"] + 38 + 35 * 2 + 17)  # the third row's box: a canvas, with no elements

    expect(page.locator(".shot")).to_have_count(160)
    expect(page).to_have_url(re.compile("title=lesson-2"))
    settled(page)
    page.go_back()  # once is enough
    expect(page.get_by_text("Valid: every rule")).to_be_visible()


def test_the_selection_is_the_same_on_every_page(page, address):
    visit(page, address, hidden="3-5")
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_text("Valid: every rule")).to_be_visible()
    page.get_by_role("link", name="Masking lab").click()

    expect_hidden(page, "3-5", 3)


def test_no_page_asks_another_machine_for_anything(fresh_page, address):
    page = fresh_page
    asked = []
    page.on(
        "request", lambda r: asked.append(r.url) if not r.url.startswith((address, "data:", "blob:", "ws:")) else None
    )
    for path in ("", "data"):
        page.goto(f"{address}/{path}")
        settled(page)
        page.wait_for_timeout(500)

    assert [u for u in asked if "127.0.0.1" not in u] == []
