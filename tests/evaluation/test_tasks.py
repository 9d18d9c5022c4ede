"""Tasks: what a label says is found where it is, a label that nothing tells is at chance, and no title serves both sides."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from msm import Catalog, InputError, Run, TitleData
from msm.cli import main
from msm.cli.task_reports import tasks_as_text
from msm.data.catalog import modalities_of
from msm.evaluation.label_files import read_labels_of
from msm.evaluation.tasks.attentive import Spans, attentive
from msm.evaluation.tasks.columns import Columns
from msm.evaluation.tasks.curve import few_shot_curve, labels_for
from msm.evaluation.tasks.inputs import neighbours_of
from msm.evaluation.tasks.linear import linear, logistic
from msm.evaluation.tasks.report import probe_tasks
from msm.evaluation.tasks.splits import Split, divide, hold_out
from tests.browser.small_world import train_run

TITLES, SHOTS, WIDTH = 24, 24, 8


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Catalog:
    """24 titles of 24 independent shots; the column `identity` of an embedding alone says which title it is."""
    rng = np.random.default_rng(0)
    titles = []
    for i in range(TITLES):
        x = rng.normal(size=(SHOTS, WIDTH)).astype(np.float32)
        split = "test" if i % 4 == 0 else "validation" if i % 4 == 1 else "train"
        titles.append(
            TitleData(title_id=f"t{i:02d}", split=split, embeddings=x, shots=pd.DataFrame(index=range(SHOTS)))
        )
    path = tmp_path_factory.mktemp("tasks") / "catalog"
    return Catalog.write(path, titles, modalities=modalities_of({"video": WIDTH}), dtype="float32")


def labelled(catalog: Catalog, tmp_path, rows: list[tuple], columns: tuple[str, ...], **choices):
    """The labels of a table of these rows."""
    pd.DataFrame(rows, columns=list(columns)).to_csv(tmp_path / "labels.csv", index=False)
    return read_labels_of([tmp_path / "labels.csv"], catalog, **choices)


def of_shots(catalog: Catalog, tmp_path, name: str, value) -> object:
    """A label of every shot: `value(shots of a title, shot)`."""
    rows = [(t.title_id, i, value(t.embeddings, i)) for t in catalog for i in range(SHOTS)]
    return labelled(catalog, tmp_path, rows, ("title", "shot", name))


def probe_of(report: dict, probe: str = "linear") -> dict:
    return next(p for p in report["tasks"][0]["probes"] if p["probe"] == probe)


def test_a_label_of_the_shot_is_read_from_it_and_that_of_its_neighbours_only_with_them(catalog, tmp_path):
    own = of_shots(catalog, tmp_path, "mood", lambda x, i: "up" if x[i, 0] > 0 else "down")
    told = probe_of(probe_tasks(catalog, own, curve=False))
    assert told["columns"]["raw"]["ap_macro"] > 0.97 and told["columns"]["raw"]["accuracy"] > 0.9

    around = of_shots(
        catalog,
        tmp_path,
        "around",
        lambda x, i: "up" if x[max(i - 1, 0), 0] + x[min(i + 1, SHOTS - 1), 0] > 0 else "down",
    )
    told = probe_of(probe_tasks(catalog, around, curve=False))
    assert told["columns"]["raw"]["ap_macro"] < 0.65 < 0.8 < told["columns"]["neighbours"]["ap_macro"]
    difference = told["differences"]["neighbours - raw"]
    assert difference["verdict"] == "won" and 0 < difference["low"] < difference["mean"] < difference["high"]


@pytest.mark.parametrize("folds", [None, 4])
def test_random_labels_of_titles_are_read_at_chance_though_each_shot_tells_its_title(catalog, tmp_path, folds):
    """A probe that saw shots of a scored title, or a scale fitted on them, would know the label from the title."""
    rng = np.random.default_rng(3)
    places = 6.0 * rng.normal(size=(TITLES, WIDTH)).astype(np.float32)
    told = Catalog.write(
        tmp_path / "told",
        [TitleData(title_id=t.title_id, split=t.split, embeddings=t.embeddings + places[t.index]) for t in catalog],
        modalities=catalog.modalities, dtype="float32",
    )  # fmt: skip
    draws = []
    for _ in range(2):
        words = rng.permutation(np.arange(TITLES) % 2)
        rows = [(t.title_id, "ab"[words[t.index]]) for t in told]
        labels = labelled(told, tmp_path, rows, ("title", "coin"), each_shot=True)
        report = probe_tasks(told, labels, folds=folds, curve=False)
        draws.append([v["accuracy"] for v in probe_of(report)["columns"].values()])
        assert all(d["verdict"] == "not told" for d in probe_of(report)["differences"].values())
    assert np.mean(draws) < 0.72  # knowing the title it would be 1


def test_a_number_has_tau_near_one_and_a_shuffled_one_near_zero(catalog, tmp_path):
    rng = np.random.default_rng(1)
    told = probe_of(probe_tasks(catalog, of_shots(catalog, tmp_path, "pace", lambda x, i: x[i, 1]), curve=False))
    assert told["columns"]["raw"]["kendall_tau"] > 0.85 and told["columns"]["raw"]["r2"] > 0.9
    noise = of_shots(catalog, tmp_path, "noise", lambda x, i: rng.random())
    for folds in (None, 5):
        assert (
            abs(probe_of(probe_tasks(catalog, noise, folds=folds, curve=False))["columns"]["raw"]["kendall_tau"]) < 0.12
        )


def test_boundaries_of_spans_are_found_where_the_picture_changes(catalog, tmp_path):
    rng = np.random.default_rng(2)
    place = np.repeat(rng.normal(size=(TITLES * SHOTS // 4, WIDTH)), 4, axis=0).reshape(TITLES, SHOTS, WIDTH)
    shot = [
        TitleData(title_id=t.title_id, split=t.split, embeddings=place[t.index] + 0.05 * t.embeddings) for t in catalog
    ]
    staged = Catalog.write(tmp_path / "staged", shot, modalities=catalog.modalities, dtype="float32")
    rows = [(t.title_id, a, a + 3, f"scene {a}") for t in staged for a in range(0, SHOTS, 4)]
    labels = labelled(staged, tmp_path, rows, ("title", "first_shot", "last_shot", "scene"))
    report = probe_tasks(staged, labels, kinds={"scene": "boundaries"}, curve=False)
    marks = [(t.title_id, i, int(i % 4 == 0)) for t in staged for i in range(SHOTS)]
    marked = probe_tasks(staged, labelled(staged, tmp_path, marks, ("title", "shot", "scene_start")), curve=False)

    assert report["tasks"][0]["kind"] == marked["tasks"][0]["kind"] == "boundaries"
    assert probe_of(report)["columns"]["raw"]["ap"] > 0.97
    assert probe_of(report)["columns"] == probe_of(marked)["columns"]


def test_tags_of_titles_have_a_curve_an_attentive_probe_and_a_search_and_the_report_is_the_same_twice(
    catalog, tmp_path
):
    rows = [
        (
            t.title_id,
            "|".join(w for w, on in zip(("rain", "night"), t.embeddings.mean(axis=0)[:2] > 0, strict=True) if on),
        )
        for t in catalog
    ]
    labels = labelled(catalog, tmp_path, rows, ("title", "weather"))
    first, second = (probe_tasks(catalog, labels, seed=5) for _ in range(2))
    entry = first["tasks"][0]

    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)
    assert entry["kind"] == "tags" and entry["of"] == "title" and entry["scored_on"] == "test titles"
    assert [p["probe"] for p in entry["probes"]] == ["linear", "attentive", "retrieval"]
    assert entry["curve"]["sizes"][0] == 8 and set(entry["curve"]["columns"]) == {"raw", "neighbours"}
    for point in entry["curve"]["columns"]["raw"]:
        spread = point["interval"]
        assert spread["low"] <= point["mean"] <= spread["high"] and spread["low"] < spread["high"]
    assert f"({spread['low']:.3f} to {spread['high']:.3f})" in tasks_as_text(first, None)


def test_intervals_of_a_curve_are_wider_where_titles_differ_more():
    """Labels follow a column in every title, or in half of the titles and nothing in the others."""
    rng = np.random.default_rng(0)
    title = np.repeat(np.arange(60), 12)
    x = rng.normal(size=(len(title), 4)).astype(np.float32)
    split = Split(np.flatnonzero(title < 30), np.flatnonzero(title >= 30))

    def width(follows: np.ndarray) -> float:
        truth = np.where(follows, x[:, 0], rng.normal(size=len(x))) > 0
        curve = few_shot_curve("boundaries", {"raw": x, "neighbours": x}, truth[:, None], title, [split], rng)
        spread = curve["columns"]["raw"][-1]["interval"]
        return spread["high"] - spread["low"]

    assert width(title % 2 == 0) > 2 * width(title >= 0)


def test_the_attentive_probe_finds_the_one_shot_that_tells_where_a_mean_drowns_it():
    rng = np.random.default_rng(0)
    spans, length, width = 240, 20, 12
    x = rng.normal(size=(spans * length, width)).astype(np.float32)
    up, telling = rng.random(spans) < 0.5, np.arange(spans) * length + rng.integers(length, size=spans)
    x[telling, 0], x[telling, 1] = 9, np.where(up, 3, -3)  # column 0 says which shot to look at
    first = np.arange(spans) * length
    fit, score, title = np.arange(spans) < 180, np.arange(spans) >= 180, np.arange(spans) // 6
    every, means = Spans(x, first, first + length), x.reshape(spans, length, width).mean(axis=1)
    truth = up[:, None]

    def right(scores: np.ndarray) -> float:
        return float(((scores[:, 0] > 0) == up[score]).mean())

    fitted = [
        attentive(every.take(np.flatnonzero(fit)), truth[fit], title[fit], every.take(np.flatnonzero(score)),
                  torch.Generator().manual_seed(4))
        for _ in range(2)
    ]  # fmt: skip
    np.testing.assert_array_equal(*fitted)
    assert right(fitted[0]) > 0.95
    assert right(linear(means[fit], truth[fit], title[fit], means[score], np.random.default_rng(0))) < 0.85


@pytest.mark.parametrize("count", [6, 40])
def test_scales_and_components_do_not_depend_on_what_is_scored(count):
    """A scored example has the same score whatever stands beside it, so nothing is fitted on scored examples."""
    rng = np.random.default_rng(0)
    x, truth, title = rng.normal(size=(count, 12)), rng.random((count, 1)) < 0.5, np.arange(count) // 2
    truth[:2] = [[True], [False]]
    asked = rng.normal(size=(3, 12))
    alone = linear(x, truth, title, asked, np.random.default_rng(0))
    beside = linear(x, truth, title, np.concatenate([asked, 1e3 + asked]), np.random.default_rng(0))
    np.testing.assert_allclose(alone, beside[:3], rtol=1e-5)


@pytest.mark.parametrize("strength", [1e-3, 1.0])
def test_classes_that_are_fitted_at_once_are_those_that_scikit_learn_fits_one_by_one(strength):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 9)).astype(np.float32)
    truth = x @ rng.normal(size=(9, 4)) + rng.normal(size=(200, 4)) > 1
    known = [LogisticRegression(C=strength, tol=1e-6, max_iter=1000).fit(x, t).decision_function(x) for t in truth.T]
    np.testing.assert_allclose(logistic(x, truth, strength)(x), np.stack(known, axis=1), atol=0.03)


@pytest.mark.parametrize(("count", "width", "most"), [(10, 30, 100), (40, 12, 100), (40, 12, 5), (8, 30, 4)])
def test_fewer_columns_than_examples_are_a_rotation_that_keeps_all_products(count, width, most):
    x = np.random.default_rng(0).normal(size=(count, width))
    columns = Columns.fit(x, most)
    z, scaled = columns(x), columns.scale.transform(x)
    assert z.shape[1] <= min(most, max(count, width))
    if most >= min(count, width):
        np.testing.assert_allclose(z @ z.T, scaled @ scaled.T, atol=1e-3)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.none() | st.integers(3, 8), st.integers(0, 99))
def test_no_title_is_fitted_and_scored_and_every_fold_scores_its_own(titles, folds, seed):
    title = np.array(titles)
    split = np.array(["train", "test"])[np.arange(13) % 2][title]
    if len(np.unique(title)) < 3:
        return
    splits, how = divide(title, split, folds, np.random.default_rng(seed))
    for part in splits:
        assert not set(title[part.fit]) & set(title[part.score])
        held = hold_out(title[part.fit])
        assert not set(title[part.fit][held]) & set(title[part.fit][~held])
    if how != "test titles":
        assert sorted(np.concatenate([s.score for s in splits])) == list(range(len(title)))


def test_the_mean_of_neighbours_leaves_the_shot_out_and_weights_by_distance():
    x = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    distance = np.abs(np.arange(7)[:, None] - np.arange(7))
    weights = np.where(distance > 0, np.exp(-distance / 2.0), 0)
    np.testing.assert_allclose(neighbours_of(x, 2.0), weights @ x / weights.sum(axis=1, keepdims=True), rtol=1e-4)
    assert not neighbours_of(x[:1], 2.0).any()


@pytest.mark.parametrize(
    ("score", "curve", "needs"),
    [(0.1, [0.2, 0.3, 0.4], 8), (0.3, [0.2, 0.3, 0.4], 16), (0.25, [0.2, 0.3, 0.4], 11), (0.5, [0.2, 0.3, 0.4], None)],
)
def test_the_labels_for_a_score_lie_between_two_points_of_the_curve(score, curve, needs):
    assert labels_for(score, [8, 16, 32], curve) == needs


@pytest.mark.parametrize(
    ("kinds", "folds", "sentence"),
    [
        ({"tone": "tags"}, None, "there is no label 'tone'; did you mean 'mood'|there is no label 'tone'"),
        ({"mood": "moods"}, None, "must be one of classes, tags, number, boundaries"),
        ({"mood": "number"}, None, "'mood' is to be a number, but 'up' is none|'down' is none"),
        ({}, 2, "three folds or more, not 2"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(catalog, tmp_path, kinds, folds, sentence):
    labels = of_shots(catalog, tmp_path, "mood", lambda x, i: "up" if x[i, 0] > 0 else "down")
    with pytest.raises(InputError, match=sentence):
        probe_tasks(catalog, labels, kinds=kinds, folds=folds)


def test_a_label_that_allows_no_task_is_skipped_with_its_reason(catalog, tmp_path):
    rows = [(t.title_id, "x", t.index % 2) for t in catalog]
    report = probe_tasks(catalog, labelled(catalog, tmp_path, rows, ("title", "same", "odd")), curve=False)
    assert [e.get("skipped", "") for e in report["tasks"]] == [
        "same: too few of its values have 3 examples in 3 titles.",
        "",
    ]


def test_the_command_writes_the_report_of_a_run_with_all_four_inputs(catalog, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    of_shots(catalog, tmp_path, "mood", lambda x, i: "up" if x[i, 0] > 0 else "down")
    train_run(catalog, tmp_path / "run", steps=2)
    words = ["probe", str(catalog.path), str(tmp_path / "run"), "--labels", str(tmp_path / "labels.csv"), "--no-curve"]
    with pytest.raises(SystemExit) as ended:
        main(words)
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / "run" / "tasks" / "labels.json").read_text())

    assert not ended.value.code
    assert report["inputs"] == ["raw", "neighbours", "alone", "contextual"]
    assert list(probe_of(report)["differences"]) == [
        "contextual - raw",
        "contextual - neighbours",
        "contextual - alone",
    ]
    assert "mood" in printed and "scored on" in printed and "tasks/labels.json" in printed
    assert Run.open(tmp_path / "run").evaluation is None
