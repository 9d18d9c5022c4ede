"""Which shots of a catalog are like this one: as they are, or as a trained run sees them in their titles.

    from msm import Catalog
    from msm.search import RawSpace, find_index, nearest, row_of

    catalog = Catalog.open("sample_data/catalog")
    finder = find_index(RawSpace(catalog))
    nearest(finder, like=[row_of(catalog, "harbour-lights:40")], k=10).table

`spaces.py` says where shots are compared, `shelf.py` keeps indexes beside their catalog, `filters.py` says which
shots may be found, `asking.py` asks, `clips.py` for several shots in a row, `words.py` what a text can ask.
"""
