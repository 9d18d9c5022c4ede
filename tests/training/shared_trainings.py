"""Trainings in several processes, for the test that started this file under torchrun: `shared_trainings.py CATALOG OUT`.

OUT/NAME-whole    a recipe, each process with the whole model; where one process would have other losses
OUT/NAME-parted   each with a part of the model
OUT/NAME-resumed  the same, stopped half-way and resumed
OUT/held-INDEX    the share of the blocks' weights that a process holds when they are parted
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from msm.data.catalog import Catalog
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe
from msm.runs.folder import RunFolder
from msm.training import checkpoint
from msm.training import trainer as trainer_module
from msm.training.distributed import Processes
from msm.training.distributed_init import start_processes
from msm.training.trainer import Trainer, start_run, train

SMALL = ["steps=6", "batch_windows=6", "validate_every=3", "model.width=16", "model.heads=2", "model.depth=3"]
SMALL += ["optim.name=adamw", "model.decoder_width=16"]
CPU = torch.device("cpu")
RECIPES: dict[str, Recipe] = {
    "mediafm": preset("mediafm").with_settings([*SMALL, "accumulate=2"]),
    "muon": preset("mediafm").with_settings([*SMALL, "optim.name=muon", "precision=float32"]),
    "data2vec": preset("data2vec").with_settings([*SMALL, "optim.average=0.9"]),
    "hero": preset("hero").with_settings(SMALL),
    "neighbour": preset("neighbour").with_settings(SMALL),
    "videoprism": preset("videoprism").with_settings(SMALL),
}
WITHIN_A_SHARE = ("hero", "videoprism")  # terms that compare within a share: two processes are not one
RESUMED = ("muon", "data2vec")


def slow(function: Callable, seconds: float) -> Callable:
    """The function, some seconds later."""

    def called(*given: Any) -> Any:
        time.sleep(seconds)
        return function(*given)

    return called


def one(catalog: Catalog, path: Path, recipe: Recipe, processes: Processes, stop_after: int = 0) -> None:
    if not processes.index:
        start_run(catalog, path, recipe, device=CPU)
    processes.wait()
    steps = count()
    train(
        RunFolder.open(path),
        catalog,
        device=CPU,
        processes=processes,
        should_stop=lambda: bool(stop_after) and next(steps) >= stop_after,
    )
    if stop_after:  # the first process is still writing its checkpoint when the others go on
        train(RunFolder.open(path), catalog, device=CPU, processes=processes, resume=True)


def main(catalog: Catalog, out: Path) -> None:
    whole, _ = start_processes(CPU)
    if not whole.index:
        checkpoint.save = slow(checkpoint.save, 0.2)
    trainer_module.CHECKPOINT_S = (
        1e9 if whole.index else 0.0
    )  # by their clocks a checkpoint is due in one process alone
    parted = replace(whole, sharded=True)
    for name, recipe in RECIPES.items():
        if name in WITHIN_A_SHARE:
            one(catalog, out / f"{name}-whole", recipe, whole)
        one(catalog, out / f"{name}-parted", recipe, parted)
        if name in RESUMED:
            one(catalog, out / f"{name}-resumed", recipe, parted, stop_after=4)
    trainer = Trainer(RunFolder.open(out / "mediafm-parted"), catalog, CPU, parted)
    blocks = [p for p in trainer.model.blocks.parameters() if isinstance(p, DTensor)]
    share = sum(p.to_local().numel() for p in blocks) / sum(p.numel() for p in trainer.model.blocks.parameters())
    (out / f"held-{whole.index}").write_text(str(share))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Catalog.open(sys.argv[1]), Path(sys.argv[2]))
