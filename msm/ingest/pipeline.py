"""Video files become titles of a catalog: what is asked for, what is there already, and what is left to do.

A title that is finished waits in a hidden folder beside the catalog, so an ingest that was stopped or killed
goes on at the next title; the catalog itself changes once, at the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from msm.data.catalog import Catalog
from msm.errors import FULL, FullDiskError, InputError
from msm.ingest.catalog_update import broken_titles, check_fits, update_catalog
from msm.ingest.cluster import encode_on_ray
from msm.ingest.compute import DEFAULT_COMPUTE, Compute, computing
from msm.ingest.cutting import Cutting
from msm.ingest.detector import DEFAULT
from msm.ingest.dry_run import DryRun
from msm.ingest.encode_title import StagedTitle, TitleJob
from msm.ingest.encoder import Encoder, default_choice, load_encoders, places_of
from msm.ingest.encoder_places import read_places
from msm.ingest.library import find_videos
from msm.ingest.manifest import read_manifest
from msm.ingest.metadata import TitleFacts
from msm.ingest.planning import Planned, Wanted, plan_films
from msm.ingest.report import IngestReport
from msm.ingest.tracks import TrackChoice
from msm.ingest.words import WordChoice
from msm.ingest.workers import READING, Outcome, encode_titles
from msm.io.files import naming_full_disk, remove_leftovers
from msm.io.locks import lock_file


@dataclass(frozen=True, kw_only=True)
class IngestOptions:
    """Every choice of one ingest.

    encoders          as `load_encoders` takes them; empty for those of the catalog, or `descriptors` for a new one
    compute           device, number type and batch size of encoders of model hubs
    facts, subtitles  of the title; only where there is a single video
    manifest          a CSV file or JSON lines that name further videos and their facts
    workers           videos that are read at the same time; None is one here, and one a core on a Ray cluster
    ray               the address of a Ray cluster, or "local", where titles are made
    replace           titles that the catalog has already are made anew, instead of skipped
    seed              deals out the titles that have no split
    detector          of shots, one of the files in `detectors/`
    detector_weights  of a detector that needs them
    threshold         of the detector; None is its default
    min_shot          seconds that a detected shot lasts at least; None is a quarter of a second
    segments          seconds of a segment, which are cut instead of shots
    shots             a list of shots that exist already; only where there is a single video
    language          of sound and subtitles, a code or a name: preferred where there are several
    audio_track, subtitle_track  numbers, from 1, of the tracks to read
    subtitles_encoding  of subtitle files, instead of the one found
    transcribe        a speech recogniser of transformers, a folder or a hub name, for films without other words
    strict            a film is refused at the first error in its file, instead of reading what can be read
    """

    encoders: str = ""
    compute: Compute = DEFAULT_COMPUTE
    detector: str = DEFAULT
    detector_weights: Path | None = None
    threshold: float | None = None
    min_shot: float | None = None
    segments: float | None = None
    shots: Path | None = None
    subtitles: Path | None = None
    facts: TitleFacts | None = None
    manifest: Path | None = None
    media: bool = True
    workers: int | None = None
    ray: str | None = None
    replace: bool = False
    strict: bool = False
    seed: int = 0
    language: str = ""
    audio_track: int | None = None
    subtitle_track: int | None = None
    subtitles_encoding: str = ""
    transcribe: str = ""

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers is {self.workers}, but must be at least 1")
        if self.shots is not None:
            self.cutting.refuse_with("--shots")
        if self.subtitles is not None and self.subtitle_track is not None:
            raise InputError("--subtitles and --subtitle-track cannot be given together")
        _ = self.cutting, self.words  # checked here

    @property
    def cutting(self) -> Cutting:
        """How films are cut that no list of shots is given for."""
        return Cutting(
            detector=self.detector,
            weights=self.detector_weights and Path(self.detector_weights).absolute(),
            threshold=self.threshold,
            min_shot_s=self.min_shot,
            segments_s=self.segments,
        )

    @property
    def words(self) -> WordChoice:
        """The choices about words; InputError for an unknown encoding."""
        tracks = TrackChoice(language=self.language, audio_track=self.audio_track, subtitle_track=self.subtitle_track)
        return WordChoice(tracks=tracks, encoding=self.subtitles_encoding, transcribe=self.transcribe)


def ingest(
    videos: Sequence[str | Path],
    catalog: str | Path,
    options: IngestOptions | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    planning: Callable[[int, int], None] = lambda done, total: None,
) -> IngestReport:
    """Put videos into a catalog, which is made where there is none; `progress` hears seconds of film done, and in all.

    Before that every file is opened to see what it is: `planning` hears how many of them, and of how many.

    A video that cannot be read is named in the report, and the others are ingested. Raises InputError for
    what concerns them all: a folder that is no catalog, unknown encoders, an ingest that runs already.
    """
    options, path = options or IngestOptions(), Path(catalog)
    films, left_out = _wanted(videos, options)
    options = _with_encoders(options, path)
    encoders = _encoders(options)
    options.words.load()
    options.cutting.make()  # wrong weights are refused before any film is read
    former = _former(path, encoders)
    report = IngestReport(left_out=left_out)
    with naming_full_disk(path), _staging(path) as staging:
        plans = _plans(films, former, options, planning)
        jobs = _jobs(plans, staging, options, report)
        seconds = sum(p.seconds for p in plans)
        progress(0, max(1, round(seconds)))
        finished = _finish(jobs, options, _summed(progress, seconds), report)
        report.sort([p.wanted.video for p in plans])
        if finished:
            _put_in(path, former, finished, encoders, report, options)
        for _, staged in finished.values():
            shutil.rmtree(staged.folder)
    return report


def plan(
    videos: Sequence[str | Path],
    catalog: str | Path,
    options: IngestOptions | None = None,
    planning: Callable[[int, int], None] = lambda done, total: None,
) -> DryRun:
    """What `ingest` would do with each film, and as there `planning`. Writes nothing; the same errors are raised."""
    options = options or IngestOptions()
    films, notes = _wanted(videos, options)
    options = _with_encoders(options, Path(catalog))
    former = _former(Path(catalog), _encoders(options))
    return DryRun(_plans(films, former, options, planning), notes)


def _plans(
    films: Sequence[Wanted], former: Catalog | None, options: IngestOptions, planning: Callable[[int, int], None]
) -> list[Planned]:
    plans = []
    planning(0, len(films))
    for found in plan_films(films, former, replace_titles=options.replace, tracks=options.words.tracks):
        plans.append(found)
        planning(len(plans), len(films))
    return plans


def _wanted(videos: Sequence[str | Path], options: IngestOptions) -> tuple[list[Wanted], list[str]]:
    """The films of folders, files and a manifest, and a sentence for each file of a folder that was left out."""
    found = find_videos([Path(v) for v in videos])
    films = [
        Wanted(video=p, facts=options.facts, subtitles=options.subtitles, shots=options.shots) for p in found.videos
    ]
    if len(films) != 1 and any(given is not None for given in (options.subtitles, options.shots, options.facts)):
        raise InputError("subtitles, shots, a name and other facts of a title can be given for one video at a time")
    if options.manifest is not None:
        films += read_manifest(options.manifest)
    if not films:
        raise InputError("no film is named; give videos or folders and then the catalog, or --manifest FILE")
    return films, found.notes


def _with_encoders(options: IngestOptions, catalog: Path) -> IngestOptions:
    """The options with encoders: those that were chosen, else those that made the catalog, else the default."""
    if options.encoders:
        return options
    made_by = [m.encoder for m in Catalog.open(catalog).modalities] if (catalog / "catalog.json").is_file() else []
    return replace(options, encoders=default_choice(made_by, read_places(catalog)))


def _encoders(options: IngestOptions) -> list[Encoder]:
    with computing(options.compute):
        return load_encoders(options.encoders)


def _former(path: Path, encoders: Sequence[Encoder]) -> Catalog | None:
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return None
    if not (path / "catalog.json").exists():
        raise InputError(f"{path} exists and is no catalog; choose another name")
    former = Catalog.open(path)
    check_fits(former, encoders)
    return former


@contextmanager
def _staging(catalog: Path) -> Iterator[Path]:
    """The hidden folder beside a catalog, held by one ingest at a time; an empty one is removed again."""
    folder = catalog.absolute().parent / f".{catalog.absolute().name}.ingest"
    folder.mkdir(parents=True, exist_ok=True)
    with lock_file(folder / ".lock", or_else=f"another msm ingest is writing {catalog}"):
        for left in folder.glob(".*.tmp-*"):  # whoever wrote them held the lock, and is gone
            shutil.rmtree(left, ignore_errors=True)
        remove_leftovers(catalog.parent, catalog.name)  # here, as there may be nothing left to write
        try:
            yield folder
        finally:
            for left in folder.glob(".*.tmp-*"):  # of a process that was killed; all have ended by now
                shutil.rmtree(left, ignore_errors=True)
            for mark in folder.glob(f"{READING}*"):
                mark.unlink(missing_ok=True)
            if folder.exists() and not any(p.name != ".lock" for p in folder.iterdir()):
                shutil.rmtree(folder)


def _jobs(plans: Iterable[Planned], staging: Path, options: IngestOptions, report: IngestReport) -> list[TitleJob]:
    """What is to be made; what can't be, or need not be, goes to the report."""
    jobs = []
    for plan in plans:
        if plan.action == "refuse":
            report.fail(plan.wanted.video, plan.why)
        elif plan.action == "skip":
            report.skip(plan.wanted.video, plan.facts.title_id, plan.why)
        else:
            jobs.append(_job(plan, staging, options))
    return jobs


def _job(plan: Planned, staging: Path, options: IngestOptions) -> TitleJob:
    return TitleJob(
        video=plan.wanted.video,
        facts=plan.facts,
        source=plan.source,
        subtitles=plan.wanted.subtitles,
        encoders=options.encoders,
        compute=options.compute,
        media=options.media,
        cutting=options.cutting,
        given=plan.shots,
        words=options.words,
        strict=options.strict,
        seconds=plan.seconds,
        folder=staging.absolute() / plan.facts.title_id,
    )


def _finish(
    jobs: Sequence[TitleJob], options: IngestOptions, progress: Callable[[str, float], None], report: IngestReport
) -> dict[str, tuple[TitleJob, StagedTitle]]:
    """All jobs' titles in the order of the jobs, those that an earlier ingest finished among them."""
    made = {job.facts.title_id: StagedTitle(job.folder) for job in jobs if StagedTitle(job.folder).fits(job)}
    left = [job for job in jobs if job.facts.title_id not in made]
    for job, outcome in _made(left, options, progress):
        if isinstance(outcome, InputError):
            report.fail(job.video, str(outcome), job.facts.title_id)
        else:
            made[job.facts.title_id] = outcome
    finished = {job.facts.title_id: (job, made[job.facts.title_id]) for job in jobs if job.facts.title_id in made}
    for job, staged in finished.values():
        report.add(job.video, staged.report)
    return finished


def _made(
    jobs: Sequence[TitleJob], options: IngestOptions, progress: Callable[[str, float], None]
) -> Iterator[Outcome]:
    if options.ray is not None:
        return encode_on_ray(jobs, options.ray, options.workers, progress)
    return encode_titles(jobs, options.workers or 1, progress)


def _put_in(
    path: Path,
    former: Catalog | None,
    finished: Mapping[str, tuple[TitleJob, StagedTitle]],
    encoders: Sequence[Encoder],
    report: IngestReport,
    options: IngestOptions,
) -> None:
    """Write the catalog; a title that breaks a rule of the format by itself is reported as failed, and left out."""
    with computing(options.compute):
        places = places_of(options.encoders)
    try:
        update_catalog(path, former, finished, encoders, report, options.seed, options.cutting, places)
    except Exception as error:
        if isinstance(error, FullDiskError) or (isinstance(error, OSError) and error.errno in FULL):
            raise
        broken = broken_titles(former, finished, encoders)
        if not broken:
            raise
        for title_id, problem in broken.items():
            report.refuse(finished[title_id][0].video, problem)
        if sound := {title_id: pair for title_id, pair in finished.items() if title_id not in broken}:
            update_catalog(path, former, sound, encoders, report, options.seed, options.cutting, places)


def _summed(progress: Callable[[int, int], None], total_s: float) -> Callable[[str, float], None]:
    done: dict[str, float] = {}

    def tell(title_id: str, seconds: float) -> None:
        done[title_id] = seconds
        progress(round(sum(done.values())), max(1, round(total_s)))

    return tell
