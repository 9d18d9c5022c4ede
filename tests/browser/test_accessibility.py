"""axe-core finds no critical and no serious fault on any page, in both themes; every page speaks in the field's terms."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import press, settled

pytestmark = pytest.mark.browser
PAGES = {  # name in the navigation → what stands on the page once it is whole
    "Masking lab": ".shot.scored", "Embedding map": ".shot-map[data-points]", "Shot retrieval": ".st-key-retrieval-around",
    "Training": ".js-plotly-plot .main-svg", "Evaluation": "text=Take it along", "Tasks": "h2", "Ablations": ".js-plotly-plot .main-svg",
    "Data": "[data-testid=stDataFrame]", "Present": ".msm-slide",
}  # fmt: skip
FAULTS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"], rules: { "heading-order": { enabled: true } } });
  const counts = found.violations.filter((v) => ["serious", "critical"].includes(v.impact) || v.id === "heading-order");
  return counts.flatMap((v) => v.nodes.map((n) => [v.id, n.target.flat().join(" "), n.html.slice(0, 120)]));
}"""
OF_STREAMLIT = {  # rule → what of Streamlit's own breaks it: nothing that an app can change
    "color-contrast": "<p>(Compare with|Labels)</p>",  # the label of a field that is disabled, which the rule exempts
    "scrollable-region-focusable": "stSidebarContent|stMain",
}


FORMER = (  # what terms of the field replaced; nobody reads them on any page
    "Beside", "Share of shots hidden", "Which shots are hidden", "Windows in a batch", "Length of the training", "How modalities are joined",
    "Noise on the shots", "Dimensions in use", "Likeness of two shots", "Columns a shot", "Least distance", "Every knob", "Every cell", "Knob",
    "last heard", "Stored as", "Sound:", "Asked by", "Read off by a line", "What can be read off", "Vote of the neighbours", "found at once",
    "The real shot is among the first", "Average of the shots around", "Average shot of", "Smoothing by statistics", "Copy of the nearest shot",
    "Blend of both neighbours", "Average of similar shots", "the picture is hidden", "the sound is hidden", "all of it, picture", "Shots a second",
    "Windows that run backwards", "Longest window", "Averaging of the weights", "Catalog catalog",
)  # fmt: skip
TERMS = {  # a few that stand where a page opens
    "Masking lab": ("Video", "Audio", "Text", "Best baseline", "Skill"), "Embedding map": (), "Shot retrieval": (),
    "Training": ("Best baseline", "Compare with", "Mask ratio", "Masking strategy", "Training steps", "Batch size", "Modality fusion",
                 "Gradient accumulation", "Input noise", "All hyperparameters", "Effective rank (RankMe)", "Mean pairwise cosine", "Last update"),
    "Evaluation": ("Best baseline", "Median rank", "Linear probes", "Compare with"),
    "Tasks": (), "Ablations": ("Configurations", "Best baseline"), "Data": ("Valid:", "dtype", "Embedding dimension"), "Present": (),
}  # fmt: skip
READ = """() => {
  const words = [];
  const read = (node) => {
    for (const el of node.querySelectorAll("*")) {
      words.push(el.getAttribute("aria-label") ?? "", el.getAttribute("title") ?? "");
      if (el.shadowRoot) read(el.shadowRoot);
    }
    for (const el of node.querySelectorAll("*")) if (!["STYLE", "SCRIPT"].includes(el.tagName))
      for (const child of el.childNodes) if (child.nodeType === 3) words.push(child.data);
  };
  read(document);
  return words.join(" | ");
}"""


@cache
def axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[list[str]]:
    page.evaluate(axe())
    found = page.evaluate(FAULTS)
    return [f for f in found if not (f[0] in OF_STREAMLIT and re.search(OF_STREAMLIT[f[0]], " ".join(f[1:])))]


def test_every_page_is_accessible_in_both_themes_and_speaks_in_the_fields_terms(page: Page, address: str):
    page.goto(f"{address}/?title=short&hidden=3-9")
    found, spoken = {}, {}
    for name, whole in PAGES.items():
        if name != "Masking lab":
            link = page.get_by_role("link", name=name, exact=True)
            path = urlsplit(link.get_attribute("href")).path
            link.click()  # and until the script of the new page runs, the former one stands there, settled
            expect(page).to_have_url(re.compile(rf"{re.escape(path)}(\?|$)"))
        expect(page.locator(whole).first).to_be_visible()
        settled(page)
        said = page.evaluate(READ)
        spoken |= {(name, word): "is read" for word in FORMER if word in said}
        spoken |= {(name, word): "is missing" for word in TERMS[name] if word.lower() not in said.lower()}
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(400)  # the colours fade over
            if faults(page):  # perhaps the colours still fade, where the machine does other work
                page.wait_for_timeout(2500)
            if there := faults(page):
                found[f"{name}, {scheme}"] = there
    assert found == {}, found
    assert spoken == {}, spoken


def test_the_theme_is_switched_in_the_sidebar_for_every_page_and_survives_a_reload(page: Page, address: str):
    page.goto(f"{address}/data")
    press(page.get_by_role("button", name="Dark theme"))
    light = page.get_by_role("button", name="Light theme")
    expect(light).to_be_visible()
    assert is_dark(page)
    page.reload()
    expect(light).to_be_visible()
    page.goto(f"{address}/training")
    expect(light).to_be_visible()
    assert is_dark(page)
    press(light)
    expect(page.get_by_role("button", name="Dark theme")).to_be_visible()
    assert not is_dark(page)


def is_dark(page: Page) -> bool:
    color = page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", color)[:3]) < 3 * 128
