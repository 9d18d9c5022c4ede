"""The Tasks page in Chromium: a file of labels is uploaded and asked about, and its report is shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from msm import Catalog
from tests.browser.conftest import press

pytestmark = pytest.mark.browser


@pytest.fixture
def labels(world: Path, tmp_path: Path) -> Path:
    """moods.csv: of every fourth shot of the short titles, the sign of its first column."""
    rows = ["title,shot,mood"]
    for title in (t for t in Catalog.open(world / "catalog") if t.num_shots <= 200):
        rows += [f"{title.title_id},{i},{'up' if x[0] > 0 else 'down'}" for i, x in enumerate(title.embeddings)][::4]
    path = tmp_path / "moods.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_an_uploaded_file_of_labels_becomes_a_report_with_three_columns_and_a_curve(
    page: Page, address: str, world: Path, labels: Path
):
    page.goto(f"{address}/tasks")
    page.locator("input[type=file]").set_input_files(labels)
    expect(page.get_by_text("moods.csv", exact=True)).to_be_visible()
    press(page.get_by_role("button", name="Ask", exact=True))
    expect(page.get_by_text(re.compile("moods.csv with mediafm.*is done"))).to_be_visible(timeout=180_000)
    press(page.get_by_role("button", name="Show it"))

    (path,) = (world / "runs").glob("*/tasks/moods.json")
    entry = json.loads(path.read_text())["tasks"][0]
    expect(page.get_by_role("heading", name="With few labels")).to_be_visible()
    probes = page.locator(".st-key-tasks-figure-probes-linear")
    for column in ("chance", "shot and neighbours", "model, shot alone", "model, in its title"):
        expect(probes).to_contain_text(column)
    curve = page.locator(".st-key-tasks-figure-curve-0")
    columns = entry["curve"]["columns"].values()
    points = curve.locator(".scatterlayer .points path")
    expect(points).to_have_count(len(columns) * len(entry["curve"]["sizes"]))
    points.first.scroll_into_view_if_needed()
    points.first.hover(force=True)
    told = [f"{c[0]['interval']['low']:.3f} to {c[0]['interval']['high']:.3f}" for c in columns]  # any that lies there
    expect(curve.locator(".hoverlayer")).to_contain_text(re.compile("|".join(map(re.escape, told))))
