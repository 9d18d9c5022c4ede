"""A prediction gets the length that fits the validation titles best, never less than a twentieth nor more than one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from msm.evaluation.protocol import RATIO, SEEDS, Space, hide_titles
from msm.models.encoder import ShotEncoder
from msm.recipes.recipe import ModelConfig
from msm.training import validation


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    rng = np.random.default_rng(0)
    titles = [
        TitleData(title_id=f"title-{i}", split="validation", embeddings=rng.standard_normal((20, 6)) + 1)
        for i in range(4)
    ]
    return Catalog.write(tmp_path / "catalog", titles, modalities=modalities_of({"video": 6}), dtype="float32")


@pytest.mark.parametrize(
    ("share", "length"), [(0.5, 0.5), (0.06, 0.06), (0.04, 0.05), (-1.0, 0.05), (0.9, 0.9), (1.0, 1.0), (3.0, 1.0)]
)
def test_the_length_is_the_best_in_least_squares_between_a_twentieth_and_one(catalog, monkeypatch, share, length):
    """Shots are of unit length, so a guess that is a share of the truth has just this share as its best length."""
    space = Space(tuple(catalog.modalities), "joint", np.zeros(6, dtype=np.float32), 2.0)
    model = ShotEncoder(6, 0, ModelConfig(width=8, depth=1, heads=1, max_shots=32))
    model.init_weights(torch.Generator().manual_seed(0))
    guess = lambda model, shots, draws, told: [share * shots[hidden] for hidden in draws]  # noqa: E731
    monkeypatch.setattr(validation, "predict_draws", guess)
    validation.validate(model, catalog.split("validation"), space)

    assert float(model.prediction_norm) == pytest.approx(length)


def test_what_is_scored_has_the_length_that_was_chosen(catalog, monkeypatch):
    space = Space(tuple(catalog.modalities), "joint", np.full(6, 0.2, dtype=np.float32), 2.0)
    model = ShotEncoder(6, 0, ModelConfig(width=8, depth=1, heads=1, max_shots=32))
    model.init_weights(torch.Generator().manual_seed(0))
    seen = []
    real = validation.score_fill_in
    monkeypatch.setattr(
        validation,
        "score_fill_in",
        lambda shots, hidden, guess, space, **more: seen.append(guess) or real(shots, hidden, guess, space, **more),
    )
    validation.validate(model, catalog.split("validation"), space)
    lengths = np.linalg.norm(np.concatenate(seen), axis=1)

    assert len(lengths) == sum(
        int(c.hidden.sum()) for c in hide_titles(catalog.split("validation"), space, RATIO, SEEDS[:1])
    )
    np.testing.assert_allclose(lengths, float(model.prediction_norm), rtol=1e-5)
