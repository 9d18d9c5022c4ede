"""Nearest-neighbour search for shots: by their embeddings, or by a run's contextual embeddings.

    from msm import Catalog
    from msm.search.query import nearest, row_of
    from msm.search.index_store import find_index
    from msm.search.spaces import RawSpace

    catalog = Catalog.open("sample_data/catalog")
    nearest(find_index(RawSpace(catalog)), like=[row_of(catalog, "harbour-lights:40")], k=10).table

`spaces` and `contextual_space` hold the vectors that are compared, `vector_index` the FAISS indexes over them,
`index_store` keeps indexes beside their catalog, and `filters` restricts which shots may be found. `query` searches with
shots or a vector, `clips` with several shots in a row, `text_query` with a text, `reconstructions` with a run's
prediction of a hidden shot. `quality` measures how often a search finds the same label.
"""
