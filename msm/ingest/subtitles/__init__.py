"""What is said: subtitles of files and streams, and which shot each line belongs to."""

from msm.ingest.subtitles.captions import lines_of
from msm.ingest.subtitles.cues import Cue, Line, plain_text
from msm.ingest.subtitles.encoding import check_encoding
from msm.ingest.subtitles.inner import in_utf8, text_of_packet
from msm.ingest.subtitles.placing import most_overlapped, num_placed, text_of_shots
from msm.ingest.subtitles.reading import SubtitleFile, open_subtitles, read_subtitles
from msm.ingest.subtitles.sidecars import SUFFIXES, Sidecar, language_rank, sidecar_subtitles, sidecars_of
from msm.ingest.subtitles.transcripts import lines_of_transcript

__all__ = [
    "SUFFIXES",
    "Cue",
    "Line",
    "Sidecar",
    "SubtitleFile",
    "check_encoding",
    "in_utf8",
    "language_rank",
    "lines_of",
    "lines_of_transcript",
    "most_overlapped",
    "num_placed",
    "open_subtitles",
    "plain_text",
    "read_subtitles",
    "sidecar_subtitles",
    "sidecars_of",
    "text_of_packet",
    "text_of_shots",
]
