"""What a map is of, and the key that two requests share exactly when they ask for the same map."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from msm.errors import InputError
from msm.projection import ProjectionOptions

MADE_BY = 1  # raised when the same request would give another map
UNITS = ("shots", "titles")
FEWEST_SAMPLED = 100


@dataclass(frozen=True, kw_only=True)
class MapOptions:
    """of: a point a shot, or a point a title. by: the label whose values are drawn together, None = nobody tells UMAP.

    sample: lay out so many points, drawn by the seed, and place the others among them; None = lay out all.
    """

    of: str = "shots"
    by: str | None = None
    sample: int | None = None
    layout: ProjectionOptions = field(default_factory=ProjectionOptions)

    def __post_init__(self) -> None:
        if self.of not in UNITS:
            raise InputError(f"a map is of shots or titles, not of {self.of!r}")
        if self.sample is not None and not FEWEST_SAMPLED <= self.sample < 2**31:
            raise InputError(f"the sample of a map has {self.sample} points, but must have at least {FEWEST_SAMPLED}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON; without the sample where there is none, as maps of earlier versions have it."""
        found = asdict(self)
        if self.sample is None:
            del found["sample"]
        return found

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> MapOptions:
        """The inverse of `to_dict`; InputError, TypeError or ValueError for anything that it would not give."""
        values = dict(facts)
        options = cls(layout=ProjectionOptions(**values.pop("layout")), **values)
        if not isinstance(options.by, str | None) or not isinstance(options.sample, int | None):
            raise TypeError("by is a label's name, and sample a number")
        return options


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the vectors come from: the catalog itself (run None), or a run of these weights."""

    run: str | None = None
    weights: str | None = None

    @classmethod
    def of(cls, run: Path | None) -> Source:
        """InputError where the run has no weights."""
        if run is None:
            return cls()
        from msm.runs.folder import weights_fingerprint  # torch: two seconds

        try:
            return cls(run=run.absolute().name, weights=weights_fingerprint(run))
        except FileNotFoundError:
            raise InputError(f"{run} is not a run with weights, so there are no contextual embeddings to map") from None


def map_key(
    fingerprint: str, options: MapOptions, sources: Sequence[Source], place: int = 0, grown_from: str = ""
) -> str:
    """16 hex digits. Several sources are laid out together; `place` says which of them the map shows."""
    weights = [s.weights for s in sources]
    parts = [MADE_BY, fingerprint, options.to_dict(), weights, place, grown_from]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
