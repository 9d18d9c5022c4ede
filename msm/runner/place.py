"""Where a verb computes, as its options `--workers`, `--ray` and `--device` say."""

from __future__ import annotations

from dataclasses import dataclass

from msm.errors import InputError
from msm.runner.pools import Do, HerePool, LocalPool, Pool, RayPool, Tell, Work


@dataclass(frozen=True, kw_only=True)
class Place:
    """This process, worker processes beside it, or a Ray cluster.

    workers  processes; None is this one alone, and on a cluster one for each core or GPU
    ray      the address of a cluster that sees the same folders, or "local"
    devices  of torch, handed out to the workers in turn; on a cluster each worker has a GPU unless they are "cpu"
    Raises InputError for less than one worker.
    """

    workers: int | None = None
    ray: str | None = None
    devices: tuple[str, ...] = ("cpu",)

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError("--workers must be 1 or more")

    @property
    def is_here(self) -> bool:
        """Whether this process does the work."""
        return self.ray is None and (self.workers or 1) == 1

    @property
    def own_device(self) -> str:
        """The device of this process: that of its work, and "cpu" where others do it."""
        return self.devices[0] if self.is_here else "cpu"

    def pool(self, work: Work, num_jobs: int, *, here: Do | None = None, tell: Tell = lambda done: None) -> Pool:
        """The workers for so many jobs. Raises InputError where there is no such cluster.

        here  used in the place of `work.begin` where this process does the work and holds already what it needs
        tell  hears how much of a job has been done, where this process does the work
        """
        if self.ray is not None:
            return RayPool(work, self.ray, self.workers, use_gpus=self.devices != ("cpu",))
        if self.is_here or (num_jobs == 1 and self.devices == ("cpu",)):  # a process takes seconds to start
            return HerePool(here or work.begin(self.devices[0]), tell)
        return LocalPool(work, max(1, min(self.workers or 1, num_jobs)), self.devices)


HERE = Place()
