"""Real video files become titles of a catalog: shots, tri-modal embeddings, thumbnails. See docs/ingest.md."""

from msm.ingest.encoder import Encoder, ShotInput, default_choice, known_encoders, load_encoders
from msm.ingest.metadata import TitleFacts
from msm.ingest.pipeline import IngestOptions, ingest, plan
from msm.ingest.report import FilmReport, IngestReport

__all__ = [
    "Encoder",
    "FilmReport",
    "IngestOptions",
    "IngestReport",
    "ShotInput",
    "TitleFacts",
    "default_choice",
    "ingest",
    "known_encoders",
    "load_encoders",
    "plan",
]
