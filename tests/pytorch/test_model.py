"""A masked-shot model in somebody else's loop: the same loss as our training's, and what it needs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader

from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.models.encoder import ShotEncoder
from msm.pytorch import CatalogWindows, MaskedShotCollator, MaskedShotModel
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe
from msm.training.sampler import Batch
from msm.training.step import train_step

SMALL = ["model.width=16", "model.depth=1", "model.heads=2", "model.dropout=0", "fusion=per_modality"]
DIMS = (6, 4)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(name: str) -> Recipe:
    more = ["model.decoder_width=16", "model.decoder_depth=1"] if name in ("mae", "videomae") else []
    return preset(name).with_settings([*SMALL, *more])


def windows(*lengths: int) -> list[torch.Tensor]:
    rng = seeded(7)
    return [torch.nn.functional.normalize(torch.randn(n, sum(DIMS), generator=rng), dim=-1) for n in lengths]


@pytest.mark.parametrize("name", ["mediafm", "bert", "spanbert", "mae", "hero", "bassl"])
def test_the_loss_is_the_one_of_our_training_step(name: str) -> None:
    recipe = small(name)
    model = MaskedShotModel(sum(DIMS), recipe, generator=seeded(), modality_dims=DIMS).train()
    batch = MaskedShotCollator(recipe, generator=seeded(3), modality_dims=DIMS)(windows(9, 14, 5))
    ours = model(**batch)["loss"]

    again = Batch(batch["shots"], batch["valid"], None)
    reported = train_step(model.encoder, model.objective, again, [], recipe, seeded(3), 0)
    # The terms of some recipes draw further random numbers, ours from another generator than the training's.
    assert ours.item() == pytest.approx(reported.loss, rel=1e-5 if name not in ("hero", "bassl") else 0.2)


def test_padding_and_packing_change_nothing() -> None:
    model = MaskedShotModel(sum(DIMS), small("mediafm"), generator=seeded()).eval()
    batch = MaskedShotCollator(small("mediafm"), generator=seeded(1))(windows(9, 14, 5))
    padded = model(batch["shots"], batch["hidden"], batch["valid"])
    longer = {
        k: torch.nn.functional.pad(batch[k], (0, 0, 0, 6) if k == "shots" else (0, 6))
        for k in ("shots", "hidden", "valid")
    }
    packed = model(pack_sequence(windows(9, 14, 5), enforce_sorted=False), batch["hidden"])
    for other in (model(**longer), packed):
        assert torch.allclose(other["loss"], padded["loss"], atol=1e-6)
        assert torch.allclose(other["predicted"], padded["predicted"], atol=1e-5)


def test_a_plain_loop_over_a_catalog_learns_and_the_model_comes_back_from_its_folder(
    tiny_catalog: Catalog, tmp_path
) -> None:
    data = CatalogWindows(tiny_catalog, "train")
    shot_dim = tiny_catalog.shot_dim
    loader = DataLoader(data, batch_size=4, collate_fn=MaskedShotCollator(small("mediafm"), generator=seeded(2)))
    model = MaskedShotModel(
        shot_dim, small("mediafm"), generator=seeded(), global_dim=len(data[0].get("global_embedding", ()))
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        for batch in loader:
            loss = model(**batch)["loss"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])
    model.save_pretrained(tmp_path / "model")
    again = ShotEncoder.from_pretrained(tmp_path / "model")
    assert torch.equal(again.shot_in.weight, model.encoder.shot_in.weight)


def test_a_head_that_starts_from_kriging_is_fitted_on_arrays() -> None:
    recipe = preset("neighbour").with_settings([*SMALL, "mask.policy=independent"])
    model = MaskedShotModel(sum(DIMS), recipe, generator=seeded())
    titles = [w.numpy() for w in windows(40, 60, 50)]
    model.fit(titles, seeded(4))
    batch = MaskedShotCollator(recipe, generator=seeded(5))(windows(30, 20))
    assert torch.isfinite(model(**batch)["loss"])
    assert torch.allclose(model.encoder.shot_mean, torch.from_numpy(np.concatenate(titles).mean(axis=0)), atol=1e-6)


def test_shapes_that_do_not_fit_are_one_sentence() -> None:
    model = MaskedShotModel(sum(DIMS), small("mediafm"), generator=seeded())
    shots = torch.zeros(2, 5, sum(DIMS))
    nothing = torch.zeros(2, 5, dtype=torch.bool)
    for arguments, sentence in (
        ((shots[..., :3], ~nothing), r"must be \(B, S, 10\)"),
        ((shots, ~nothing[:, :4]), "hidden is"),
        ((shots, nothing), "nothing to predict"),
    ):
        with pytest.raises(InputError, match=sentence):
            model(*arguments)
    with pytest.raises(InputError, match="have 5 columns"):
        MaskedShotModel(sum(DIMS), generator=seeded(), modality_dims=(2, 3))


def test_the_collator_hides_the_same_shots_for_the_same_seed() -> None:
    first, second, other = (MaskedShotCollator("bert", generator=seeded(s))(windows(30, 30)) for s in (1, 1, 2))
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not torch.equal(first["hidden"], other["hidden"])


def two_windows(shots: int = 5, kind: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """Two windows whose first shots are hidden."""
    hidden = torch.zeros(2, shots, dtype=torch.bool)
    hidden[:, :1] = True
    return {"shots": torch.ones(2, shots, 7).to(kind), "hidden": hidden, "valid": torch.ones_like(hidden)}


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        (two_windows(kind=torch.float64), "shots are float64, but the model is float32"),
        (two_windows(kind=torch.int64), "shots are int64"),
        (two_windows() | {"hidden": torch.ones(2, 5)}, "hidden is float32, but must be bool"),
        (two_windows() | {"valid": torch.ones(2, 5, dtype=torch.long)}, "valid is int64, but must be bool"),
        (two_windows() | {"valid": torch.zeros(2, 5, dtype=torch.bool)}, "no shot is hidden"),
        (two_windows(0), "no shot is hidden"),
        (two_windows(513), "513 shots, but max_shots of the model is 512"),
    ],
)
def test_a_batch_that_does_not_fit_the_model_is_one_sentence(batch, sentence):
    model = MaskedShotModel(7, generator=torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match=sentence):
        model(**batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.isfinite(model(**two_windows(kind=torch.bfloat16))["loss"])


@pytest.mark.parametrize("shots", [torch.zeros(0, 7), torch.zeros(1, 3, 7), torch.zeros(3, 9)])
def test_a_title_that_does_not_fit_the_model_is_one_sentence(shots):
    model = MaskedShotModel(7, generator=torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match=r"must be \(S, 7\) with at least one shot"):
        model.embed(shots)
    assert [len(model.embed(torch.ones(n, 7))[0]) for n in (1, 513)] == [1, 513]


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ([], "there is no window"),
        ([torch.zeros(0, 7)], "window 0 is .0, 7., but must be"),
        ([torch.zeros(7)], "window 0 is .7,., but must be"),
        ([torch.ones(2, 7), torch.ones(2, 8)], "window 1 is 8 wide, but window 0 7"),
        ([torch.ones(2, 7), torch.full((2, 7), float("nan"))], "window 1 has values that are not finite"),
    ],
)
def test_windows_that_make_no_batch_are_one_sentence(made, sentence):
    collate = MaskedShotCollator(generator=torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match=sentence):
        collate(made)
    assert collate([np.ones((3, 7)), torch.ones(1, 7)])["shots"].shape == (2, 3, 7)


@pytest.mark.parametrize("name", ["", " ", "/no/such/folder", "a/b/c", "a b", "-x/y"])
def test_a_name_that_is_neither_a_folder_nor_a_model_on_a_hub_is_one_sentence(name):
    with pytest.raises(InputError, match="USER/NAME"):
        ShotEncoder.from_pretrained(name)
