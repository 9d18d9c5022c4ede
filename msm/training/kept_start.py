"""What a head finds of the training titles before the first step (`Head.fit`), found once and kept beside the catalog.

`statistics/start-KEY.safetensors` in the catalog's folder holds the tensors of the head that the fit changed. KEY, 16 hexadecimal digits,
is the hash of all that decides them: the catalog, the space and its baselines, the seed, the share of hidden shots, the head's
settings, and, as their last digits depend on it, the code, torch and its threads.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from msm.data.catalog import Catalog
from msm.data.coverage import FOLDER
from msm.data.space import Space
from msm.errors import InputError
from msm.evaluation.kept_space import code_digest, file_beside, update_with_space
from msm.models.encoder import ShotEncoder
from msm.models.head import Head
from msm.recipes.recipe import Recipe
from msm.training.sampler import step_rng

MOST_KEPT = 16  # beside a catalog, some megabytes each; the oldest give way
# Settings of a model that no head fits anything by, so that those who compare them share a start.
INDEPENDENT = frozenset(
    [
        "width",
        "depth",
        "heads",
        "dropout",
        "positions",
        "sharpness",
        "sharpen",
        "use_global",
        "global_dropout",
        "tokens",
        "mask_token",
        "mask_vectors",
        "decoder_width",
        "decoder_depth",
    ]
)


def fit_head(
    model: ShotEncoder,
    catalog: Catalog,
    recipe: Recipe,
    space: Space,
    titles: Callable[[], Iterable[np.ndarray]],
    *,
    keep: bool = True,
) -> bool | None:
    """Fit the head of a model whose weights are initialised, or take over what an earlier training of this very start found.

    titles  shots of training titles about the training mean, (N, D) each; read only where the head is fitted
    keep    what was found, beside the catalog; one that may not be written to keeps nothing
    returns whether it was there already; None for a head that fits nothing
    """
    head = model.head
    if type(head).fit is Head.fit:
        return None
    path = catalog.path / FOLDER / f"start-{_key(catalog, recipe, space)}.safetensors"
    if _take_over(head, path):
        return True
    before = {name: tensor.clone() for name, tensor in head.state_dict().items()}
    rng = step_rng(recipe.seed, recipe.model.head, 0)
    head.fit(titles(), recipe.mask.ratio, rng, space.baselines, np.asarray(model.shot_mean))
    if keep:
        found = {k: t.contiguous() for k, t in head.state_dict().items() if not torch.equal(t, before[k])}
        with suppress(OSError, InputError):
            _keep(found, catalog, path)
    return False


def _take_over(head: Head, path: Path) -> bool:
    """Whether what is kept could be read and fits the head, which then has it."""
    if not path.is_file():
        return False
    with suppress(SafetensorError, OSError, ValueError):
        found, own = load_file(path), head.state_dict()
        if all(
            k in own and own[k].shape == t.shape and own[k].dtype == t.dtype and t.isfinite().all()
            for k, t in found.items()
        ):
            head.load_state_dict({**own, **found})
            return True
    return False


def _keep(found: dict[str, torch.Tensor], catalog: Catalog, path: Path) -> None:
    with file_beside(catalog, path) as temporary:
        save_file(found, temporary)
    kept = sorted(path.parent.glob("start-*.safetensors"), key=lambda p: p.stat().st_mtime)
    for old in kept[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


def _key(catalog: Catalog, recipe: Recipe, space: Space) -> str:
    about: list[Any] = [
        catalog.fingerprint,
        recipe.seed,
        recipe.mask.ratio,
        {k: v for k, v in recipe.to_dict()["model"].items() if k not in INDEPENDENT},
        code_digest("models", "training/kept_start.py", "training/sampler.py"),
        torch.__version__,
        torch.get_num_threads(),
        platform.machine(),
    ]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    update_with_space(digest, space)
    return digest.hexdigest()[:16]
