"""What an ingest will do with each film, decided before any of them is decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from msm.data.catalog import Catalog
from msm.errors import InputError, printable
from msm.ingest.decoding import Film
from msm.ingest.identity import Register, Source
from msm.ingest.metadata import TitleFacts, facts_of
from msm.ingest.report import unreadable
from msm.ingest.shot_lists import GivenShot, read_shot_list
from msm.ingest.tracks import ANY_TRACKS, TrackChoice
from msm.ingest.words import files_of_words


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A film that is asked for, with what is known of it besides its own files.

    named_in  the file and the line that name it, with a colon, for messages
    """

    video: Path
    facts: TitleFacts | None = None
    subtitles: Path | None = None
    shots: Path | None = None
    named_in: str = ""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What is to be done with a film.

    action   add, replace, skip or refuse
    facts    of the title; with its id unless the film is refused
    source   of a film that is added or replaced
    seconds  that its file declares
    words    the subtitles that are tried first; empty where there are none
    shots    of a list that was given
    why      a sentence for a film that is skipped or refused
    """

    wanted: Wanted
    action: str
    facts: TitleFacts
    source: Source | None = None
    seconds: float = 0.0
    words: str = ""
    shots: tuple[GivenShot, ...] = ()
    why: str = ""

    @property
    def is_made(self) -> bool:
        """Is a title made from it?"""
        return self.action in ("add", "replace")


def plan_films(
    films: Sequence[Wanted], former: Catalog | None, *, replace_titles: bool, tracks: TrackChoice = ANY_TRACKS
) -> Iterator[Planned]:
    """One plan for each film, in order. Reads sidecars, up to three MiB of each file, and what it declares.

    former          the catalog that they join, if there is one
    replace_titles  make titles anew that it has already
    tracks          of the files that are to be read
    """
    facts = [_facts_or_error(film) for film in films]
    asked_for = [f.title_id for f in facts if isinstance(f, TitleFacts) and f.title_id]
    register = Register(former.titles if former is not None else None, asked_for)
    for film, found in zip(films, facts, strict=True):
        try:
            if isinstance(found, InputError):
                raise found
            yield _plan(film, found, register, replace_titles, tracks)
        except InputError as error:
            yield Planned(wanted=film, action="refuse", facts=TitleFacts(), why=f"{film.named_in}{error}")
        except Exception as error:  # whatever it is, it is about this film
            yield Planned(wanted=film, action="refuse", facts=TitleFacts(), why=str(unreadable(film.video, error)))


def _facts_or_error(film: Wanted) -> TitleFacts | InputError:
    try:
        return facts_of(film.video, film.facts)
    except InputError as error:
        return error


def _plan(film: Wanted, facts: TitleFacts, register: Register, replace_titles: bool, tracks: TrackChoice) -> Planned:
    if not film.video.is_file():
        Film(film.video).close()  # raises with what it is instead
    source = Source.of(film.video)
    verdict = register.decide(film.video, source, facts.title_id, replace=replace_titles)
    facts = replace(facts, title_id=verdict.title_id, name=facts.name or printable(verdict.name))
    if verdict.action == "skip":
        return Planned(wanted=film, action="skip", facts=facts, why=verdict.why)
    try:
        return _made(film, Planned(wanted=film, action=verdict.action, facts=facts, source=source), tracks)
    except Exception:
        register.withdraw(verdict.title_id)  # the next film of that name may have it
        raise


def _made(film: Wanted, plan: Planned, tracks: TrackChoice) -> Planned:
    """The plan of a film whose file was opened, and whose list of shots was read."""
    if film.subtitles is not None and not film.subtitles.is_file():
        raise InputError(f"{film.subtitles} is missing")
    with Film(film.video, tracks) as opened:
        beside = files_of_words(film.video, film.subtitles, tracks.language)
        words = printable(beside[0]) if beside else "inside the file" if opened.has_words else ""
        listed = read_shot_list(film.shots, opened.rate, opened.duration_s) if film.shots else []
        return replace(plan, seconds=opened.duration_s, words=words, shots=tuple(listed))
