"""Which subtitle files belong to a film, by the names that players know, and in which order they are taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msm.ingest.languages import BY_NAME, code_of, language_of, same_language
from msm.ingest.library import VIDEO_SUFFIXES

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa", ".sbv", ".ttml", ".dfxp", ".smi", ".sami", ".sub")
FOLDERS = ("subs", "sub", "subtitles")
HEARING_IMPAIRED = frozenset(["sdh", "hi", "cc", "hoh", "hearingimpaired"])
PARTIAL = frozenset(["forced", "foreign", "signs", "songs", "commentary", "comment", "comments", "narrative"])
OTHER = frozenset(
    [
        "default",
        "full",
        "dialogue",
        "dialog",
        "original",
        "orig",
        "auto",
        "asr",
        "utf8",
        "utf-8",
        "sub",
        "subs",
        "subtitle",
        "subtitles",
        "captions",
    ]
)
FLAGS = HEARING_IMPAIRED | PARTIAL | OTHER


@dataclass(frozen=True)
class Sidecar:
    """A subtitle file that belongs to a film.

    language          a code, empty where the name has none
    partial           forced, signs, or a commentary: not all that is said
    hearing_impaired  sounds are described too
    exact             everything in its name is known
    """

    path: Path
    language: str = ""
    partial: bool = False
    hearing_impaired: bool = False
    exact: bool = True


def sidecars_of(video: Path, language: str | None = None) -> list[Sidecar]:
    """The subtitles beside a film, or in a folder `Subs` beside it, the best first.

    Dialogue before forced subtitles and commentaries; then `language`, no language in the name, English, others;
    then those without descriptions of sounds; then by suffix and name.
    """
    return sorted(_found(video), key=lambda sidecar: _order(sidecar, language))


def sidecar_subtitles(video: Path, language: str | None = None) -> Path | None:
    """The first of `sidecars_of`; None where there is none."""
    return next((sidecar.path for sidecar in sidecars_of(video, language)), None)


def language_rank(language: str, wanted: str | None) -> int:
    """0 for the wanted language, 1 for an unknown one, 2 for English, 3 for others."""
    return 0 if wanted and same_language(language, wanted) else 1 if not language else 2 if language == "en" else 3


def _order(sidecar: Sidecar, language: str | None) -> tuple[object, ...]:
    return (
        sidecar.partial,
        not sidecar.exact,
        language_rank(sidecar.language, language),
        sidecar.hearing_impaired,
        SUFFIXES.index(sidecar.path.suffix.lower()),
        sidecar.path.name,
    )


def _found(video: Path) -> Iterator[Sidecar]:
    stem, others = _plain(video.stem), []
    beside = _files(video.parent)
    for path in beside:
        if path.suffix.lower() in VIDEO_SUFFIXES and _plain(path.stem) != stem:
            others.append(_plain(path.stem))
    for path in beside:
        yield from _if_named_after(path, stem, others, _plain(video.suffix))
    for folder in _folders(video.parent):
        for path in _files(folder):
            yield from _if_named_after(path, stem, others, _plain(video.suffix))
            if not others and path.suffix.lower() in SUFFIXES and not _plain(path.stem).startswith(stem):
                yield from _with_tags(path, re.sub(r"^\d+[._ -]*", "", _plain(path.stem)))
        for inner in _folders(folder, stem):
            for path in _files(inner):
                if path.suffix.lower() in SUFFIXES:
                    yield from _with_tags(path, re.sub(r"^\d+[._ -]*", "", _plain(path.stem).removeprefix(stem)))


def _if_named_after(path: Path, stem: str, others: list[str], suffix: str) -> Iterator[Sidecar]:
    name = _plain(path.stem)
    if path.suffix.lower() not in SUFFIXES or not name.startswith(stem):
        return
    if path.suffix.lower() == ".sub" and path.with_suffix(".idx").exists():
        return  # pictures of VobSub
    if any(len(other) > len(stem) and _is_of(name, other) for other in others):
        return  # film.part2.srt belongs to film.part2.mp4
    yield from _with_tags(path, name[len(stem) :].removeprefix(suffix), after_stem=True)  # film.mp4.srt too


def _is_of(name: str, stem: str) -> bool:
    return name == stem or (name.startswith(stem) and not name[len(stem)].isalnum())


def _with_tags(path: Path, rest: str, *, after_stem: bool = False) -> Iterator[Sidecar]:
    """The sidecar, if what follows the film's name are languages and flags, or after a dot a word without digits."""
    if after_stem and rest and rest[0].isalnum():
        return
    tags = _tags(rest)
    languages = [tag for tag in tags if _is_language(tag) and tag not in FLAGS]
    unknown = [tag for tag in tags if tag not in FLAGS and tag not in languages]
    if languages:
        unknown = [tag for tag in unknown if not re.fullmatch(r"\d{1,2}|track\d+", tag)]
    if any(not re.fullmatch(r"[^\W\d_]{1,20}", tag) for tag in unknown) or (unknown and not rest.startswith(".")):
        return
    hindi = "hi" in tags and not languages  # hi is both: after a language, a flag
    yield Sidecar(
        path,
        language="hi" if hindi else code_of(languages[0]) if languages else "",
        partial=not PARTIAL.isdisjoint(tags),
        hearing_impaired=not HEARING_IMPAIRED.isdisjoint(tags) and not hindi,
        exact=not unknown,
    )


def _tags(rest: str) -> list[str]:
    """The words of a name's end; a language with its region is one."""
    joined = re.sub(r"(?<![a-z])([a-z]{2,3})[-_]([a-z]{2}|hans|hant|419)(?![a-z0-9])", r"\1~\2", rest)
    joined = joined.replace("simplified chinese", "chs").replace("traditional chinese", "cht")
    joined = joined.replace("chinese simplified", "chs").replace("chinese traditional", "cht")
    parts = re.split(r"[\s._()\[\]{}+,&-]+", joined)
    return [tag for part in parts if part for tag in _region(part)]


def _region(part: str) -> list[str]:
    code, _, region = part.partition("~")
    if not region:
        return [part]
    return [code, region] if region in FLAGS or code in FLAGS or language_of(code) is None else [f"{code}-{region}"]


def _is_language(tag: str) -> bool:
    return tag in BY_NAME or language_of(tag) is not None or re.fullmatch(r"[a-z]{3}", tag) is not None


def _plain(name: str) -> str:
    """The same for names that look the same: composed and decomposed letters, capitals and small ones."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError:
        return []


def _folders(folder: Path, *names: str) -> list[Path]:
    try:
        return [path for path in sorted(folder.iterdir()) if path.is_dir() and _plain(path.name) in (names or FOLDERS)]
    except OSError:
        return []
