"""Whether a catalog keeps the rules of the format: its tables by row groups, its vectors title by title, in flat memory.

Shape letters: N shots of a title, D width of a shot.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from msm.data.coverage import Coverage
from msm.data.reader import bounded_batches, checked_frame, open_parquet
from msm.data.schema import embedding_problems, time_problems
from msm.errors import InputError, reading
from msm.io.portable import num_cores

if TYPE_CHECKING:
    from msm.data.catalog import Catalog, Title

GROUP_SHOTS = 32_768  # of consecutive titles, which one thread reads at a time
Progress = Callable[[int, int], None]  # titles read, titles in all


def problems(catalog: Catalog, on_title: Callable[[Title, np.ndarray], None] | None = None) -> Iterator[str]:
    """Every rule that the contents break, a sentence each, in the order of the files; `on_title` sees each title's vectors."""
    yield from shot_table_problems(catalog)
    for title in catalog:
        embeddings = title.embeddings
        yield from _vector_problems(catalog, title.title_id, embeddings)
        if on_title is not None:
            on_title(title, embeddings)
    yield from global_problems(catalog)


def checked(catalog: Catalog, progress: Progress = lambda done, total: None) -> Coverage:
    """Read everything once, on all cores, and count what there is. InputError with the first rule that is broken."""
    for problem in shot_table_problems(catalog):
        raise InputError(problem)
    coverage = Coverage(catalog.modalities)
    groups = _groups(catalog)

    def look(group: range) -> Coverage:
        own = Coverage(catalog.modalities)
        for title in map(catalog.title_at, group):
            embeddings = title.embeddings
            for problem in _vector_problems(catalog, title.title_id, embeddings):
                raise InputError(problem)
            own.see(title.index, embeddings)
        return own

    for group, own in zip(groups, in_threads(look, groups), strict=True):
        coverage.join(own)
        progress(group.stop, len(catalog))
    for problem in global_problems(catalog):
        raise InputError(problem)
    return coverage


def in_threads(function: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[Any]:
    """The results of the jobs, in their order; as many at a time as there are cores. What one raises ends them all."""
    threads = num_cores()
    with ThreadPoolExecutor(threads) as pool:
        begun: deque[Future[Any]] = deque()
        try:
            for job in jobs:
                begun.append(pool.submit(function, job))
                if len(begun) > threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _groups(catalog: Catalog) -> list[range]:
    """Rows of consecutive titles of about GROUP_SHOTS shots."""
    number = (catalog.first_shots + catalog.shot_counts - 1) // GROUP_SHOTS
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(catalog)]
    return [range(a, b) for a, b in itertools.pairwise(edges)]


def _vector_problems(catalog: Catalog, title_id: str, embeddings: np.ndarray) -> Iterator[str]:
    return (f"{catalog.path}: {p}" for p in embedding_problems(title_id, embeddings, catalog.modalities))


def global_problems(catalog: Catalog) -> Iterator[str]:
    """Metadata embeddings that are not finite."""
    if catalog.global_vectors is not None:
        bad = np.flatnonzero(~np.isfinite(catalog.global_vectors).all(axis=1))
        yield from (f"{catalog.path / 'global.npy'}, row {i}: NaN or infinite value" for i in bad)


def shot_table_problems(catalog: Catalog) -> Iterator[str]:
    """Rows of shots.parquet that are not of the shot that the vectors have there, times that are none."""
    where, row = catalog.path / "shots.parquet", 0
    ends = np.cumsum(catalog.shot_counts)
    title_ids, timed = catalog.titles["title_id"].to_numpy(), []
    try:
        file = open_parquet(where)
        with reading(where, "Parquet"):
            for table in bounded_batches(where, file):
                shots = checked_frame(table)
                rows = np.arange(row, row + len(shots))
                titles = np.searchsorted(ends, rows, side="right")
                expected, numbers = title_ids[titles], rows - catalog.first_shots[titles]
                wrong = (shots["title_id"].to_numpy() != expected) | (shots["shot"].to_numpy() != numbers)
                for i in np.flatnonzero(wrong):
                    found = f"title {shots['title_id'].iloc[i]!r}, shot {shots['shot'].iloc[i]}"
                    yield f"{where}, row {row + i}: {found}, expected {expected[i]!r}, shot {numbers[i]}"
                timed += [f"{where}: {p}" for p in time_problems(shots)]
                row += len(shots)
    except InputError as error:
        yield str(error)
        return
    yield from timed
