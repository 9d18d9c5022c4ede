"""The Tasks page: with a report it opens on the verdict, without one on the question; an uploaded file becomes a job."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from msm import Catalog, Run
from msm.data.catalog import modalities_of
from msm.evaluation.label_files import read_labels_of
from msm.evaluation.tasks.report import probe_tasks
from msm.evaluation.tasks.saved import save_report
from tests.browser.small_world import DIMS, small_title, train_run
from workbench.views import notebook_code
from workbench.views.tasks.figures import curve_figure, tasks_figure
from workbench.views.tasks.tables import differences_table, savings_sentence, verdict_sentence

PAGE = Path(__file__).parents[2] / "workbench" / "app_pages" / "tasks" / "page.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """catalog/, runs/asked with a report of labels.csv, and runs/fresh without one."""
    folder = tmp_path_factory.mktemp("tasks")
    rng = np.random.default_rng(0)
    splits = ["train"] * 6 + ["validation"] * 2 + ["test"] * 4
    titles = [small_title(rng, f"t{i}", split, 14) for i, split in enumerate(splits)]
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "runs" / "asked", steps=2)
    shutil.copytree(folder / "runs" / "asked", folder / "runs" / "fresh")
    rows = [
        f"{t.title_id},{i},{'<i>up</i>' if x[0] > 0 else 'down'}" for t in catalog for i, x in enumerate(t.embeddings)
    ]
    text = "\n".join(["title,shot,<b>mood</b>", *rows, "nobody,1,up"])
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    report = probe_tasks(catalog, read_labels_of([folder / "labels.csv"], catalog), Run.open(folder / "runs" / "asked"))
    save_report(report, "labels", run=folder / "runs" / "asked", out=None)
    return folder


def visit(monkeypatch, world: Path, run: str) -> AppTest:
    words = ["app.py", "--catalog", str(world / "catalog"), "--runs", str(world / "runs")]
    monkeypatch.setattr(sys, "argv", words)
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params["run"] = run
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(str(p.value) for p in [*app.markdown, *app.subheader, *app.caption, *app.info, *app.error])


def test_a_report_opens_on_its_verdict_with_tables_curve_and_what_had_no_place(monkeypatch, world):
    app = visit(monkeypatch, world, "asked")
    report = json.loads((world / "runs" / "asked" / "tasks" / "labels.json").read_text())
    assert verdict_sentence(report) in [s.value for s in app.subheader]
    assert "1 of 169 marks have no place in the catalog" in text_of(app)
    assert "the shot alone reaches with" in text_of(app)
    assert "<b>mood</b>" not in text_of(app)  # escaped
    assert list(app.dataframe[0].value["Probe"]) == ["Linear probe", "Retrieval"]


def test_without_a_report_the_page_says_what_it_asks_and_offers_the_form(monkeypatch, world):
    app = visit(monkeypatch, world, "fresh")
    assert "copying its neighbours" in text_of(app)
    assert any("title,shot,mood" in c.value for c in app.code)
    assert next(b for b in app.button if b.label == "Ask").disabled


def test_a_file_on_disk_becomes_a_job_whose_report_is_shown(monkeypatch, world):
    app = visit(monkeypatch, world, "fresh")
    field = next(t for t in app.text_input if t.label.startswith("or read"))
    field.set_value(str(world / "labels.csv")).run()
    next(b for b in app.button if b.label == "Ask").click().run()
    assert not app.exception, app.exception
    report = world / "runs" / "fresh" / "tasks" / "labels.json"
    until = time.monotonic() + 240
    while not report.exists() and time.monotonic() < until:
        time.sleep(0.5)
    assert report.exists(), [p.read_text() for p in (world / "runs" / ".jobs").glob("*/log")]
    app = visit(monkeypatch, world, "fresh")
    assert any("the title around a shot" in s.value for s in app.subheader)


def test_a_missing_file_is_one_sentence_and_no_job(monkeypatch, world):
    before = len(list((world / "runs").glob(".jobs/*")))
    app = visit(monkeypatch, world, "asked")
    next(t for t in app.text_input if t.label.startswith("or read")).set_value("/nowhere/x.csv").run()
    next(b for b in app.button if b.label == "Ask").click().run()
    assert any("x.csv is missing" in e.value for e in app.error)
    assert len(list((world / "runs").glob(".jobs/*"))) == before


def test_figures_and_their_cells_hold_every_input_and_every_number_of_labels(world):
    path = world / "runs" / "asked" / "tasks" / "labels.json"
    report = json.loads(path.read_text())
    figure = tasks_figure(report, "linear")
    named = {t.name: t.x[0] for t in figure.data if t.name}
    columns = report["tasks"][0]["probes"][0]["columns"]
    assert named["model, in its title"] == pytest.approx(columns["contextual"]["ap_macro"], abs=1e-3)
    assert set(named) == {"shot", "shot and neighbours", "model, shot alone", "model, in its title", "chance"}

    curve = curve_figure(report["tasks"][0])
    assert [list(t.x) for t in curve.data if t.name] == [report["tasks"][0]["curve"]["sizes"]] * 4
    assert "labels" in savings_sentence(report["tasks"][0])
    assert len(differences_table(report)) == 2
    for call in ("tasks_figure(report, 'linear')", 'curve_figure(report["tasks"][0])'):
        scope: dict = {}
        *body, last = notebook_code.tasks_code(path, call).strip().splitlines()
        exec("\n".join(body), scope)
        assert isinstance(eval(last, scope), go.Figure)  # noqa: S307 — our own code


@pytest.mark.parametrize(
    ("against_shot", "against_copies", "sentence"),
    [
        ({"tone": "won"}, "won", "Knowing the title around a shot helps to tell tone. It helps more than copying the neighbours with tone."),
        ({"tone": "won", "a*b": "not told"}, "lost", "Knowing the title around a shot helps to tell tone and may or may not help with a\\*b. Copying the neighbours may do as well."),
        ({"tone": "lost"}, "won", "Knowing the title around a shot makes it harder to tell tone."),
        (dict.fromkeys("abcd", "not told"), "won", "Knowing the title around a shot may or may not help with 4 labels."),
    ],
)  # fmt: skip
def test_the_heading_names_the_labels_that_context_helps_and_those_that_it_does_not(
    against_shot, against_copies, sentence
):
    def task(name, verdict):
        differences = {"contextual - raw": {"verdict": verdict}, "contextual - neighbours": {"verdict": against_copies}}
        return {"label": name, "probes": [{"differences": differences}]}

    report = {"inputs": ["raw", "neighbours", "contextual"], "tasks": [task(*pair) for pair in against_shot.items()]}
    assert verdict_sentence(report) == sentence
