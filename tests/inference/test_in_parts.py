"""Embeddings and surprise of many titles in parts: what was stopped goes on, and the old target stays until all is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from msm import Catalog, InputError, Run
from msm.inference import embed
from msm.interpret import surprise_titles as many
from msm.interpret.surprise import surprise
from msm.recipes.recipe import Recipe
from msm.runner import Place
from msm.training.trainer import start_run, train

SETTINGS = ["steps=4", "validate_every=4", "model.width=16", "model.depth=1", "model.heads=2"]


@pytest.fixture(scope="module")
def run(talks, tmp_path_factory) -> Run:
    path, device = tmp_path_factory.mktemp("runs") / "run", torch.device("cpu")
    train(start_run(talks, path, Recipe().with_settings(SETTINGS), device=device), talks, device=device)
    return Run.open(path)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_catalog_of_contextual_embeddings_is_sound_and_has_the_titles_and_labels_of_its_own(run, talks, tmp_path):
    written = embed.embed_catalog(run, talks, tmp_path / "out")
    assert list(written.problems()) == [] and written.coverage is not None
    pd.testing.assert_frame_equal(written.titles, talks.titles)
    for one, other in zip(written, talks, strict=True):
        np.testing.assert_array_equal(one.embeddings, run.contextual(other))
        pd.testing.assert_frame_equal(one.shots, other.shots)
        np.testing.assert_array_equal(one.global_embedding, other.global_embedding)


def test_an_embedding_that_was_stopped_leaves_the_old_catalog_and_goes_on_at_the_next_part(
    run, talks, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    embed.embed_catalog(run, talks, out)
    before = contents(out)
    monkeypatch.setattr(embed, "PART_SHOTS", 100)
    embedded: list[str] = []

    def contextual(title):
        embedded.append(title.title_id)
        if len(embedded) == 20:
            raise KeyboardInterrupt
        return Run.contextual(run, title)

    monkeypatch.setattr(run, "contextual", contextual)
    with pytest.raises(KeyboardInterrupt):
        embed.embed_catalog(run, talks, out, replace=True)
    assert contents(out) == before
    embed.embed_catalog(run, talks, out, replace=True)
    assert contents(out) == before and [p.name for p in tmp_path.iterdir()] == ["out"]
    assert set(embedded) == {t.title_id for t in talks} and len(embedded) < 20 + len(talks) - 10


@pytest.mark.slow
def test_two_workers_embed_what_one_does_to_the_bit(run, talks, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(embed, "PART_SHOTS", 300)
    embed.embed_catalog(run, talks, tmp_path / "one")
    embed.embed_catalog(run, talks, tmp_path / "two", place=Place(workers=2))
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def test_surprise_of_many_titles_is_that_of_each(run, talks, tmp_path, monkeypatch):
    monkeypatch.setattr(many, "PART_SHOTS", 50)
    titles = talks.split("test")
    count = many.surprise_titles(run, titles, tmp_path / "all.parquet")
    table = pd.read_parquet(tmp_path / "all.parquet")
    assert count == len(table) == sum(t.num_shots for t in titles)
    assert table["title_id"].drop_duplicates().tolist() == [t.title_id for t in titles]
    for title in titles:
        own, expected = table[table["title_id"] == title.title_id], surprise(run, title, exact=False).table
        for name in ("shot", "start_s", "surprise", "copy_surprise", "baseline"):
            assert own[name].tolist() == expected[name].tolist()
    assert table["starts_scene"].isna().all()  # no label marks scenes here
    with pytest.raises(InputError, match="already exists"):
        many.surprise_titles(run, titles, tmp_path / "all.parquet")


def test_a_title_of_one_shot_has_no_surprise_and_stops_no_other(run, talks, tmp_path):
    titles = [t.data() for t in talks][:2]
    short = titles[0].__class__(
        title_id="short", split="test", embeddings=titles[0].embeddings[:1], global_embedding=titles[0].global_embedding
    )
    made = Catalog.write(tmp_path / "c", [short, titles[1]], modalities=talks.modalities, dtype="float32")
    many.surprise_titles(run, list(made), tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["surprise"].isna().tolist() == [True] + [False] * made["title-01"].num_shots
