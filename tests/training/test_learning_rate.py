"""The learning rate rises in a line to its peak and falls in half a cosine to its end, at the very steps it promises."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from msm.recipes.recipe import OptimConfig
from msm.training.optimizers import learning_rate, set_learning_rate

CFG = OptimConfig(lr=2.0, warmup=0.1, final_lr=0.25)
STEPS = 100


def test_warm_up_takes_its_share_of_the_steps_and_its_last_step_has_the_peak():
    rates = [learning_rate(step, STEPS, CFG) for step in range(11)]
    assert rates[:10] == pytest.approx([2.0 * (i + 1) / 10 for i in range(10)])
    assert rates[10] == pytest.approx(2.0)


def test_the_cosine_is_half_way_in_the_middle_and_ends_where_the_training_does():
    assert learning_rate(10, STEPS, CFG) == pytest.approx(2.0)
    assert learning_rate(55, STEPS, CFG) == pytest.approx((2.0 + 0.5) / 2)
    assert learning_rate(100, STEPS, CFG) == pytest.approx(0.5)
    assert learning_rate(40, STEPS, CFG) == pytest.approx(0.5 + 1.5 * (1 + math.cos(math.pi / 3)) / 2)


def test_after_warm_up_every_step_is_lower_than_the_one_before():
    rates = [learning_rate(step, STEPS, CFG) for step in range(10, STEPS)]
    assert all(a > b for a, b in pairwise(rates))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_have_a_rate_above_nothing(steps):
    assert all(0 < learning_rate(step, steps, CFG) <= 2.0 for step in range(steps))
    assert learning_rate(0, steps, CFG) == pytest.approx(2.0)  # a warm-up of one step


def test_the_rate_is_set_for_every_group_of_every_optimiser():
    groups = [[{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)] for _ in range(2)]
    optimizers = [torch.optim.SGD(some, lr=1.0) for some in groups]
    set_learning_rate(optimizers, 0.125)
    assert {group["lr"] for optimizer in optimizers for group in optimizer.param_groups} == {0.125}
