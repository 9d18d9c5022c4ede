"""The losses, and the terms that recipes put together from them."""

import dataclasses

import pytest
import torch
from torch.nn import functional as F

from msm.data.catalog import modalities_of
from msm.errors import InputError
from msm.models.encoder import ShotEncoder
from msm.objectives.loss import standardise
from msm.objectives.losses import info_nce
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.objective import make_objective
from msm.objectives.outputs import Outputs, shuffled_places
from msm.objectives.terms.contrastive import halves
from msm.objectives.terms.first_stage import FirstStageLatents
from msm.objectives.terms.shot_order import displaced
from msm.objectives.terms.span_boundary import run_boundaries
from msm.objectives.terms.teacher import TeacherLatents
from msm.recipes.presets import PRESETS
from msm.recipes.recipe import OptimConfig, Recipe
from msm.training.optimizers import WeightAverage, make_optimizers

MODALITIES = modalities_of({"video": 5, "audio": 3})
LITERATURE = ("mediafm", "bert", "spanbert", "mae", "videomae", "lvmae", "bassl", "hero", "videoprism", "data2vec")
SMALL = ["model.width=16", "model.depth=3", "model.heads=2", "model.max_shots=32", "model.decoder_width=8"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def setting(recipe: Recipe, *settings: str):
    """A model and the objective of a recipe, small."""
    recipe = recipe.with_settings([*SMALL, "model.dropout=0", *settings])
    model = ShotEncoder(8, 5, recipe.model, [5, 3])
    model.init_weights(generator())
    return model, make_objective(recipe, model, MODALITIES, generator(1)), recipe


def masked_batch(hidden=None, lengths=(20, 14)) -> MaskedBatch:
    truth = F.normalize(torch.randn(len(lengths), max(lengths), 8, generator=generator(2)) + 0.5, dim=-1)
    valid = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    truth = truth * valid.unsqueeze(-1)
    if hidden is None:
        hidden = valid & (torch.rand(valid.shape, generator=generator(3)) < 0.4)
    return MaskedBatch(truth, truth, hidden, hidden, valid, None, generator(4))


def losses(name_or_recipe, *settings, batch=None, step=10**6):
    recipe = PRESETS[name_or_recipe] if isinstance(name_or_recipe, str) else name_or_recipe
    model, objective, _ = setting(recipe, *settings)
    outputs = Outputs(model, batch or masked_batch())
    return model, objective, objective(outputs.batch, outputs, step)


def test_a_standardised_target_has_mean_0_and_deviation_1_whatever_its_length():
    shots = F.normalize(torch.randn(4, 768, generator=generator()) + 3, dim=-1)
    targets = standardise(shots)
    torch.testing.assert_close(targets.mean(dim=-1), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(targets.std(dim=-1, correction=0), torch.ones(4), atol=1e-3, rtol=0)


def test_info_nce_is_the_logarithm_of_the_number_of_candidates_for_one_who_does_not_know():
    candidates = torch.eye(6)
    same = torch.ones(2, 6)
    assert info_nce(same, candidates, torch.tensor([0, 3]), 0.1).item() == pytest.approx(torch.tensor(6.0).log().item())
    sure = info_nce(candidates[[0, 3]], candidates, torch.tensor([0, 3]), 0.01)
    assert sure.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", ["cosine", "l2", "smooth_l1"])
def test_a_loss_by_modality_is_the_weighted_mean_of_the_blocks_losses(loss):
    def value(weights):
        return losses(Recipe(), f"objective.loss={loss}", f"objective.weights={weights}")[2]["shot"].item()

    video, audio = value("video=1"), value("audio=1")
    assert value("equal") == pytest.approx((video + audio) / 2)
    assert value("video=3,audio=1") == pytest.approx((3 * video + audio) / 4)


def test_a_modality_that_is_missing_is_not_predicted():
    batch = masked_batch()
    batch.truth[..., 5:] = 0.0
    assert losses(Recipe(), "objective.weights=audio=1", batch=batch)[2]["shot"].item() == 0.0


def test_what_is_hidden_of_one_modality_is_predicted_in_its_block_alone():
    whole = masked_batch()
    hidden = torch.stack([torch.zeros_like(whole.hidden), whole.hidden], dim=-1)
    batch = masked_batch(hidden)
    model, _, computed = losses(Recipe(), "mask.policy=modality", batch=batch)
    computed["shot"].backward()
    assert (model.shot_out.weight.grad[:5] == 0).all() and (model.shot_out.weight.grad[5:] != 0).any()


@pytest.mark.parametrize("name", ["mae", "videomae", "hero", "data2vec", "videoprism"])
def test_the_read_out_leaves_the_encoder_and_the_terms_alone(name):
    model, objective, computed = losses(name)
    computed["read_out"].backward()
    changed = {n for n, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    # A transform stands before the last layer; the contrast of hero has one of its own.
    before = {n for n, _ in model.named_parameters() if n.startswith("transform.")}
    assert changed == {"shot_out.weight", "shot_out.bias"} | before
    assert not any(p.grad is not None for p in objective.parameters())


@pytest.mark.parametrize("name", LITERATURE)
def test_every_weight_that_a_recipe_has_is_learned(name):
    model, objective, recipe = setting(PRESETS[name])
    total = torch.zeros(())
    for step in (0, recipe.steps - 1):
        outputs = Outputs(model, masked_batch(), shuffled=recipe.objective.token_shuffling)
        total = total + objective.total(objective(outputs.batch, outputs, step))
    total.backward()
    trained = [*model.named_parameters(), *((n, p) for n, p in objective.named_parameters() if p.requires_grad)]
    idle = {n for n, p in trained if p.grad is None or not p.grad.any()}
    # no window here has metadata; a decoder with dropped tokens has its own [MASK], and a softmax ignores a key's bias
    unused = "mask_vector" if recipe.model.tokens == "dropped" else "decoder.mask_vector"
    never = {"global_in.weight", "global_in.bias", unused}
    assert {n for n in idle - never if not n.endswith("key.bias")} == set()


def test_the_boundaries_of_a_run_are_the_visible_shots_around_it():
    hidden = torch.tensor([[1, 1, 0, 1, 0, 0, 1, 0, 0]], dtype=torch.bool)
    valid = torch.tensor([[1, 1, 1, 1, 1, 1, 1, 0, 0]], dtype=torch.bool)
    left, right, place = (t[hidden].tolist() for t in run_boundaries(hidden, valid))
    assert left == [-1, -1, 2, 5] and right == [2, 2, 4, -1] and place == [0, 1, 0, 0]


def test_the_span_boundary_term_reads_the_boundaries_and_no_hidden_shot():
    batch = masked_batch()
    model, objective, _ = setting(PRESETS["spanbert"])
    outputs = Outputs(model, batch)
    outputs.encoded.shots.retain_grad()
    objective.terms["span_boundary"](batch, outputs).backward()
    read = outputs.encoded.shots.grad.abs().sum(dim=-1) > 0
    assert not (read & batch.where).any()
    beside = batch.valid & ~batch.where & (
        F.pad(batch.where, (1, 0))[:, :-1] | F.pad(batch.where, (0, 1))[:, 1:]
    )  # fmt: skip
    assert torch.equal(read, beside)


def test_shuffled_places_move_every_shot_of_a_window_visible_or_hidden_and_no_padding():
    batch = masked_batch()
    order = shuffled_places(batch)
    places = torch.arange(20)
    for row, valid, hidden in zip(order, batch.valid, batch.where, strict=True):
        assert torch.equal(row[~valid], places[~valid])
        assert torch.equal(row[valid].sort().values, places[valid])
        assert hidden[row[hidden]].float().mean() < 1  # [MASK] changes places with the encoder's tokens


def test_without_places_a_decoder_makes_of_shuffled_tokens_what_it_makes_of_them_in_order():
    model, _, _ = setting(PRESETS["videoprism"])
    model.eval()
    batch = masked_batch(lengths=(20,))
    encoded = model.encode(batch.shown, batch.masked, batch.valid)
    order = shuffled_places(batch)
    model.decoder.position.data.zero_()  # without places, a shuffled window is the same window in another order
    plain = model.decoder(*_given(encoded), batch.valid & ~batch.where, batch.valid)
    moved = model.decoder(*_given(encoded), batch.valid & ~batch.where, batch.valid, order)
    torch.testing.assert_close(moved[0], plain[0, order[0]])


def _given(encoded):
    return torch.stack([encoded.cls, encoded.from_global], dim=1), encoded.shots


def test_displaced_shots_are_15_percent_and_change_places_among_themselves():
    batch = masked_batch(lengths=(20, 3, 1))
    order = displaced(batch)
    for row, num_shots in zip(order, (20, 3, 1), strict=True):
        assert torch.equal(row.sort().values, torch.arange(20)) and torch.equal(
            row[num_shots:], torch.arange(num_shots, 20)
        )
    assert 0 < int((order != torch.arange(20)).sum()) <= 5


def test_the_two_views_of_a_window_share_no_shot_and_together_are_all():
    batch = masked_batch()
    first, second = halves(batch)
    assert not (first & second).any() and torch.equal(first | second, batch.valid)
    assert first.sum(dim=1).tolist() == [10, 7]


def test_views_of_modalities_need_two_and_by_default_fall_back_to_halves():
    one = modalities_of({"text": 8})
    recipe = PRESETS["videoprism"].with_settings(SMALL)
    model = ShotEncoder(8, 0, recipe.model)
    assert not make_objective(recipe, model, one, generator()).terms["contrastive"].between_modalities
    with pytest.raises(InputError, match="two modalities"):
        make_objective(recipe.with_settings(["objective.contrastive_between=modalities"]), model, one, generator())


def test_weights_name_modalities_that_there_are():
    with pytest.raises(InputError, match="no modality 'smell'; there is video, audio"):
        setting(Recipe(), "objective.weights=smell=1")


def test_the_teacher_follows_the_encoder_slowly_and_shares_its_projections():
    model, objective, _ = setting(PRESETS["data2vec"], "objective.teacher_decay=0.9", "objective.teacher_decay_end=0.9")
    teacher = objective.terms["teacher"]
    assert isinstance(teacher, TeacherLatents)
    before = teacher.copy.blocks[0].query.weight.clone()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    objective.after_step(model, 0)
    torch.testing.assert_close(teacher.copy.blocks[0].query.weight, before + 0.1)
    torch.testing.assert_close(teacher.copy.shot_in.weight, model.shot_in.weight)
    assert not teacher.train().copy.training


@pytest.mark.parametrize(("step", "decay"), [(0, 0.6), (2, 0.8), (4, 1.0), (9, 1.0)])
def test_the_decay_of_the_teacher_rises_over_its_share_of_the_steps(step, decay):
    settings = [
        "steps=10",
        "objective.teacher_decay=0.5",
        "objective.teacher_decay_end=1",
        "objective.teacher_ramp=0.5",
    ]
    model, objective, _ = setting(PRESETS["data2vec"], *settings)
    teacher = objective.terms["teacher"].copy.blocks[0].query.weight
    before = teacher.clone()
    with torch.no_grad():
        model.blocks[0].query.weight.add_(1.0)
    objective.after_step(model, step)
    torch.testing.assert_close(teacher, before + 1 - decay)


def test_the_first_stage_is_frozen_when_it_is_over():
    model, objective, recipe = setting(PRESETS["videoprism"])
    first = objective.terms["first_stage"]
    assert isinstance(first, FirstStageLatents)
    before = model.shot_in.weight.detach().clone()
    with torch.no_grad():
        model.shot_in.weight.add_(1.0)
    objective.before_step(model, recipe.first_stage_steps - 1)
    torch.testing.assert_close(first.copy.shot_in.weight, before)
    objective.before_step(model, recipe.first_stage_steps)
    torch.testing.assert_close(first.copy.shot_in.weight, before + 1.0)


@pytest.mark.parametrize("name", ["data2vec", "videoprism"])
def test_latents_that_are_the_same_for_all_shots_are_called_a_collapse(name):
    model, objective, _ = setting(PRESETS[name])
    batch = masked_batch()
    batch.truth[:] = batch.truth[0, 0]
    with torch.no_grad():
        for term in objective.terms.values():
            if hasattr(term, "copy"):
                for block in term.copy.blocks:  # where a shot stands must not tell them apart either
                    block.value.weight.zero_()
                if term.copy.position is not None:
                    term.copy.position.zero_()
    outputs = Outputs(model, batch)
    with pytest.raises(InputError, match="the targets have collapsed"):
        objective(batch, outputs, 10**6)


def test_averaged_weights_lag_behind_and_arrive():
    model = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(0.0)
    average = WeightAverage(model, 0.9)
    with torch.no_grad():
        model.weight.fill_(1.0)
    seen = []
    for _ in range(200):
        average.follow(model)
        seen.append(average.model.weight.item())
    assert seen[0] == pytest.approx(0.9) and seen == sorted(seen) and seen[-1] == pytest.approx(1.0, abs=1e-4)


def test_copies_are_not_trained_and_decoder_matrices_go_to_muon():
    model, objective, _ = setting(PRESETS["videoprism"])
    adamw, muon = make_optimizers(model, OptimConfig(), objective)
    taken = {id(p) for o in (adamw, muon) for g in o.param_groups for p in g["params"]}
    frozen = {id(p) for p in objective.terms["first_stage"].copy.parameters()}
    assert not taken & frozen
    assert taken == {id(p) for p in [*model.parameters(), *objective.parameters()] if p.requires_grad}
    assert id(model.decoder.blocks[0].query.weight) in {id(p) for g in muon.param_groups for p in g["params"]}


@pytest.mark.parametrize("name", LITERATURE)
def test_padding_changes_no_term(name):
    batch = masked_batch(lengths=(16,))
    padded = [
        F.pad(t, (0, 0, 0, 8)) if t.is_floating_point() else F.pad(t, (0, 8)) for t in (batch.truth, batch.hidden)
    ]
    longer = MaskedBatch(padded[0], padded[0], padded[1], padded[1], F.pad(batch.valid, (0, 8)), None, generator(4))
    short, long = (losses(name, batch=a)[2] for a in (batch, longer))
    assert {n: v.item() for n, v in long.items()} == pytest.approx({n: v.item() for n, v in short.items()}, abs=1e-5)


def test_of_a_silent_shot_the_sound_by_itself_is_not_asked():
    batch = masked_batch()
    mute = batch.truth.clone()
    mute[..., 5:] = 0
    batch = dataclasses.replace(batch, truth=mute, shown=mute)
    for centred in ("true", "false"):
        model, objective, _ = setting(Recipe(), "objective.weights=video=1,audio=1", f"model.centred={centred}")
        with torch.no_grad():
            model.shot_mean.fill_(0.1)
        predicted = torch.randn(int(batch.where.sum()), mute.shape[-1], generator=generator()).requires_grad_()
        objective.terms["shot"].compare(predicted, batch, Outputs(model, batch)).backward()
        assert predicted.grad[:, :5].any() and not predicted.grad[:, 5:].any()
