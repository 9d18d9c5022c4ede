"""Real video files become titles of a catalog: shots, tri-modal embeddings, thumbnails. See docs/ingest.md."""

from msm.ingest.encoders import Encoder, ShotInput, known_encoders, load_encoders
from msm.ingest.pipeline import IngestOptions, IngestReport, ingest
from msm.ingest.titles import TitleFacts

__all__ = [
    "Encoder",
    "IngestOptions",
    "IngestReport",
    "ShotInput",
    "TitleFacts",
    "ingest",
    "known_encoders",
    "load_encoders",
]
