"""Frozen probes: what is there is found, what is not there is not, and what cannot be asked gets a sentence."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from msm import Catalog, InputError, Run
from msm.data.catalog import TitleData, modalities_of
from msm.evaluation.probe_run import _rows as probe_rows
from msm.evaluation.probe_run import probe_run
from msm.evaluation.probes import Label, Rows, Unusable, probe_label, probe_scenes, read_labels
from msm.evaluation.probes.boundaries import boundary_features
from msm.evaluation.probes.rows import divide
from msm.evaluation.probes.scores import mean_scene_iou, weighted_ap
from msm.recipes.recipe import Recipe
from msm.training.trainer import start_run, train

SPLITS = ["train"] * 24 + ["validation"] * 6 + ["test"] * 10
SHOTS = 30


def some_rows(rng: np.random.Generator, width: int = 12) -> Rows:
    """40 titles of 30 shots in scenes of five; `contextual` is the mean of both neighbours."""
    x = rng.normal(size=(len(SPLITS) * SHOTS, width)).astype(np.float32)
    mixed = (np.roll(x, 1, axis=0) + np.roll(x, -1, axis=0)) / 2
    title = np.repeat(np.arange(len(SPLITS)), SHOTS)
    return Rows({"raw": x, "contextual": mixed}, title, np.array(SPLITS)[title], np.arange(len(x)) // 5)


def classes(name: str, words: np.ndarray) -> Label:
    values = np.empty(len(words), dtype=object)
    values[:] = [frozenset(w.split("|")) if w else frozenset() for w in words]
    return Label(name, "tags" if any("|" in w for w in words) else "classes", values)


def asked(label: Label, rows: Rows, probe: str) -> dict:
    entries = probe_label(label, rows, of="shot", at="shot", report="test", seed=0)
    return next(e for e in entries if e["probe"] == probe)


@pytest.fixture
def rows() -> Rows:
    return some_rows(np.random.default_rng(0))


def test_a_label_that_a_line_separates_is_read_perfectly(rows):
    x = rows.columns["raw"]
    side = asked(classes("side", np.where(x[:, 0] > 0, "left", "right")), rows, "linear")
    corner = asked(classes("corner", np.array(["left", "right", "top"])[x[:, :3].argmax(axis=1)]), rows, "linear")

    assert side["columns"]["raw"]["ap_macro"] > 0.98 and len(side["classes"]) == 1
    assert corner["columns"]["raw"]["ap_macro"] > 0.9 and sorted(corner["classes"]) == ["left", "right", "top"]


def test_a_shuffled_label_is_read_at_chance(rows):
    words = np.random.default_rng(1).choice(["a", "b", "c"], len(rows.title))
    label = classes("noise", words)
    linear, knn, found = (asked(label, rows, p) for p in ("linear", "knn", "retrieval"))

    for kind in rows.columns:
        assert linear["columns"][kind]["ap_macro"] == pytest.approx(linear["chance"]["ap_macro"], abs=0.08)
        assert knn["columns"][kind]["accuracy"] == pytest.approx(1 / 3, abs=0.1)
        assert found["columns"][kind]["map"] == pytest.approx(found["chance"]["map"], abs=0.03)


def test_a_label_that_only_the_neighbours_tell_is_read_from_the_contextual_embedding(rows):
    told = asked(classes("around", np.where(rows.columns["contextual"][:, 0] > 0, "up", "down")), rows, "linear")

    assert told["columns"]["contextual"]["ap_macro"] > 0.98
    assert told["columns"]["raw"]["ap_macro"] < 0.65
    difference = told["differences"]["contextual - raw"]
    assert 0 < difference["low"] < difference["mean"] < difference["high"]


def test_a_number_that_a_line_tells_has_tau_near_one_and_a_shuffled_one_near_zero(rows):
    value = rows.columns["raw"][:, 1].astype(float)
    told = asked(Label("pace", "number", value), rows, "number")
    noise = asked(Label("noise", "number", np.random.default_rng(2).permutation(value)), rows, "number")

    assert told["columns"]["raw"]["kendall_tau"] > 0.95 and told["folds"] == 10
    assert told["num_titles"] == 16  # validation and test: those that the encoder was not trained on
    assert abs(noise["columns"]["raw"]["kendall_tau"]) < 0.1


def test_tags_are_read_one_by_one(rows):
    x = rows.columns["raw"]
    words = np.array(["|".join(w for w, on in (("rain", a > 0), ("night", b > 0.8)) if on) for a, b in x[:, :2]])
    told = asked(classes("tags", words), rows, "linear")

    assert told["classes"] == ["rain", "night"]
    assert told["columns"]["raw"]["ap_macro"] > 0.95 and told["columns"]["raw"]["ap_micro"] > 0.9


def test_scene_boundaries_are_found_where_the_picture_changes(rows):
    rng = np.random.default_rng(3)
    place = rng.normal(size=(rows.scene.max() + 1, 12))[rows.scene]
    seen = Rows({"raw": place + 0.1 * rng.normal(size=place.shape), "noise": rng.normal(size=place.shape)},
                rows.title, rows.split, rows.scene)  # fmt: skip
    boundary, search = probe_scenes(seen, report="test", seed=0)

    assert boundary["columns"]["raw"]["ap"] > 0.99 and boundary["columns"]["raw"]["miou"] > 0.97
    assert boundary["columns"]["noise"]["ap"] == pytest.approx(boundary["chance"]["ap"], abs=0.1)
    assert search["columns"]["raw"]["r1"] > 0.99 and search["columns"]["raw"]["median_rank"] == 1


def test_a_search_by_a_title_label_finds_no_shot_of_its_own_title(rows):
    words = np.array([f"title {t}" for t in rows.title])
    entries = probe_label(classes("title", words), rows, of="title", at="shot", report="test", seed=0)
    assert "no shot could be found" in next(e for e in entries if e["probe"] == "retrieval")["skipped"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (lambda r: np.where(r.split == "train", "a", ""), "no shot of the test split has it"),
        (lambda r: np.where(r.split == "test", "b", "a"), "no value of it is frequent enough"),
        (lambda r: np.where(r.title < 5, np.where(r.title % 2, "a", "b"), ""), "no shot of the test split has it"),
    ],
)
def test_what_cannot_be_asked_gets_one_sentence(rows, words, sentence):
    label = classes("odd", words(rows))
    rows = Rows(rows.columns, np.minimum(rows.title, 8), rows.split, rows.scene)  # too few titles to deal anew
    told = asked(label, rows, "linear")
    assert sentence in told["skipped"] and "columns" not in told


def test_a_label_of_training_titles_alone_is_scored_there_and_the_entry_says_so(rows):
    up = np.where(rows.columns["raw"][:, 0] > 0, "up", "down")
    told = asked(classes("mood", np.where(rows.split == "train", up, "")), rows, "linear")

    assert told["columns"]["raw"]["ap_macro"] > 0.98
    assert "no test title has it" in told["note"] and told["num_titles"] == 5


def test_columns_of_a_table_become_labels_by_what_is_in_them():
    table = pd.DataFrame(
        {
            "tone": ["calm", "tense", "", None],
            "cast": ["Ann|Bo", "Bo", "", "Ann"],
            "year": ["2004", "1999", "2010", None],
            "length": [3.0, 1.0, np.nan, 2.0],
            "night": [True, False, True, False],
            "frame": [0, 10, 20, 0],
            "one": ["x", "x", "x", "x"],
            "scene": [0, 0, 1, 0],
        }
    )
    read = read_labels(table, list(table), np.array([0, 0, 0, 1]))

    kinds = {n: label.kind for n, label in read.items() if isinstance(label, Label)}
    assert kinds == {"tone": "classes", "cast": "tags", "year": "number", "length": "number", "night": "classes"}
    assert "rises along each title" in str(read["frame"]) and "one class only" in str(read["one"])
    assert read["tone"].labelled.tolist() == [True, True, False, False]
    assert isinstance(read["one"], Unusable) and "scene" not in read


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.booleans())
def test_the_weighted_average_precision_is_that_of_scikit_learn(seed, count, ties):
    rng = np.random.default_rng(seed)
    truth, score = rng.random(count) < 0.4, rng.random(count)
    score = score.round(1) if ties else score
    weights = rng.integers(0, 3, size=(3, count))
    for w, mine in zip(weights, weighted_ap(truth, score, weights), strict=True):
        if (truth & (w > 0)).any():
            assert mine == pytest.approx(average_precision_score(np.repeat(truth, w), np.repeat(score, w)))
        else:
            assert np.isnan(mine)


def test_scenes_that_agree_have_an_iou_of_one_and_one_great_scene_has_less():
    starts = np.array([1, 0, 0, 1, 0, 0, 1, 0, 0], dtype=bool)
    assert mean_scene_iou(starts, starts) == 1
    # three true scenes of a third each, and the one predicted scene's best is a third too
    assert mean_scene_iou(starts, np.zeros(9, dtype=bool)) == pytest.approx(1 / 3)


def labelled_titles(rng: np.random.Generator):
    """Two speakers take turns; `speaker` is in the shot itself, `listener` in its neighbours alone."""
    for i, split in enumerate(SPLITS):
        pair = rng.normal(size=(2, 8))
        turn = np.arange(24) % 2
        shots = {
            "speaker": np.where(pair[turn, 0] > 0, "high", "low"),
            "listener": np.where(pair[1 - turn, 0] > 0, "high", "low"),
            "all_alike": "yes",
            "scene": np.arange(24) // 6,
        }
        yield TitleData(
            title_id=f"t{i:02d}",
            split=split,
            embeddings=(pair[turn] + 0.3 * rng.normal(size=(24, 8))).astype(np.float32),
            shots=pd.DataFrame(shots),
            labels={"genre": ("talk", "debate")[int(pair[0, 0] > 0)]},
            global_embedding=np.eye(2, dtype=np.float32)[int(pair[0, 0] > 0)],
        )


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A catalog, and a run on it that has learned to look at its neighbours."""
    import torch

    folder = tmp_path_factory.mktemp("probes")
    titles = labelled_titles(np.random.default_rng(5))
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of({"video": 8}), dtype="float32")
    settings = ["steps=60", "batch_windows=8", "validate_every=60", "optim.lr=0.01", "model.width=32"]
    recipe = Recipe().with_settings([*settings, "model.depth=2", "model.heads=2"])
    cpu = torch.device("cpu")
    return Run.open(train(start_run(catalog, folder / "run", recipe, device=cpu), catalog, device=cpu).path), catalog


def test_a_trained_model_tells_in_its_title_what_a_shot_alone_cannot(talk):
    probed = probe_run(*talk)
    told = {e["label"]: e for e in probed["tasks"] if e["probe"] == "linear" and e["at"] == "shot"}

    speaker, listener = (told[n]["columns"] for n in ("speaker", "listener"))
    assert speaker["raw"]["ap_macro"] > 0.95 and speaker["alone"]["ap_macro"] > 0.95
    assert listener["raw"]["ap_macro"] < 0.75 and listener["alone"]["ap_macro"] < 0.75
    assert listener["contextual"]["ap_macro"] > 0.9


def test_the_report_of_the_probes_is_whole_and_the_same_twice(talk):
    first, second = probe_run(*talk), probe_run(*talk)

    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)
    assert first["columns"] == ["raw", "alone", "contextual"]
    assert {(e["label"], e["at"]) for e in first["tasks"]} >= {("scene", "shot"), ("genre", "title"), ("genre", "shot")}
    assert [e["skipped"] for e in first["tasks"] if e["label"] == "all_alike"] == ["all_alike: it has one class only."]
    whole = next(e for e in first["tasks"] if e["label"] == "genre" and e["at"] == "title" and e["probe"] == "linear")
    assert set(whole["columns"]) == {"raw", "alone", "contextual", "cls"}


def test_the_metadata_is_kept_from_the_model_since_it_may_hold_the_label(talk):
    run, catalog = talk
    probed = probe_run(run, catalog, labels=["genre"])
    assert probed["use_global"] is False
    blind, told = (
        next(e for e in p["tasks"] if e["probe"] == "linear" and e["at"] == "title")["columns"]["cls"]["ap_macro"]
        for p in (probed, probe_run(run, catalog, labels=["genre"], use_global=True))
    )
    assert told >= blind


def test_every_row_is_of_its_own_title_although_titles_of_one_length_are_read_together(talk, tmp_path):
    rng = np.random.default_rng(0)
    lengths, splits = (5, 9, 3, 9, 5, 7), ("train", "test", "train", "train", "validation", "test")
    titles = [
        TitleData(title_id=f"t{i}", split=split, embeddings=rng.normal(size=(length, 8)).astype(np.float32))
        for i, (length, split) in enumerate(zip(lengths, splits, strict=True))
    ]
    other = Catalog.write(tmp_path / "other", titles, modalities=modalities_of({"video": 8}), dtype="float32")
    shots, whole = probe_rows(talk[0], list(other), pd.concat([t.shots for t in other]), False, lambda done: None)

    vectors = [talk[0].space.fuse(t.embeddings) for t in other]
    np.testing.assert_array_equal(shots.columns["raw"], np.concatenate(vectors))
    np.testing.assert_array_equal(whole.columns["raw"], np.stack([v.mean(axis=0) for v in vectors]))
    contextual = np.concatenate([talk[0].contextual(t) for t in other])
    np.testing.assert_allclose(shots.columns["contextual"], contextual, atol=1e-6)
    assert shots.title.tolist() == np.repeat(np.arange(6), lengths).tolist()
    assert whole.split.tolist() == list(splits)


def test_the_features_of_a_boundary_are_of_the_shot_and_the_one_before_it(rows):
    x, asked = rows.columns["raw"], np.array([1, 2, 40, 700])
    found = boundary_features(x, asked)
    for row, features in zip(asked, found, strict=True):
        here, before = x[row], x[row - 1]
        cosine = here @ before / np.linalg.norm(here) / np.linalg.norm(before)
        np.testing.assert_allclose(features, np.r_[here, np.abs(here - before), cosine], rtol=1e-5)


def test_a_label_that_is_not_there_is_named(talk):
    with pytest.raises(InputError, match="no label 'mood'; it has all_alike, genre, listener, scene, speaker"):
        probe_run(*talk, labels=["mood"])


def test_a_split_without_titles_is_a_sentence(talk, tmp_path):
    rng = np.random.default_rng(0)
    titles = [TitleData(title_id="a", split="test", embeddings=rng.normal(size=(9, 8)))]
    other = Catalog.write(tmp_path / "other", titles, modalities=modalities_of({"video": 8}))
    with pytest.raises(InputError, match="no title in the train split"):
        probe_run(talk[0], other)


@pytest.mark.parametrize("report", ["test", "validation"])
def test_no_row_serves_for_two_of_fitting_choosing_and_scoring(rows, report):
    parts = divide(rows, np.ones(len(rows.title), dtype=bool), report, np.random.default_rng(0))
    titles = [set(rows.title[part].tolist()) for part in parts]
    assert all(titles) and not (titles[0] & titles[1] or titles[0] & titles[2] or titles[1] & titles[2])
    assert len(titles[0]) == (24 if report == "test" else 20)
