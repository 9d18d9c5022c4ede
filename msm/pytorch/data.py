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
from msm.pytorch.checks import check_widths
from msm.pytorch.settings import as_recipe, modalities_of_widths
from msm.recipes.recipe import FUSIONS, Recipe
from msm.training.sampler import Batch
from msm.training.step import mask_batch

Window = Mapping[str, Any] | Tensor


class CatalogWindows(Dataset[dict[str, Tensor]]):
    """The windows of a split of a catalog as a map-style dataset.

    catalog    a catalog or its path
    split      train, validation or test
    max_shots  longest window, at least 2; a longer title is divided
    fusion     joint or per_modality

    An item has `shots` (N, D) float32 of unit length and, where the catalog has them, `global_embedding` (G,), its metadata, and `times` (N, 2), the
    seconds at which each shot starts and ends. Vectors are read when an item is asked for, so workers of a `DataLoader` share one memory-mapped copy.
    """

    def __init__(
        self, catalog: Catalog | str | Path, split: str = "train", *, max_shots: int = 512, fusion: str = "per_modality"
    ):
        if max_shots < 2:
            raise InputError(f"max_shots is {max_shots}, but a window needs two shots: of one nothing can be predicted")
        if fusion not in FUSIONS:
            raise InputError(f"fusion is {fusion!r}, but must be one of {', '.join(FUSIONS)}")
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
        if (times := title.times) is not None:
            item["times"] = torch.from_numpy(times[start:stop].copy())
        return item


class MaskedShotCollator:
    """Pad windows to a batch and hide shots by a recipe's masking: the `collate_fn` of a `DataLoader`, or a `Trainer`'s data collator.

    recipe          name of a preset, or a Recipe; only its masking is read; a schedule of the ratio stays at its beginning
    generator       torch.Generator on the CPU that draws the hidden shots
    modality_dims   columns of each modality, for recipes that hide modalities; None = one

    Takes windows (N, D), tensors or arrays, or dictionaries with `shots` (N, D) and perhaps `global_embedding` (G,) and `times` (N, 2). Returns the
    arguments of `MaskedShotModel.forward`: shots (B, S, D), valid, hidden and masked (B, S) or (B, S, M), shown (B, S, D), global_embedding (B, G) and
    times (B, S, 2); the last two only where every window has them.
    InputError for no windows, one without shots, different widths, metadata of only some, times of another length, and values that are not finite.
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
        held = [_numbers(f"window {n}", i.get("shots")) for n, i in enumerate(items)]
        _check(held)
        metadata = _metadata([i.get("global_embedding") for i in items])
        shots = torch.nn.utils.rnn.pad_sequence(held, batch_first=True)
        lengths = torch.tensor([len(one) for one in held])
        valid = torch.arange(shots.shape[1]) < lengths[:, None]
        timed = [_times(n, i["times"], one) for n, (i, one) in enumerate(zip(items, held, strict=True)) if "times" in i]
        times = torch.nn.utils.rnn.pad_sequence(timed, batch_first=True) if len(timed) == len(items) else None
        batch = Batch(shots, valid, metadata)
        masked = mask_batch(batch, self.recipe, self.generator, 0, self._modalities(shots), torch.device("cpu"))
        found = {
            "shots": masked.truth,
            "valid": valid,
            "hidden": masked.hidden,
            "masked": masked.masked,
            "shown": masked.shown,
        }
        further = {"global_embedding": metadata, "times": times}
        return found | {name: x for name, x in further.items() if x is not None}

    def _modalities(self, shots: Tensor) -> tuple[Modality, ...]:
        dims, width = self.modality_dims or (shots.shape[-1],), shots.shape[-1]
        check_widths(width, 0, dims)
        return modalities_of_widths(dims)


def _times(number: int, given: Any, shots: Tensor) -> Tensor:
    """The times of a window of shots (N, D), (N, 2). InputError where they are not."""
    times = _numbers(f"the times of window {number}", given)
    if times.shape != (len(shots), 2) or not times.isfinite().all():
        raise InputError(
            f"the times of window {number} are {tuple(times.shape)}, but must be ({len(shots)}, 2), seconds that are finite; leave unknown ones out"
        )
    return times


def _numbers(name: str, values: Any) -> Tensor:
    """Values as a float32 tensor on the CPU. InputError for what is none of real numbers."""
    if values is None:
        raise InputError(f"{name} has no shots: give (N, D), or a dictionary with `shots`")
    try:
        found = torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError):
        found = None
    if found is None or found.is_complex() or found.dtype == torch.bool:
        raise InputError(f"{name} is no table of real numbers")
    return found.float().cpu()


def _check(windows: Sequence[Tensor]) -> None:
    """InputError unless these windows can be one batch."""
    if not windows:
        raise InputError("there is no window, so there is no batch")
    for number, one in enumerate(windows):
        if one.ndim != 2 or not one.numel():
            raise InputError(f"window {number} is {tuple(one.shape)}, but must be (N, D) with at least one shot")
        if one.shape[1] != windows[0].shape[1]:
            raise InputError(f"window {number} is {one.shape[1]} wide, but window 0 {windows[0].shape[1]}")
        if not bool(torch.isfinite(one).all()):
            raise InputError(f"window {number} has values that are not finite")


def _metadata(given: Sequence[Any]) -> Tensor | None:
    """(B, G), or None where no window has any. InputError unless all have, of one width and finite."""
    missing = [number for number, one in enumerate(given) if one is None]
    if len(missing) == len(given):
        return None
    if missing:
        raise InputError(f"window {missing[0]} has no global_embedding, but others have; give it to all or to none")
    held = [_numbers(f"global_embedding of window {n}", one) for n, one in enumerate(given)]
    for number, one in enumerate(held):
        if one.ndim != 1 or one.shape != held[0].shape:
            raise InputError(
                f"global_embedding of window {number} is {tuple(one.shape)}, but must be ({held[0].numel()},) as that of window 0"
            )
        if not bool(torch.isfinite(one).all()):
            raise InputError(f"global_embedding of window {number} has values that are not finite")
    return torch.stack(held)
