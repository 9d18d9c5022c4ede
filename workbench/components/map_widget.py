"""The embedding map as an anywidget for notebooks; it has the same front end as the app's component.

    from workbench.components.map_widget import ShotMap
    shown = ShotMap(catalog, raw, contextual, label="genre")

One stored map or two of the same points. After a lasso `shown.rows` has the rows of the catalog and `shown.table` the shots;
`shown.label = "place"` colours by another label. Frames are shown by their colour: a notebook serves no files.
"""

from __future__ import annotations

from typing import Any

import anywidget
import numpy as np
import pandas as pd
import traitlets

from msm import Catalog, InputError
from msm.data.ranges import parse_ranges
from msm.projection.maps import StoredMap
from workbench.components.front_end import joined, style_of
from workbench.views.map.cluster_names import cluster_names
from workbench.views.map.component_data import about_part, bits, colours_part, points_part, ranges
from workbench.views.map.facets import facet, usual_facets
from workbench.views.map.labels import map_labels
from workbench.views.map.sentences import map_name, map_note

NEAR_SHOWN = 8


class ShotMap(anywidget.AnyWidget):
    """One or two maps of a catalog's shots (or titles) with a lasso, histograms and names of clusters.

    catalog   the catalog of the maps
    stored    maps in two dimensions of the same points (`msm.projection.maps.make_maps`)
    label     the label that colours the points; None for the first
    contours  whether lines of equal density are drawn

    InputError for maps of three dimensions or of different points, and for an unknown label.
    """

    _esm = joined("shot_map", "widget_shell.js")
    _css = style_of("shot_map")

    constant = traitlets.Dict().tag(sync=True)
    colours: Any = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    points = traitlets.Unicode("").tag(sync=True)  # selected, as ranges
    pin = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    pinned: Any = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    brushes = traitlets.Dict().tag(sync=True)  # by label the bins that its histogram leaves
    shown = traitlets.Unicode(allow_none=True, default_value=None).tag(sync=True)
    label = traitlets.Unicode(allow_none=True, default_value=None)

    def __init__(self, catalog: Catalog, *stored: StoredMap, label: str | None = None, contours: bool = False):
        if not 1 <= len(stored) <= 2 or any(m.dims != 2 or m.of != stored[0].of for m in stored):
            raise InputError("a map widget shows one or two maps of two dimensions and of the same points")
        self.catalog, self._stored = catalog, stored
        self._labels = map_labels(catalog, stored[0].of)
        self._facets = {
            name: facet(f"{catalog.fingerprint}/{stored[0].of}", name, self._labels[name])
            for name in usual_facets(self._labels)
        }
        label = label or next(iter(self._labels), None)
        super().__init__(constant=self._constant(contours), label=label, colours=self._colours_of(label))
        self.observe(self._color, "label")
        self.observe(self._look_up, "pin")
        self.observe(self._filter, "brushes")

    @property
    def rows(self) -> list[int]:
        """The selected points, ascending: rows of the catalog, of a map of titles rows of its titles."""
        return parse_ranges(self.points, int(self.constant["about"]["count"]))

    @rows.setter
    def rows(self, rows: list[int]) -> None:
        self.points = ranges(sorted(rows))

    @property
    def table(self) -> pd.DataFrame:
        """The selected shots or titles with their labels."""
        whole = self.catalog.read_shots() if self._stored[0].of == "shots" else self.catalog.titles
        return whole.iloc[self.rows].reset_index(drop=True)

    def _constant(self, contours: bool) -> dict[str, Any]:
        of, titles, shots = self._stored[0].of, self.catalog.titles, self.catalog.read_shots()
        said = shots["text"] if "text" in shots and of == "shots" else None
        panels = [
            {
                "points": points_part(str(m.facts["points_sha256"])[:16], m.points),
                "label": map_name(m.facts),
                "note": map_note(m.facts),
                "names": cluster_names(np.asarray(m.points), self._labels, said),
            }
            for m in self._stored
        ]
        about = about_part(self.catalog.fingerprint, of, titles, shots, "", [False] * len(titles))
        return {
            "about": about,
            "panels": panels,
            "facets": [f.part for f in self._facets.values()],
            "contours": contours,
        }

    def _color(self, _change: object = None) -> None:
        self.colours = self._colours_of(self.label)

    def _colours_of(self, label: str | None) -> dict[str, Any] | None:
        if label is None:
            return None
        if label not in self._labels:
            raise InputError(f"these points have no label {label!r}; they have {', '.join(self._labels)}")
        return colours_part(self.catalog.fingerprint, label, self._labels[label])

    def _look_up(self, _change: object = None) -> None:
        near = self._stored[0].neighbours
        if self.pin is None:
            self.pinned = None
            return
        self.pinned = {"point": self.pin, "near": [] if near is None else [int(n) for n in near[self.pin][:NEAR_SHOWN]]}

    def _filter(self, _change: object = None) -> None:
        inside = [self._inside(label, bins) for label, bins in self.brushes.items() if label in self._facets]
        self.shown = bits(np.logical_and.reduce(inside)) if inside else None

    def _inside(self, label: str, bins: list[int]) -> np.ndarray:
        return np.isin(self._facets[label].bins_of, np.array(bins, dtype=int) + 1)
