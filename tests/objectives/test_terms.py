"""Losses and terms are found by their file names, and say what they read."""

import pytest
import torch
from torch.nn import functional as F

from msm.data.catalog import modalities_of
from msm.models.encoder import ShotEncoder
from msm.objectives.losses import LOSSES
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.objective import make_objective
from msm.objectives.outputs import Outputs
from msm.objectives.terms import TERMS
from msm.recipes.presets import PRESETS
from msm.recipes.recipe import Recipe

SMALL = ["model.width=16", "model.depth=3", "model.heads=2", "model.max_shots=32", "model.decoder_width=8"]
AUXILIARY = [f"objective.{name}=1" for name in ("span_boundary", "shot_contrast", "contrastive", "shot_order")]
RECIPES = {
    "teacher": PRESETS["data2vec"],
    "first_stage": PRESETS["videoprism"],
    "nce": PRESETS["hero"],
    "shot": Recipe().with_settings(AUXILIARY),
    "standardised": PRESETS["mae"],
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made(recipe: Recipe):
    """A small model, the objective of a recipe, and a batch of two windows."""
    recipe = recipe.with_settings([*SMALL, "model.dropout=0"])
    model = ShotEncoder(8, 0, recipe.model, [5, 3])
    model.init_weights(generator())
    truth = F.normalize(torch.randn(2, 12, 8, generator=generator(2)) + 0.5, dim=-1)
    hidden = torch.rand(2, 12, generator=generator(3)) < 0.4
    batch = MaskedBatch(truth, truth, hidden, hidden, torch.ones(2, 12, dtype=torch.bool), None, generator(4))
    return model, make_objective(recipe, model, modalities_of({"video": 5, "audio": 3}), generator(1)), batch


class Recorder:
    """Outputs that remember which of them were read."""

    def __init__(self, outputs: Outputs):
        self.outputs, self.read = outputs, set()

    def __getattr__(self, name):
        if name in ("encoded", "features", "hidden_features", "target"):
            self.read.add(name)
        return getattr(self.outputs, name)


@pytest.mark.parametrize("name", RECIPES)
def test_a_term_reads_no_more_of_the_outputs_than_it_says(name):
    model, objective, batch = made(RECIPES[name])
    for term in objective.named_terms().values():
        recorder = Recorder(Outputs(model, batch))
        term(batch, recorder)
        assert recorder.read <= term.needs | {"target"}


@pytest.mark.parametrize("name", ["bert", "spanbert", "bassl", "hero"])
def test_recipes_whose_sources_have_berts_head_predict_through_dense_gelu_and_norm(name):
    model, objective, _ = made(PRESETS[name])
    assert isinstance(model.head.dense, torch.nn.Linear) and isinstance(model.head.out_norm, torch.nn.LayerNorm)
    if name == "hero":  # its contrast has layers of its own, so that the read-out changes none of them
        layers = list(objective.terms["nce"].projection)
        assert [type(layer).__name__ for layer in layers] == ["Linear", "GELU", "LayerNorm", "Linear"]
        assert layers[2].weight.eq(1).all()


def test_the_span_boundary_is_read_by_the_last_layer_without_the_transform_of_the_head():
    model, objective, batch = made(PRESETS["spanbert"])
    torch.nn.init.zeros_(model.head.out_norm.weight)  # nothing passes the transform
    before = objective.terms["span_boundary"](batch, Outputs(model, batch))
    before.backward()
    assert objective.terms["span_boundary"].first.weight.grad.abs().sum() > 0


def test_every_term_is_used_by_one_of_these_recipes():
    assert {n for recipe in RECIPES.values() for n in made(recipe)[1].weights} == set(TERMS.names())


def test_only_terms_that_read_visible_shots_keep_a_model_from_encoding_the_hidden_ones_alone():
    needs = {name: made(recipe)[1].needs_hidden_only for name, recipe in RECIPES.items()}
    assert needs == {"teacher": True, "first_stage": False, "nce": True, "shot": False, "standardised": True}


@pytest.mark.parametrize("name", LOSSES.names())
def test_a_loss_is_lowest_where_the_prediction_is_the_truth(name):
    recipe = Recipe().with_settings([f"objective.loss={name}"])
    loss = LOSSES.get(name)(recipe.objective)
    truth = torch.randn(6, 8, generator=generator())
    off = truth + torch.randn(6, 8, generator=generator(1))

    def value(predicted):
        if loss.against_batch:
            return loss.contrast(predicted, truth, torch.arange(6)).item()
        return loss(predicted, truth).item()

    assert value(truth) < 0.05 and value(off) > 2 * value(truth)


def test_the_losses_are_offered_in_the_order_of_the_documentation():
    assert LOSSES.names() == ("cosine", "l2", "smooth_l1", "nce")
