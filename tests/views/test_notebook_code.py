"""Copy as code: every cell that a page offers runs as it stands in a notebook and draws a figure.

Cells are found, not listed: each page runs on the sample data, each of its switches is set to each of its
values, and what `st.code` shows as Python is collected.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ButtonGroup

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted((REPO / "workbench" / "app_pages").glob("*/page.py"))
SILENT = {
    "data",
    "training",
    "present",
}  # pages that draw nothing which a notebook could want, or through other pages' functions
MOST_SWITCHES = 8  # values that are tried on one page, beside the ones that it opens with


def opened(monkeypatch: pytest.MonkeyPatch, page: Path) -> AppTest:
    catalog, runs = REPO / "sample_data" / "catalog", REPO / "sample_data" / "runs"
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(catalog), "--runs", str(runs)])
    app = AppTest.from_file(str(page), default_timeout=120)
    app.query_params["code"] = "yes"  # "Copy as code" that is not drawn until somebody opens it
    app.run()
    assert not app.exception, app.exception
    return app


def press(monkeypatch: pytest.MonkeyPatch, app: AppTest, place: int, label: str) -> None:
    """Choose an option by what stands on it; AppTest would have the value behind it, which nobody sees."""
    group, formatted = app.button_group[place], ButtonGroup.formatted_values.fget
    with monkeypatch.context() as patch:
        patch.setattr(ButtonGroup, "formatted_values", property(lambda g: [label] if g is group else formatted(g)))
        group._value = label
        app.run()


def switches(app: AppTest) -> list[tuple[int, str]]:
    """(place, label) of each option of the controls of which one is chosen, the chosen ones aside."""
    single = [(i, g) for i, g in enumerate(app.button_group) if g._is_single_select]
    return [(i, label) for i, group in single for label in group.options if label not in group.formatted_values]


def python_of(app: AppTest) -> set[str]:
    return {c.value for c in app.code if c.language == "python"}


def traces_of(app: AppTest) -> list[list[dict[str, Any]]]:
    """The traces of each Plotly figure that the page shows, through Streamlit's chart or our own component."""
    own = [json.loads(shown.proto.json) for shown in app.get("bidi_component") if shown.proto.json]
    charts = [chart.proto.spec for chart in app.get("plotly_chart")] + [
        data["figure"] for data in own if "figure" in data
    ]
    return [json.loads(chart)["data"] for chart in charts]


def run_cell(code: str) -> Any:
    """What a notebook would show under the cell: the value of its last line."""
    *body, last = ast.parse(code).body
    namespace: dict[str, Any] = {}
    exec(compile(ast.Module(body, []), "<cell>", "exec"), namespace)
    assert isinstance(last, ast.Expr), f"nothing would be shown under:\n{code}"
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)  # noqa: S307 — our own code


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.parent.name)
def test_every_cell_that_a_page_offers_runs_and_draws(monkeypatch, page):
    app = opened(monkeypatch, page)
    found = dict.fromkeys(python_of(app), traces_of(app))
    print(page.parent.name, switches(app), len(found))
    first = app.button_group[0].formatted_values[0] if switches(app) else ""
    for place, label in switches(app)[:MOST_SWITCHES]:
        press(monkeypatch, app, place, label)
        assert not app.exception, app.exception
        found |= {code: traces_of(app) for code in python_of(app) - {*found}}
        press(monkeypatch, app, 0, first)  # back, so that the controls are where they were
    if page.parent.name not in SILENT:
        assert found, "the page shows figures, and gives the code of none"

    for code, drawn in sorted(found.items()):
        shown = run_cell(code)
        assert isinstance(shown, go.Figure | pd.DataFrame) or hasattr(shown, "_repr_mimebundle_"), code
        if isinstance(shown, go.Figure):
            assert shown.data, code
            own = json.loads(shown.to_json())["data"]
            # A figure that grows while it is watched goes to the browser by another way; the page has no other trace like it.
            assert own in drawn or not {str(t.get("name")) for t in own} & {
                str(t.get("name")) for d in drawn for t in d
            }, code
