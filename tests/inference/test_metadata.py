"""A run reads another catalog's metadata with the vocabulary that it was trained on, or refuses it."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from msm import Run
from msm.errors import InputError
from msm.evaluation.evaluate_run import evaluate_run
from msm.importers.convert import ImportOptions, import_embeddings
from msm.interpret.surprise import surprise
from msm.recipes.recipe import Recipe
from msm.training.trainer import start_run, train

SETTINGS = ["steps=2", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]
TOLD = {"global_from": ("genre", "year")}


def table(path, genres, years, seed=0, plots=None):
    """Ten titles of eight shots, four wide, in one Parquet."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(10):
        split = ("train", "train", "train", "validation", "test")[i % 5]
        labels = {"title_id": f"t{i}", "split": split, "genre": genres[i % len(genres)], "year": years[i % len(years)]}
        labels |= {"plot": plots[i % len(plots)]} if plots else {}
        rows += [{**labels, "shot": s, "embedding": rng.normal(size=4).astype(np.float32)} for s in range(8)]
    pd.DataFrame(rows).to_parquet(path)
    return path


def imported(folder, name, options=TOLD, **told):
    return import_embeddings(table(folder / f"{name}.parquet", **told), folder / name, ImportOptions(**options))


def trained(catalog, path):
    started = start_run(catalog, path, Recipe().with_settings(SETTINGS), device=torch.device("cpu"))
    return Run.open(train(started, catalog, device=torch.device("cpu")).path)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    catalog = imported(folder, "first", genres=["drama", "war"], years=[1990, 2010])
    return folder, catalog, trained(catalog, folder / "run")


@pytest.mark.parametrize(
    ("genres", "known"),
    [
        (["drama", "war"], [True, True]),
        (["war", "drama"], [True, True]),
        (["comedy", "war"], [False, True]),  # as wide, with other genres: silently wrong once
        (["comedy|drama", "noir", "war", "western"], [True, False]),  # wider
        (["war"], [True, True]),  # narrower
    ],
)
@pytest.mark.parametrize("years", [[1990, 2010], [1950, 1960, 1970]])
def test_another_catalogs_labels_are_encoded_by_the_runs_vocabulary_and_scaling(told, tmp_path, genres, known, years):
    _, first, run = told
    other = imported(tmp_path, "other", genres=genres, years=years, seed=1)
    vocabulary, scaling = first.provenance["global"]["genre"], first.provenance["global"]["year"]
    for i, title in enumerate(run.adapt(other)):
        words, year = genres[i % len(genres)].split("|"), years[i % len(years)]
        expected = np.array([word in words for word in vocabulary] + [(year - scaling["mean"]) / scaling["deviation"]])
        np.testing.assert_allclose(
            title.global_embedding, expected / max(np.linalg.norm(expected), 1e-12), atol=1e-6, rtol=0
        )
    assert other.fingerprint == run.adapt(other).fingerprint


def test_every_reading_of_another_catalog_is_that_of_the_same_titles_told_in_training(told, tmp_path):
    """The same shots and labels in a catalog with a larger vocabulary give the same numbers."""
    folder, first, run = told
    wide = tmp_path / "wide.parquet"
    rows = pd.read_parquet(folder / "first.parquet")
    extra = rows[rows["title_id"] == "t0"].assign(title_id="extra", genre="noir", split="train")
    pd.concat([rows, extra]).to_parquet(wide)
    other = import_embeddings(wide, tmp_path / "wide", ImportOptions(**TOLD))
    assert other.global_dim == first.global_dim + 1
    for title in ("t3", "t4"):
        one, two = run.fill_in(first[title], [2, 5]), run.fill_in(other[title], [2, 5])
        np.testing.assert_allclose(one.predicted, two.predicted, atol=1e-6)
        np.testing.assert_allclose(run.contextual(first[title]), run.contextual(other[title]), atol=1e-6)
        curves = [surprise(run, c[title]).table["surprise"].to_numpy() for c in (first, other)]
        np.testing.assert_allclose(curves[0], curves[1], atol=1e-5)
    reports = [evaluate_run(run, c, split="test") for c in (first, other)]
    assert reports[0]["centred_cosine"] == pytest.approx(reports[1]["centred_cosine"], abs=1e-6)
    assert "metadata_left_out" not in reports[0] and reports[1]["metadata_left_out"] == {"genre": ["noir"]}


def test_a_catalog_without_the_label_is_refused_and_one_without_metadata_is_read(told, tmp_path):
    _, _, run = told
    other = imported(tmp_path, "other", {"global_from": ("year",)}, genres=["war"], years=[1990, 2000])
    assert run.adapt(other).global_dim == run.info["catalog"]["global_dim"]  # the label is there, though not told
    rows = pd.read_parquet(tmp_path / "other.parquet").drop(columns="genre")
    rows.to_parquet(tmp_path / "bare.parquet")
    bare = import_embeddings(tmp_path / "bare.parquet", tmp_path / "bare", ImportOptions(global_from=("year",)))
    with pytest.raises(InputError, match=r"was told genre, year of each title, but .*bare has no title label 'genre'"):
        run.fill_in(bare["t0"], [1])
    silent = import_embeddings(tmp_path / "bare.parquet", tmp_path / "silent")
    assert run.adapt(silent) is silent


def test_a_run_of_before_asks_the_catalog_of_its_training_what_it_was_told(told, tmp_path):
    _, first, run = told
    shutil.copytree(run.path, tmp_path / "old")
    info = json.loads((tmp_path / "old" / "run.json").read_text())
    del info["catalog"]["global"]
    (tmp_path / "old" / "run.json").write_text(json.dumps(info))
    other = imported(tmp_path, "other", genres=["comedy", "war"], years=[1990, 2010])
    assert Run.open(tmp_path / "old").adapt(other).provenance["global"] == first.provenance["global"]


def test_sentences_are_no_categories_and_are_encoded_where_asked_for(tmp_path):
    plots = ["A man returns to his island home", "Two sisters quarrel over the farm", "War comes to the small valley"]
    with pytest.raises(InputError, match=r"'plot' holds sentences .*write text:plot, which encodes them"):
        imported(tmp_path, "refused", {"global_from": ("plot",)}, genres=["war"], years=[1], plots=plots)
    catalog = imported(
        tmp_path, "told", {"global_from": ("genre", "text:plot")}, genres=["war"], years=[1], plots=plots
    )
    vectors = catalog.global_vectors
    assert catalog.provenance["global"]["plot"]["dim"] == vectors.shape[1] - 1
    assert np.allclose(vectors[0], vectors[3]) and not np.allclose(vectors[0], vectors[1])  # plots 0 1 2 0 1 2 …
    run = trained(catalog, tmp_path / "run")
    other = imported(
        tmp_path, "other", {"global_from": ("text:plot",)}, genres=["war"], years=[1], plots=plots[::-1], seed=2
    )
    np.testing.assert_allclose(run.adapt(other).global_vectors[0], vectors[2], atol=1e-6)


@pytest.mark.parametrize("form", ["npz", "parquet"])
def test_metadata_embeddings_made_elsewhere_are_imported_by_title(tmp_path, form):
    rng = np.random.default_rng(0)
    vectors = {f"t{i}": rng.normal(size=6) for i in reversed(range(12))}
    file = tmp_path / f"plots.{form}"
    if form == "npz":
        np.savez(file, **vectors)
    else:
        pd.DataFrame({"title_id": list(vectors), "plot": list(vectors.values())}).to_parquet(file)
    catalog = imported(tmp_path, "c", {"global_vectors": f"sbert={file}"}, genres=["war"], years=[1])
    assert catalog.provenance["global"] == {"sbert": {"vectors": 6}}
    for title in catalog:
        expected = vectors[title.title_id] / np.linalg.norm(vectors[title.title_id])
        np.testing.assert_allclose(title.global_embedding, expected, atol=1e-6)
    run = trained(catalog, tmp_path / "run")
    other = imported(tmp_path, "other", genres=["war"], years=[1])
    with pytest.raises(
        InputError, match=r"was told the vectors 'sbert' of each title, but .* tells genre, year; import"
    ):
        run.check_fits(other)


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        ({"t0": np.ones(3)}, r"plots.npz has no vector for 't1', 't2', 't3' and 6 more"),
        ({f"t{i}": np.ones(3 + (i == 4)) for i in range(10)}, r"title 't4': 4 numbers, but 't0' has 3"),
        ({f"t{i}": np.ones((1, 3)) for i in range(10)}, r"title 't0': float64 of shape \(1, 3\), expected a vector"),
        ({f"t{i}": np.full(3, np.nan if i == 2 else 1) for i in range(10)}, r"title 't2': holds NaN"),
        ({f"t{i}": np.array([{}, 1], dtype=object) for i in range(10)}, "Object arrays"),
    ],
)
def test_vectors_of_titles_that_do_not_fit_are_one_sentence_and_no_catalog(tmp_path, held, sentence):
    np.savez(tmp_path / "plots.npz", **held)
    with pytest.raises(InputError, match=sentence):
        imported(tmp_path, "c", {"global_vectors": str(tmp_path / "plots.npz")}, genres=["war"], years=[1])
    assert not (tmp_path / "c").exists()
