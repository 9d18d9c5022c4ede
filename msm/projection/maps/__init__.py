"""Maps of a catalog: made once, kept beside it under a fingerprint, found again by whoever asks for the same.

from msm.projection.maps import MapOptions, make_maps
shots, = make_maps(Catalog.open("sample_data/catalog"), MapOptions())
shots.table                # a row a shot, in embedding order: title_id, shot, x, y
shots.trustworthiness
"""

from msm.projection.maps.building import make_maps
from msm.projection.maps.options import MapOptions, Source
from msm.projection.maps.store import FORMAT, StoredMap, find_map, list_maps, open_map

__all__ = ["FORMAT", "MapOptions", "Source", "StoredMap", "find_map", "list_maps", "make_maps", "open_map"]
