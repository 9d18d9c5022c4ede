"""Tables and arrays that hold the vectors of many titles: what the formats npy+parquet and parquet share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from msm.data.reader import checked_frame, read_bounded
from msm.errors import InputError
from msm.importers.source import parse_columns


@contextmanager
def reading_pages(path: Path) -> Iterator[None]:
    """Turn a decoder's error while the pages of a table are read into an InputError that names the table."""
    try:
        yield
    except pa.ArrowException as error:
        raise InputError(f"{path} is damaged: {str(error).splitlines()[0]}") from None
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's fault
        raise InputError(f"{path} is damaged: {str(error).splitlines()[0]}") from None


def only_file(folder: Path, suffix: str, hint: str) -> Path:
    """The one file with a suffix in a folder; InputError with a hint where there are none or several."""
    found = sorted(folder.glob(f"*.{suffix}"))
    if len(found) != 1:
        names = ", ".join(f.name for f in found) or "none"
        raise InputError(f"{folder} should hold one .{suffix} file, but holds {names}; {hint}")
    return found[0]


def read_plain_columns(path: Path, file: pq.ParquetFile, leave_out: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """All columns of plain values as a frame, and the names of the others but those in `leave_out`."""
    names = [f.name for f in file.schema_arrow]
    plain = [f.name for f in file.schema_arrow if not pa.types.is_nested(f.type) and not pa.types.is_binary(f.type)]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: column {name!r} is there twice")
    with reading_pages(path):
        frame = checked_frame(read_bounded(path, file, plain))
    return frame, [n for n in names if n not in plain and n not in leave_out]


def cut_modalities(
    where: str, vectors: Mapping[str, np.ndarray], modalities: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Modality → its columns of the vectors it is made of."""
    blocks = {}
    for name, array in modalities.items():
        source, columns = parse_columns(array)
        if source not in vectors:
            raise InputError(f"{where}: there is no {source!r} to take {name!r} from; there is {', '.join(vectors)}")
        blocks[name] = vectors[source][:, columns]
        if columns.stop is not None and (
            blocks[name].shape[1] != columns.stop - columns.start or columns.stop <= columns.start
        ):
            raise InputError(f"{where}: {name!r} is {array}, but {source!r} is {vectors[source].shape[1]} wide")
    return blocks
