"""Embeddings made elsewhere become a catalog, title by title; see docs/format.md for the formats.

`import_embeddings` converts a source; each format is one file of this room.
"""

from msm.importers.convert import ImportOptions, detect_format, import_embeddings, open_source

__all__ = ["ImportOptions", "detect_format", "import_embeddings", "open_source"]
