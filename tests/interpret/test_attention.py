"""The recorded attention is what the layers of the model weigh their values with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msm import Run
from msm.errors import InputError
from msm.interpret.attention import HEAD, attention
from msm.models.packing import Packing, attention_weights
from msm.models.transformer import Block
from msm.recipes.presets import PRESETS
from msm.training.trainer import start_run, train

SMALL = ["model.width=16", "model.depth=3", "model.heads=2", "steps=2", "validate_every=2", "batch_windows=4"]


@pytest.fixture(scope="module")
def runs(talks, tmp_path_factory):
    """Name of a preset → a run of it, trained when first used."""
    folder, made, cpu = tmp_path_factory.mktemp("attention"), {}, torch.device("cpu")

    def trained(name: str) -> Run:
        if name not in made:
            stages = ["objective.first_stage=0.5"] if name == "videoprism" else []
            recipe = PRESETS[name].with_settings([*SMALL, *stages])
            path = train(start_run(talks, folder / name, recipe, device=cpu), talks, device=cpu).path
            made[name] = Run.open(path)
        return made[name]

    return trained


@pytest.fixture
def title(talks):
    return max(talks.split("test"), key=len)


@pytest.mark.parametrize("name", PRESETS)
def test_recorded_weights_reproduce_the_output_of_every_attention(runs, title, name, monkeypatch):
    """The layer's own sum of values, computed again from the recorded weights."""
    run, own, checked = runs(name), Block._attention, []

    def compared(block, x, packing, turn, bias, rows):
        mixed = own(block, x, packing, turn, bias, rows)
        weights = attention_weights(*block._queries_and_keys(x, turn, rows), packing, bias, rows)
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(weights.shape[:2]), atol=1e-5, rtol=0)
        again = block.attention_out(
            (weights @ block._by_head(block.value(x)).transpose(0, 1)).transpose(0, 1).flatten(1)
        )
        torch.testing.assert_close(again, mixed, atol=1e-5, rtol=0)
        checked.append(block)
        return mixed

    monkeypatch.setattr(Block, "_attention", compared)
    if name == "neighbour":
        chosen = run.model.head.trust.clone()
        run.model.head.trust.fill_(1.0)  # an encoder that does not count is not run
    run.fill_in(title, [3, 8, 9])
    if name == "neighbour":
        run.model.head.trust.copy_(chosen)
    assert len(checked) == sum(isinstance(m, Block) for m in run.model.modules())


@pytest.mark.parametrize("name", PRESETS)
def test_the_shares_of_each_layer_sum_to_one(runs, title, name):
    found = attention(runs(name), title, [3, 8, 9], 8)
    whole = found.weights.sum(axis=0) + found.to_hidden + found.to_title

    np.testing.assert_allclose(whole, 1, atol=1e-5)
    assert found.weights.shape == (len(title) - 3, len(found.layers)) and (found.weights >= 0).all()
    assert set(found.seen) == set(range(len(title))) - {3, 8, 9}


def test_layers_without_a_token_for_a_hidden_shot_are_left_out(runs, title):
    assert attention(runs("mediafm"), title, [8], 8).layers == ("layer 1", "layer 2", "layer 3")
    assert attention(runs("mae"), title, [8], 8).layers == tuple(
        f"decoder {i + 1}" for i in range(runs("mae").model.cfg.decoder_depth)
    )


def test_a_neighbour_head_attends_to_visible_shots_only_and_its_encoder_counts_only_where_it_is_trusted(runs, title):
    run = runs("neighbour")
    run.model.neighbour.trust.fill_(0.5)
    trusted = attention(run, title, [3, 8, 9], 8)
    assert trusted.layers == ("layer 1", "layer 2", "layer 3", HEAD)
    assert trusted.weights[:, -1].sum() == pytest.approx(1, abs=1e-5)
    by_distance = trusted.table("layer 1").set_index("offset")["attention"]
    assert by_distance[-1] > by_distance[-6]  # the first layers of attention that decays have nothing else to go by

    run.model.neighbour.trust.fill_(0.0)
    for shot in (3, 8, 9):  # each with weights of its own, which a young head gives to what is near
        near = attention(run, title, [3, 8, 9], shot).table(HEAD)
        assert abs(near.loc[near["attention"].idxmax(), "offset"]) <= 2
    assert attention(run, title, [3, 8, 9], 8).layers == (HEAD,)


def test_in_a_long_title_only_the_shots_of_the_window_are_attended_to(runs, title, monkeypatch):
    run = runs("mediafm")
    monkeypatch.setattr(run.model, "cfg", run.model.cfg.__class__(**{**vars(run.model.cfg), "max_shots": 16}))
    found = attention(run, title, [2, len(title) - 3], len(title) - 3)

    assert found.seen.min() > 2 and found.seen.max() == len(title) - 1
    assert found.table()["offset"].max() == 2


def test_recording_changes_no_prediction_and_leaves_no_hook(runs, title):
    run = runs("neighbour")
    before = run.fill_in(title, [3, 8]).predicted
    attention(run, title, [3, 8], 8)

    np.testing.assert_array_equal(run.fill_in(title, [3, 8]).predicted, before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in run.model.modules())


def test_a_visible_shot_is_refused(runs, title):
    with pytest.raises(InputError, match="shot 4 is not hidden"):
        attention(runs("mediafm"), title, [5], 4)


def test_tokens_attend_to_their_own_window_only():
    windows = Packing(torch.tensor([[1, 1, 1, 0], [1, 0, 1, 1]], dtype=torch.bool))
    query, key = torch.randn(2, 6, 2, 4, generator=torch.Generator().manual_seed(0)).unbind()
    weights = attention_weights(query, key, windows)

    assert (weights[:, :3, 3:] == 0).all() and (weights[:, 3:, :3] == 0).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 6))
