"""Data-parallel training: each of several processes computes its part of every batch (docs/train.md).

Every process masks the whole batch identically, from the seed and the step, and computes its own windows. Parts are weighted
by their hidden shots and the gradients summed, so that the loss is the mean over all hidden shots of the batch for any
number of processes. `distributed_init` creates the process group; decision 0006 explains why gradients are summed here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from msm.errors import InputError
from msm.training.fsdp import is_sharded


@dataclass(frozen=True)
class Processes:
    """The index of this process and their number. The first one writes the run folder.

    sharded  each process holds a part of every block (msm/training/fsdp.py)
    """

    index: int = 0
    count: int = 1
    sharded: bool = False

    def rows(self, num_windows: int, accumulate: int) -> list[slice]:
        """This process's windows of a batch, in `accumulate` parts; empty parts are left out."""
        parts = self.count * accumulate
        edges = [i * num_windows // parts for i in range(parts + 1)]
        own = edges[self.index * accumulate : (self.index + 1) * accumulate + 1]
        return [slice(a, b) for a, b in itertools.pairwise(own) if b > a]

    def check_shares(self, num_windows: int, accumulate: int) -> None:
        """Raise InputError if these processes cannot share batches of `num_windows` windows."""
        if num_windows < self.count:
            raise InputError(f"{self.count} processes cannot share {num_windows} windows a step")
        if self.sharded and num_windows < self.count * accumulate:  # every process must run the blocks equally often
            raise InputError(
                f"{self.count} processes that hold parts of the model cannot take {num_windows} windows a step in "
                f"{accumulate} parts each; raise batch_windows or lower accumulate"
            )

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """All-reduce every gradient to its sum; a parameter that no process used keeps none.

        Gradients of sharded parameters were summed in the backward pass.
        """
        if self.count == 1:
            return
        parameters = [p for p in parameters if p.requires_grad and not is_sharded(p)]
        used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32, device=parameters[0].device)
        distributed.all_reduce(used, distributed.ReduceOp.MAX)
        chosen = [p for p, is_used in zip(parameters, used.tolist(), strict=True) if is_used]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in chosen])
        distributed.all_reduce(flat)
        for p, total in zip(chosen, flat.split([p.numel() for p in chosen]), strict=True):
            p.grad = total.view_as(p)

    def sum(self, numbers: Tensor) -> Tensor:
        """The sum over all processes, of any shape, in place."""
        if self.count > 1:
            distributed.all_reduce(numbers)
        return numbers

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether the flag is true in any process; the same result in all."""
        return flag if self.count == 1 else bool(self.sum(torch.tensor(float(flag), device=device)))

    def from_first(self, flag: bool, device: torch.device) -> bool:
        """The flag of the first process, in all."""
        return self.any(flag and not self.index, device)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            distributed.barrier()


ALONE = Processes()
