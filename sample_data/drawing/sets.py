"""Every kind of place by name, drawn with the hour's light on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sample_data.drawing import halls, homes, ships, town, wilds
from sample_data.drawing.brush import Brush
from sample_data.drawing.stage import Stage

OUTDOORS: dict[str, Callable[[Stage], None]] = {
    "harbour": town.harbour,
    "boat": town.boat,
    "market": town.market,
    "street": town.street,
    "station": town.station,
    "roof": town.roof,
    "garden": wilds.garden,
    "pond": wilds.pond,
    "river": wilds.river,
    "meadow": wilds.meadow,
    "beach": wilds.beach,
    "forest": wilds.forest,
    "cliff": wilds.cliff,
    "planet": wilds.planet,
    "canyon": wilds.canyon,
    "desert": wilds.desert,
    "ranch": town.ranch,
    "church": town.church,
}
INDOORS: dict[str, Callable[[Stage], None]] = {
    "kitchen": homes.kitchen,
    "flat": homes.flat,
    "house": homes.house,
    "bedroom": homes.bedroom,
    "corridor": homes.corridor,
    "stairs": homes.stairs,
    "attic": homes.attic,
    "cellar": homes.cellar,
    "office": halls.office,
    "bar": halls.bar,
    "saloon": halls.saloon,
    "cafe": halls.cafe,
    "shop": halls.shop,
    "hospital": halls.hospital,
    "theatre": halls.theatre,
    "warehouse": halls.warehouse,
    "bank": halls.bank,
    "vault": halls.vault,
    "engine": ships.engine,
    "bridge": ships.bridge,
    "airlock": ships.airlock,
    "greenhouse": ships.greenhouse,
    "school": halls.school,
}


def is_outdoors(kind: str) -> bool:
    return kind in OUTDOORS


def draw_set(b: Brush, kind: str, genre: str, hour: str, side: int, seed: int) -> None:
    """The place from one side, the same for the same seed; it reaches a margin beyond the frame."""
    if genre == "space" and kind == "garden":
        kind = "greenhouse"
    stage = Stage(b=b, rng=np.random.default_rng((seed, side)), genre=genre, hour_name=hour, side=side)
    (OUTDOORS if kind in OUTDOORS else INDOORS)[kind](stage)
    stage.finish()
