"""What the Embedding map page keeps between reruns, keyed on the state of files on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from msm import Catalog
from msm.data.media import THUMBNAILS
from msm.projection.maps import StoredMap
from msm.projection.maps.store import list_maps, maps_folder, open_map
from workbench.session import notes
from workbench.session.cache import ON_DISK, Stamp, catalog_thumbnails_address, stamp
from workbench.views.map import neighbours
from workbench.views.map.cluster_names import cluster_names
from workbench.views.map.component_data import about_part, colours_part, points_part
from workbench.views.map.facets import Facet, facet, usual_facets
from workbench.views.map.labels import NOTED, map_labels

PREVIEW_UP_TO = 20_000  # shots up to which principal components are computed while the page loads


def maps(catalog: Catalog) -> list[StoredMap]:
    """Every map beside the catalog, the latest first, including outdated ones."""
    return _maps(catalog.path, stamp(*sorted(maps_folder(catalog.path).glob("[!.]*.json"))))


@st.cache_resource(max_entries=8, show_spinner=False)
def _maps(path: Path, changed: Stamp) -> list[StoredMap]:
    return list_maps(path)


def points(found: StoredMap) -> dict[str, Any]:
    """The points of a map for the component; InputError where the file is damaged."""
    return _points(found.path, str(found.facts["points_sha256"]))


@st.cache_resource(max_entries=16, show_spinner=False)
def _points(path: Path, digest: str) -> dict[str, Any]:
    return points_part(digest[:16], open_map(path).points)


def about(catalog: Catalog, of: str) -> dict[str, Any]:
    return _about(catalog, of, catalog_thumbnails_address(catalog))


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=ON_DISK)
def _about(catalog: Catalog, of: str, frames: str) -> dict[str, Any]:
    folder = catalog.path / THUMBNAILS
    there = {entry.name for entry in os.scandir(folder)} if folder.is_dir() else set()
    framed = [title_id in there for title_id in catalog.titles["title_id"].astype(str)]
    return about_part(catalog.fingerprint, of, catalog.titles, shots(catalog), frames, framed)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=ON_DISK)
def shots(catalog: Catalog) -> pd.DataFrame:
    """All of shots.parquet."""
    return catalog.read_shots()


def labels(catalog: Catalog, of: str) -> pd.DataFrame:
    """A column a label that points can be coloured and filtered by, a row a point; the last says which have a note."""
    return _labels(catalog, of, notes.version(catalog))


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=ON_DISK)
def _labels(catalog: Catalog, of: str, noted: Stamp) -> pd.DataFrame:
    """The labels; without a version of the notes those of the catalog alone."""
    return map_labels(catalog, of, noted=notes.noted(catalog, of) if noted else None)


def colours(catalog: Catalog, of: str, label: str) -> dict[str, Any]:
    version = notes.version(catalog) if label == NOTED else ()
    return _colours(catalog, of, label, version)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=ON_DISK)
def _colours(catalog: Catalog, of: str, label: str, noted: Stamp) -> dict[str, Any]:
    key = "/".join(map(str, (catalog.fingerprint, of, *noted)))
    return colours_part(key, label, labels(catalog, of)[label])


def facets(catalog: Catalog, of: str, chosen: Sequence[str]) -> list[Facet]:
    """The histograms of these labels."""
    return [_facet(catalog, of, label, notes.version(catalog) if label == NOTED else ()) for label in chosen]


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=ON_DISK)
def _facet(catalog: Catalog, of: str, label: str, noted: Stamp) -> Facet:
    return facet("/".join(map(str, (catalog.fingerprint, of, *noted))), label, labels(catalog, of)[label])


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=ON_DISK)
def facets_by_default(catalog: Catalog, of: str) -> list[str]:
    """The labels whose histograms stand beside a map unless others are chosen."""
    return usual_facets(_labels(catalog, of, ()))


def names(catalog: Catalog, found: StoredMap) -> list[dict[str, Any]]:
    """The names of the clusters of a map."""
    return _names(catalog, found.path, str(found.facts["points_sha256"]))


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=ON_DISK)
def _names(catalog: Catalog, path: Path, digest: str) -> list[dict[str, Any]]:
    found = open_map(path)
    said = _texts(catalog)[1] if found.of == "shots" else None
    return cluster_names(np.asarray(found.points)[:, :2], _labels(catalog, found.of, ()), said)


def noted_points(catalog: Catalog, of: str) -> dict[str, str]:
    """What people noted about each point, by its number."""
    if of == "shots":
        return {str(row): text for row, text in notes.of_rows(catalog).items()}
    ids = catalog.titles["title_id"].astype(str).tolist()
    texts = {i: [n.text for n in notes.of_title(catalog, t) if n.shot is None] for i, t in enumerate(ids)}
    return {str(i): "\n".join(lines) for i, lines in texts.items() if lines}


def overlap(one: StoredMap, other: StoredMap) -> np.ndarray | None:
    """(N,) share of each point's true neighbours that both embeddings agree on; None where either map has no neighbours."""
    return _overlap(one.path, other.path, str(one.facts["points_sha256"]), str(other.facts["points_sha256"]))


@st.cache_resource(max_entries=8, show_spinner=False)
def _overlap(one: Path, other: Path, digest: str, other_digest: str) -> np.ndarray | None:
    a, b = open_map(one).neighbours, open_map(other).neighbours
    return None if a is None or b is None or len(a) != len(b) else neighbours.neighbour_overlap(a, b)


def label_agreement(catalog: Catalog, found: StoredMap, label: str) -> tuple[float, float] | None:
    """(share of nearest neighbours with the same value of a label, the same by chance); None where it has no meaning."""
    return _label_agreement(catalog, str(found.path), str(found.facts["points_sha256"]), label)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=ON_DISK)
def _label_agreement(catalog: Catalog, found: str, digest: str, label: str) -> tuple[float, float] | None:
    stored = open_map(Path(found))
    values = labels(catalog, stored.of)[label]
    return None if stored.neighbours is None else neighbours.label_agreement(stored.neighbours, values)


def found_by_text(catalog: Catalog, of: str, words: str) -> np.ndarray:
    """(N,) bool: points whose title, synopsis or text contains these words, ignoring case."""
    return _found(catalog, of, words.casefold().strip())


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=ON_DISK)
def _found(catalog: Catalog, of: str, words: str) -> np.ndarray:
    titles, text = _texts(catalog)
    in_title = titles.str.contains(words, regex=False).to_numpy(dtype=bool)
    counts = catalog.titles["num_shots"].to_numpy()
    in_shot = text.str.contains(words, regex=False).to_numpy(dtype=bool)
    if of == "shots":
        return np.repeat(in_title, counts) | in_shot
    starts = np.r_[0, np.cumsum(counts)[:-1]]
    return in_title | np.logical_or.reduceat(in_shot, starts)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=ON_DISK)
def _texts(catalog: Catalog) -> tuple[pd.Series, pd.Series]:
    """The searched text: name, synopsis and tags of each title, and the text of each shot; case-folded."""
    titles, table = catalog.titles, shots(catalog)
    columns = [titles[c].fillna("").astype(str) for c in ("name", "synopsis", "tags") if c in titles]
    of_title = columns[0].str.cat(columns[1:], sep="\n").str.casefold()
    text = table["text"] if "text" in table else pd.Series("", index=table.index)
    return of_title, text.fillna("").astype(str).str.casefold()


@st.cache_resource(max_entries=2, show_spinner="Principal components of the shots …", hash_funcs=ON_DISK)
def preview(catalog: Catalog) -> dict[str, Any]:
    """The first two principal components of the shots, a preview before a map is drawn."""
    from msm.projection.maps.vectors import vectors_of
    from msm.projection.pca import principal_components

    with vectors_of(catalog, "shots", None, lambda share: None) as rows:
        reduced = principal_components(rows, 2, seed=0)
    flat = np.zeros((len(reduced), 2), dtype=np.float32)
    flat[:, : reduced.shape[1]] = reduced
    return points_part(f"preview-{catalog.fingerprint}", flat)
