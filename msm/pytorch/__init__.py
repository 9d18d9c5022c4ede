"""Masked-shot models in somebody else's training loop: an nn.Module with a loss, a dataset, a collator, and models to export.

Nothing here needs a catalog, a run folder or a recipe file; docs/howto/pytorch.md shows it with a plain loop, with the Hugging Face
`Trainer` and with Lightning.
"""

from __future__ import annotations

from msm.pytorch.data import CatalogWindows, MaskedShotCollator
from msm.pytorch.embedder import ShotEmbedder
from msm.pytorch.export import to_onnx, to_program
from msm.pytorch.model import MaskedShotModel

__all__ = ["CatalogWindows", "MaskedShotCollator", "MaskedShotModel", "ShotEmbedder", "to_onnx", "to_program"]
