"""What the modules of msm.pytorch cannot use is one sentence of ours, and nothing of a GPU is read for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from msm.errors import InputError
from msm.models.encoder import ShotEncoder
from msm.pytorch import CatalogWindows, MaskedShotCollator, MaskedShotModel, ShotEmbedder, to_onnx, to_program
from msm.recipes.model import ModelConfig
from msm.recipes.presets import PRESETS, preset
from msm.recipes.recipe import Recipe
from tests.pretended_device import DEVICE, pretended_device

DIM, MODALITIES, GLOBAL = 7, (4, 3), 5
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
NOT_FINITE = [float("nan"), float("inf"), -float("inf")]
SMALL = ["model.width=16", "model.depth=3", "model.heads=2", "model.dropout=0", "fusion=per_modality"]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(name: str = "mediafm") -> Recipe:
    more = ["model.decoder_width=16", "model.decoder_depth=1"] if name in ("mae", "videomae") else []
    return preset(name).with_settings([*SMALL, *more])


def model(name: str = "mediafm", global_dim: int = GLOBAL) -> MaskedShotModel:
    return MaskedShotModel(DIM, small(name), generator=seeded(), modality_dims=MODALITIES, global_dim=global_dim)


def shots(*shape: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(*(shape or (2, 5, DIM)), generator=seeded(3)), dim=-1)


def flags(*shape: int) -> torch.Tensor:
    found = torch.zeros(shape or (2, 5), dtype=torch.bool)
    found[:, :1] = True
    return found


def spoiled(values: torch.Tensor, value: float) -> torch.Tensor:
    found = values.clone()
    found.flatten()[-1] = value
    return found


def whole() -> dict[str, torch.Tensor]:
    """A batch that has everything."""
    return {
        "shots": shots(),
        "hidden": flags(),
        "valid": torch.ones(2, 5, dtype=torch.bool),
        "global_embedding": torch.ones(2, GLOBAL),
        "shown": shots(),
        "masked": flags(),
    }


OTHER_SHAPES = {
    "shots": [(5, DIM), (1, 2, 5, DIM), (2, 5, DIM - 1), (2, 4, DIM), (3, 5, DIM), (2, 0, DIM), (0, 5, DIM)],
    "hidden": [(5,), (2, 4), (3, 5), (2, 5, 3), (2, 5, 2, 1), (2, 5, DIM)],
    "valid": [(5,), (2, 4), (3, 5), (2, 5, 1)],
    "global_embedding": [(GLOBAL,), (1, GLOBAL), (3, GLOBAL), (2, GLOBAL - 1), (2, 1, GLOBAL)],
    "shown": [(5, DIM), (2, 4, DIM), (2, 5, DIM - 1)],
    "masked": [(5,), (2, 4), (2, 5, 2), (2, 5, 3)],
}
KINDS = (*FLOATS, torch.int64, torch.uint8, torch.bool, torch.complex64)
WRONG: list[tuple[str, object]] = [
    *((name, torch.ones(shape).to(whole()[name].dtype)) for name, shapes in OTHER_SHAPES.items() for shape in shapes),
    *((name, right.to(kind)) for name, right in whole().items() for kind in KINDS if kind != right.dtype),
    *((name, spoiled(whole()[name], bad)) for name in ("shots", "global_embedding", "shown") for bad in NOT_FINITE),
    *((name, right.numpy()) for name, right in whole().items()),
    *((name, right.tolist()) for name, right in whole().items()),
    *((name, None) for name in ("shots", "hidden")),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda v: str(getattr(v, "shape", v))[:24])
def test_a_batch_of_which_one_part_is_wrong_is_one_sentence_that_names_a_part(name, value):
    with pytest.raises(InputError, match=r"shots|hidden|valid|global_embedding|shown|masked"):
        model()(**whole() | {name: value})


def test_what_is_no_fault_is_none():
    one = model()
    rows_of_padding = torch.tensor([[0] * 5, [1] * 5], dtype=torch.bool)
    assert len(one(**whole())["predicted"]) == 2
    assert len(one(**whole() | {"valid": rows_of_padding})["predicted"]) == 1
    assert len(one(shots(), flags(2, 5, 2))["predicted"]) == 2
    for kind in FLOATS:
        assert torch.isfinite(model().to(kind)(shots().to(kind), flags())["loss"])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.isfinite(one(shots().bfloat16(), flags())["loss"])


@pytest.mark.parametrize("name", ["mediafm", "bert", "mae", "bassl", "neighbour"])
def test_of_padding_nothing_is_hidden_whatever_the_flags_say(name):
    long, short = shots(1, 6, DIM)[0], shots(1, 3, DIM)[0]
    padded = torch.nn.utils.rnn.pad_sequence([long, short], batch_first=True)
    valid = torch.arange(6) < torch.tensor([[6], [3]])
    everywhere = torch.zeros(2, 6, dtype=torch.bool)
    everywhere[:, 1::2] = True
    results = [
        model(name).eval()(padded, everywhere, valid),
        model(name).eval()(padded, everywhere & valid, valid),
        model(name).eval()(pack_sequence([long, short]), everywhere),
    ]
    for found in results:
        assert len(found["predicted"]) == 4
        torch.testing.assert_close(found["predicted"], results[1]["predicted"])
        torch.testing.assert_close(found["loss"], results[1]["loss"])


@pytest.mark.parametrize("name", PRESETS)
def test_a_step_on_another_device_reads_nothing_of_it_to_check_its_input(name):
    batch = MaskedShotCollator(small(name), generator=seeded(1), modality_dims=MODALITIES)([*shots(3, 9, DIM)])
    with pretended_device() as device:
        one = model(name).train().to(DEVICE)
        there = {key: value.to(DEVICE) for key, value in batch.items()}
        device.waits.clear()
        one(**there)["loss"].backward()
        assert not [line for line in device.waits if line.startswith("pytorch/")], device.waits
        nothing = torch.zeros_like(there["hidden"])
        with pytest.raises(InputError, match="no shot is hidden"):
            one(**there | {"hidden": nothing, "masked": nothing})


TITLES: list[object] = [
    *(torch.ones(shape) for shape in ((0, DIM), (DIM,), (3, DIM + 1), (1, 3, DIM))),
    *(torch.ones(3, DIM).to(kind) for kind in (torch.int64, torch.bool, torch.complex64)),
    *(spoiled(torch.ones(3, DIM), value) for value in NOT_FINITE),
    np.ones((3, DIM), np.float32),
    None,
]


@pytest.mark.parametrize("title", TITLES, ids=lambda v: str(getattr(v, "shape", v)))
def test_a_title_that_cannot_be_embedded_is_one_sentence(title):
    with pytest.raises(InputError, match=r"shots|a title"):
        model().embed(title)


@pytest.mark.parametrize("metadata", [torch.ones(4), torch.ones(1, 5), torch.full((5,), float("nan")), np.ones(5)])
def test_metadata_that_cannot_be_embedded_is_one_sentence(metadata):
    with pytest.raises(InputError, match="global_embedding"):
        model().embed(torch.ones(3, DIM), metadata)
    with pytest.raises(InputError, match="without metadata"):
        model(global_dim=0).embed(torch.ones(3, DIM), torch.ones(5))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_embedding_says_which_weights_it_needs(kind):
    with pytest.raises(InputError, match="call float"):
        model().to(kind).embed(torch.ones(3, DIM))
    assert model().embed(torch.ones(3, DIM).to(kind))[0].shape == (3, 16)


def encoder(positions: str = "rotary") -> ShotEncoder:
    made = ShotEncoder(DIM, 0, ModelConfig(width=16, depth=1, heads=2, max_shots=12, positions=positions))
    made.init_weights(seeded())
    return made.eval()


@pytest.mark.parametrize("positions", ["rotary", "learned", "sinusoidal", "decay"])
def test_an_embedder_refuses_more_shots_than_the_model_has_places_for(positions):
    embed = ShotEmbedder(encoder(positions))
    assert embed(shots(1, 12, DIM))[0].shape == (1, 12, 16)
    with pytest.raises(InputError, match="13 shots, but max_shots of the model is 12"):
        embed(shots(1, 13, DIM))
    with pytest.raises(InputError, match="13 shots, but max_shots of the model is 12"):
        torch.compile(embed, backend="eager")(shots(1, 13, DIM))


WINDOWS: list[object] = [
    *(torch.ones(shape) for shape in ((5, DIM), (1, 1, 5, DIM), (2, 5, DIM - 1))),
    *(torch.ones(2, 5, DIM).to(kind) for kind in KINDS if kind != torch.float32),
    *(spoiled(shots(), value) for value in NOT_FINITE),
    np.ones((2, 5, DIM), np.float32),
]


@pytest.mark.parametrize("windows", WINDOWS, ids=lambda v: f"{v.shape} {v.dtype}")
def test_windows_that_an_embedder_cannot_take_are_one_sentence(windows):
    with pytest.raises(InputError, match="shots"):
        ShotEmbedder(encoder())(windows)


def test_an_embedder_takes_no_window_and_windows_without_shots():
    embed = ShotEmbedder(encoder())
    assert [tuple(found.shape) for found in embed(torch.ones(0, 5, DIM))] == [(0, 5, 16), (0, 16)]
    assert [tuple(found.shape) for found in embed(torch.ones(2, 0, DIM))] == [(2, 0, 16), (2, 16)]


def test_a_model_is_no_encoder_and_a_file_needs_a_folder(tmp_path):
    for make in (ShotEmbedder, to_program, lambda one: to_onnx(one, tmp_path / "a.onnx")):
        with pytest.raises(InputError, match="`encoder`"):
            make(model())
    pytest.importorskip("onnxscript")
    with pytest.raises(InputError, match="no folder"):
        to_onnx(encoder(), tmp_path / "none" / "a.onnx")
    with pytest.raises(InputError, match="it is a folder"):
        to_onnx(encoder(), tmp_path)


def item(shape: tuple[int, ...] = (3, DIM), metadata: object = None) -> dict[str, object]:
    return {"shots": torch.ones(shape)} | ({} if metadata is None else {"global_embedding": metadata})


BATCHES: list[list[object]] = [
    [{"shot": torch.ones(3, DIM)}],
    [None],
    ["a window"],
    [[[1.0] * DIM, [1.0]]],
    [torch.ones(3, DIM, dtype=torch.complex64)],
    [torch.ones(3, DIM, dtype=torch.bool)],
    [torch.ones(3, 0)],
    *([item(), spoiled(torch.ones(3, DIM), value)] for value in NOT_FINITE),
    [item(metadata=torch.ones(5)), item()],
    [item(), item(metadata=torch.ones(5))],
    [item(metadata=torch.ones(5)), item(metadata=torch.ones(4))],
    [item(metadata=torch.ones(1, 5))],
    *([item(metadata=torch.full((5,), value))] for value in NOT_FINITE),
    [item(metadata="a genre")],
]


@pytest.mark.parametrize("batch", BATCHES, ids=range(len(BATCHES)))
def test_windows_that_make_no_batch_are_one_sentence(batch):
    with pytest.raises(InputError, match="window"):
        MaskedShotCollator(small(), generator=seeded())(batch)


def test_a_collator_takes_arrays_with_metadata_and_knows_its_columns():
    found = MaskedShotCollator(small(), generator=seeded())([item(metadata=np.ones(5)), item(metadata=[1, 2, 3, 4, 5])])
    assert found["global_embedding"].dtype == torch.float32
    with pytest.raises(InputError, match="4 columns together, but a shot has 7"):
        MaskedShotCollator(small(), generator=seeded(), modality_dims=(2, 2))([item()])


@pytest.mark.parametrize(
    "widths",
    [
        {"shot_dim": 0},
        {"shot_dim": -1},
        {"shot_dim": 7.0},
        {"shot_dim": "7"},
        {"shot_dim": None},
        {"global_dim": -1},
        {"global_dim": 1.5},
        {"modality_dims": (7, 0)},
        {"modality_dims": (9, -2)},
        {"modality_dims": (3.5, 3.5)},
        {"recipe": None},
    ],
    ids=str,
)
def test_a_model_of_no_width_is_one_sentence(widths):
    with pytest.raises(InputError, match="|".join([*widths, "whole number"])):
        MaskedShotModel(**{"shot_dim": DIM, "recipe": small(), "generator": seeded()} | widths)


@pytest.mark.parametrize(
    ("titles", "sentence"),
    [
        ([], "no title"),
        ([np.ones((0, DIM))], "no title"),
        ((t for t in [np.ones((9, DIM))]), "give a list"),
        ([np.ones((9, DIM)), np.ones((9, DIM + 1))], "title 1 is"),
        ([np.ones(DIM)], "title 0 is"),
        ([np.full((9, DIM), np.nan)], "not finite"),
    ],
)
@pytest.mark.parametrize("name", ["mediafm", "neighbour"])
def test_titles_that_nothing_can_be_fitted_on_are_one_sentence_and_change_no_weight(name, titles, sentence):
    one = model(name)
    before = one.encoder.shot_mean.clone()
    with pytest.raises(InputError, match=sentence):
        one.fit(titles, seeded())
    assert torch.equal(one.encoder.shot_mean, before)


def test_titles_may_be_tensors_and_one_of_them_empty():
    one = model("neighbour")
    one.fit([torch.randn(30, DIM), torch.ones(0, DIM), torch.randn(30, DIM)], seeded())
    assert torch.isfinite(one(shots(), flags())["loss"])


@pytest.mark.parametrize("wrong", [{"split": "dev"}, {"fusion": "sum"}, {"max_shots": 1}])
def test_windows_of_no_such_kind_are_one_sentence(tiny_catalog, wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        CatalogWindows(tiny_catalog, **wrong)
