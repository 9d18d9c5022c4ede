"""Windows packed into one stream: nothing is computed for padding, and nothing else changes."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F

from msm.models import packing
from msm.models.packing import Packing
from msm.recipes.presets import PRESETS
from msm.training.trainer import Trainer, start_run

KEEP = torch.tensor([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1], [1, 1, 1, 0, 0]], dtype=torch.bool)
SMALL = ["model.width=16", "model.depth=3", "model.heads=2", "steps=10", "batch_windows=5", "optim.name=adamw"]


def losses_and_gradients(catalog, path, recipe) -> tuple[list[float], list[float]]:
    cpu = torch.device("cpu")
    trainer = Trainer(start_run(catalog, path, recipe, device=cpu), catalog, cpu)
    lines = [trainer.run_step() for _ in range(3)]
    return [line["loss"] for line in lines], [line["grad_norm"] for line in lines]


@pytest.mark.parametrize("name", PRESETS)
def test_packing_does_not_change_the_losses_of_any_recipe(talks, tmp_path, monkeypatch, name):
    stages = ["objective.first_stage=0.1"] if name == "videoprism" else []
    recipe = PRESETS[name].with_settings([*SMALL, *stages])
    packed, gradients = losses_and_gradients(talks, tmp_path / "packed", recipe)
    monkeypatch.setattr(packing, "_kernel", lambda query, bias: packing.padded)
    with_padding = losses_and_gradients(talks, tmp_path / "padded", recipe)
    assert packed == pytest.approx(with_padding[0], rel=1e-5, abs=1e-5)
    assert gradients == pytest.approx(with_padding[1], rel=1e-4)


def test_attention_stays_in_its_window_with_and_without_a_bias():
    windows = Packing(KEEP)
    query, key, value = torch.randn(3, 10, 2, 4, generator=torch.Generator().manual_seed(0)).unbind()
    for bias in (None, torch.randn(2, 5, 5, generator=torch.Generator().manual_seed(1))):
        mixed = packing.attention(query, key, value, windows, bias)
        for start, stop in ((0, 3), (3, 7), (7, 10)):
            own = (t[None, start:stop].transpose(1, 2) for t in (query, key, value))
            here = None if bias is None else bias[:, : stop - start, : stop - start]
            alone = F.scaled_dot_product_attention(*own, attn_mask=here)
            torch.testing.assert_close(mixed[start:stop], alone[0].transpose(0, 1))


def test_padding_undoes_packing():
    windows, table = Packing(KEEP), torch.arange(15.0).view(3, 5, 1) + 1
    assert windows.lengths == [3, 4, 3] and windows.ends.tolist() == [0, 3, 7, 10]
    torch.testing.assert_close(windows.pad(windows.pack(table)), table * KEEP.unsqueeze(-1))


def test_dropout_draws_what_a_padded_table_would_draw():
    valid = torch.arange(4) < torch.tensor([[4], [2]])
    stream = Packing(valid).pack(torch.ones(2, 4, 3))
    torch.manual_seed(5)
    packed = Packing(valid).dropout(stream, 0.5)
    torch.manual_seed(5)
    torch.testing.assert_close(packed, Packing(valid).pack(F.dropout(torch.ones(2, 4, 3), 0.5)))


@pytest.mark.parametrize("kernel", [packing.window_by_window, packing.padded], ids=lambda k: k.__name__)
@pytest.mark.parametrize("name", PRESETS)
def test_in_bfloat16_every_recipe_has_nearly_the_losses_of_float32(talks, tmp_path, monkeypatch, name, kernel):
    """As on a GPU, where attention without a kernel for windows of many lengths is padded."""
    monkeypatch.setattr(packing, "_kernel", lambda query, bias: kernel)
    recipe = PRESETS[name].with_settings([*SMALL, "objective.shot_contrast=0.1", "batch_windows=3"])
    exact, _ = losses_and_gradients(talks, tmp_path / "float32", recipe.with_settings(["precision=float32"]))
    half, _ = losses_and_gradients(talks, tmp_path / "bfloat16", recipe.with_settings(["precision=bfloat16"]))
    assert half == pytest.approx(exact, rel=0.05, abs=0.05) and half != exact


def test_on_a_gpu_attention_is_one_kernel_where_that_takes_the_heads(monkeypatch):
    """With tensors that have a device and a shape and no data, so that no GPU is needed."""
    monkeypatch.setattr(packing, "_capability", lambda device: (9, 0))
    windows = Packing(KEEP)
    assert (windows.ends.tolist(), windows.longest) == ([0, 3, 7, 10], 4)
    with FakeTensorMode(allow_non_fake_inputs=True):
        for width, kind, kernel in ((64, torch.bfloat16, "in_one_kernel"), (64, torch.float32, "padded")):
            query = torch.empty(10, 4, width, dtype=kind, device="cuda")
            assert packing._kernel(query, None).__name__ == kernel
            assert packing._kernel(query, torch.empty(4, 5, 5)).__name__ == "padded"
        assert packing._kernel(torch.empty(10, 4, 20, dtype=torch.bfloat16, device="cuda"), None) is packing.padded
        query = torch.empty(10, 4, 64, dtype=torch.bfloat16, device="cuda")
        assert packing.in_one_kernel(query, query, query, windows, None).shape == (10, 4, 64)
