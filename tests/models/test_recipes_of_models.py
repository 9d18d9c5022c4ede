"""What holds for every combination of encoder and head: no leak, padding without effect, order that matters."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from msm.errors import InputError
from msm.models.encoder import ShotEncoder
from msm.recipes.recipe import ModelConfig, Recipe

KEPT = [
    {"head": head, "mask_token": token, "mask_vectors": vectors}
    for head, token, vectors in itertools.product(
        ("linear", "transform", "decoder"), ("replaced", "added"), ("one", "per_modality")
    )
]
DROPPED = [{"head": "decoder", "tokens": "dropped", "positions": p} for p in ("rotary", "learned", "sinusoidal")]
choices = pytest.mark.parametrize("choices", KEPT + DROPPED, ids=lambda c: "-".join(c.values()))


def make_model(**choices) -> ShotEncoder:
    cfg = ModelConfig(width=16, depth=2, heads=2, max_shots=32, decoder_width=8, **choices)
    model = ShotEncoder(shot_dim=8, global_dim=5, cfg=cfg, modality_dims=[5, 3])
    rng = torch.Generator().manual_seed(0)
    model.init_weights(rng)
    with torch.no_grad():  # far from the small first weights, so that every path carries something
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=rng) * 0.2)
    return model.eval()


def make_windows(lengths=(9, 6), seed=1):
    """Two windows, the second shorter, with shots 2, 4 and 5 hidden."""
    rng = torch.Generator().manual_seed(seed)
    shots = F.normalize(torch.randn(len(lengths), max(lengths), 8, generator=rng), dim=-1)
    valid = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    hidden = torch.zeros_like(valid)
    hidden[:, [2, 4, 5]] = True
    return shots, hidden, valid, torch.randn(len(lengths), 5, generator=rng)


@choices
def test_a_prediction_does_not_depend_on_a_hidden_shot(choices):
    model, (shots, hidden, valid, global_) = make_model(**choices), make_windows()
    changed = shots + 100.0 * hidden.unsqueeze(-1)
    torch.testing.assert_close(
        model.restore(shots, hidden, valid, global_), model.restore(changed, hidden, valid, global_)
    )
    torch.testing.assert_close(
        model(shots, hidden, valid, global_)[valid], model(changed, hidden, valid, global_)[valid]
    )


@choices
def test_no_gradient_reaches_a_hidden_shot_and_one_reaches_every_visible_shot(choices):
    model, (shots, hidden, valid, global_) = make_model(**choices), make_windows()
    shots.requires_grad_()
    model.restore(shots, hidden, valid, global_).square().sum().backward()
    reached = shots.grad.abs().sum(dim=-1) > 0
    assert torch.equal(reached, valid & ~hidden)


@choices
def test_a_hidden_modality_is_not_seen_and_the_others_of_its_shot_are(choices):
    model, (shots, hidden, valid, global_) = make_model(**choices), make_windows()
    audio = torch.stack([torch.zeros_like(hidden), hidden], dim=-1)
    shots.requires_grad_()
    model.restore(shots, audio, valid, global_).square().sum().backward()
    assert (shots.grad[hidden][:, 5:] == 0).all() and (shots.grad[hidden][:, :5] != 0).any(dim=1).all()


@choices
def test_padding_changes_nothing(choices):
    model, (shots, hidden, valid, global_) = make_model(**choices), make_windows()
    together = model.restore(shots, hidden, valid, global_)
    alone = [
        model.restore(shots[i : i + 1, :n], hidden[i : i + 1, :n], valid[i : i + 1, :n], global_[i : i + 1])
        for i, n in enumerate(valid.sum(dim=1).tolist())
    ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


@choices
def test_everything_may_be_hidden(choices):
    model, (shots, _, valid, global_) = make_model(**choices), make_windows()
    assert torch.isfinite(model.restore(shots, valid, valid, global_)).all()


@choices
def test_hiding_every_modality_is_hiding_the_shot(choices):
    model, (shots, hidden, valid, global_) = make_model(**choices), make_windows()
    both = hidden.unsqueeze(-1).expand(*hidden.shape, 2)
    torch.testing.assert_close(model.restore(shots, both, valid, global_), model.restore(shots, hidden, valid, global_))


@pytest.mark.parametrize("positions", ["rotary", "learned", "sinusoidal"])
def test_a_dropped_shot_leaves_the_others_at_their_places(positions):
    model = make_model(head="decoder", tokens="dropped", positions=positions)
    shots, hidden, valid, global_ = make_windows()
    without = model.encode(shots, hidden, valid, global_)
    at_the_end = torch.zeros_like(hidden)
    at_the_end[:, 6:] = True
    shorter = model.encode(shots[:, :6], torch.zeros_like(hidden[:, :6]), valid[:, :6], global_)
    torch.testing.assert_close(model.encode(shots, at_the_end, valid, global_).shots[:, :6], shorter.shots)

    kept = make_model(head="decoder", positions=positions)
    kept.load_state_dict(model.state_dict())
    looked_at = kept.encode(shots, torch.zeros_like(hidden), valid & ~hidden, global_)
    visible = valid & ~hidden
    torch.testing.assert_close(without.shots[visible], looked_at.shots[visible], atol=1e-5, rtol=1e-4)
    assert (without.shots[hidden] == 0).all()


def test_the_decoder_reads_the_position_of_a_hidden_shot():
    model, (shots, hidden, valid, global_) = make_model(head="decoder", tokens="dropped"), make_windows()
    first = model(shots, hidden, valid, global_)[0, [2, 4, 5]]
    assert torch.pdist(first).min() > 1e-3


def test_metadata_dropped_at_random_is_dropped_in_training_alone():
    model, (shots, hidden, valid, global_) = make_model(global_dropout=1.0, dropout=0.0), make_windows()

    def depends_on_it():
        a, b = (model.restore(shots, hidden, valid, g) for g in (global_, -global_))
        return not torch.allclose(a, b)

    assert depends_on_it()
    model.train()
    assert not depends_on_it()


def test_mask_vectors_per_modality_differ_between_modalities():
    model, (shots, hidden, valid, global_) = make_model(mask_vectors="per_modality"), make_windows()
    empty = torch.zeros_like(shots)
    video, audio = (
        torch.stack([hidden if m == i else torch.zeros_like(hidden) for m in (0, 1)], dim=-1) for i in (0, 1)
    )
    a, b = (model.restore(empty, h, valid, global_) for h in (video, audio))
    assert not torch.allclose(a, b, atol=1e-3)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        (["model.tokens=dropped"], "model.tokens=dropped needs model.head=decoder"),
        (["model.tokens=dropped", "model.head=decoder", "mask.policy=modality"], "leaves out whole shots"),
        (["model.tokens=dropped", "model.head=decoder", "mask.other=.1"], "goes without mask.other"),
        (["mask.other=.6", "mask.unchanged=.6"], "sum to 1.2"),
        (["mask.policy=modality", "mask.unchanged=.1"], "hides part of a shot"),
        (["mask.parts=.1", "mask.unchanged=.1"], "hides part of a shot"),
        (["mask.parts=.1", "mask.policy=modality"], "goes without mask.parts"),
        (["mask.parts=.1", "objective.loss=nce"], "tells whole shots apart"),
        (["mask.parts=.95"], "mask.parts"),
        (["mask.policy=hand_picked"], "needs mask.ranges"),
        (["mask.policy=hand_picked", "mask.ranges=9-4"], "write 4-9"),
        (["objective.loss=nce", "mask.policy=modality"], "tells whole shots apart"),
        (["objective.loss=nce", "objective.weights=equal"], "tells whole shots apart"),
        (["objective.span_boundary=1", "model.head=decoder"], "not from a decoder"),
        (["objective.token_shuffling=true"], "needs model.head=decoder"),
        (["objective.target=teacher", "objective.teacher_layers=9"], r"teacher_layers \(9\).*model.depth \(4\)"),
        (["objective.target=teacher", "objective.standardise=true"], "is about shots"),
        (["objective.target=first_stage"], "need each other"),
        (["objective.first_stage=.5"], "need each other"),
        (["objective.target=first_stage", "objective.first_stage=.2", "steps=2"], "leaves no step"),
        (["objective.weights=video"], "'video' is not a modality with a weight"),
        (["objective.weights=video=0"], "no modality a weight above 0"),
        (["model.head=decoder", "model.decoder_width=30"], r"model.decoder_width \(30\) must be a multiple"),
        (["mask.span_p=0"], "mask.span_p"),
        (["optim.average=1"], "optim.average"),
        (["noise=-1"], "noise"),
        (["time_reversal=2"], "time_reversal"),
    ],
)
def test_an_impossible_pair_is_refused_in_one_sentence(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        Recipe().with_settings(settings)
