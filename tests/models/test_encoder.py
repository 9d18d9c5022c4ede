import pytest
import torch
from torch import nn

from msm.models.encoder import ShotEncoder
from msm.models.packing import Packing
from msm.objectives.losses import cosine_distance
from msm.recipes.recipe import ModelConfig, OptimConfig
from msm.training.muon import Muon
from msm.training.optimizers import learning_rate, make_optimizers, muon_dtype


def make_model(positions="rotary", global_dim=5, **choices) -> ShotEncoder:
    cfg = ModelConfig(width=16, depth=2, heads=2, max_shots=32, positions=positions, **choices)
    model = ShotEncoder(shot_dim=8, global_dim=global_dim, cfg=cfg)
    rng = torch.Generator().manual_seed(0)
    model.init_weights(rng)
    with torch.no_grad():  # far from the small first weights, so that every path carries something
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=rng) * 0.2)
    return model.eval()


def make_window(num_shots=6, seed=1):
    rng = torch.Generator().manual_seed(seed)
    shots = torch.nn.functional.normalize(torch.randn(1, num_shots, 8, generator=rng), dim=-1)
    valid = torch.ones(1, num_shots, dtype=torch.bool)
    hidden = torch.zeros(1, num_shots, dtype=torch.bool)
    hidden[0, 2] = True
    return shots, hidden, valid, torch.randn(1, 5, generator=rng)


positions = pytest.mark.parametrize("positions", ["rotary", "learned", "sinusoidal"])


@positions
def test_a_prediction_does_not_depend_on_a_hidden_shot(positions):
    model, (shots, hidden, valid, global_) = make_model(positions), make_window()
    changed = shots.clone()
    changed[0, 2] += 100.0
    torch.testing.assert_close(model(shots, hidden, valid, global_), model(changed, hidden, valid, global_))


@positions
def test_a_prediction_depends_on_every_visible_shot(positions):
    model, (shots, hidden, valid, global_) = make_model(positions), make_window()
    before = model(shots, hidden, valid, global_)[0, 2]
    for visible in (0, 1, 3, 4, 5):
        changed = shots.clone()
        changed[0, visible] = -changed[0, visible]
        assert not torch.allclose(before, model(changed, hidden, valid, global_)[0, 2], atol=1e-4)


@positions
def test_padding_changes_nothing(positions):
    model, (shots, hidden, valid, global_) = make_model(positions), make_window()
    padded = [nn.functional.pad(shots, (0, 0, 0, 4), value=9.0)]
    padded += [nn.functional.pad(m, (0, 4), value=False) for m in (hidden, valid)]
    torch.testing.assert_close(model(*padded, global_)[:, :6], model(shots, hidden, valid, global_))


@positions
def test_the_order_of_the_shots_matters(positions):
    model, (shots, hidden, valid, global_) = make_model(positions), make_window()
    swapped = shots[:, [1, 0, 2, 3, 4, 5]]
    a, b = (model(s, hidden, valid, global_)[0, 2] for s in (shots, swapped))
    assert not torch.allclose(a, b, atol=1e-4)


def test_the_global_token_carries_the_metadata_only_where_the_recipe_wants_it():
    shots, hidden, valid, global_ = make_window()
    for use_global in (True, False):
        model = make_model(use_global=use_global)
        a, b = (model(shots, hidden, valid, g)[0, 2] for g in (global_, -global_))
        assert torch.allclose(a, b, atol=1e-4) is not use_global


def test_a_window_longer_than_the_position_table_is_refused_with_both_numbers():
    model, (shots, hidden, valid, _) = make_model(), make_window(33)
    with pytest.raises(ValueError, match=r"33.*32"):
        model(shots, hidden, valid)


def reference_layer(block, width, heads) -> nn.TransformerEncoderLayer:
    """The same weights in PyTorch's own layer."""
    layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
    same = {
        "self_attn.in_proj_weight": torch.cat([block.query.weight, block.key.weight, block.value.weight]),
        "self_attn.in_proj_bias": torch.cat([block.query.bias, block.key.bias, block.value.bias]),
        "self_attn.out_proj": block.attention_out,
        "linear1": block.feed_in,
        "linear2": block.feed_out,
        "norm1": block.attention_norm,
        "norm2": block.feed_norm,
    }
    state = {}
    for name, part in same.items():
        state |= {name: part} if torch.is_tensor(part) else {f"{name}.{k}": v for k, v in part.state_dict().items()}
    layer.load_state_dict(state)
    return layer.eval()


@torch.inference_mode()
def test_the_encoder_equals_pytorchs_own_transformer_with_the_same_weights():
    model, (shots, hidden, valid, global_) = make_model("learned"), make_window()
    valid[0, 5] = False
    encoder = nn.TransformerEncoder(reference_layer(model.blocks[0], 16, 2), 2, enable_nested_tensor=False)
    encoder.layers = nn.ModuleList(reference_layer(b, 16, 2) for b in model.blocks)

    x = model.shot_in(shots * 8**0.5)
    x[hidden] = model.mask_vector
    x = x + model.position[:6]
    from_global = model.global_vector + model.global_in(global_ * 5**0.5)
    x = torch.cat([model.cls_vector.expand(1, 1, -1), from_global[:, None], x], dim=1)
    ignored = torch.cat([torch.zeros(1, 2, dtype=torch.bool), ~valid], dim=1)
    expected = model.shot_out(model.out_norm(encoder(x, src_key_padding_mask=ignored)))[:, 2:]

    got = model(shots, hidden, valid, global_)
    torch.testing.assert_close(got[valid], expected[valid], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_rotary_attention_depends_on_the_distance_of_shots_and_not_on_their_position():
    block = make_model().blocks[0]
    turn = make_model().turn
    x = torch.randn(6, 16, generator=torch.Generator().manual_seed(2))
    window = Packing(torch.ones(1, 6, dtype=torch.bool))
    torch.testing.assert_close(block(x, window, turn[:6]), block(x, window, turn[11:17]), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(block(x, window, turn[:6]), block(x, window, turn[:12:2]), atol=1e-3)


def test_the_loss_is_zero_for_the_truth_and_two_for_its_opposite():
    truth = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    assert cosine_distance(3 * truth, truth).item() == pytest.approx(0, abs=1e-6)
    assert cosine_distance(-truth, truth).item() == pytest.approx(2, abs=1e-6)


def test_muon_takes_the_hidden_matrices_and_adamw_the_rest():
    model = make_model()
    adamw, muon = make_optimizers(model, OptimConfig())
    names = {id(p): n for n, p in model.named_parameters()}
    in_muon = {names[id(p)] for g in muon.param_groups for p in g["params"]}
    in_adamw = {names[id(p)] for g in adamw.param_groups for p in g["params"]}
    assert in_muon == {n for n, p in model.named_parameters() if n.startswith("blocks.") and p.ndim == 2}
    assert in_muon | in_adamw == set(names.values()) and not in_muon & in_adamw


@pytest.mark.parametrize(
    ("cpu", "precision", "dtype"),
    [
        ({"avx512_bf16": False, "amx_bf16": False, "avx2": True}, "auto", torch.float32),
        ({"avx512_bf16": True}, "auto", torch.bfloat16),
        ({"amx_bf16": True}, "auto", torch.bfloat16),
        ({"bf16": True}, "auto", torch.bfloat16),  # Arm
        ({}, "auto", torch.float32),
        ({"amx_bf16": True}, "float32", torch.float32),
        ({}, "bfloat16", torch.bfloat16),
    ],
)
def test_muon_multiplies_in_bfloat16_only_where_the_cpu_has_it_or_the_recipe_asks_for_it(
    monkeypatch, cpu, precision, dtype
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: cpu)
    _, muon = make_optimizers(make_model(), OptimConfig(), precision=precision)
    assert muon.dtype == dtype
    assert muon_dtype("auto", torch.device("cuda")) == torch.bfloat16


def test_muon_updates_matrices_together_as_it_updates_each_alone():
    shapes = [(24, 24), (24, 24), (96, 24), (24, 96), (96, 24)]
    mine, theirs = (
        [torch.randn(s, generator=torch.Generator().manual_seed(i)) for i, s in enumerate(shapes)] for _ in "ab"
    )
    ours = Muon([torch.nn.Parameter(m) for m in mine], lr=0.01, weight_decay=0.1)
    one_by_one = torch.optim.Muon(
        [torch.nn.Parameter(m) for m in theirs], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"
    )
    for step in range(3):
        for optimizer in (ours, one_by_one):
            for i, p in enumerate(optimizer.param_groups[0]["params"]):
                p.grad = torch.randn(p.shape, generator=torch.Generator().manual_seed(10 * step + i)) * 1e-3
        ours.step_batched()
        one_by_one.step()
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_the_learning_rate_warms_up_and_decays_to_its_share():
    cfg = OptimConfig(lr=1.0, warmup=0.1, final_lr=0.05)
    rates = [learning_rate(step, 100, cfg) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[9] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True) and rates[-1] == pytest.approx(0.05, abs=0.01)
