"""Which shots of a catalog are like this one: as they are, or as a trained run sees them in their titles.

    from msm import Catalog
    from msm.search.query import nearest, row_of
    from msm.search.index_store import find_index
    from msm.search.spaces import RawSpace

    catalog = Catalog.open("sample_data/catalog")
    nearest(find_index(RawSpace(catalog)), like=[row_of(catalog, "harbour-lights:40")], k=10).table

`spaces.py` and `contextual.py` say where shots are compared, `shelf.py` keeps indexes beside their catalog,
`filters.py` says which shots may be found, `asking.py` asks, `clips.py` for several shots in a row, `words.py`
what a text can ask, `fills.py` what a run expects, `measure.py` how good it all is.
"""
