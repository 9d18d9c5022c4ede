"""Heads as interchangeable parts: what one file has to define, and under which names its weights are saved."""

import numpy as np
import pytest
import torch

from msm.config.registry import Registry
from msm.errors import InputError
from msm.inference.run import Run
from msm.models.encoder import ShotEncoder
from msm.models.head import Head
from msm.recipes.model import HEADS
from msm.recipes.recipe import ModelConfig, Recipe
from msm.training.trainer import start_run, train

WEIGHTS = {  # prefixes of the state dict beside those that every model has
    "linear": {"shot_out"},
    "transform": {"shot_out", "transform.dense", "transform.out_norm"},
    "decoder": {"shot_out", "decoder.blocks", "decoder.mask_vector", "decoder.out_norm", "decoder.token_in"},
    "neighbour": {
        "neighbour.component_weights",
        "neighbour.components",
        "neighbour.correction",
        "neighbour.key",
        "neighbour.log_bandwidths",
        "neighbour.pair_scores",
        "neighbour.part_gates",
        "neighbour.part_scores",
        "neighbour.query",
        "neighbour.row_gates",
        "neighbour.sharpening",
        "neighbour.trust",
        "neighbour.whitening",
    },
}
FILE = '''
"""A head for a test: one dense layer of its own, fitted to the mean length of the training shots."""

import torch
from torch import nn

from msm.errors import InputError
from msm.models.head import Head


class DenseHead(Head):
    def __init__(self, cfg, shot_dim, modality_dims=None):
        super().__init__(cfg, shot_dim, modality_dims)
        if cfg.positions == "learned":
            raise InputError("model.head=dense has no place for learned positions")
        self.dense = nn.Linear(cfg.width, cfg.width)
        self.register_buffer("seen", torch.zeros(()))

    def fit(self, titles, ratio, rng, fitted, mean=None):
        self.seen.fill_(sum(len(t) for t in titles))

    def transform(self, features):
        return self.dense(features)


HEAD = DenseHead
'''


def small(**choices) -> ModelConfig:
    return ModelConfig(width=16, depth=1, heads=2, max_shots=32, decoder_width=8, **choices)


@pytest.mark.parametrize("name", HEADS.names())
def test_weights_of_a_head_have_the_names_that_old_runs_were_saved_with(name):
    model = ShotEncoder(12, 0, small(head=name, centred=name == "neighbour"), [8, 4])
    every = {"shot_in", "cls_vector", "global_vector", "mask_vector", "blocks", "out_norm", "shot_mean"}
    own = {k for k in model.state_dict() if k.partition(".")[0] not in {*every, "prediction_norm"}}
    named = {".".join(k.split(".")[:2]) if k.startswith(f"{name}.") else k.partition(".")[0] for k in own}
    assert named == WEIGHTS[name]
    assert type(model.head) is HEADS.get(name) and isinstance(model.head, Head)


@pytest.fixture
def dense(tmp_path, monkeypatch) -> None:
    """A folder of heads with one file in it."""
    (tmp_path / "heads_for_test").mkdir()
    (tmp_path / "heads_for_test" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "heads_for_test" / "dense.py").write_text(FILE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry("heads_for_test", "head", "HEAD")
    monkeypatch.setattr("msm.recipes.model.HEADS", registry)
    monkeypatch.setattr("msm.models.encoder.HEADS", registry)


def test_a_new_head_is_one_file_that_is_fitted_trained_saved_and_opened(dense, talks, cpu, tmp_path):
    recipe = Recipe(steps=2, validate_every=2, batch_windows=2, model=small(head="dense"), window=24)
    run = Run.open(train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu).path)
    assert {"dense.dense.weight", "dense.seen"} <= set(run.model.state_dict())
    assert run.model.state_dict()["dense.seen"] > 0
    assert run.contextual(talks.split("test")[0]).shape[1] == 16
    title = talks.split("test")[0]
    before = run.fill_in(title, [3]).predicted
    with torch.no_grad():
        run.model.get_parameter("dense.dense.bias").add_(torch.linspace(-1, 1, 16))
    assert not np.allclose(run.fill_in(title, [3]).predicted, before)


def test_what_a_head_cannot_do_is_refused_before_a_run_is_begun(dense, talks, cpu, tmp_path):
    recipe = Recipe(model=small(head="dense", positions="learned"), window=24)
    with pytest.raises(InputError, match="no place for learned positions"):
        start_run(talks, tmp_path / "run", recipe, device=cpu)
    assert not (tmp_path / "run").exists()
