"""Embeddings made elsewhere become a catalog, title by title; see docs/format.md for the formats.

`import_embeddings` converts a source; each format is one file in `formats/`.
"""

from msm.importers.convert import ImportOptions, import_embeddings, open_source
from msm.importers.format import detect_format

__all__ = ["ImportOptions", "detect_format", "import_embeddings", "open_source"]
