"""Windows of shots for a `DataLoader`, and a collator that pads them and hides shots.

Shape letters: B windows, S shots of the longest window, N shots of a window, D width of a shot, G of a metadata embedding, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from msm.data.catalog import Catalog
from msm.data.fusion import fuse
from msm.data.schema import Modality
from msm.data.windows import split_windows
from msm.errors import InputError
from msm.pytorch.settings import as_recipe, modalities_of_widths
from msm.recipes.recipe import Recipe
from msm.training.sampler import Batch
from msm.training.step import mask_batch

Window = Mapping[str, Any] | Tensor


class CatalogWindows(Dataset[dict[str, Tensor]]):
    """The windows of a split of a catalog as a map-style dataset.

    catalog    a catalog or its path
    split      train, validation or test
    max_shots  longest window, at least 2; a longer title is divided
    fusion     joint or per_modality

    An item has `shots` (N, D) float32 of unit length and, where the catalog has metadata, `global_embedding` (G,). Vectors are read when an
    item is asked for, so workers of a `DataLoader` share one memory-mapped copy.
    """

    def __init__(
        self, catalog: Catalog | str | Path, split: str = "train", *, max_shots: int = 512, fusion: str = "per_modality"
    ):
        if max_shots < 2:
            raise InputError(f"max_shots is {max_shots}, but a window needs two shots: of one nothing can be predicted")
        self.catalog = catalog if isinstance(catalog, Catalog) else Catalog.open(catalog)
        self.fusion = fusion
        titles = self.catalog.split(split)
        self.windows = [(t, start, stop) for t in titles for start, stop in split_windows(t.num_shots, max_shots)]
        self.windows = [
            w for w in self.windows if w[2] - w[1] > 1
        ]  # of a single shot nothing can be hidden and predicted

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        title, start, stop = self.windows[index]
        item = {"shots": torch.from_numpy(fuse(title.rows(start, stop), self.catalog.modalities, self.fusion)).float()}
        if (metadata := title.global_embedding) is not None:
            item["global_embedding"] = torch.from_numpy(metadata.copy()).float()
        return item


class MaskedShotCollator:
    """Pad windows to a batch and hide shots by a recipe's masking: the `collate_fn` of a `DataLoader`, or a `Trainer`'s data collator.

    recipe          name of a preset, or a Recipe; only its masking is read; a schedule of the ratio stays at its beginning
    generator       torch.Generator on the CPU that draws the hidden shots
    modality_dims   columns of each modality, for recipes that hide modalities; None = one

    Takes windows (N, D), tensors or arrays, or dictionaries with `shots` (N, D) and perhaps `global_embedding` (G,). Returns the arguments of
    `MaskedShotModel.forward`: shots (B, S, D), valid, hidden and masked (B, S) or (B, S, M), shown (B, S, D), global_embedding (B, G).
    InputError for no windows, one without shots, different widths, and values that are not finite.
    """

    def __init__(
        self,
        recipe: str | Recipe = "mediafm",
        *,
        generator: torch.Generator,
        modality_dims: Sequence[int] | None = None,
    ):
        self.recipe, self.generator = as_recipe(recipe), generator
        self.modality_dims = None if modality_dims is None else tuple(modality_dims)

    def __call__(self, windows: Sequence[Window]) -> dict[str, Tensor]:
        items = [w if isinstance(w, Mapping) else {"shots": w} for w in windows]
        held = [torch.as_tensor(i["shots"]).float() for i in items]
        _check(held)
        shots = torch.nn.utils.rnn.pad_sequence(held, batch_first=True)
        lengths = torch.tensor([len(one) for one in held])
        valid = torch.arange(shots.shape[1]) < lengths[:, None]
        metadata = torch.stack([i["global_embedding"] for i in items]) if "global_embedding" in items[0] else None
        batch = Batch(shots, valid, metadata)
        masked = mask_batch(batch, self.recipe, self.generator, 0, self._modalities(shots), torch.device("cpu"))
        found = {
            "shots": masked.truth,
            "valid": valid,
            "hidden": masked.hidden,
            "masked": masked.masked,
            "shown": masked.shown,
        }
        return found | ({} if metadata is None else {"global_embedding": metadata})

    def _modalities(self, shots: Tensor) -> tuple[Modality, ...]:
        return modalities_of_widths(self.modality_dims or (shots.shape[-1],))


def _check(windows: Sequence[Tensor]) -> None:
    """InputError unless these windows can be one batch."""
    if not windows:
        raise InputError("there is no window, so there is no batch")
    for number, one in enumerate(windows):
        if one.ndim != 2 or not len(one):
            raise InputError(f"window {number} is {tuple(one.shape)}, but must be (N, D) with at least one shot")
        if one.shape[1] != windows[0].shape[1]:
            raise InputError(f"window {number} is {one.shape[1]} wide, but window 0 {windows[0].shape[1]}")
        if not bool(torch.isfinite(one).all()):
            raise InputError(f"window {number} has values that are not finite")
