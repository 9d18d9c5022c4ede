"""The Ablations page in a browser: a small ablation is started from the form, watched, and read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import press

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MINUTES = 60_000


def test_an_ablation_started_on_the_page_grows_into_an_answer(page: Page, address: str, world: Path):
    page.goto(f"{address}/ablations")
    expect(page.get_by_role("heading", name="Recipe matters")).to_be_visible()  # the checkout's own measurements
    page.get_by_text("Start an ablation").click()
    page.get_by_role("textbox", name="Settings of every configuration").fill(
        "steps=4 validate_every=2 batch_windows=2 model.width=16 model.depth=1 model.heads=2"
    )
    page.get_by_role("spinbutton", name="Seeds").fill("1")
    page.get_by_role("textbox", name="Name").fill("small")
    page.get_by_role("textbox", name="Name").press("Enter")
    press(page.get_by_role("button", name="What would it cost?"))
    expect(page.get_by_text(re.compile(r"5 configurations × 1 seed"))).to_be_in_viewport(timeout=3 * MINUTES)

    press(page.get_by_role("button", name="Start", exact=True))
    expect(page.get_by_text(re.compile("^small (begins|was started)")).first).to_be_in_viewport()
    expect(page.get_by_text("small: 5 trainings").first).to_be_visible()
    expect(page.get_by_text("is done").first).to_be_visible(timeout=5 * MINUTES)

    page.goto(f"{address}/ablations?ablation=small")
    expect(page.locator("[class*=st-key-knob] .js-plotly-plot")).to_have_count(2)
    expect(page.get_by_text(re.compile("Hiding .* instead of 20 %"))).to_be_visible()
    assert (world / "runs" / "small" / "table.csv").exists()
    page.get_by_role("button", name="Copy as code").first.click()
    expect(page.get_by_text("hyperparameter_figure(read_table")).to_be_visible()
