"""Subtitles inside a film: the text of a packet as it is, since FFmpeg's decoders refuse whatever is not UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from msm.ingest.subtitles.cues import Cue
from msm.ingest.subtitles.encoding import decode

PLAIN = ("subrip", "srt", "text", "webvtt")
SUBSTATION = ("ass", "ssa")


def text_of_packet(codec: str, payload: bytes) -> str | None:
    """The text of a packet; bytes that are no UTF-8 are kept as half surrogates for `in_utf8`.

    None for a codec whose packets are more than a text, which a decoder has to read.
    """
    payload = payload.rstrip(b"\0")
    if codec not in PLAIN + SUBSTATION or b"\0" in payload:
        return None
    text = payload.decode("utf-8", "surrogateescape")
    if codec in PLAIN:
        return text
    before = 9 if text.startswith("Dialogue:") else 8  # ReadOrder, Layer, Style, Name, three margins, Effect
    return text.split(",", before)[-1]


def in_utf8(cues: Sequence[Cue], language: str, encoding: str | None) -> tuple[list[Cue], str, int]:
    """Cues whose bytes are decoded, their encoding ("" for UTF-8), and how many bytes could not be read."""
    if not any("\udc80" <= c <= "\udcff" for cue in cues for c in cue.marked_up):
        return list(cues), "", 0
    raw = [cue.marked_up.encode("utf-8", "surrogateescape") for cue in cues]
    found = decode(b"\n\n".join(raw), language, encoding)
    texts = [piece.decode(found.encoding, "replace") for piece in raw]
    return [replace(cue, marked_up=t) for cue, t in zip(cues, texts, strict=True)], found.encoding, found.num_bad
