"""Sample batches of windows for training; a batch depends on the seed and the step only.

No state is kept between steps, so a training that is resumed at step k gets the same batches as one that was not
interrupted.

Shape letters: B windows, S shots of the longest window, D width of a shot, G of a metadata embedding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from msm.data.catalog import Catalog, Title
from msm.data.scenes import COLUMNS, scene_numbers
from msm.data.space import Space
from msm.data.told import equal_times
from msm.data.windows import split_windows
from msm.errors import InputError

POOL_BATCHES = 8  # windows are sorted by length within pools of so many batches


@dataclass(frozen=True)
class Batch:
    """Windows of a step, padded to the longest: B windows, S shots, D wide."""

    shots: Tensor  # (B, S, D) float32, fused; padding is zero
    valid: Tensor  # (B, S) bool, True = a real shot
    global_: Tensor | None  # (B, G) float32
    scenes: Tensor | None = None  # (B, S) int, number of each shot's scene, negative where unknown; stays on the CPU
    times: Tensor | None = None  # (B, S, 2) float32, seconds at which each shot starts and ends; padding is zero

    def to(self, device: torch.device) -> Batch:
        """The batch on another device; `scenes` stay on the CPU."""
        return self._each(lambda t: t.to(device, non_blocking=True))

    def pinned(self) -> Batch:
        """The batch in page-locked memory, from which a GPU copies while it computes."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        global_ = None if self.global_ is None else change(self.global_)
        times = None if self.times is None else change(self.times)
        return Batch(change(self.shots), change(self.valid), global_, self.scenes, times)


def step_rng(seed: int, purpose: str, step: int) -> torch.Generator:
    """A generator seeded by the seed, a purpose and the step."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))


class WindowSampler:
    """Every window of the training titles once an epoch, in a new random order each epoch.

    time_reversal  probability that a window is reversed
    with_scenes    add the scene numbers; InputError where the catalog labels no scenes
    with_times     add the times of the shots; of a title without any, all shots count as equally long
    """

    def __init__(
        self,
        catalog: Catalog,
        space: Space,
        *,
        max_shots: int,
        batch_windows: int,
        seed: int,
        time_reversal: float = 0.0,
        with_scenes: bool = False,
        with_times: bool = False,
    ):
        self.space, self.max_shots, self.seed, self.time_reversal = space, max_shots, seed, time_reversal
        self.titles: Sequence[Title] = catalog.split("train")
        lengths = [t.num_shots for t in self.titles]
        if max(lengths, default=0) < 2:
            raise InputError("no title in the train split has two shots, so nothing can be hidden and restored")
        self.windows = [i for i, n in enumerate(lengths) for _ in split_windows(n, max_shots) if n > 1]
        self.batch_windows = min(batch_windows, len(self.windows))
        self.scenes = [_scenes_of(t) for t in self.titles] if with_scenes else None
        self.with_times = with_times
        self._orders: dict[int, list[int]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step, on the CPU.

        By NumPy alone: a thread that reads ahead would get a team of OpenMP threads of its own from torch, and with more of
        those than cores OpenMP lets all of them sleep after each operation, which takes training half as long again.
        """
        first = step * self.batch_windows
        cuts = [self._cut(first + i) for i in range(self.batch_windows)]
        drawn = [self.space.fuse(self.titles[t].rows(start, stop))[::way] for t, start, stop, way in cuts]
        shots = np.zeros((len(drawn), max(map(len, drawn)), drawn[0].shape[1]), np.float32)
        valid = np.zeros(shots.shape[:2], dtype=bool)
        scenes = None if self.scenes is None else np.full(shots.shape[:2], -1)
        for i, (window, (t, start, stop, way)) in enumerate(zip(drawn, cuts, strict=True)):
            shots[i, : len(window)] = window
            valid[i, : len(window)] = True
            if scenes is not None and self.scenes is not None:
                scenes[i, : len(window)] = self.scenes[t][start:stop][::way]
        told = [g for t, *_ in cuts if (g := self.titles[t].global_embedding) is not None]
        global_ = np.stack(told) if told else None
        times = self._times(cuts, shots.shape[1]) if self.with_times else None
        tensor = torch.from_numpy
        return Batch(
            tensor(shots),
            tensor(valid),
            None if global_ is None else tensor(global_),
            None if scenes is None else tensor(scenes),
            None if times is None else tensor(times),
        )

    def _times(self, cuts: Sequence[tuple[int, int, int, int]], longest: int) -> np.ndarray:
        """(B, S, 2). Reversed windows run backwards in time too."""
        times = np.zeros((len(cuts), longest, 2), np.float32)
        for i, (t, start, stop, way) in enumerate(cuts):
            known = self.titles[t].times
            own = equal_times(stop - start) if known is None else known[start:stop]
            if way < 0:
                own = -own[::-1, ::-1]
            times[i, : stop - start] = own
        return times

    def _cut(self, position: int) -> tuple[int, int, int, int]:
        """The window at a position in the sequence of all epochs: title, first shot, end, and step, −1 if reversed."""
        epoch, i = divmod(position, len(self.windows))
        title = self.windows[self._order(epoch)[i]]
        num_shots = self.titles[title].num_shots
        spare = num_shots - self.max_shots
        start = 0
        if spare > 0:  # a longer title starts at a random shot
            start = int(torch.randint(spare + 1, (), generator=step_rng(self.seed, "cut", position)))
        way = 1
        if self.time_reversal and torch.rand((), generator=step_rng(self.seed, "way", position)) < self.time_reversal:
            way = -1
        return title, start, min(num_shots, start + self.max_shots), way

    def _order(self, epoch: int) -> list[int]:
        """A random order of the windows in which those of one batch have similar lengths.

        They are shuffled, sorted by length within pools of a few batches, and the batches are shuffled again.
        Otherwise half of every batch would be padding.
        """
        if epoch not in self._orders:  # a batch spans two epochs at most
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


def _scenes_of(title: Title) -> np.ndarray:
    """(N,) int: the number of each shot's scene, −1 where unknown. InputError where the catalog labels no scenes."""
    shots = title.shots
    if not any(label in shots for label in COLUMNS):
        raise InputError(
            f"{title.catalog.path} has no label `scene` or `scene_start` in shots.parquet, which mask.policy=scene needs"
        )
    return scene_numbers(shots)
