"""Read files of labels, whichever format each is in, and place them in a catalog."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.evaluation.label_files.elan import read_elan
from msm.evaluation.label_files.label_studio import read_label_studio
from msm.evaluation.label_files.marks import LabelSet, Mark
from msm.evaluation.label_files.placing import OVERLAP, Places, label_sets
from msm.evaluation.label_files.tables import read_table
from msm.io.texts import decode_text

LARGEST = 256 * 2**20  # bytes
SHOWN = 20  # problems that a report lists


@dataclass(frozen=True)
class Labels:
    """The labels of some files on the titles of a catalog, and what found no place there."""

    sets: tuple[LabelSet, ...]
    num_marks: int
    problems: tuple[str, ...]  # a sentence for each mark without a place, with file and line

    def summary(self) -> dict[str, object]:
        """For a report: how many marks there were, how many had no place, and the first sentences about those."""
        return {"marks": self.num_marks, "unplaced": len(self.problems), "problems": list(self.problems[:SHOWN])}


def read_labels_of(
    paths: Sequence[str | Path],
    catalog: Catalog,
    *,
    overlap: float = OVERLAP,
    each_shot: bool = False,
    tags: bool = False,
    fps: float | None = None,
) -> Labels:
    """Read files of labels and find the shots of a catalog that they are about.

    overlap    the share of a shot that must lie within a stretch of time
    each_shot  every shot of a labelled span or title becomes an example of its own
    tags       the 0/1 columns of a table are the tags of one label
    fps        frames a second, for timelines of Label Studio

    Raises InputError for a file that cannot be read, and where nothing in the files has a place in the catalog.
    """
    if not 0 < overlap <= 1:
        raise InputError(f"the overlap is {overlap:g}, but must be above 0 and at most 1")
    places = Places(catalog, overlap)
    marks = [(Path(p).name, mark) for p in paths for mark in read_marks(Path(p), places.known, tags=tags, fps=fps)]
    sets = label_sets(marks, places, each_shot=each_shot)
    if not sets:
        named = ", ".join(Path(p).name for p in paths)
        why = f"; {places.problems[0]}" if places.problems else ""
        raise InputError(f"nothing in {named} has a label and a place in {catalog.path}{why}")
    return Labels(tuple(sets), places.num_marks, tuple(places.problems))


def read_marks(
    path: Path, known: frozenset[str] = frozenset(), *, tags: bool = False, fps: float | None = None
) -> list[Mark]:
    """The marks of one file; InputError that names the file, and the line, annotation or task."""
    if not path.is_file():
        raise InputError(f"{path} is no file" if path.exists() else f"{path} is missing")
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST >> 20} MB, which no file of labels is")
    raw = path.read_bytes()
    try:
        start = raw.lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:1]
        if start == b"<" or path.suffix.lower() == ".eaf":
            return read_elan(raw, path.stem, known)
        text = decode_text(raw)
        if path.suffix.lower() == ".json" or start in (b"[", b"{"):
            return read_label_studio(text, fps, known)
        return read_table(text, tags=tags)
    except InputError as error:
        raise InputError(f"{path} is not readable as labels: {error}") from None
