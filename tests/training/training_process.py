"""A training in a process of its own, for tests that kill it or let its disk run full."""

import sys
from pathlib import Path

import torch

from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.runs.folder import RunFolder
from msm.training.trainer import train


def go_on(catalog: Path, run: Path) -> None:
    """Resume a run, from its beginning where it has no checkpoint yet."""
    torch.set_num_threads(1)
    try:
        train(RunFolder.open(run), Catalog.open(catalog), device=torch.device("cpu"), resume=True)
    except InputError as error:
        sys.exit(str(error))
