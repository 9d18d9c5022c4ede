"""Every page, run by Streamlit's AppTest: with a catalog and a run, with a broken one, and with none."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from msm.data.ranges import parse_ranges
from tests.browser.small_world import DIMS, small_title, train_run
from workbench.views.catalog_tables import splits_table

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "workbench" / "app_pages" / "main.py"
LAB, DATA = (ROOT / "workbench" / "app_pages" / name / "page.py" for name in ("masking_lab", "data"))
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """catalog/ with a test title of 40 shots, and runs/mediafm that has learned next to nothing."""
    folder = tmp_path_factory.mktemp("pages")
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"title-{s}", s, 40, name=f"A {s} title") for s in ("train", "validation", "test")]
    provenance = {"kind": "screenplay", "seed": 0}
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS), provenance=provenance)
    train_run(catalog, folder / "runs" / "mediafm", steps=2)
    return folder


def visit(monkeypatch, page: Path, catalog: Path, runs: Path, /, **url: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(catalog), "--runs", str(runs)])
    app = AppTest.from_file(str(page), default_timeout=TIMEOUT_S)
    app.query_params.update(url)
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    parts = [*app.markdown, *app.subheader, *app.caption, *app.error, *app.warning, *app.info, *app.success]
    return "\n".join(str(p.value) for p in parts)


@pytest.mark.parametrize("page", [MAIN, LAB, DATA], ids=lambda p: p.parent.name)
def test_every_page_runs_on_the_sample_data(monkeypatch, page):
    app = visit(monkeypatch, page, ROOT / "sample_data" / "catalog", ROOT / "sample_data" / "runs")

    assert not app.error


def test_the_masking_lab_opens_with_a_verdict_on_an_unseen_title(monkeypatch, world):
    app = visit(monkeypatch, LAB, world / "catalog", world / "runs")

    assert app.selectbox[0].value == "title-test"
    assert any("hidden shot" in m.value for m in app.subheader)
    assert [m.label.split()[-1] for m in app.metric][0::2] == ["Model", "Skill"]
    assert "seeded screenplay" in text_of(app)


def test_typed_ranges_change_the_verdict_and_the_table(monkeypatch, world):
    app = visit(monkeypatch, LAB, world / "catalog", world / "runs")
    app.text_input[0].set_value("3-5, 9").run()

    assert app.query_params["hidden"] == "3-5,9"
    assert "these 4 shots" in app.subheader[0].value

    app.query_params["table"] = "yes"  # the expander is opened: only then the table is made
    assert list(app.run().dataframe[0].value["shot"]) == [3, 4, 5, 9]


@pytest.mark.parametrize(("typed", "sentence"), [("5-3", "runs backwards"), ("40", "no shot 40"), ("x", "'x' is not")])
def test_a_range_that_cannot_be_read_gets_its_sentence_and_stays_in_the_field(monkeypatch, world, typed, sentence):
    app = visit(monkeypatch, LAB, world / "catalog", world / "runs")
    before = app.query_params["hidden"]
    app.text_input[0].set_value(typed).run()

    assert sentence in app.error[0].value
    assert app.text_input[0].value == typed
    assert app.query_params["hidden"] == before


def test_clear_shows_every_shot(monkeypatch, world):
    app = visit(monkeypatch, LAB, world / "catalog", world / "runs")
    next(b for b in app.button if b.label == "Clear").click().run()

    assert "Nothing is hidden" in text_of(app)
    assert not app.metric
    assert app.query_params["hidden"] == "none"


def test_hiding_a_scene_hides_a_whole_one(monkeypatch, world):
    app = visit(monkeypatch, LAB, world / "catalog", world / "runs", hidden="20")
    next(b for b in app.button if b.label == "Hide a scene").click().run()
    scenes = Catalog.open(world / "catalog")["title-test"].shots["scene"]

    assert parse_ranges(app.query_params["hidden"], 40) == list(scenes.index[scenes == scenes[20]])


def test_a_link_may_hide_one_modality_and_the_lab_says_what_the_model_was_shown(monkeypatch, world):
    app = visit(monkeypatch, LAB, world / "catalog", world / "runs", hidden="3-8", modality="audio")

    assert app.query_params["modality"] == "audio"
    assert "Only the audio is hidden" in text_of(app)
    assert "was not shown the rest of these shots either" in text_of(app)


def test_a_link_that_hides_an_unknown_modality_gets_its_sentence(monkeypatch, world):
    app = visit(monkeypatch, LAB, world / "catalog", world / "runs", hidden="3", modality="smell")

    assert "a modality that these shots do not have: 'smell'" in app.warning[0].value
    assert "modality" not in app.query_params


def test_the_data_page_shows_what_the_catalog_holds_and_that_it_is_sound(monkeypatch, world):
    app = visit(monkeypatch, DATA, world / "catalog", world / "runs")

    assert {m.label: m.value for m in app.metric} == {
        "Titles": "3",
        "Shots": "120",
        "Hours": "0.2",
        "Embedding dimension": "64",
        "dtype": "float16",
    }
    assert "Valid" in text_of(app)
    assert "seeded screenplay" in text_of(app)
    assert [t.label.split()[-1] for t in app.tabs] == ["holds", "own"]


@pytest.mark.parametrize("page", [MAIN, LAB, DATA], ids=lambda p: p.parent.name)
def test_without_a_catalog_a_page_says_so_and_what_to_do(monkeypatch, page, tmp_path):
    app = visit(monkeypatch, page, tmp_path / "nothing", tmp_path / "none")

    assert "there is no such folder" in app.error[0].value
    assert any("msm import" in c.value for c in app.code)


def test_without_a_catalog_films_or_embeddings_can_be_added(monkeypatch, tmp_path):
    app = visit(monkeypatch, DATA, tmp_path / "nothing", tmp_path / "none")

    assert not app.exception
    assert any("Read the films" in b.label for b in app.button)
    named = next(t for t in app.text_input if t.label == "Name of the new catalog")
    assert named.placeholder == "nothing", "the one that the app was started on"


@pytest.mark.parametrize("page", [LAB, DATA], ids=lambda p: p.parent.name)
@pytest.mark.parametrize("damage", ["catalog.json", "titles.parquet", "shots.parquet", "shots-00000.npy"])
def test_a_broken_catalog_gets_one_sentence_that_names_the_file(monkeypatch, page, damage, tmp_path, world):
    import shutil

    catalog = tmp_path / "catalog"
    shutil.copytree(world / "catalog", catalog)
    (catalog / damage).write_bytes((catalog / damage).read_bytes()[:40])
    app = visit(monkeypatch, page, catalog, world / "runs")

    assert len(app.error) == 1
    assert str(catalog) in app.error[0].value


def test_without_a_run_the_lab_shows_the_strip_and_the_command_that_trains_one(monkeypatch, world, tmp_path):
    app = visit(monkeypatch, LAB, world / "catalog", tmp_path / "none")

    assert "no trained run" in app.info[0].value
    assert any(c.value.startswith("msm train") for c in app.code)
    assert not app.metric


def test_without_a_run_the_way_to_the_training_page_is_a_click(monkeypatch, world, tmp_path):
    app = visit(monkeypatch, LAB, world / "catalog", tmp_path / "none")

    assert "Or on the Training page" in [b.label for b in app.button]
    assert "--recipe neighbour" in next(c.value for c in app.code if c.value.startswith("msm train"))


def test_the_page_names_the_sample_runs_that_fit_a_new_catalog(monkeypatch, tmp_path):
    title = TitleData(title_id="t", split="test", embeddings=np.ones((5, 2304)))
    sample = modalities_of({"video": 768, "audio": 768, "text": 768})
    Catalog.write(tmp_path / "my films", [title], modalities=sample)
    app = visit(monkeypatch, LAB, tmp_path / "my films", tmp_path / "none")

    (command,) = [c.value for c in app.code if c.value.startswith("msm app")]
    assert f"--catalog '{tmp_path / 'my films'}' --runs " in command and "sample_data/runs" in command


def test_a_catalog_without_times_has_no_hours(monkeypatch, tmp_path):
    titles = [TitleData(title_id=s, split=s, embeddings=np.ones((5, 7))) for s in ("train", "test")]
    table = splits_table(Catalog.write(tmp_path / "other", titles, modalities=modalities_of({"text": 7})).titles)

    assert table["Hours"].isna().all() and list(table["Shots"]) == [5, 5]


def test_a_run_for_other_shots_is_not_offered_and_the_lab_says_why(monkeypatch, world, tmp_path):
    titles = [TitleData(title_id=s, split=s, embeddings=np.ones((5, 7))) for s in ("train", "test")]
    Catalog.write(tmp_path / "other", titles, modalities=modalities_of({"text": 7}))
    app = visit(monkeypatch, LAB, tmp_path / "other", world / "runs")

    assert "was trained on shots of video 32 + audio 16 + text 16; these are text 7" in app.info[0].value
    suggested = Path(next(c.value for c in app.code if c.value.startswith("msm train")).split()[3])
    assert suggested.parent == world / "runs" and not suggested.exists()


def test_a_catalog_without_training_titles_is_not_offered_a_training(monkeypatch, world, tmp_path):
    title = TitleData(title_id="t", split="test", embeddings=np.ones((5, 7)))
    Catalog.write(tmp_path / "other", [title], modalities=modalities_of({"text": 7}))
    app = visit(monkeypatch, LAB, tmp_path / "other", world / "runs")
    assert "no training title" in app.info[0].value
    assert not any(c.value.startswith("msm train") for c in app.code)

    lessons = [TitleData(title_id=s, split=s, embeddings=np.ones((5, 7))) for s in ("train", "test")]
    Catalog.write(tmp_path / "lessons", lessons, modalities=modalities_of({"text": 7}))
    app = visit(monkeypatch, LAB, tmp_path / "other", world / "runs")
    assert "train on lessons" in app.info[0].value
    assert any(c.value.startswith(f"msm train {tmp_path / 'lessons'}") for c in app.code)


def test_a_link_to_a_catalog_beside_opens_it_and_one_to_elsewhere_does_not(monkeypatch, world, tmp_path):
    import shutil

    shutil.copytree(world / "catalog", tmp_path / "one")
    title = TitleData(title_id="guest", split="test", embeddings=np.ones((5, 7)))
    Catalog.write(tmp_path / "two", [title], modalities=modalities_of({"text": 7}))
    app = visit(monkeypatch, LAB, tmp_path / "one", world / "runs", catalog="two")
    assert app.selectbox[0].value == "guest" and app.query_params["catalog"] == "two"

    app = visit(monkeypatch, LAB, tmp_path / "one", world / "runs", catalog="../one")
    assert "no catalog '../one'" in app.warning[0].value and app.selectbox[0].value == "title-test"


def test_a_run_whose_weights_are_damaged_gets_a_sentence_and_no_traceback(monkeypatch, world, tmp_path):
    import shutil

    shutil.copytree(world / "runs", tmp_path / "runs")
    (tmp_path / "runs" / "mediafm" / "model.safetensors").write_bytes(b"not weights")
    app = visit(monkeypatch, LAB, world / "catalog", tmp_path / "runs")

    assert "model.safetensors is not readable" in app.error[0].value


def test_unknown_arguments_of_the_app_are_named(monkeypatch, world):
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalogue", str(world / "catalog")])
    app = AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_S).run()

    assert "--catalogue" in app.sidebar.warning[0].value


def test_the_data_page_names_the_rule_that_a_catalog_breaks(monkeypatch, world, tmp_path):
    import shutil

    shutil.copytree(world / "catalog", tmp_path / "catalog")
    shard = np.load(tmp_path / "catalog" / "shots-00000.npy", mmap_mode="r+")
    shard[45, 3] = np.nan
    shard.flush()
    app = visit(monkeypatch, DATA, tmp_path / "catalog", world / "runs")

    assert "shot 5: NaN or infinite value in video" in app.error[0].value
