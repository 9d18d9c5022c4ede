"""The options `--workers` and `--ray` of verbs, and the devices that workers are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from msm.runner import Place

Workers = Annotated[
    int | None,
    typer.Option(help="Processes that work at the same time. Default: this one alone, on Ray one a core or GPU."),
]
Ray = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Work on this Ray cluster, or `local`.")]


def place_of(workers: int | None, ray: str | None, device: str = "cpu") -> Place:
    """Where a verb computes. Several workers share all GPUs of this machine where no single one is named.

    device  as `msm.training.trainer.pick_device` takes it, or several, separated by commas
    Raises InputError for less than one worker and for a device that this machine does not have.
    """
    from msm.runner import Place

    if ray is not None:  # which devices there are is the cluster's affair
        return Place(workers=workers, ray=ray, devices=(device,))
    if device == "cpu":
        return Place(workers=workers)
    import torch

    from msm.training.trainer import pick_device

    named = [str(pick_device(name.strip())) for name in device.split(",")]
    if named == ["cuda"] and (workers or 1) > 1:
        named = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return Place(workers=workers, devices=tuple(named))
