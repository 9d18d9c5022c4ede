"""Exported models embed shots as the library does, for any number of shots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from msm.errors import InputError
from msm.inference.predict import contextual_embeddings
from msm.models.encoder import ShotEncoder
from msm.pytorch import ShotEmbedder, to_onnx, to_program
from msm.recipes.model import ModelConfig

DIM = 12


def encoder(**settings) -> ShotEncoder:
    model = ShotEncoder(DIM, 0, ModelConfig(width=16, depth=2, heads=2, max_shots=64, **settings))
    model.init_weights(torch.Generator().manual_seed(0))
    return model.eval()


def title(num_shots: int) -> np.ndarray:
    x = np.random.default_rng(num_shots).normal(size=(num_shots, DIM)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("positions", ["rotary", "learned", "sinusoidal", "decay"])
def test_the_dense_embedder_equals_the_packed_encoder_and_its_exported_program(positions: str) -> None:
    model = encoder(positions=positions)
    program = to_program(model).module()
    for num_shots in (2, 17, 64):
        shots = title(num_shots)
        wanted, of_title = contextual_embeddings(model, shots)
        for embed in (ShotEmbedder(model), program):
            found, cls = embed(torch.from_numpy(shots)[None])
            np.testing.assert_allclose(found[0].detach(), wanted, atol=1e-5)
            np.testing.assert_allclose(cls[0].detach(), of_title, atol=1e-5)


def test_an_onnx_file_embeds_titles_of_any_length_to_1e_4(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = encoder(positions="rotary")
    path = to_onnx(model, tmp_path / "embedder.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["shots"]
    for num_shots in (2, 9, 50):
        batch = np.stack([title(num_shots), title(num_shots)[::-1]])
        shots, titles = session.run(["shot_embeddings", "title_embedding"], {"shots": batch})
        for one, embeddings, cls in zip(batch, shots, titles, strict=True):
            wanted, of_title = contextual_embeddings(model, one)
            np.testing.assert_allclose(embeddings, wanted, atol=1e-4)
            np.testing.assert_allclose(cls, of_title, atol=1e-4)
    assert [p.name for p in tmp_path.iterdir()] == ["embedder.onnx"]  # no second file of weights


def test_a_head_whose_embedding_is_no_single_pass_is_refused() -> None:
    with pytest.raises(InputError, match="msm embed"):
        ShotEmbedder(encoder(head="neighbour", centred=True))


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("positions", ["rotary", "learned", "sinusoidal", "decay"])
def test_weights_of_another_kind_keep_the_positions(positions: str, kind: torch.dtype) -> None:
    shots = torch.from_numpy(title(40))[None]
    nothing = torch.zeros(1, 40, dtype=torch.bool)
    wanted = ShotEmbedder(encoder(positions=positions))(shots)[0]
    embedder, packed = ShotEmbedder(encoder(positions=positions)).to(kind), encoder(positions=positions).to(kind)
    results = (
        embedder(shots.to(kind))[0],
        ShotEmbedder(packed)(shots.to(kind))[0],
        packed.encode(shots.to(kind), nothing, ~nothing).shots,
    )
    for found in results:
        assert found.dtype == kind
        torch.testing.assert_close(found.float(), wanted, rtol=0, atol=1e-5 if kind == torch.float64 else 0.05)
