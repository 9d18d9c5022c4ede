"""Long work in parts, each of which leaves a file: what was killed goes on at the next part, wherever it computes.

STAGING/
  work.json        what decides the results; with another one the parts are made anew
  part-00007.npz   the arrays that the work returned for job 7
  .lock            held by the one process that hands out the parts
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np

from msm.errors import InputError, reading
from msm.io import files
from msm.io.locks import lock_file
from msm.io.portable import give_back_memory
from msm.runner.place import Place
from msm.runner.pools import KILLED, Do, HerePool, Tell, Work, was_killed
from msm.runner.running import run_all

Arrays = Mapping[str, np.ndarray]
TRIES = 3  # of a part whose worker is killed: by somebody, or because another took the memory


@dataclass(frozen=True)
class Stretch:
    """Rows from `start` to `stop`, of titles or of shots, and how much work they are."""

    start: int
    stop: int
    size: int


def stretches(counts: Sequence[int] | np.ndarray, most: int) -> list[Stretch]:
    """Consecutive titles of `counts` shots, together at most about `most` shots a stretch, and one title at least."""
    ends = np.cumsum(np.asarray(counts, dtype=np.int64))
    found, start = list[Stretch](), 0
    while start < len(ends):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + most, side="right")))
        found.append(Stretch(start, stop, int(ends[stop - 1]) - before))
        start = stop
    return found


@contextmanager
def staging_folder(target: Path, verb: str) -> Iterator[Path]:
    """The hidden folder beside `target` where parts wait; only what is finished removes it.

    Raises InputError where another process works on the same target.
    """
    folder = target.absolute().parent / f".{target.absolute().name}.{verb}"
    folder.mkdir(parents=True, exist_ok=True)
    with lock_file(folder / ".lock", or_else=f"another msm {verb} is writing {target}"):
        try:
            yield folder
        except BaseException:
            if not any(folder.glob("part-*")):
                shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def run_parts(
    work: Work | None,
    jobs: Sequence[Any],
    place: Place,
    *,
    sizes: Sequence[int],
    staging: Path | None = None,
    key: str = "",
    here: Do | None = None,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Generator[Arrays, None, None]:
    """The arrays of each job, in the order of the jobs; InputError where a worker was killed TRIES times at the same job.

    work      its results are dictionaries of plain arrays; None where this process does it, by `here`
    sizes     of the jobs, in the unit of `progress`
    staging   where parts wait and are found again; None = in memory
    key       of whatever decides the results, so that other parts are not taken for these
    here      as of `Place.pool`
    progress  called with (done, in all)
    """
    told, total = _Told(progress, sum(sizes)), len(jobs)
    ready: dict[int, Path | Arrays] = {}
    if staging is not None:
        _begin(staging, key)
        ready = {n: path for n in range(total) if is_zipfile(path := _file(staging, n))}
        told.add(sum(sizes[n] for n in ready))
    missing, following = [(n, jobs[n]) for n in range(total) if n not in ready], 0
    if missing:
        doing = None if here is None else _part(here, staging)
        pool = place.pool(_Parts(work, staging), len(missing), here=doing, tell=told.add)
        with closing(run_all(pool, missing, tries=TRIES)) as ended:
            for (number, _), future in ended:
                error = future.exception()
                if was_killed(error):
                    raise InputError(f"part {number + 1} of {total} was not made: {KILLED}")
                if error is not None:
                    raise error
                if not isinstance(pool, HerePool):
                    told.add(sizes[number])
                ready[number] = future.result()
                while following in ready:
                    yield _read(ready.pop(following))
                    following += 1
    for number in range(following, total):
        yield _read(ready.pop(number))


@dataclass(frozen=True)
class _Parts:
    """A work whose results are put into files where there is a folder for them."""

    work: Work | None
    staging: Path | None

    def begin(self, device: str) -> Do:
        assert self.work is not None
        return _part(self.work.begin(device), self.staging)


def _part(do: Do, staging: Path | None) -> Do:
    def make(part: tuple[int, Any], tell: Tell) -> Path | Arrays:
        number, job = part
        made: Arrays = do(job, tell)
        if staging is None:
            return made
        path = _file(staging, number)
        save_arrays(path, made)
        del made
        give_back_memory()
        return path

    return make


def _file(staging: Path, number: int) -> Path:
    return staging / f"part-{number:05d}.npz"


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write an `.npz`, whole or not at all; FullDiskError where there is no room."""
    named: dict[str, Any] = dict(arrays)
    with files.naming_full_disk(path), files.whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **named)


def load_arrays(path: Path, what: str = "a part") -> Arrays:
    """The arrays of an `.npz`; InputError where it is none."""
    with reading(path, what), np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _read(part: Path | Arrays) -> Arrays:
    return load_arrays(part) if isinstance(part, Path) else part


def _begin(staging: Path, key: str) -> None:
    """Keep what earlier work of the same key left, and nothing else."""
    for left in staging.glob(".*.tmp-*"):  # of workers that were killed: who hands out parts holds the lock
        left.unlink(missing_ok=True)
    path = staging / "work.json"
    with suppress(InputError):
        if files.read_json(path) == {"key": key}:
            return
    for part in staging.glob("part-*.npz"):
        part.unlink()
    files.write_json(path, {"key": key})


class _Told:
    """Adds up what has been done."""

    def __init__(self, progress: Callable[[int, int], object], total: int):
        self._progress, self._total, self._done = progress, total, 0

    def add(self, done: int) -> None:
        if done:
            self._done += done
            self._progress(self._done, self._total)
