"""Where a source lies: on a local disk or in any file system that fsspec knows (s3://, gs://, hf://, memory:// …).

Where the package that fsspec needs for s3:// or gs:// is missing, pyarrow's own client of these stores is used, which finds credentials
in the same places.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import fsspec

from msm.errors import InputError

IN_ARROW = ("s3://", "gs://")
IN_BUCKETS = ("s3://", "gs://", "gcs://")
GLOB = re.compile(r"[*?\[]")
DENIED = re.compile(  # by the words of pyarrow, botocore, gcsfs and aiohttp
    r"ACCESS_DENIED|AccessDenied|INVALID_ACCESS_KEY|InvalidAccessKey|INVALID_CLIENT_TOKEN|INVALID_SIGNATURE|SignatureDoesNotMatch|PermissionError|"
    r"Permission denied|Forbidden|Unauthorized|\b40[13]\b"
)
NO_BUCKET = re.compile(r"NO_SUCH_BUCKET|NoSuchBucket|specified bucket does not exist")
SILENT = re.compile(
    r"NETWORK_CONNECTION|REQUEST_TIMEOUT|ConnectionError|ConnectTimeout|EndpointConnection|ClientConnector|TimeoutError|Connection refused|Could not connect|"
    r"Could ?n.t resolve|Name or service not known|getaddrinfo"
)


@dataclass(frozen=True)
class Location:
    """A file or folder. `fs` is its fsspec file system, with the credentials that it finds by itself."""

    fs: Any
    path: str

    def __str__(self) -> str:
        """The address as a user writes it; of a local file its path."""
        return self.path if self.is_local else str(self.fs.unstrip_protocol(self.path))

    @property
    def is_local(self) -> bool:
        return "file" in _protocols(self.fs)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rstrip("/").rsplit("/", 1)[-1]

    @property
    def suffix(self) -> str:
        return Path(self.name).suffix

    def exists(self) -> bool:
        return bool(self.fs.exists(self.path))

    def is_dir(self) -> bool:
        return bool(self.fs.isdir(self.path))

    def files(self) -> list[Location]:
        """The file itself, or all files below a folder but hidden ones and those that start with _, in natural order. InputError where
        a part of the folder cannot be listed."""
        if not self.is_dir():
            return [self]
        try:
            found = [self._found(str(path)) for path in _files_below(self.fs, self.path)]
        except Exception as error:  # each file system has exceptions of its own
            raise InputError(f"{self} cannot be listed: {reason(error, remote=not self.is_local)}") from None
        kept = [f for f in found if not re.search(r"(^|/)[._]", f.below(self))]
        return sorted(kept, key=lambda f: _natural(f.path))

    def _found(self, path: str) -> Location:
        """A file below this folder; on a local disk its path begins as the folder's was given."""
        if self.is_local:
            path = str(Path(self.path) / Path(path).relative_to(Path(self.path).absolute()))
        return Location(self.fs, path)

    def below(self, folder: Location) -> str:
        """The path relative to a folder above it."""
        return self.path[len(folder.path) :].lstrip("/")

    def child(self, name: str) -> Location:
        return Location(self.fs, f"{self.path.rstrip('/')}/{name}")

    def open(self) -> BinaryIO:
        """The file for reading, with seek."""
        opened: BinaryIO = self.fs.open(self.path, "rb")
        return opened


def locate(source: str | Path) -> list[Location]:
    """A path, a URL or a glob of either as locations; InputError where nothing is there or the file system is unknown."""
    text = str(source)
    try:
        fs, path = _file_system(text)
        location = Location(fs, str(path))
        if location.is_local and "://" not in text:
            location = Location(fs, str(Path(text)))  # as it was given: messages name it so
        if GLOB.search(text) and not location.exists():
            paths = glob.glob(location.path) if location.is_local else _matching(fs, path)  # noqa: PTH207 — absolute or not
            found = [Location(fs, str(p)) for p in paths]
            return _some(text, location, sorted(found, key=lambda f: _natural(f.path)))
        return _some(text, location, [location] if location.exists() else [])
    except InputError:
        raise
    except Exception as error:  # each file system has exceptions of its own
        raise InputError(f"{text} cannot be opened: {reason(error, remote='://' in text)}") from None


def _file_system(text: str) -> tuple[Any, str]:
    """The file system of a URL or a path, and the path in it."""
    try:
        fs, path = fsspec.core.url_to_fs(text)
        return fs, str(path)
    except ImportError:
        if not text.startswith(IN_ARROW):
            raise
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import FileSystem

    scheme, _, rest = text.partition("://")
    bucket, _, key = rest.partition("/")
    store, _ = FileSystem.from_uri(f"{scheme}://{bucket}")
    return ArrowFSWrapper(store), f"{bucket}/{key}".rstrip("/")


def locate_all(sources: Sequence[str | Path]) -> tuple[Location, ...]:
    """All locations of several sources, in their order."""
    return tuple(location for source in sources for location in locate(source))


def _some(text: str, asked: Location, found: list[Location]) -> list[Location]:
    if not found:
        bucket = asked.path.split("/")[0]
        if text.startswith(IN_BUCKETS) and not asked.fs.exists(bucket):
            raise InputError(f"{text} is missing: there is no bucket {bucket!r}, or these credentials may not see it")
        raise InputError(f"{text} matches no file" if GLOB.search(text) else f"{text} is missing")
    return found


def _matching(fs: Any, path: str) -> list[str]:
    """The paths that match a glob."""
    try:
        return list(fs.glob(path, **({"on_error": "raise"} if _walks(fs, "find", "glob") else {})))
    except FileNotFoundError:
        return []


def _files_below(fs: Any, path: str) -> list[str]:
    """All files below a folder; what cannot be listed raises, where fsspec's own walk would pass over it."""
    if not _walks(fs, "find"):
        return list(fs.find(path))
    found = []
    for entry in fs.ls(path, detail=True):
        name = str(entry["name"]).rstrip("/")
        is_below = entry["type"] == "directory" and name.strip("/") != path.strip("/")
        found += _files_below(fs, name) if is_below else [name]
    return found


def _walks(fs: Any, *methods: str) -> bool:
    """Whether a file system lists by fsspec's own walk, folder by folder, in these methods."""
    return all(getattr(type(fs), name) is getattr(fsspec.AbstractFileSystem, name) for name in methods)


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def _natural(path: str) -> list[tuple[int, str]]:
    """Sort key in which part-10 follows part-9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path)]


def reason(error: Exception, *, remote: bool) -> str:
    """Why something cannot be read: plain words for what servers say of credentials and connections, else the error's first line."""
    return (unreachable(error) if remote else None) or first_line(error)[:200]


def unreachable(error: Exception) -> str | None:
    """Why a server gives nothing, in plain words; None where the error is about something else."""
    said = first_line(error)
    if DENIED.search(f"{type(error).__name__} {said}"):
        return "access is denied; check the credentials, and that they may list and read it"
    if NO_BUCKET.search(said):
        return "there is no such bucket"
    if SILENT.search(f"{type(error).__name__} {said}"):
        details = said.rpartition("Details: ")[2].partition(" after ")[0]
        return f"the server does not answer ({details[:120]})"
    return None


def first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
