"""The filmstrip's own tools: brushes, modalities, the film, zoom, keys, and the same module outside Streamlit."""

from __future__ import annotations

import base64
import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_masking_lab import drag, expect_hidden, settled, shot, visit
from workbench.components.front_end import script, style
from workbench.views import palette

pytestmark = pytest.mark.browser


def brush(page: Page, name: str):
    return page.get_by_role("radio", name=name)


def seconds(page: Page) -> float:
    minutes, rest = page.locator(".player .clock").text_content().split(" / ")[0].split(":")
    return 60 * int(minutes) + int(rest)


def test_brushes_hide_a_scene_and_every_nth_and_look_hides_nothing(page, address):
    visit(page, address)
    brush(page, "Scene").click()
    shot(page, 30).click()
    expect(page.locator(".shot[aria-selected=true]").first).to_be_visible()
    settled(page)
    hidden = sorted(int(n) for n in page.locator(".shot.hidden").evaluate_all("all => all.map(e => e.dataset.shot)"))
    assert 30 in hidden and hidden == list(range(hidden[0], hidden[-1] + 1))
    starts = page.locator(".shot.scene").evaluate_all("all => all.map(e => Number(e.dataset.shot))")
    assert hidden[0] in (0, *starts) and hidden[-1] + 1 in (118, *starts)

    shot(page, 30).click()
    expect_hidden(page, "", 0)
    brush(page, "Every 3rd").click()
    drag(page, 10, 20)
    expect_hidden(page, "10, 13, 16, 19", 4)
    brush(page, "Every 3rd").click()
    shot(page, 10).click()
    expect(page.get_by_role("radio", name="Every 5th")).to_be_visible()

    before = page.locator(".shot.hidden").count()
    brush(page, "Look").click()
    shot(page, 47).click()
    expect(page).to_have_url(re.compile("look=47"))
    assert page.locator(".shot.hidden").count() == before


def test_hiding_only_the_audio_compares_only_the_audio_and_survives_a_reload(page, address):
    visit(page, address, hidden="3-8")
    expect(page.get_by_role("radio", name="Raw cosine")).to_be_visible()
    part(page, "Audio").click()

    expect(page.get_by_text("Only the audio is hidden, and only the audio is compared")).to_be_visible()
    expect(page).to_have_url(re.compile("modality=audio"))
    expect(measure(page, "Video")).to_have_count(0)
    expect(shot(page, 4)).to_have_attribute("aria-label", re.compile("audio hidden"))
    page.get_by_role("radio", name="Raw cosine").click()
    expect(page.locator(".plot")).to_have_attribute("aria-label", re.compile("^raw cosine"))

    page.reload()
    expect(part(page, "Audio")).to_have_attribute("aria-checked", "true")
    expect_hidden(page, "3-8", 6)


def part(page: Page, name: str):
    return page.get_by_role("radiogroup", name="What is hidden of a shot").get_by_role("radio", name=name, exact=True)


def measure(page: Page, name: str):
    return page.get_by_role("radiogroup", name="Measure").get_by_role("radio", name=name, exact=True)


def lost(page: Page) -> list[str]:
    """What each hidden shot loses, as a screen reader hears it."""
    said = page.locator(".shot.hidden").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    return [re.search("(all|video|audio|text)? ?hidden", words)[1] or "all" for words in said]


def test_one_shot_may_lose_its_video_and_another_its_audio_by_hand_by_key_and_in_the_link(page, address):
    visit(page, address, hidden="3-6")
    brush(page, "Part").click()
    shot(page, 4).click()
    expect(page).to_have_url(re.compile("modality=video(:|%3A)4"))
    assert lost(page) == ["all", "video", "all", "all"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Space")  # of shot 5: the video, then the audio
    expect(page).to_have_url(re.compile("audio(:|%3A)5"))
    assert lost(page) == ["all", "video", "audio", "all"]
    expect(page.get_by_text("Hidden: the video of shot 4; the audio of shot 5; all of shots 3, 6.")).to_be_visible()
    expect(page.locator(".lost")).to_have_count(2)
    expect(part(page, "All")).to_have_attribute("aria-checked", "false")
    expect_hidden(page, "3-6", 4)

    page.reload()
    expect_hidden(page, "3-6", 4)
    assert lost(page) == ["all", "video", "audio", "all"]
    brush(page, "Shots").click()
    shot(page, 5).click()
    expect_hidden(page, "3-4, 6", 3)
    expect(page).to_have_url(re.compile("modality=video(:|%3A)4"))
    part(page, "Audio").click()  # one choice for all, as before
    expect(page).to_have_url(re.compile("modality=audio(&|$)"))
    assert lost(page) == ["audio", "audio", "audio"]


def test_the_film_plays_in_step_and_hidden_shots_are_veiled(page, address):
    visit(page, address, title="filmed", hidden="5")
    player, veil = page.locator(".player"), page.locator(".veil")
    page.wait_for_function("(video) => video.readyState >= 1", arg=page.locator("video").element_handle())
    page.get_by_role("button", name="Play").click()
    expect(player).to_have_attribute("data-playing", "true")
    expect(page.locator(".shot.now")).to_have_attribute("data-shot", re.compile("[1-9]"))  # the cursor moves by itself
    assert page.locator(".cursor").get_attribute("transform") != "translate(44.00 0)"
    page.get_by_role("button", name="Pause").click()

    shot(page, 5).click()
    shot(page, 5).click()  # revealed and hidden again: a click also seeks
    expect(player).to_have_attribute("data-veiled", "true")
    expect(veil).to_be_visible()
    assert page.locator("video").evaluate("(v) => [v.muted, v.currentTime]") == [True, 5]
    page.get_by_role("button", name="Lift veil").click()
    expect(veil).to_be_hidden()

    plot = page.locator(".plot").bounding_box()
    page.mouse.click(plot["x"] + plot["width"] * 0.8, plot["y"] + 40)
    assert seconds(page) >= 8
    expect_hidden(page, "5", 1)


def test_beside_many_rows_the_place_below_the_film_tells_of_its_shot_and_makes_nothing_taller(page, address):
    visit(page, address, title="filmed", hidden="5")
    about, stage = page.locator(".about"), page.locator(".stage")
    expect(about).to_contain_text("Shot 0 · 00:00 – ")
    expect(about).to_contain_text("visible to the model")
    expect(about).to_contain_text("Hidden: the fuller, the nearer the model came.")
    page.locator(".shots .shot").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(about).to_contain_text(re.compile(r"Shot 5 · .*● Model −?0\.\d\d\s◇ .* −?0\.\d\d"))

    tall = stage.bounding_box()["height"]
    about.evaluate("(about) => about.remove()")
    assert stage.bounding_box()["height"] == tall


def test_keys_alone_seek_play_choose_a_brush_and_explain_themselves(page, address):
    visit(page, address, title="filmed", hidden="5")
    page.locator(".shot[tabindex='0']").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert seconds(page) == 4
    page.keyboard.press("p")
    expect(page.locator(".player")).to_have_attribute("data-playing", "true")
    page.keyboard.press("p")
    page.keyboard.press("4")
    expect(brush(page, "Look")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("look=3"))

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of the filmstrip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys of the filmstrip")).to_be_hidden()
    expect(shot(page, 3)).to_be_focused()


def test_frames_grow_and_shrink_and_the_ruler_moves_them(page, address):
    visit(page, address, title="short")
    page.locator(".shot[tabindex='0']").focus()
    width = shot(page, 0).bounding_box()["width"]
    for _ in range(4):
        page.keyboard.press("+")
    assert shot(page, 0).bounding_box()["width"] > 2 * width
    expect(page.locator(".bracket")).to_have_attribute("visibility", "visible")

    plot = page.locator(".plot").bounding_box()
    page.mouse.click(plot["x"] + plot["width"] * 0.9, plot["y"] + plot["height"] - 8)
    expect(shot(page, 54)).to_be_in_viewport()
    page.keyboard.press("0")
    expect(page.locator(".bracket")).to_have_attribute("visibility", "hidden")


def test_a_film_that_is_missing_is_a_flip_book_of_its_frames(page, address):
    visit(page, address, title="short", hidden="0")
    expect(page.locator(".screen img")).to_have_attribute("src", re.compile("/0.webp$"))
    expect(page.locator(".veil")).to_be_visible()
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".screen img")).to_have_attribute("src", re.compile("/[1-9].webp$"))
    expect(page.locator(".veil")).to_be_hidden()


def test_a_range_of_a_film_is_served_and_nothing_else_of_the_disk(page, address):
    film = f"{address}/films/catalog/filmed.mp4"
    part = page.request.get(film, headers={"Range": "bytes=10-19"})

    assert (part.status, len(part.body())) == (206, 10)
    assert page.request.get(f"{address}/films/catalog/nobody.mp4").status == 404
    for name in ("..%2F..%2Fcatalog.json", "..%2Fcatalog", "thumbnails%2Fshort%2F0.webp"):
        answer = page.request.get(f"{address}/films/catalog/{name}")
        assert answer.status in (400, 404) or "html" in answer.headers["content-type"]  # the app's own page
    assert page.request.get(f"{address}/films/..%2F..%2Fruns/filmed.mp4").status in (400, 404)


MODEL = """
class Model {
  constructor(values) { this.values = values; this.heard = {}; this.saved = 0; }
  get(name) {
    // As a notebook gives it: bytes are a DataView.
    return name === "film" ? new DataView(Uint8Array.from(atob(this.values.film ?? ""), (c) => c.charCodeAt(0)).buffer) : this.values[name];
  }
  set(name, value) { this.values[name] = value; (this.heard["change:" + name] ?? []).forEach((f) => f()); }
  on(name, f) { (this.heard[name] ??= []).push(f); }
  off() {}
  save_changes() { this.saved++; }
}
"""


def mount(page: Page, values: dict) -> None:
    """The notebook shell with these traits, on a page of its own."""
    page.set_content(f"<style>{style()}</style><div id=here style='width:900px'></div>")
    module = script("widget_shell.js").replace("export default", "const shell =")
    page.add_script_tag(
        type="module",
        content=f"{module}\n{MODEL}\nwindow.model = new Model({json.dumps(values)});"
        "shell.render({ model: window.model, el: document.getElementById('here') });",
    )


def test_in_a_notebook_the_film_plays_in_step_and_what_cannot_be_played_is_a_flip_book(page, world):
    starts, pixel = [float(i) for i in range(12)], "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    shots = {"key": "k", "name": "x", "colors": ["#204060"] * 12, "starts": starts, "ends": [], "scenes": []}
    shots |= {"texts": None, "thumbnails": None, "modalities": [], "pictures": [pixel] * 12}
    film = (world / "catalog" / "media" / "filmed.mp4").read_bytes()
    values = {
        "shots": shots,
        "hidden": [5],
        "modality": "",
        "answer": None,
        "curve": None,
        "arcs": None,
        "cursor": None,
    }
    mount(page, values | {"film": base64.b64encode(film).decode()})
    video = page.locator("video")
    page.wait_for_function("(v) => v.readyState >= 1", arg=video.element_handle())
    page.locator(".shot[data-shot='5']").click()
    page.locator(".shot[data-shot='5']").click()
    expect(page.locator(".player")).to_have_attribute("data-veiled", "true")
    assert video.evaluate("(v) => [v.currentTime, v.muted]") == [5, True]
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".shot.now")).to_have_attribute("data-shot", "6")

    mount(page, values | {"film": base64.b64encode(b"no film at all").decode()})
    expect(page.locator(".player img")).to_be_visible()
    expect(video).to_have_count(0)


def test_the_notebook_shell_shows_a_curve_and_arcs_and_tells_a_gesture(page):
    starts = [2.0 * i for i in range(30)]
    shots = {"key": "k", "name": "<b>x</b>", "colors": ["#204060"] * 30, "starts": starts, "ends": [], "scenes": [0, 9]}
    shots |= {"texts": None, "thumbnails": None, "media": None, "modalities": ["video", "audio"]}
    measure = {"key": "centred", "label": "Centred", "axis": "centred cosine", "baseline": "Copy", "model": [0.5]}
    answer = {"shots": [4], "measures": [measure | {"best": [0.3]}]}
    curve = {"label": "surprise", "values": [i % 5 for i in range(30)], "peaks": [4, 9]}
    values = {"shots": shots, "hidden": [4], "modality": "", "answer": answer, "curve": curve}
    values |= {"arcs": {"drawn": [[2, 4, 1.0], [9, 4, -0.5]], "toward": "helped", "against": "misled"}, "cursor": 4}
    mount(page, values)
    expect(page.locator(".plot")).to_have_attribute("data-points", "1")
    expect(page.locator(".arcs path")).to_have_count(2)
    expect(page.locator(".arcs text")).to_have_text([re.compile("helped"), re.compile("misled")])
    colour = page.locator(".arcs .against").first.evaluate("(arc) => getComputedStyle(arc).stroke")
    assert colour == "rgb({}, {}, {})".format(*bytes.fromhex(palette.OTHER[1:])), "orange means the baseline"
    expect(page.locator(".curve .line")).to_have_count(1)
    expect(page.get_by_role("listbox", name="Shots of <b>x</b>")).to_be_visible()
    page.locator(".shot[data-shot='7']").click()
    assert page.evaluate("() => [window.model.values.hidden, window.model.saved]") == [[4, 7], 1]
