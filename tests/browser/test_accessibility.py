"""axe-core finds no critical and no serious fault on any page, in both themes."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled

pytestmark = pytest.mark.browser
PAGES = {  # name in the navigation → what stands on the page once it is whole
    "Masking lab": ".shot.scored", "Embedding map": ".shot-map[data-points]", "Shot retrieval": ".st-key-retrieval-around",
    "Training": ".js-plotly-plot .main-svg", "Evaluation": "h3", "Tasks": "h2", "Ablations": ".js-plotly-plot .main-svg",
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


@cache
def axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[list[str]]:
    page.evaluate(axe())
    found = page.evaluate(FAULTS)
    return [f for f in found if not (f[0] in OF_STREAMLIT and re.search(OF_STREAMLIT[f[0]], " ".join(f[1:])))]


def test_every_page_is_accessible_in_both_themes(page: Page, address: str):
    page.goto(f"{address}/?title=short&hidden=3-9")
    found = {}
    for name, whole in PAGES.items():
        if name != "Masking lab":
            page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator(whole).first).to_be_visible()
        settled(page)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(400)  # the colours fade over
            if there := faults(page):
                found[f"{name}, {scheme}"] = there
    assert found == {}
