"""Pieces of the Embedding map page: which maps there are, and which two are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from msm import Catalog
from msm.projection.maps import MapOptions, Source, StoredMap, find_map
from workbench.app_pages.embedding_map import cached
from workbench.layout.figures import columns
from workbench.session import cache, state
from workbench.views.map.sentences import map_name

NONE = ""  # an id that nothing has


@dataclass(frozen=True)
class Entry:
    """Something that can be looked at: a map that is there, or one of the usual ones that could be drawn.

    run     whose contextual embeddings; None for the raw shots
    stored  None where it is still to be drawn
    former  one like it that the catalog or the run has overtaken
    """

    name: str
    run: Path | None
    stored: StoredMap | None
    former: StoredMap | None = None

    @property
    def id(self) -> str:
        return self.stored.key if self.stored else f"draw {self.name}"


def entries(catalog: Catalog, runs: pd.DataFrame) -> list[Entry]:
    """The usual maps (raw shots, then each run, the chosen one first), then all others that fit the catalog as it is."""
    usable = runs[runs["problem"].isna()]
    paths = {str(r.name): Path(r.path) for r in usable.itertuples()}
    first = sorted(paths, key=lambda name: name != state.run())
    there = cached.maps(catalog)
    found = []
    for run in [None, *(paths[name] for name in first)]:
        source = Source(run=run.name, weights=cache.weights(run)) if run else Source()
        fresh, former = find_map(catalog, MapOptions(), (source,))
        found.append(Entry(run.name if run else "Raw shots", run, fresh, former))
    shown = {e.stored.key for e in found if e.stored}
    for stored in there:
        if stored.key not in shown and _fits(stored, catalog, paths):
            run = paths.get(stored.run) if stored.run else None
            found.append(Entry(map_name(stored.facts), run, stored))
    return found


def _fits(stored: StoredMap, catalog: Catalog, runs: dict[str, Path]) -> bool:
    sources = stored.facts["sources"]
    known = all(
        s["run"] is None or (s["run"] in runs and cache.weights(runs[s["run"]]) == s["weights"]) for s in sources
    )
    return known and stored.facts["catalog_fingerprint"] == catalog.fingerprint


def choose(found: Sequence[Entry]) -> tuple[Entry, Entry | None]:
    """The page's head: which map, and which beside it. Two that are there already are shown to whoever chose none."""
    name, one, other = columns("map-head", [3, 3, 3], least_px=190, align="bottom")
    name.header("Embedding map", anchor=False)
    by_id = {e.id: e for e in found}
    words = {e.id: e.name if e.stored else f"{e.name} (not drawn yet)" for e in found}
    ready = [e.id for e in found if e.stored and e.stored.of == "shots" and e.stored.dims == 2]
    key = kept_choice("map.one", list(by_id), ready[0] if ready else found[0].id)
    chosen = by_id[str(one.selectbox("Map", list(by_id), key=key, format_func=words.__getitem__))]
    alike = [e.id for e in found if e is not chosen and _beside(chosen, e)]
    partner = next((i for i in ready if i in alike and i in ready[:2]), None) if chosen.id in ready[:2] else None
    key = kept_choice("map.other", [NONE, *alike], partner or NONE)
    beside = other.selectbox(
        "Beside it", [NONE, *alike], key=key, format_func=lambda i: words.get(i, "none"), disabled=not alike
    )
    return chosen, by_id.get(str(beside))


def kept_choice(name: str, options: list[Any], default: Any) -> str:
    """The key of a select box that keeps what was chosen while that is among the options."""
    if name not in st.session_state or st.session_state[name] not in options:
        st.session_state[name] = default
    else:
        st.session_state[name] = st.session_state[name]  # Streamlit forgets it with the page otherwise
    return name


def _beside(chosen: Entry, other: Entry) -> bool:
    of, dims = (chosen.stored.of, chosen.stored.dims) if chosen.stored else ("shots", 2)
    return dims == 2 and (other.stored is None or (other.stored.of, other.stored.dims) == (of, 2))
