"""One training in several processes, each with its share of every batch (docs/train.md).

Every process works out the same question for the whole batch, from the seed and the step alone, and answers its share of
it. Shares are weighed by their hidden shots and the gradients added up, so that the batch's loss is the mean over all its
hidden shots, however many processes there are. Who they are, msm/training/distributed_init.py finds out; decision 0006 says why the
gradients are added up here.
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
    """Which of how many this one is. The first writes the run folder.

    sharded  each holds a part of every block (msm/training/fsdp.py), not all of it
    """

    index: int = 0
    count: int = 1
    sharded: bool = False

    def rows(self, num_windows: int, accumulate: int) -> list[slice]:
        """This process's windows of a batch, in as many parts as gradients are accumulated over; none is empty."""
        parts = self.count * accumulate
        edges = [i * num_windows // parts for i in range(parts + 1)]
        own = edges[self.index * accumulate : (self.index + 1) * accumulate + 1]
        return [slice(a, b) for a, b in itertools.pairwise(own) if b > a]

    def check_shares(self, num_windows: int, accumulate: int) -> None:
        """InputError where these processes cannot share batches of so many windows."""
        if num_windows < self.count:
            raise InputError(f"{self.count} processes cannot share {num_windows} windows a step")
        if self.sharded and num_windows < self.count * accumulate:  # all have to ask for the blocks equally often
            raise InputError(
                f"{self.count} processes that hold parts of the model cannot take {num_windows} windows a step in "
                f"{accumulate} parts each; raise batch_windows or lower accumulate"
            )

    def add_up_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Every gradient becomes the sum over all processes; what none of them used stays without.

        Those of sharded parameters have been added up on the way back through their blocks.
        """
        if self.count == 1:
            return
        parameters = [p for p in parameters if p.requires_grad and not is_sharded(p)]
        used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32, device=parameters[0].device)
        distributed.all_reduce(used, distributed.ReduceOp.MAX)
        chosen = [p for p, anyone in zip(parameters, used.tolist(), strict=True) if anyone]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in chosen])
        distributed.all_reduce(flat)
        for p, summed in zip(chosen, flat.split([p.numel() for p in chosen]), strict=True):
            p.grad = summed.view_as(p)

    def add_up(self, numbers: Tensor) -> Tensor:
        """The sum over all processes, of numbers of any shape; `numbers` becomes it."""
        if self.count > 1:
            distributed.all_reduce(numbers)
        return numbers

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether it is true in any process; the same answer in all."""
        return flag if self.count == 1 else bool(self.add_up(torch.tensor(float(flag), device=device)))

    def first_says(self, flag: bool, device: torch.device) -> bool:
        """What is true in the first process, in all."""
        return self.any(flag and not self.index, device)

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.count > 1:
            distributed.barrier()


ALONE = Processes()
