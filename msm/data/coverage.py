"""What is known of a catalog's vectors: that they are sound, which modalities shots and titles have, how long the vectors are.

Counted where all vectors pass by anyway: while a catalog is written, or when it is checked. Kept beside the catalog in
`statistics/coverage.json` under its fingerprint, so that nobody reads all vectors again for it.

Shape letters: N shots of a title, T titles, D width of a shot, M modalities.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from msgspec import Struct

from msm.config.schema import Count, Text, check
from msm.data.schema import Modality
from msm.errors import InputError
from msm.io import files

FOLDER = "statistics"  # of a catalog
FILE = "coverage.json"
FORMAT = "msm-coverage/1"


@dataclass
class Counts:
    """Of one modality: how many shots have it, which titles have no such shot, and the lengths of its raw vectors."""

    shots: int = 0
    titles_without: list[int] = field(default_factory=list)  # rows of titles.parquet, ascending
    total_norm: float = 0.0
    smallest_norm: float = float("inf")
    largest_norm: float = 0.0


class Coverage:
    """Counts of every modality, title by title; parts that were counted apart are joined in the order of the titles."""

    def __init__(self, modalities: Sequence[Modality]):
        self.modalities = tuple(modalities)
        self.counts = [Counts() for _ in self.modalities]

    def see(self, row: int, embeddings: np.ndarray) -> None:
        """Count a title: its row of titles.parquet and its (N, D) raw vectors, float32."""
        for modality, counts in zip(self.modalities, self.counts, strict=True):
            norms = _norms(embeddings[:, modality.columns])
            norms = norms[norms > 0]
            if not len(norms):
                counts.titles_without.append(row)
                continue
            counts.shots += len(norms)
            counts.total_norm += float(norms.sum())
            counts.smallest_norm = min(counts.smallest_norm, float(norms.min()))
            counts.largest_norm = max(counts.largest_norm, float(norms.max()))

    def join(self, other: Coverage, rows: int = 0) -> None:
        """Add what was counted of further titles; `rows` is added to their rows."""
        for own, theirs in zip(self.counts, other.counts, strict=True):
            own.shots += theirs.shots
            own.titles_without += [row + rows for row in theirs.titles_without]
            own.total_norm += theirs.total_norm
            own.smallest_norm = min(own.smallest_norm, theirs.smallest_norm)
            own.largest_norm = max(own.largest_norm, theirs.largest_norm)

    def incomplete(self, num_titles: int) -> np.ndarray:
        """(T,) bool, True where no shot of a title has some modality that other titles have shots of."""
        lacking = np.zeros(num_titles, dtype=bool)
        for counts in self.counts:
            lacking[counts.titles_without] = True
        return lacking

    def facts(self) -> list[dict[str, int]]:
        """A dictionary a modality: shots, and titles_without, how many."""
        return [{"shots": c.shots, "titles_without": len(c.titles_without)} for c in self.counts]

    def norms(self) -> dict[str, dict[str, float]]:
        """Of each modality that some shot has: mean, least and most of the lengths of its raw vectors."""
        return {
            m.name: {"mean": c.total_norm / c.shots, "least": c.smallest_norm, "most": c.largest_norm}
            for m, c in zip(self.modalities, self.counts, strict=True)
            if c.shots
        }


def _norms(block: np.ndarray) -> np.ndarray:
    """(N, W) → (N,) float64, the lengths; a vector of the smallest numbers still has one, and of the largest too."""
    with np.errstate(over="ignore", under="ignore"):
        squares = np.einsum("ij,ij->i", block, block)
    norms = np.sqrt(squares.astype(np.float64))
    odd = np.flatnonzero(~np.isfinite(squares) | (squares < np.finfo(np.float32).tiny))
    if len(odd):
        norms[odd] = np.linalg.norm(block[odd].astype(np.float64), axis=1)
    return norms


class _Entry(Struct, forbid_unknown_fields=True):
    name: Text
    shots: Count
    titles_without: list[Count]
    norms: tuple[float, float, float]  # sum, least, most


class _File(Struct, forbid_unknown_fields=True):
    format: Literal["msm-coverage/1"]
    fingerprint: Text
    modalities: list[_Entry]


def keep(folder: Path, fingerprint: str, coverage: Coverage) -> bool:
    """Write the coverage of a sound catalog beside it; False where nobody may write there, which is no fault."""
    entries = [
        {
            "name": m.name,
            "shots": c.shots,
            "titles_without": c.titles_without,
            "norms": [c.total_norm, c.smallest_norm if c.shots else 0.0, c.largest_norm],
        }
        for m, c in zip(coverage.modalities, coverage.counts, strict=True)
    ]
    with suppress(OSError, InputError):
        (folder / FOLDER).mkdir(exist_ok=True)
        content = {"format": FORMAT, "fingerprint": fingerprint, "modalities": entries}
        files.write_json(folder / FOLDER / FILE, content)
        return True
    return False


def kept(folder: Path, fingerprint: str, modalities: Sequence[Modality], num_titles: int) -> Coverage | None:
    """The coverage that was kept of this very catalog; None where there is none, or a file that does not fit."""
    path = folder / FOLDER / FILE
    with suppress(InputError, OSError):
        content = check(_File, files.read_json(path), path)
        rows = [row for entry in content.modalities for row in entry.titles_without]
        if content.fingerprint != fingerprint or [e.name for e in content.modalities] != [m.name for m in modalities]:
            return None
        if rows and max(rows) >= num_titles:
            return None
        coverage = Coverage(modalities)
        coverage.counts = [Counts(e.shots, e.titles_without, *e.norms) for e in content.modalities]
        return coverage
    return None
