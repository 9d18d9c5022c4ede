"""The address holds what is seen: every control of every page is changed, and the address alone shows the same again."""

from __future__ import annotations

import re
import shutil
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from msm import Catalog
from tests.browser.small_world import evaluate_run, write_crowd, write_trio

PAGES = Path(__file__).parents[2] / "workbench" / "app_pages"
KINDS = (
    "selectbox",
    "multiselect",
    "button_group",
    "toggle",
    "checkbox",
    "slider",
    "text_input",
    "number_input",
    "radio",
    "pagination",
)
OTHER = {  # a value that the control does not open with
    "title": "title-train", "run": "second", "ranges": "3-5", "panel": "What if", "scope": "Whole catalog", "veil": True,
    "method": "attention", "layer": "1", "what_if": "Another run", "metadata_of": "title-train", "other_run": "third",
    "beside": ["third"], "colour": "split", "find": "place 2", "path": "title-test", "size": 2.0, "only": ["scene"],
    "only.scene": ["1"], "histograms": ["scene"], "names": False, "contours": True, "mode": "clip", "titles": ["title-test", "title-validation"], "splits": ["validation"], "labels": ["scene"],
    "label.scene": ["2"], "show": ["scene"], "compare": "audio", "other_titles": True, "other_scenes": False, "together": False,
    "k": 24, "length": 7, "words": "place", "measure": "scene", "measured": True, "training": "second", "smooth": 30,
    "all_runs": True, "where": "state=done", "sort": "name", "columns": ["name", "loss"], "archived": True, "family": "kNN", "tab": "own", "titles.find": "Harbour", "titles.sort": "-num_shots", "titles.page": 2, "runs.page": 2, "script": "talk", "table": True, "map": None, "ablation": None, "report": None,
}  # fmt: skip
NOT_SEEN = {"training.preset", "form"}  # fields of forms: they say what a job shall do
VISITS = [
    ("masking_lab", {}, ["veil", "scope", "ranges", "title", "run"]),
    ("masking_lab", {"panel": "What mattered"}, ["method", "run"]),
    ("masking_lab", {"panel": "Surprise"}, ["panel", "what_if", "other_run"]),
    ("embedding_map", {}, ["colour", "find", "path", "size", "only", "only.scene", "histograms", "names", "contours"]),
    ("retrieval", {}, ["splits", "labels", "label.scene", "show", "compare", "other_scenes", "together", "k", "run"]),
    ("retrieval", {"hidden": "7"}, ["other_titles", "titles", "mode", "length", "title"]),
    ("retrieval", {"mode": "text"}, ["words"]),
    ("training", {}, ["training", "beside", "smooth"]),
    ("training", {"all_runs": "yes"}, ["where", "sort", "columns", "archived"]),
    ("evaluation", {}, ["run", "beside"]),
    ("tasks", {}, ["run"]),
    ("data", {}, []),
    ("present", {}, ["script"]),
]
VISITS_OF_MANY = [  # titles and runs
    ("data", {}, ["titles.find", "titles.sort", "titles.page"]),
    ("training", {"all_runs": "yes"}, ["runs.page"]),
    ("retrieval", {}, ["titles"]),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """Three titles of 40 shots, three runs of which one is measured, and the script of a presentation."""
    folder = write_trio(tmp_path_factory.mktemp("address"), 40)
    evaluate_run(Catalog.open(folder / "catalog"), folder / "runs" / "mediafm")
    for name in ("second", "third"):
        shutil.copytree(folder / "runs" / "mediafm", folder / "runs" / name)
    (folder / "presentations").mkdir()
    for name in ("first", "talk"):
        step = f'[[step]]\nview = "text"\nheading = "{name}"\nlines = ["A line."]\n'
        (folder / "presentations" / f"{name}.toml").write_text(f'heading = "{name}"\n{step}')
    return folder


@pytest.fixture(scope="module")
def crowd(tmp_path_factory) -> Path:
    return write_crowd(tmp_path_factory.mktemp("crowd"))


def visit(monkeypatch: pytest.MonkeyPatch, world: Path, page: str, url: dict[str, str]) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(world / "catalog"), "--runs", str(world / "runs")])
    app = AppTest.from_file(str(PAGES / page / "page.py"), default_timeout=60)
    app.query_params.update(url)
    app.run()
    assert not app.exception, app.exception
    return app


def controls(app: AppTest) -> dict[str, Any]:
    """Every control by the name of its setting, forms aside."""
    found = chain.from_iterable(getattr(app, kind) for kind in KINDS)
    keyed = {c.key: c for c in found if c.key and c.key.partition(".")[0] not in NOT_SEEN and c.key not in NOT_SEEN}
    return {key.removeprefix("widget."): c for key, c in keyed.items()}


def seen(app: AppTest) -> tuple[dict[str, Any], list[str]]:
    """What every control shows, and the headings and sentences; times that something took aside."""
    parts = chain(app.header, app.subheader, app.markdown, app.caption)
    return {n: c.value for n, c in controls(app).items()}, [
        str(p.value) for p in parts if not re.search(r" ms| ago|just now", str(p.value))
    ]


@pytest.mark.parametrize(("page", "url", "changed"), VISITS, ids=lambda v: v if isinstance(v, str) else None)
def test_every_control_of_a_page_stands_in_the_address(monkeypatch, world, page, url, changed):
    check_address(monkeypatch, world, page, url, changed, OTHER)


@pytest.mark.parametrize(("page", "url", "changed"), VISITS_OF_MANY, ids=lambda v: v if isinstance(v, str) else None)
def test_controls_of_long_lists_stand_in_the_address(monkeypatch, crowd, page, url, changed):
    check_address(monkeypatch, crowd, page, url, changed, {**OTHER, "titles": ["title-0003", "title-0007"]})


def check_address(monkeypatch, world, page, url, changed, other):
    app = visit(monkeypatch, world, page, url)
    for name in changed:
        before = dict(app.query_params)
        controls(app)[name].set_value(other[name]).run()
        assert not app.exception, (name, app.exception)
        assert dict(app.query_params) != before, f"{name} is not in the address"

    assert {*controls(app)} <= {*OTHER}, "a control is neither bound to a setting nor a field of a form"
    again = visit(monkeypatch, world, page, {n: "".join(t) for n, t in app.query_params.items()})
    assert seen(again) == seen(app)


def test_every_control_is_changed_on_some_page():
    unchanged = {*OTHER} - {*chain.from_iterable(changed for _, _, changed in [*VISITS, *VISITS_OF_MANY])}
    assert unchanged == {
        "all_runs",
        "layer",
        "metadata_of",
        "measure",
        "measured",
        "family",
        "tab",
        "table",
        "map",
        "ablation",
        "report",
    }  # need more of a world
