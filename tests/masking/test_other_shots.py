"""Where a hidden shot shows another one instead of [MASK], that is a real shot of the batch and never padding."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from msm.data.catalog import modalities_of
from msm.recipes.recipe import Recipe
from msm.training.sampler import Batch
from msm.training.step import mask_batch

LENGTHS = (3, 40, 4)
MODALITIES = modalities_of({"video": 1, "audio": 1})


def batch() -> Batch:
    """Windows of very different lengths; every real shot has a number of its own, padding is zero."""
    valid = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    shots = torch.zeros(*valid.shape, 2)
    shots[valid] = torch.arange(1.0, 2 * int(valid.sum()) + 1).view(-1, 2)
    return Batch(shots, valid, None)


def asked(seed: int, **mask: float):
    recipe = Recipe()
    recipe = dataclasses.replace(recipe, mask=dataclasses.replace(recipe.mask, ratio=0.5, **mask), noise=0.0)
    return mask_batch(batch(), recipe, torch.Generator().manual_seed(seed), 0, MODALITIES, torch.device("cpu"))


@pytest.mark.parametrize("seed", range(5))
def test_another_shot_is_a_real_one_of_the_batch(seed):
    question = asked(seed, other=1.0)
    real = {tuple(s) for s in question.truth[question.valid].tolist()}
    shown = [tuple(s) for s in question.shown[question.hidden].tolist()]

    assert set(shown) <= real and len(set(shown)) > 5
    assert not question.masked.any()
    torch.testing.assert_close(question.shown[~question.hidden], question.truth[~question.hidden])


def test_others_come_from_every_window_and_the_truth_stays_as_it_was():
    question = asked(0, other=1.0)
    drawn = [tuple(s) for seed in range(20) for s in asked(seed, other=1.0).shown[question.hidden].tolist()]
    for window, length in zip(question.truth, LENGTHS, strict=True):
        assert {tuple(s) for s in window[:length].tolist()} & set(drawn)
    torch.testing.assert_close(question.truth, batch().shots)


@pytest.mark.parametrize("seed", range(5))
def test_what_shows_itself_is_unchanged_and_what_is_masked_is_marked(seed):
    question = asked(seed, unchanged=0.5)
    torch.testing.assert_close(question.shown, question.truth)
    assert (question.masked & ~question.hidden).sum() == 0
    assert 0 < int(question.masked.sum()) < int(question.hidden.sum())


def test_noise_is_on_every_real_shot_and_on_no_padding():
    recipe = dataclasses.replace(Recipe(), noise=0.5)
    question = mask_batch(batch(), recipe, torch.Generator().manual_seed(0), 0, MODALITIES, torch.device("cpu"))
    changed = (question.shown != question.truth).any(dim=-1)

    assert torch.equal(changed, question.valid)
