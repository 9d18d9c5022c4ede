"""A place in two dimensions for every exported shot: that of the catalog's map, or its principal components.

Shape letters: N exported shots, W width of a vector.
"""

from __future__ import annotations

import numpy as np

from msm.exports.shots import Shots
from msm.projection.maps.store import list_maps
from msm.projection.pca import principal_components
from msm.search.neighbour_graph import nearest_rows

NEIGHBOURS = 15


def places(shots: Shots, vectors: np.ndarray) -> np.ndarray:
    """(N, W) → (N, 2): the latest map of `msm map` of these shots and this run; where there is none, principal components."""
    run = None if shots.run is None else shots.run.path.name
    for stored in list_maps(shots.catalog.path):
        fresh = stored.facts["catalog_fingerprint"] == shots.catalog.fingerprint
        if fresh and stored.of == "shots" and stored.dims == 2 and stored.run == run:
            return stored.points[shots.chosen]
    found = principal_components(vectors, 2, seed=0)
    return found if found.shape[1] == 2 else np.pad(found, ((0, 0), (0, 2 - found.shape[1])))


def neighbours(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, W) → (N, K) rows and distances of the nearest shots, without the shot itself."""
    rows, distances = nearest_rows(vectors, min(NEIGHBOURS + 1, len(vectors)))
    return rows[:, 1:], distances[:, 1:]
