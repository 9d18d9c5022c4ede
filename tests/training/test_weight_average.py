"""The averaged weights follow the trained ones: fast at first, then with the decay of the recipe."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from msm.recipes.recipe import OptimConfig
from msm.training.optimizers import WeightAverage, make_optimizers


def model(weight: float) -> nn.Linear:
    made = nn.Linear(1, 1, bias=False)
    nn.init.constant_(made.weight, weight)
    return made


@pytest.mark.parametrize(
    ("decay", "shares"), [(0.5, (1 / 10, 2 / 11, 3 / 12, 4 / 13)), (0.15, (1 / 10, 0.15, 0.15, 0.15))]
)
def test_after_n_steps_it_keeps_the_smaller_of_the_decay_and_of_1_plus_n_in_10_plus_n(decay, shares):
    average, weight = WeightAverage(model(8.0), decay), 8.0
    for step, kept in enumerate(shares):
        average.follow(model(float(step)))
        weight = kept * weight + (1 - kept) * step
        assert average.model.weight.item() == pytest.approx(weight)


def test_it_goes_on_from_where_it_was_saved():
    first, again = WeightAverage(model(8.0), 0.5), WeightAverage(model(0.0), 0.5)
    first.follow(model(1.0))
    again.load_state_dict(first.state_dict())
    for average in (first, again):
        average.follow(model(2.0))

    assert again.num_steps == first.num_steps == 2
    assert again.model.weight.item() == first.model.weight.item()


def test_it_is_never_trained_itself_and_leaves_the_trained_model_alone():
    trained = model(1.0)
    average = WeightAverage(trained, 0.5)
    average.follow(trained)

    assert not average.model.weight.requires_grad and trained.weight.requires_grad
    assert trained.weight.item() == 1.0


def test_biases_and_norms_are_not_decayed_and_matrices_are():
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))])
            self.out = nn.Linear(2, 2)
            self.frozen = nn.Parameter(torch.zeros(2, 2), requires_grad=False)

    net = Net()
    (adamw,) = make_optimizers(net, OptimConfig(name="adamw", lr=0.5, weight_decay=0.25))
    decayed = {id(p): group["weight_decay"] for group in adamw.param_groups for p in group["params"]}

    assert decayed == {id(p): (0.25 if p.ndim == 2 else 0.0) for p in net.parameters() if p.requires_grad}
    adamw, muon = make_optimizers(net, OptimConfig(name="muon", lr=0.5, weight_decay=0.25))
    assert [id(p) for group in muon.param_groups for p in group["params"]] == [id(net.blocks[0][0].weight)]
    assert sum(len(group["params"]) for group in adamw.param_groups) == 5
    assert {group["lr"] for optimizer in (adamw, muon) for group in optimizer.param_groups} == {0.5}
