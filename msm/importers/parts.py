"""Titles of a source read one after another, by this process or by workers, a stretch of titles a part.

Shape letters: N shots of a title, D width of a shot.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from msm.errors import reading
from msm.importers.format import format_module
from msm.importers.locations import Location, locate_all
from msm.importers.options import ImportOptions, open_source
from msm.importers.source import Source
from msm.runner import Arrays, Do, Place, Stretch, Tell, run_parts, staging_folder

Piece = tuple[np.ndarray, pd.DataFrame]  # (N, D) of a title, and its rows of shots
MOST_TITLES = 64  # of a part
PARTS_A_WORKER = 4  # at least, where there are so many titles: so that workers end at about the same time


@dataclass(frozen=True)
class ReadTitles:
    """What a worker does: it opens the source once, and reads titles from one number to another."""

    sources: tuple[str, ...]
    catalog: str
    kind: str
    options: ImportOptions

    def begin(self, device: str) -> Do:
        """See `msm.runner.Work`."""
        sources = locate_all(self.sources)
        with reading(str(sources[0]), format_module(self.kind).NAME):
            opened = open_source(sources, Path(self.catalog), self.kind, self.options)

        def read(part: Stretch, tell: Tell) -> Arrays:
            pieces = []
            with closing(read_here(opened, str(sources[0]), self.kind, part.start)) as titles:
                for _ in range(part.start, part.stop):
                    pieces.append(next(titles))
                    tell(1)
            return _packed(pieces)

        return read


def can_be_parted(source: Source) -> bool:
    """Whether a title can be read without those before it."""
    return bool(getattr(source, "is_grouped", True))


def read_here(source: Source, path: str, kind: str, first: int = 0) -> Generator[Piece, None, None]:
    """The titles from one number on, in the order of the source; whatever a decoder raises becomes a sentence about the file."""
    if (start_at := getattr(source, "start_at", None)) is not None:
        start_at(first)
    for entry in source.entries[first:]:
        with reading(path, f"{format_module(kind).NAME}, title {entry.title_id!r}"):
            blocks, shots = source.read(entry)
        yield _side_by_side(source, blocks), shots


def read_in_parts(
    work: ReadTitles,
    sources: Sequence[Location],
    num_titles: int,
    place: Place,
    progress: Callable[[int, int], object],
) -> Iterator[Piece]:
    """All titles of the source in its order, read by workers; parts wait beside the catalog until all titles are in it."""
    most = max(1, min(MOST_TITLES, num_titles // (PARTS_A_WORKER * (place.workers or 1))))
    parts = [
        Stretch(start, min(start + most, num_titles), min(most, num_titles - start))
        for start in range(0, num_titles, most)
    ]
    with staging_folder(Path(work.catalog), "import") as staging:
        sizes = [part.size for part in parts]
        key = _key(work, sources, most)
        arrays = run_parts(work, parts, place, sizes=sizes, staging=staging, key=key, progress=progress)
        with closing(arrays):
            for part in arrays:
                yield from _unpacked(part)


def _key(work: ReadTitles, sources: Sequence[Location], most: int) -> str:
    """Of the files, their sizes and times, and of every choice that decides what is read of them."""
    options = asdict(work.options) | {"replace": False, "append": False}
    files = [(str(f), *_stamp(f)) for source in sources for f in source.files()]
    return json.dumps([version("msm-workbench"), most, work.kind, files, options], default=str, sort_keys=True)


def _stamp(file: Location) -> tuple[str, ...]:
    known = file.fs.info(file.path)
    return tuple(str(known.get(name)) for name in ("size", "mtime", "ETag", "LastModified", "created"))


def _side_by_side(source: Source, blocks: dict[str, np.ndarray]) -> np.ndarray:
    """(N, D): the modalities' blocks in order, zeros for one that the title lacks."""
    num_shots = len(next(iter(blocks.values())))
    nothing = {name: np.zeros((num_shots, dim), np.float16) for name, dim in source.dims.items() if name not in blocks}
    return np.concatenate([{**blocks, **nothing}[name] for name in source.dims], axis=1)


def _packed(pieces: Sequence[Piece]) -> dict[str, np.ndarray]:
    """Titles as plain arrays: vectors of all shots, of each dtype, and the rows of shots as Arrow streams."""
    streams = [_stream(shots) for _, shots in pieces]
    arrays: dict[str, np.ndarray] = {
        "counts": np.array([len(vectors) for vectors, _ in pieces]),
        "dtypes": np.array([vectors.dtype.str for vectors, _ in pieces]),
        "ends": np.cumsum([len(s) for s in streams]),
        "shots": np.frombuffer(b"".join(streams), np.uint8),
    }
    for dtype in {
        vectors.dtype for vectors, _ in pieces
    }:  # a title that lacks a modality may be narrower than the others
        arrays[f"vectors {dtype.str}"] = np.concatenate([v for v, _ in pieces if v.dtype == dtype])
    return arrays


def _unpacked(part: Arrays) -> Iterator[Piece]:
    """What `_packed` was given."""
    bounds, stream = np.r_[0, part["ends"]], part["shots"].tobytes()
    used: dict[str, int] = {}
    for number, (count, dtype) in enumerate(zip(part["counts"].tolist(), part["dtypes"].tolist(), strict=True)):
        first = used.get(dtype, 0)
        used[dtype] = first + count
        shots = pa.ipc.open_stream(stream[bounds[number] : bounds[number + 1]]).read_all().to_pandas()
        yield (
            part[f"vectors {dtype}"][first : first + count],
            shots if len(shots.columns) else pd.DataFrame(index=range(count)),
        )


def _stream(shots: pd.DataFrame) -> bytes:
    table: Any = pa.Table.from_pandas(shots, preserve_index=False)
    written = io.BytesIO()
    with pa.ipc.new_stream(written, table.schema) as writer:
        writer.write_table(table)
    return written.getvalue()
