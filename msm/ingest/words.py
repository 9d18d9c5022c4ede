"""Where the words of a film come from: subtitles that were named, beside it or inside it, a transcript, or its sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msm.errors import InputError, printable
from msm.ingest.languages import same_language
from msm.ingest.report import FilmReport
from msm.ingest.subtitles import (
    Cue,
    Line,
    Sidecar,
    check_encoding,
    in_utf8,
    lines_of,
    lines_of_transcript,
    open_subtitles,
    sidecars_of,
)
from msm.ingest.tracks import ANY_TRACKS, Track, TrackChoice
from msm.ingest.transcription import Sound, load_transcriber
from msm.io.files import read_json


@dataclass(frozen=True, kw_only=True)
class WordChoice:
    """What was asked for about words.

    tracks    language, and numbers of tracks
    encoding  of subtitle files, instead of the one found
    transcribe  the speech recogniser for films without other words, a folder or a hub name
    """

    tracks: TrackChoice = ANY_TRACKS
    encoding: str = ""
    transcribe: str = ""

    def __post_init__(self) -> None:
        if self.encoding:
            check_encoding(self.encoding)

    def load(self) -> None:
        """Load the recogniser where there is one to be used, so that a wrong one is refused before any film is read."""
        if self.transcribe:
            load_transcriber(self.transcribe)


ANY_WORDS = WordChoice()


@dataclass
class Words:
    """The lines of a film, once its sources were read.

    source    where they came from: the name of a file, or a track
    encoding  of the file, empty for a track
    warnings  sentences on what could not be read
    """

    lines: list[Line] = field(default_factory=list)
    source: str = ""
    encoding: str = ""
    warnings: list[str] = field(default_factory=list)

    def tell(self, report: FilmReport, num_placed: int) -> None:
        """Put into a report where the words came from, how many lines were placed, and what could not be read."""
        report.words, report.encoding, report.lines = printable(self.source), self.encoding, num_placed
        if self.lines and not num_placed:
            report.warn(f"no line of {printable(self.source)} falls into a shot of the film")
        for warning in self.warnings:
            report.warn(warning)


@dataclass(frozen=True)
class _Source:
    """A place where words may be; of several, the first in `order` that holds any is taken."""

    order: tuple[object, ...]
    read: Callable[[Words], None]


class WordReader:
    """Finds and reads the words of a film: before its one pass, on the way, and after it.

    given  subtitles that were named; whatever is wrong with them is an InputError
    """

    def __init__(self, video: Path, given: Path | None, choice: WordChoice, frame_rate: float, track: Track | None):
        self.video, self.choice, self.track, self.frame_rate = video, choice, track, frame_rate
        self._cues: list[Cue] = []
        self._given = Words()
        if given is not None:
            self._open(given, choice.tracks.language, self._given)

    def hear(self, cue: Cue) -> None:
        """Take a cue of the film's own track."""
        self._cues.append(cue)

    def words(self, sound: Sound | None = None, heartbeat: Callable[[], None] = lambda: None) -> Words:
        """Those of the best source that holds any.

        Named subtitles and tracks come first; then dialogue before forced subtitles and commentaries, the wanted
        language before others, files beside the film before its tracks, those before transcripts, and all of them
        before what a speech recogniser hears.

        sound      of the whole film, for the recogniser
        heartbeat  is called while it listens, and may raise to stop
        """
        words = self._given
        if words.source:
            return words
        for source in sorted(self._sources(sound, heartbeat), key=lambda source: source.order):
            try:
                source.read(words)
            except InputError as error:
                words.warnings.append(str(error))
            if words.lines:
                return words
        return words

    def _sources(self, sound: Sound | None, heartbeat: Callable[[], None]) -> list[_Source]:
        if self.choice.tracks.subtitle_track is not None:
            return [_Source((), self._from_track)]
        beside = enumerate(sidecars_of(self.video, self.choice.tracks.language))
        sources = [_Source((s.partial, self._other(s.language), 0, i), self._reads(s)) for i, s in beside]
        if self.track is not None:
            order = (self.track.partial, self._other(self.track.language), 1)
            sources.append(_Source(order, self._from_track))
        if self.video.with_suffix(".json").is_file():
            sources.append(_Source((False, False, 2), self._from_transcript))
        if self.choice.transcribe and sound is not None:
            order = (False, bool(self.choice.tracks.language), 3)
            sources.append(_Source(order, lambda words: self._from_sound(sound, heartbeat, words)))
        return sources

    def _other(self, language: str) -> bool:
        """Whether it is known to be in another language than the wanted one."""
        wanted = self.choice.tracks.language
        return bool(wanted and language) and not same_language(language, wanted)

    def _reads(self, sidecar: Sidecar) -> Callable[[Words], None]:
        return lambda words: self._open(sidecar.path, sidecar.language or self.choice.tracks.language, words)

    def _open(self, path: Path, language: str, words: Words) -> None:
        found = open_subtitles(
            path, language=language, encoding=self.choice.encoding or None, frame_rate=self.frame_rate
        )
        words.lines, words.source, words.encoding = found.lines, path.name, found.encoding
        if found.num_bad:
            words.warnings.append(f"{path}: {found.num_bad} characters cannot be read as {found.encoding}")

    def _from_track(self, words: Words) -> None:
        track = self.track
        language = (track and track.language) or self.choice.tracks.language
        cues, encoding, num_bad = in_utf8(self._cues, language, self.choice.encoding or None)
        words.lines = lines_of(cues)
        if words.lines:
            words.source, words.encoding = f"subtitle track {track}", encoding
        if num_bad:
            words.warnings.append(
                f"{self.video}: {num_bad} characters of a subtitle track cannot be read as {encoding}"
            )

    def _from_sound(self, sound: Sound, heartbeat: Callable[[], None], words: Words) -> None:
        transcriber = load_transcriber(self.choice.transcribe)
        words.lines = transcriber.lines(sound, self.choice.tracks.language, lambda seconds: heartbeat())
        words.source = f"speech ({transcriber.name})" if words.lines else ""

    def _from_transcript(self, words: Words) -> None:
        path = self.video.with_suffix(".json")
        words.lines = lines_of_transcript(_json(path)) or []
        words.source = path.name if words.lines else ""


def _json(path: Path) -> Any:
    """A JSON document; None for what is none, of which `facts_of` warns."""
    try:
        return read_json(path)
    except InputError:
        return None


def files_of_words(video: Path, given: Path | None, language: str) -> list[Path]:
    """The files that the words of a film may come from."""
    return [given] if given is not None else [s.path for s in sidecars_of(video, language)]
