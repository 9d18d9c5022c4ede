"""Vectors onto two or three dimensions: principal components, nearest neighbours, UMAP; and how far to trust it.

Takes plain arrays. `layout.py` is the only file that knows umap, which takes 15 s to import and is therefore
imported where a map is made. What is stored, and where, is `msm.projection.maps`.
"""

from msm.projection.layout import (
    Projection,
    ProjectionOptions,
    Rows,
    align_parts,
    project,
    project_sample,
)
from msm.projection.place import place_beside
from msm.projection.trust import trustworthiness

__all__ = [
    "Projection",
    "ProjectionOptions",
    "Rows",
    "align_parts",
    "place_beside",
    "project",
    "project_sample",
    "trustworthiness",
]
