"""One video file becomes one finished title in the staging folder, or nothing at all.

Shape letters: N shots of a title, D width of a shot embedding.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msm.config.schema import check
from msm.errors import InputError, printable
from msm.ingest.chapters import Chapter, spans_of_chapters
from msm.ingest.compute import DEFAULT_COMPUTE, Compute, computing
from msm.ingest.cutting import SHOTS, Cutting, cut_film
from msm.ingest.decoding import Film, Picture, SoundSpool
from msm.ingest.detector import Detector
from msm.ingest.encoder import Encoder, ShotInput, encode, encode_texts, load_encoders
from msm.ingest.identity import Source
from msm.ingest.metadata import TitleFacts, labels_of_shots
from msm.ingest.playable import save_playable
from msm.ingest.report import FilmReport
from msm.ingest.shot_detection import CutShot
from msm.ingest.shot_lists import GivenShot
from msm.ingest.subtitles import num_placed, text_of_shots
from msm.ingest.thumbnails import save_thumbnail
from msm.ingest.words import ANY_WORDS, WordChoice, WordReader, files_of_words
from msm.io.files import read_json, save_array, whole_folder, write_json

COPY_SHARE = 0.4  # of the work on a film whose copy is encoded anew, about; other copies take hardly any time
TELL_EVERY_S = 0.2  # wall-clock time between two reports of progress, each a chance to stop
BATCH = 16  # shots that an encoder sees at once
LONGEST_SOUND_S = 120.0  # of a longer shot an encoder hears twelve pieces, evenly spread
FILM = "film.mp4"  # in a staged folder
NO_PICTURES = np.zeros((0, 1, 1, 3), np.uint8)
NO_SOUND = np.zeros(0, np.float32)


@dataclass(frozen=True, kw_only=True)
class TitleJob:
    """All that one title is made from; a process of its own can be given it."""

    video: Path
    facts: TitleFacts
    subtitles: Path | None
    encoders: str
    media: bool
    folder: Path  # where the finished title appears
    cutting: Cutting = SHOTS
    given: tuple[GivenShot, ...] = ()  # shots of a list; the film is cut by `cutting` where there are none
    strict: bool = False
    source: Source | None = None  # which film the video is
    words: WordChoice = ANY_WORDS
    seconds: float = 0.0  # that its file declares
    compute: Compute = DEFAULT_COMPUTE

    @property
    def made_from(self) -> dict[str, Any]:
        """What must be the same for a finished title to be used again."""
        beside = files_of_words(self.video, self.subtitles, self.words.tracks.language)
        files = [self.video, *beside, self.video.with_suffix(".json")]
        stamps = [[printable(f.name), f.stat().st_size, f.stat().st_mtime_ns] for f in files if f.is_file()]
        choices = [
            self.source and self.source.hash,
            self.encoders,
            self.media,
            repr(self.facts),
            "" if self.cutting == SHOTS else repr(self.cutting),
            "" if not self.given else hashlib.sha256(repr(self.given).encode("utf-8", "replace")).hexdigest(),
            "" if self.words == ANY_WORDS else repr(self.words),
            *(["strict"] if self.strict else []),
            *([self.compute.dtype] if self.compute.dtype != DEFAULT_COMPUTE.dtype else []),
        ]
        return {"files": stamps, "choices": choices}


@dataclass(frozen=True)
class StagedTitle:
    """A finished title that waits to be put into a catalog."""

    folder: Path

    @property
    def about(self) -> dict[str, Any]:
        return read_json(self.folder / "title.json")

    @property
    def report(self) -> FilmReport:
        """What is reported of the film."""
        return check(FilmReport, self.about["report"], self.folder / "title.json")

    @property
    def vectors(self) -> np.ndarray:
        """(N, D) float32."""
        return np.load(self.folder / "vectors.npy", allow_pickle=False)

    @property
    def global_vector(self) -> np.ndarray | None:
        path = self.folder / "global.npy"
        return np.load(path, allow_pickle=False) if path.exists() else None

    @property
    def shots(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "shots.parquet")

    @property
    def thumbnails(self) -> list[Path]:
        """A picture of each shot, in order."""
        return [_thumbnail(self.folder, shot) for shot in range(len(self.shots))]

    @property
    def film(self) -> Path | None:
        """The copy that a browser plays; None where none was made."""
        path = self.folder / FILM
        return path if path.exists() else None

    def fits(self, job: TitleJob) -> bool:
        """Was it finished, and from the same files with the same choices?"""
        if not (self.folder / "title.json").is_file():
            return False
        try:
            about = self.about
        except InputError:  # damaged since: it is made again
            return False
        return (
            isinstance(about, dict)
            and "report" in about
            and bool(about["made_from"] == json.loads(json.dumps(job.made_from)))
        )


def encode_title(
    job: TitleJob, progress: Callable[[float], None] = lambda seconds: None, encoders: list[Encoder] | None = None
) -> StagedTitle:
    """Read a video and leave a finished title in `job.folder`; `progress` hears seconds of film done: read, and where a copy is
    kept that browsers play, written to it, which is COPY_SHARE of the work.

    encoders  those of the job, where they are loaded already

    Raises InputError that names the file, and leaves nothing behind.
    """
    read = (lambda seconds: progress((1 - COPY_SHARE) * seconds)) if job.media else progress
    report = FilmReport(video=printable(job.video), title_id=job.facts.title_id, warnings=[*job.facts.warnings])
    if encoders is None:
        with computing(job.compute):
            encoders = load_encoders(job.encoders)
    with (
        Film(job.video, job.words.tracks, strict=job.strict) as film,
        whole_folder(job.folder, replace=True) as folder,
    ):
        detector = job.cutting.make(1 / film.rate, job.given)
        reader = WordReader(job.video, job.subtitles, job.words, film.rate, film.subtitle_track)
        spool = SoundSpool(folder / ".sound")
        try:
            times, blocks = _look(film, encoders, folder, spool, reader, read, detector)
            words = reader.words(spool if film.has_sound else None, lambda: read(times[-1, 1]))
            text = text_of_shots(words.lines, times[:, 0], times[:, 1])
            end_s = float(times[-1, 1])
            report.frames, report.frames_skipped = film.frames, film.losses.frames
            for sentence in film.warnings:
                report.warn(sentence)
            words.tell(report, num_placed(words.lines, times[:, 0], times[:, 1]))
            for encoder in encoders:
                if encoder.modality != "video":
                    batches = _heard(
                        times, text, spool if encoder.modality == "audio" else None, getattr(encoder, "batch", BATCH)
                    )
                    blocks[encoder.modality] = _encoded(encoder, batches, lambda: read(times[-1, 1]))
        finally:
            spool.close()
            (folder / ".sound").unlink()
        vectors = np.concatenate([blocks[e.modality] for e in encoders], axis=1)
        _write(folder, job, encoders, vectors, _shot_table(job, film.chapters, times, text))
        if job.media:
            _save_film(job, film, folder, report, end_s, progress)
        report.shots, report.seconds = len(times), end_s
        _write_about(folder, job, encoders, report)
    return StagedTitle(job.folder)


def _save_film(
    job: TitleJob, film: Film, folder: Path, report: FilmReport, end_s: float, progress: Callable[[float], None]
) -> None:
    """Make the playable copy, and report what became of it; `progress` hears seconds of film done, up to end_s."""
    copied_s = 0.0

    def tell(written_s: float = 0.0) -> None:
        nonlocal copied_s  # of a copy that begins anew, what is told does not go back
        copied_s = max(copied_s, min(written_s, end_s))
        progress((1 - COPY_SHARE) * end_s + COPY_SHARE * copied_s)

    made = save_playable(
        job.video,
        folder / FILM,
        film.video_index,
        film.audio_index,
        zero_s=film.origin_s,
        damaged=bool(film.losses),
        heartbeat=tell,
        progress=tell,
    )
    progress(end_s)
    report.media = made.kind
    if made.warning:
        report.warn(made.warning)


def _encoded(encoder: Encoder, batches: Iterator[list[ShotInput]], heartbeat: Callable[[], None]) -> np.ndarray:
    """(N, dim); after each batch there is a heartbeat, which may raise to stop."""
    blocks = []
    for batch in batches:
        blocks.append(encode(encoder, batch))
        heartbeat()
    return np.concatenate(blocks)


def _look(
    film: Film,
    encoders: list[Encoder],
    folder: Path,
    spool: SoundSpool,
    reader: WordReader,
    progress: Callable[[float], None],
    detector: Detector,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The one pass over a film: (N, 2) times of shots and, where video is encoded, its block of columns.

    Thumbnails are written, sound is spooled, and the reader of words hears the subtitles inside the film.
    """
    _thumbnail(folder, 0).parent.mkdir()
    encoder = next((e for e in encoders if e.modality == "video"), None)
    times: list[tuple[float, float]] = []
    vectors: list[np.ndarray] = []
    pictures = _told(film.pictures(spool.write, reader.hear), progress)
    for batch in _batches(cut_film(film, pictures, detector)):
        for shot in batch:
            save_thumbnail(shot.pictures, _thumbnail(folder, len(times)))
            times.append((shot.start_s, shot.end_s))
        if encoder is not None:
            vectors.append(encode(encoder, [_seen(shot) for shot in batch]))
    if not times:
        raise InputError(f"{film.path} ends before the shots of its list begin")
    progress(times[-1][1])
    return np.array(times), {"video": np.concatenate(vectors)} if vectors else {}


def _thumbnail(folder: Path, shot: int) -> Path:
    return folder / "thumbnails" / f"{shot}.webp"


def _told(pictures: Iterator[Picture], progress: Callable[[float], None]) -> Iterator[Picture]:
    """The same pictures; `progress` hears a few times a second how far they are."""
    reported_at = 0.0
    for picture in pictures:
        if time.monotonic() - reported_at > TELL_EVERY_S:
            reported_at = time.monotonic()
            progress(picture.time_s)
        yield picture


def _batches(shots: Iterator[CutShot]) -> Iterator[list[CutShot]]:
    batch: list[CutShot] = []
    for shot in shots:
        batch.append(shot)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _seen(shot: CutShot) -> ShotInput:
    return ShotInput(
        start_s=shot.start_s,
        end_s=shot.end_s,
        pictures=shot.pictures,
        motion=shot.motion,
        changes=shot.changes,
        sound=NO_SOUND,
    )


def _heard(
    times: np.ndarray, text: list[str], spool: SoundSpool | None, size: int = BATCH
) -> Iterator[list[ShotInput]]:
    """Batches of shots with their words, and with their sound where a spool is given."""
    for first in range(0, len(times), size):
        yield [
            ShotInput(
                start_s=start,
                end_s=end,
                pictures=NO_PICTURES,
                motion=np.zeros((18, 32), np.float32),
                changes=np.zeros(16, np.float32),
                sound=_sound(spool, start, end) if spool else NO_SOUND,
                text=words,
            )
            for (start, end), words in zip(
                times[first : first + size].tolist(), text[first : first + size], strict=True
            )
        ]


def _sound(spool: SoundSpool, start_s: float, end_s: float) -> np.ndarray:
    if end_s - start_s <= LONGEST_SOUND_S:
        return spool.read(start_s, end_s)
    piece_s = LONGEST_SOUND_S / 12
    starts = np.linspace(start_s, end_s - piece_s, 12)
    return np.concatenate([spool.read(s, s + piece_s) for s in starts])


def _shot_table(job: TitleJob, chapters: Sequence[Chapter], times: np.ndarray, text: list[str]) -> pd.DataFrame:
    """Times, words, and labels: of a list of shots, else of the sidecar, else of the film's chapters."""
    table = pd.DataFrame({"start_s": times[:, 0], "end_s": times[:, 1], "text": text})
    listed = [{**shot.labels, "start_s": shot.start_s, "end_s": shot.end_s} for shot in job.given]
    for spans in (listed, job.facts.shots, spans_of_chapters(chapters)):
        labels = labels_of_shots(spans, times[:, 0], times[:, 1])
        table = table.join(labels[[name for name in labels if name not in table]])
    return table


def _write(folder: Path, job: TitleJob, encoders: list[Encoder], vectors: np.ndarray, shots: pd.DataFrame) -> None:
    for shot in np.flatnonzero(~vectors.any(axis=1)):
        raise InputError(f"{job.video}: shot {shot} has no modality that {job.encoders} encodes")
    save_array(folder / "vectors.npy", vectors)
    shots.to_parquet(folder / "shots.parquet")
    words = next((e for e in encoders if e.modality == "text"), None)
    if words is not None and job.facts.description:
        save_array(folder / "global.npy", encode_texts(words, [job.facts.description])[0])


def _write_about(folder: Path, job: TitleJob, encoders: list[Encoder], report: FilmReport) -> None:
    blocks = [{"modality": e.modality, "name": e.name, "dim": e.dim} for e in encoders]
    about = {"made_from": job.made_from, "encoders": blocks, "report": report.as_dict()}
    write_json(folder / "title.json", about)
