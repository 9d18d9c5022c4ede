"""Which film a file is: its source columns in titles.parquet, and the id of the title that it is or becomes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from msm.data.names import slug_of
from msm.data.schema import SOURCE_COLUMNS
from msm.errors import InputError, printable

PIECE = 2**20  # bytes that are read at the beginning, in the middle and at the end of a file
LONGEST_ID = 60  # letters of an id that is made from a name
TAIL = 19  # of them for the end of a longer name


@dataclass(frozen=True, kw_only=True)
class Source:
    """The file that a title was made from.

    path   as it was given; bytes that are no UTF-8 are written as \\xNN
    size   bytes
    mtime  seconds since 1970
    hash   32 hex digits of its size and of the first, the middle and the last MiB
    place  16 hex digits of its absolute path, which the catalog does not tell
    """

    path: str
    size: int
    mtime: float
    hash: str
    place: str

    @classmethod
    def of(cls, video: Path) -> Source:
        """Read at most three MiB of a file; InputError that names it where it cannot be read."""
        try:
            stat = video.stat()
            content = _hash_of(video, stat.st_size)
        except OSError as error:
            raise InputError(f"{video} cannot be read: {error.strerror or error}") from None
        place = hashlib.blake2b(os.fsencode(video.resolve()), digest_size=8).hexdigest()
        return cls(path=printable(video), size=stat.st_size, mtime=stat.st_mtime, hash=content, place=place)

    @property
    def columns(self) -> dict[str, Any]:
        """Its columns of titles.parquet."""
        return dict(zip(SOURCE_COLUMNS, (self.path, self.size, self.mtime, self.hash, self.place), strict=True))


def _hash_of(video: Path, size: int) -> str:
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    with open(video, "rb") as file:
        if size <= 3 * PIECE:
            digest.update(file.read())
        else:
            for start in (0, (size - PIECE) // 2, size - PIECE):
                file.seek(start)
                digest.update(file.read(PIECE))
    return digest.hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What is to be done with a film.

    action  add, replace or skip
    name    for people, where nobody gave one: the file's, with its folders where the id has them
    why     a sentence for a film that is skipped
    """

    action: str
    title_id: str
    name: str = ""
    why: str = ""


class Register:
    """The titles of a catalog and of the ingest so far: finds the title that a film is, else gives it an id.

    titles    titles.parquet of the catalog, None where there is none
    reserved  ids that films of this ingest ask for by name
    """

    def __init__(self, titles: pd.DataFrame | None = None, reserved: Iterable[str] = ()):
        self._former = {} if titles is None else {str(row["title_id"]): row for row in titles.to_dict("records")}
        self._reserved = set(reserved)
        self._by_hash: dict[str, str] = {}
        self._by_place: dict[str, str] = {}
        self._now: dict[str, tuple[Path, Source]] = {}  # what this ingest makes
        for title_id, row in self._former.items():
            if _has_source(row):
                self._by_hash.setdefault(row["source_hash"], title_id)
                self._by_place.setdefault(row["source_place"], title_id)

    def decide(self, video: Path, source: Source, wanted: str, *, replace: bool) -> Verdict:
        """Add, replace or skip a film, and under which id.

        wanted   the id that somebody gave, "" where nobody did
        replace  make titles anew that the catalog has already
        Raises InputError where the id that was given belongs to another film.
        """
        twin = next((t for t, (_, s) in self._now.items() if source.hash == s.hash), None)
        if twin is not None:
            return Verdict("skip", twin, why=f"the same film as {self._now[twin][0]}, title {twin!r}")
        known = self._known(source)
        verdict = self._by_name(video, wanted, known, replace) if wanted else self._by_itself(video, known, replace)
        if verdict.action != "skip":
            self._now[verdict.title_id] = video, source
        return verdict

    def withdraw(self, title_id: str) -> None:
        """Forget a film of this ingest that turned out to be unreadable."""
        self._now.pop(title_id, None)

    def _known(self, source: Source) -> str | None:
        """The title that a film is: the same content wherever it lies, else the same place whatever it holds."""
        for title_id in (self._by_hash.get(source.hash), self._by_place.get(source.place)):
            if title_id is not None and title_id not in self._now:
                return title_id
        return None

    def _by_name(self, video: Path, wanted: str, known: str | None, replace: bool) -> Verdict:
        if wanted in self._now:
            raise InputError(f"{video} and {self._now[wanted][0]} would both be title {wanted!r}")
        if wanted in self._former and (replace or known == wanted or not _has_source(self._former[wanted])):
            return self._again(video, wanted, replace)
        if known is not None and not replace:
            return self._again(video, known, replace)
        if known is not None:
            raise InputError(f"{video} is title {known!r} already; replace it under that id")
        if wanted in self._former:
            other = self._former[wanted]["source"]
            raise InputError(f"{video}: title {wanted!r} is another film, {other}; choose another id, or --replace it")
        return Verdict("add", wanted, video.stem)

    def _by_itself(self, video: Path, known: str | None, replace: bool) -> Verdict:
        first = slug_of(video.stem)[:LONGEST_ID].strip("-")
        if known is None and first in self._former and not _has_source(self._former[first]) and first not in self._now:
            known = first  # the catalog does not say which film it is: as ever, the name decides
        if known is not None:
            return self._again(video, known, replace)
        taken = self._former.keys() | self._now.keys() | self._reserved
        title_id, name = next(pair for pair in self._ids(video, first) if pair[0] not in taken)
        return Verdict("add", title_id, name)

    def _again(self, video: Path, title_id: str, replace: bool) -> Verdict:
        name = str(self._former[title_id]["name"])
        if replace:
            return Verdict("replace", title_id, name)
        return Verdict("skip", title_id, name, f"{video}: there already as title {title_id!r}; --replace makes it anew")

    def _ids(self, video: Path, first: str) -> Iterator[tuple[str, str]]:
        """Ids that a film may have, each with a name, the best first: its file's, a long one's both ends, its folders'."""
        yield first, video.stem
        whole = slug_of(video.stem)
        if whole != self._whole_name(first):  # another name, cut to the same letters
            yield _shortened(whole), video.stem
        names = [video.stem]
        for folder in video.absolute().parents:
            if folder.name:
                names.insert(0, folder.name)
                yield _shortened(slug_of(" ".join(names))), " / ".join(names)
        for number in range(2, 2**31):
            yield f"{first[: LONGEST_ID - 11]}-{number}", video.stem

    def _whole_name(self, title_id: str) -> str:
        """The name, as an id of any length, of the film whose title this is."""
        if title_id in self._now:
            return slug_of(self._now[title_id][0].stem)
        row = self._former.get(title_id, {})
        return slug_of(Path(row["source"]).stem) if _has_source(row) else title_id


def _has_source(row: Mapping[str, Any]) -> bool:
    """False for titles of older catalogs and for titles that were imported."""
    return all(isinstance(row.get(column), str) for column in ("source", "source_hash", "source_place"))


def _shortened(slug: str) -> str:
    """An id whose middle is left out where it is too long, as names of a series differ at the end."""
    if len(slug) <= LONGEST_ID:
        return slug
    return f"{slug[: LONGEST_ID - TAIL - 1].strip('-')}-{slug[-TAIL:].strip('-')}"
