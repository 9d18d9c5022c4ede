"""The Shot retrieval page, run by Streamlit's AppTest: its default query, its four searches, and missing indexes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from msm.search.index_store import make_index
from msm.search.spaces import RawSpace
from tests.browser.small_world import DIMS, small_title, write_trio
from tests.pages.test_pages import ROOT, text_of, visit
from tests.views.test_notebook_code import run_cell
from workbench.app_pages.retrieval import panels
from workbench.views.search_results import quote

PAGE = ROOT / "workbench" / "app_pages" / "retrieval" / "page.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return write_trio(tmp_path_factory.mktemp("retrieval"), 40)


def search_by(app, mode: str):
    control = next(c for c in app.button_group if c.key == "widget.mode")
    return control.set_value(mode).run()


def everything(app) -> str:
    return "\n".join([text_of(app), *(h.value for h in app.header), *(s.value for s in app.subheader)])


def test_it_opens_on_a_hidden_shot_of_an_unseen_title_with_both_searches(monkeypatch, world):
    app = visit(monkeypatch, PAGE, world / "catalog", world / "runs", hidden="7,9", title="title-test")

    assert "A test title · shot 7" in everything(app)
    assert re.search("Raw and contextual (agree on|find)", everything(app))
    assert "`flat` index, exact" in everything(app)
    assert any("contextual_space" in c.value for c in app.code)
    assert (world / "catalog" / "index" / "contextual-mediafm.vectors" / "contextual.npy").exists()


def test_the_shared_selection_is_the_query(monkeypatch, world):
    shots = {"shots": "title-train:3;title-validation:10", "unlike": "title-test:10"}
    app = visit(monkeypatch, PAGE, world / "catalog", world / "runs", title="title-test", **shots)

    assert not app.exception
    assert "A train title · shot 3" in everything(app)
    assert "**Like these** (2 shots; their mean)" in everything(app) and "Not like those" in everything(app)
    assert any("'title-train:3;title-validation:10'" in c.value for c in app.code)
    next(b for b in app.button if b.label == "Start over").click().run()
    assert "Like these" not in everything(app)


def test_a_search_by_prediction_reports_the_rank_of_the_real_shot(monkeypatch, world):
    app = search_by(visit(monkeypatch, PAGE, world / "catalog", world / "runs", hidden="7"), "fill")

    assert not app.exception and "nearer to the model's guess than the real one" in everything(app)


def test_shots_in_a_row_can_be_made_longer(monkeypatch, world):
    app = search_by(visit(monkeypatch, PAGE, world / "catalog", world / "runs", hidden="7"), "clip")
    app.slider(key="widget.length").set_value(6).run()

    assert not app.exception
    spans = re.findall(r"shots (\d+)–(\d+)", everything(app))
    assert len(spans) == 12 and all(int(b) - int(a) == 5 for a, b in spans)


def test_words_are_found_as_they_are_written_and_the_page_says_why_not_by_meaning(monkeypatch, world):
    app = search_by(visit(monkeypatch, PAGE, world / "catalog", world / "runs", hidden="7"), "text")
    assert app.text_input[0].value.startswith("Somebody speaks in place")
    assert "with the very words" in everything(app)
    assert "made by 'unknown', which is no encoder that is known here" in everything(app)

    app.text_input[0].set_value("nobody says this").run()
    assert "Nobody says these words" in everything(app)


def test_filters_are_shown_and_kept(monkeypatch, world):
    app = visit(monkeypatch, PAGE, world / "catalog", world / "runs", hidden="7")
    assert "own scene is left out" in everything(app)
    next(m for m in app.multiselect if m.label == "Splits").set_value(["train"]).run()
    assert re.search(r"Only train titles", everything(app)) and "40 shots searched" in everything(app)
    next(m for m in app.multiselect if m.label == "Titles").set_value(["title-test"]).run()
    assert everything(app).count("No shot passes the filters") >= 2 and not app.exception


def test_retrieval_metrics_are_measured_on_request(monkeypatch, world):
    app = visit(monkeypatch, PAGE, ROOT / "sample_data" / "catalog", world / "runs")
    next(t for t in app.toggle if t.label == "Measure on the unseen titles").set_value(True).run()

    assert not app.exception and "mAP" in list(app.dataframe[0].value.columns)
    assert any("measures_figure" in c.value for c in app.code)


def test_without_a_run_raw_search_works_and_contextual_search_says_what_is_missing(monkeypatch, world, tmp_path):
    app = visit(monkeypatch, PAGE, world / "catalog", tmp_path / "none", hidden="7")
    assert "With a trained run" in app.info[0].value and "index, exact" in everything(app)
    assert "nothing can be filled in" in search_by(app, "fill").info[0].value


def test_a_damaged_index_is_reported_and_not_used(monkeypatch, world, tmp_path):
    import shutil

    shutil.copytree(world / "catalog", tmp_path / "catalog", ignore=shutil.ignore_patterns("index"))
    make_index(RawSpace(Catalog.open(tmp_path / "catalog")))
    (tmp_path / "catalog" / "index" / "raw" / "mean.npy").write_bytes(b"nothing")
    app = visit(monkeypatch, PAGE, tmp_path / "catalog", tmp_path / "none", hidden="7")

    assert "mean.npy is damaged" in app.warning[0].value and "built in memory" in everything(app)


def test_a_catalog_too_large_to_wait_for_says_how_to_index_it(monkeypatch, world, tmp_path):
    monkeypatch.setattr("msm.search.vector_index.plans.FLAT_BYTES", 1000)
    (tmp_path / "large").mkdir()
    rng = np.random.default_rng(1)
    Catalog.write(tmp_path / "large" / "c", [small_title(rng, "t", "test", 30)], modalities=modalities_of(DIMS))
    app = visit(monkeypatch, PAGE, tmp_path / "large" / "c", tmp_path / "none")

    assert "too many to look through at once" in app.info[0].value
    assert any(c.value.startswith("msm index ") for c in app.code)


@pytest.mark.parametrize("mode", ["shot", "fill", "clip", "text"])
@pytest.mark.parametrize("num_shots", [1, 3])
def test_a_catalog_of_one_or_three_shots_can_be_searched(monkeypatch, tmp_path, mode, num_shots):
    title = TitleData(title_id="t", split="test", embeddings=np.eye(3, 5)[:num_shots] + 0.1)
    Catalog.write(tmp_path / "c", [title], modalities=modalities_of({"text": 5}))
    app = visit(monkeypatch, PAGE, tmp_path / "c", tmp_path / "none")

    assert not search_by(app, mode).exception


def test_without_a_catalog_the_page_says_so(monkeypatch, tmp_path):
    app = visit(monkeypatch, PAGE, tmp_path / "nothing", tmp_path / "none")

    assert "there is no such folder" in app.error[0].value


SHOTS = {"shots": "title-test:3-5", "unlike": "title-train:9"}
MANY = {"shots": "title-test:3-30;title-train:2"}
STATES = [
    {"hidden": "7"},
    {"hidden": "7", "other_scenes": "no"},
    {"hidden": "7", "other_titles": "yes", "k": "4"},
    {**SHOTS, "splits": "validation", "together": "no"},
    {**SHOTS, "compare": "video", "labels": "scene", "label.scene": "1,2"},
    {**MANY, "titles": "title-validation,title-train"},
    {"hidden": "7", "mode": "fill", "other_scenes": "no"},
    {"hidden": "6-9", "mode": "fill", "splits": "test,train"},
    {"hidden": "7", "mode": "clip", "length": "3", "other_titles": "yes"},
    {**MANY, "mode": "clip", "compare": "audio", "k": "24"},
    {"hidden": "7", "mode": "text", "words": "place", "splits": "train", "k": "8"},
]


@pytest.mark.parametrize("url", STATES, ids=lambda url: "-".join(f"{k}={v}" for k, v in url.items()))
def test_the_copied_cell_finds_what_the_page_shows(monkeypatch, world, url):
    shown: dict[str, list[int]] = {}  # what the page sends to the browser, by the name of the column
    monkeypatch.setattr(panels, "frames", lambda items, *, key, **more: shown.update({key: items}))
    app = visit(monkeypatch, PAGE, world / "catalog", world / "runs", **{"title": "title-test", **url})
    (code,) = (c.value for c in app.code if "msm.search" in c.value and "measure" not in c.value)
    found = run_cell(code)

    mode = url.get("mode", "shot")
    names = {
        "shot": ("raw", "contextual"),
        "fill": ("guess", "real"),
        "text": ("words",),
        "clip": ("clip.raw", "clip.contextual"),
    }
    columns = {"fill": ("expected", "real"), "text": (None,)}.get(mode, ("raw", "contextual"))
    for name, column in zip(names[mode], columns, strict=True):
        table = found if column is None else found.loc[column]
        if mode == "clip":
            starts = [int(k.rpartition(".")[2]) for k in shown if re.fullmatch(rf"retrieval\.{name}\.\d+", k)]
            assert sorted(starts) == sorted(table["row"]) and starts
        else:
            assert [item["row"] for item in shown[f"retrieval.{name}"]] == table["row"].tolist() != []


@pytest.mark.slow
def test_pictures_are_found_by_words_where_their_encoder_has_a_text_tower(monkeypatch, tmp_path):
    from msm.ingest import load_encoders
    from msm.ingest.encoder_places import note_place
    from tests.ingest.test_hub_models import _clip

    _clip(tmp_path / "model")
    choice = f"clip={tmp_path / 'model'}"
    (encoder,) = load_encoders(choice)
    rng = np.random.default_rng(0)
    shots = pd.DataFrame({"start_s": range(8), "end_s": range(1, 9), "text": ["a line"] * 8})
    titles = [
        TitleData(title_id=f"t{i}", split=split, embeddings=rng.normal(size=(8, encoder.dim + 4)), shots=shots)
        for i, split in enumerate(("train", "test"))
    ]
    modalities = modalities_of({"video": encoder.dim, "text": 4}, {"video": encoder.name, "text": "unknown"})
    catalog = Catalog.write(tmp_path / "c", titles, modalities=modalities)
    note_place(catalog.path, encoder.name, choice)
    words = {"title": "t1", "mode": "text", "words": "red sea"}
    app = visit(monkeypatch, PAGE, catalog.path, tmp_path / "runs", **words)
    assert "no encoder that is known here" in everything(app)
    app = visit(monkeypatch, PAGE, catalog.path, tmp_path / "runs", **words, find_in="video")
    assert not app.exception
    assert "no encoder that is known here" not in everything(app) and f"`{encoder.name}`" in everything(app)


def test_the_index_of_a_large_catalog_is_built_by_a_button_and_then_searched(monkeypatch, tmp_path):
    monkeypatch.setattr("msm.search.vector_index.plans.FLAT_BYTES", 1000)
    rng = np.random.default_rng(1)
    (tmp_path / "large").mkdir()
    Catalog.write(tmp_path / "large" / "c", [small_title(rng, "t", "test", 30)], modalities=modalities_of(DIMS))
    app = visit(monkeypatch, PAGE, tmp_path / "large" / "c", tmp_path / "runs")
    next(b for b in app.button if b.label == "Build the index").click().run()
    assert not app.exception
    deadline = time.monotonic() + 60
    while not list((tmp_path / "large" / "c" / "index").glob("*/index.json")) and time.monotonic() < deadline:
        time.sleep(0.3)
    again = visit(monkeypatch, PAGE, tmp_path / "large" / "c", tmp_path / "runs")
    assert "kept beside the catalog" in everything(again) and "Build the index" not in [b.label for b in again.button]


@pytest.mark.parametrize(
    ("said", "words", "shown"),
    [
        ("The sea is calm tonight.", "SEA  is", ["The ", "sea is", " calm tonight."]),
        ("x " * 60 + "here it is", "it is", None),
        ("Nothing of the kind", "sea", ["Nothing of the kind"]),
        ("", "sea", []),
        (
            "İstanbul by the sea",
            "sea",
            ["İstanbul by the sea"],
        ),  # lower case has another length: no mark is better than a wrong one
    ],
)
def test_a_found_line_is_quoted_with_the_words_marked(said, words, shown):
    parts = quote(said, words)
    assert (
        parts == shown
        if shown is not None
        else parts[1] == "it is" and parts[0].startswith("… ") and len(parts[0]) < 70
    )
