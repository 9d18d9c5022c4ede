"""Batches of windows for training, each a function of the seed and the step alone.

Nothing about the order is kept between steps, so a training resumed at step k sees exactly the
batches that one which never stopped would have seen.

Shape letters: B windows, S shots of the longest window, D width of a shot, G of a metadata embedding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from msm.catalog import Catalog, Title
from msm.errors import InputError
from msm.evaluate import Space
from msm.predict import split_windows

POOL_BATCHES = 8  # batches whose windows are sorted by length together


@dataclass(frozen=True)
class Batch:
    shots: Tensor  # (B, S, D) float32, fused; padding is zero
    valid: Tensor  # (B, S) bool, True = a real shot
    global_: Tensor | None  # (B, G) float32

    def to(self, device: torch.device) -> Batch:
        global_ = None if self.global_ is None else self.global_.to(device)
        return Batch(self.shots.to(device), self.valid.to(device), global_)


def step_rng(seed: int, purpose: str, step: int) -> torch.Generator:
    """A fresh generator for one purpose at one step."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))


class WindowSampler:
    """Every window of the training titles once an epoch, in an order drawn anew each epoch."""

    def __init__(self, catalog: Catalog, space: Space, *, max_shots: int, batch_windows: int, seed: int):
        self.space, self.max_shots, self.seed = space, max_shots, seed
        self.titles: Sequence[Title] = catalog.split("train")
        lengths = [t.num_shots for t in self.titles]
        if max(lengths, default=0) < 2:
            raise InputError("no title in the train split has two shots, so nothing can be hidden and restored")
        self.windows = [i for i, n in enumerate(lengths) for _ in split_windows(n, max_shots) if n > 1]
        self.batch_windows = min(batch_windows, len(self.windows))
        self._orders: dict[int, list[int]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step, on the CPU."""
        first = step * self.batch_windows
        drawn = [self._window(first + i) for i in range(self.batch_windows)]
        longest = max(len(shots) for shots, _ in drawn)
        shots = torch.zeros(len(drawn), longest, drawn[0][0].shape[1])
        valid = torch.zeros(len(drawn), longest, dtype=torch.bool)
        for i, (window, _) in enumerate(drawn):
            shots[i, : len(window)] = torch.from_numpy(window)
            valid[i, : len(window)] = True
        global_ = [g for _, g in drawn if g is not None]
        return Batch(shots, valid, torch.from_numpy(np.stack(global_)) if global_ else None)

    def _window(self, position: int) -> tuple[np.ndarray, np.ndarray | None]:
        """The window at a place in the endless sequence of epochs."""
        epoch, i = divmod(position, len(self.windows))
        title = self.titles[self.windows[self._order(epoch)[i]]]
        spare = title.num_shots - self.max_shots
        start = 0
        if spare > 0:  # a title longer than a window is cut somewhere else each time
            start = int(torch.randint(spare + 1, (), generator=step_rng(self.seed, "cut", position)))
        rows = title.rows(start, min(title.num_shots, start + self.max_shots))
        return self.space.fuse(rows), title.global_embedding

    def _order(self, epoch: int) -> list[int]:
        """A permutation of the windows in which those of one batch are of similar length.

        Shuffled, sorted by length within pools of a few batches, and the batches shuffled again:
        half of every batch would be padding otherwise.
        """
        if epoch not in self._orders:  # a batch touches two epochs at most
            rng = step_rng(self.seed, "epoch", epoch)
            shuffled = torch.randperm(len(self.windows), generator=rng).tolist()
            batches: list[list[int]] = []
            for pool in _chunks(shuffled, self.batch_windows * POOL_BATCHES):
                pool.sort(key=lambda i: min(self.titles[self.windows[i]].num_shots, self.max_shots))
                batches += _chunks(pool, self.batch_windows)
            order = [batches[i] for i in torch.randperm(len(batches), generator=rng).tolist()]
            self._orders = {e: o for e, o in self._orders.items() if e >= epoch - 1}
            self._orders[epoch] = [i for batch in order for i in batch]
        return self._orders[epoch]


def _chunks(items: list[int], size: int) -> list[list[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
