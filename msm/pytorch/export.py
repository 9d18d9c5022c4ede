"""Write a model that embeds shots for programs without this library: `torch.export` and ONNX.

Shape letters: B windows, S shots, D width of a shot.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from msm.errors import InputError
from msm.io import files
from msm.models.encoder import ShotEncoder
from msm.pytorch.checks import check_encoder
from msm.pytorch.embedder import ShotEmbedder

INPUT, OUTPUTS = "shots", ("shot_embeddings", "title_embedding")
OPSET = 18


def to_program(encoder: ShotEncoder) -> ExportedProgram:
    """The embedder by `torch.export`, for any number of windows and 2 to `max_shots` shots. InputError as for `ShotEmbedder`."""
    check_encoder(encoder)
    module = ShotEmbedder(encoder.eval()).eval()
    return torch.export.export(module, (_example(encoder),), dynamic_shapes=_shapes(encoder))


def to_onnx(encoder: ShotEncoder, path: str | Path) -> Path:
    """Write the embedder as an ONNX file with the input `shots` (B, S, D) and the outputs `shot_embeddings` and `title_embedding`.

    InputError as for `ShotEmbedder`, where the package onnxscript is missing, and where there is no folder for the file.
    """
    if find_spec("onnxscript") is None:
        raise InputError("writing ONNX needs the package onnxscript: pip install 'msm-workbench[export]'")
    path = Path(path)
    if not path.parent.is_dir() or path.is_dir():
        raise InputError(
            f"{path} cannot be written: " + ("it is a folder" if path.is_dir() else f"there is no folder {path.parent}")
        )
    written = torch.onnx.export(to_program(encoder), input_names=[INPUT], output_names=[*OUTPUTS], opset_version=OPSET,
                                dynamo=True, verbose=False)  # fmt: skip
    assert written is not None
    with files.whole_file(path) as temporary:
        written.save(str(temporary), external_data=False)
    return path


def _example(encoder: ShotEncoder) -> Tensor:
    return torch.zeros(2, 5, encoder.shot_dim)


def _shapes(encoder: ShotEncoder) -> tuple[dict[int, Dim]]:
    return ({0: Dim("windows", min=1, max=4096), 1: Dim("num_shots", min=2, max=encoder.cfg.max_shots)},)
