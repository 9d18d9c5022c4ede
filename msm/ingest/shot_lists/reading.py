"""Read a list of shots, whichever format it is in."""

from __future__ import annotations

from pathlib import Path

from msm.errors import InputError
from msm.ingest.shot_lists.edl import looks_like_edl, read_edl
from msm.ingest.shot_lists.fcpxml import read_fcpxml
from msm.ingest.shot_lists.spans import GivenShot, tidied
from msm.ingest.shot_lists.tables import read_csv, read_parquet
from msm.io.texts import decode_text

LARGEST = 256 * 2**20  # bytes
BUNDLE = "Info.fcpxml"  # in the folder that Final Cut Pro writes as NAME.fcpxmld


def read_shot_list(path: Path, rate: float, duration_s: float = 0.0) -> list[GivenShot]:
    """The shots of a CSV, a Parquet table, an EDL or FCPXML, in order and within the film (see `tidied`).

    rate        frames a second of the film, in which an EDL counts
    duration_s  of the film, 0 where its file does not declare it
    Raises one InputError that names the file, and the line where there is one.
    """
    path = path / BUNDLE if (path / BUNDLE).is_file() else path
    if not path.is_file():
        raise InputError(f"{path} is missing" if not path.exists() else f"{path} is no file")
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST >> 20} MB, which no list of shots is")
    try:
        found = _read(path, rate)
    except InputError as error:
        raise InputError(f"{path} is not readable as a list of shots: {error}") from None
    shots = tidied(found, 1 / rate, duration_s)
    if not shots:
        raise InputError(f"{path}: none of its {len(found)} shots lies within the film, which lasts {duration_s:.1f} s")
    return shots


def _read(path: Path, rate: float) -> list[GivenShot]:
    raw = path.read_bytes()
    if raw.startswith(b"PAR1"):
        return read_parquet(path)
    text = decode_text(raw)
    if text.lstrip().startswith("<"):
        return read_fcpxml(raw)
    return read_edl(text, rate) if looks_like_edl(text) else read_csv(text)
