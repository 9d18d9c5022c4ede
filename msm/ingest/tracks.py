"""Which of a file's tracks are read: the picture, the sound and the subtitles.

A track that its file flags as the default comes before others, and what is not the whole film (attached pictures,
commentaries, descriptions for the blind, forced subtitles) comes after it, whatever its flags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from msm.errors import InputError
from msm.ingest.languages import code_of, same_language

TEXT_CODECS = frozenset(
    [
        "ass",
        "ssa",
        "srt",
        "subrip",
        "mov_text",
        "webvtt",
        "text",
        "sami",
        "microdvd",
        "subviewer",
        "subviewer1",
        "jacosub",
        "realtext",
        "mpl2",
        "pjs",
        "vplayer",
        "stl",
        "cc_dec",
        "eia_608",
    ]
)
PARTIAL_FLAGS = {
    "audio": ("comment", "visual_impaired", "descriptions", "clean_effects", "karaoke"),
    "subtitle": ("forced", "comment", "lyrics", "karaoke", "descriptions"),
}
PARTIAL_NAMES = re.compile(
    r"\b(forced|forc[ée]s?|forzad[oa]s?|commentary|commentaires?|comentarios?|kommentare?|comments?|signs?|songs?|"
    r"descripti(on|ve)|narrative)\b",
    re.IGNORECASE,
)
IMPAIRED_NAMES = re.compile(r"\b(sdh|cc|hi|hearing)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class TrackChoice:
    """What was asked for; tracks of a kind are numbered from 1 in the order of the file.

    language  a code or a name, preferred in sound and subtitles
    """

    language: str = ""
    audio_track: int | None = None
    subtitle_track: int | None = None


ANY_TRACKS = TrackChoice()


@dataclass(frozen=True, kw_only=True)
class Track:
    """A stream of one kind.

    number            from 1, among those of its kind
    partial           not all that is said or heard: forced, a commentary, a description
    hearing_impaired  sounds are described too
    """

    stream: Any
    number: int
    language: str
    title: str
    is_default: bool
    partial: bool
    hearing_impaired: bool

    def __str__(self) -> str:
        """`2 (en, default)`."""
        flags = [
            self.language,
            self.title,
            *(["default"] if self.is_default else []),
            *(["partial"] if self.partial else []),
        ]
        known = ", ".join(filter(None, flags))
        return f"{self.number} ({known})" if known else str(self.number)


def choose_video(streams: Sequence[Any]) -> Any | None:
    """The flagged default, else the first; never an attached picture. None where there is no other."""
    moving = [s for s in streams if not _has(s, "attached_pic", "timed_thumbnails", "still_image")]
    return min(moving, key=lambda s: not _has(s, "default"), default=None)


def choose_audio(streams: Sequence[Any], choice: TrackChoice) -> Track | None:
    """The track that was asked for, else the best; InputError where there is none of that number."""
    tracks = _tracks(streams, "audio")
    if choice.audio_track is not None:
        return _numbered(tracks, choice.audio_track, "--audio-track", "sound", lambda track: True)
    return _best([t for t in tracks if t.stream.codec_context is not None], choice.language)


def choose_subtitles(streams: Sequence[Any], choice: TrackChoice) -> Track | None:
    """As `choose_audio`, among subtitles that are text; those that are pictures cannot be read."""
    tracks = _tracks(streams, "subtitle")
    if choice.subtitle_track is not None:
        return _numbered(tracks, choice.subtitle_track, "--subtitle-track", "text subtitles", _is_text)
    return _best([t for t in tracks if _is_text(t)], choice.language)


def _best(tracks: Sequence[Track], wanted: str) -> Track | None:
    """Dialogue first, then the wanted language, else that of the default track, then the default flag."""
    defaults = [t for t in tracks if t.is_default]
    preferred = wanted or (min(defaults, key=lambda t: (_foreign(t), t.number)).language if defaults else "")

    def order(track: Track) -> tuple[object, ...]:
        other = bool(preferred) and not same_language(track.language, preferred)
        return track.partial, other, track.hearing_impaired, not track.is_default, _foreign(track), track.number

    return min(tracks, key=order, default=None)


def _foreign(track: Track) -> bool:
    """Neither English nor unknown."""
    return track.language not in ("en", "")


def _numbered(tracks: Sequence[Track], number: int, option: str, what: str, readable: Callable[[Track], bool]) -> Track:
    found = [t for t in tracks if t.number == number and readable(t)]
    if not found:
        listed = ", ".join(map(str, filter(readable, tracks))) or "none"
        raise InputError(f"{option} is {number}, but the tracks of {what} are {listed}")
    return found[0]


def _tracks(streams: Sequence[Any], kind: str) -> list[Track]:
    tracks = []
    for number, stream in enumerate(streams, start=1):
        title = " ".join(str(stream.metadata.get("title", "")).split())
        language = code_of(stream.metadata.get("language"))
        tracks.append(
            Track(
                stream=stream,
                number=number,
                language="" if language in ("und", "mis", "mul", "zxx") else language,
                title=title,
                is_default=_has(stream, "default"),
                partial=_has(stream, *PARTIAL_FLAGS[kind]) or bool(PARTIAL_NAMES.search(title)),
                hearing_impaired=_has(stream, "hearing_impaired", "captions") or bool(IMPAIRED_NAMES.search(title)),
            )
        )
    return tracks


def _is_text(track: Track) -> bool:
    context = track.stream.codec_context
    return context is not None and context.name in TEXT_CODECS


def _has(stream: Any, *flags: str) -> bool:
    kinds = stream.disposition.__class__
    return any(bool(stream.disposition & kinds[flag]) for flag in flags if flag in kinds.__members__)
