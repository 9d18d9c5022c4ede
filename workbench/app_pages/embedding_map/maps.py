"""The maps that the Embedding map page offers: stored ones, and the usual ones that are still to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from msm import Catalog
from msm.projection.maps import MapOptions, Source, StoredMap, find_map
from workbench.app_pages.embedding_map import cached
from workbench.session import cache, state
from workbench.views.map.sentences import map_name


@dataclass(frozen=True)
class Entry:
    """A stored map, or a usual one that can be drawn.

    run     whose contextual embeddings; None for the raw shots
    stored  None where it is still to be drawn
    former  an outdated map of the same kind, from before the catalog or the run changed
    """

    name: str
    run: Path | None
    stored: StoredMap | None
    former: StoredMap | None = None

    @property
    def id(self) -> str:
        return self.stored.key if self.stored else f"draw {self.name}"


def points_of_rows(catalog: Catalog, of: str, rows: Sequence[int]) -> list[int]:
    """The points of a map of shots or titles that hold these rows of the catalog."""
    if of == "shots" or not len(rows):
        return list(rows)
    first = catalog.titles["first_shot"].to_numpy()
    return np.unique(np.searchsorted(first, np.array(rows), side="right") - 1).tolist()


def list_entries(catalog: Catalog, runs: pd.DataFrame) -> list[Entry]:
    """The usual maps (raw shots, then each run, the chosen one first), then all others that fit the catalog as it is."""
    usable = runs[runs["problem"].isna()]
    paths = {str(r.name): Path(r.path) for r in usable.itertuples()}
    first = sorted(paths, key=lambda name: name != state.run())
    there = cached.maps(catalog)
    found = []
    for run in [None, *(paths[name] for name in first)]:
        source = Source(run=run.name, weights=cache.weights(run)) if run else Source()
        fresh, former = find_map(catalog, MapOptions(), (source,))
        sampled = None if fresh else next((m for m in there if _is_sample_of(m, source, catalog)), None)
        name = run.name if run else "Raw shots"
        found.append(Entry(map_name(sampled.facts), run, sampled) if sampled else Entry(name, run, fresh, former))
    shown = {e.stored.key for e in found if e.stored}
    for stored in there:
        if stored.key not in shown and _fits(stored, catalog, paths):
            run = paths.get(stored.run) if stored.run else None
            found.append(Entry(map_name(stored.facts), run, stored))
    return found


def _is_sample_of(stored: StoredMap, source: Source, catalog: Catalog) -> bool:
    """Whether it is the usual map of a source, of a sample, and of the catalog as it is."""
    usual = stored.options.sample and stored.options == MapOptions(sample=stored.options.sample)
    fresh = stored.facts["catalog_fingerprint"] == catalog.fingerprint
    return bool(usual) and fresh and stored.facts["sources"] == [vars(source)]


def _fits(stored: StoredMap, catalog: Catalog, runs: dict[str, Path]) -> bool:
    sources = stored.facts["sources"]
    known = all(
        s["run"] is None or (s["run"] in runs and cache.weights(runs[s["run"]]) == s["weights"]) for s in sources
    )
    return known and stored.facts["catalog_fingerprint"] == catalog.fingerprint
