"""From uploads and paths to the arguments of `msm ingest` and `msm import`; names are sanitized and paths checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from glob import glob
from pathlib import Path
from typing import Any, Protocol

from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.importers.source import slugs
from msm.ingest.library import find_videos
from msm.ingest.subtitles import SUFFIXES, sidecars_of

VIDEOS = ("mp4", "m4v", "mkv", "mov", "webm", "avi", "mpg", "mpeg", "ts", "ogv")
BESIDE_VIDEOS = (*(suffix[1:] for suffix in SUFFIXES), "json")
MANIFESTS = (".csv", ".jsonl", ".ndjson")
EMBEDDINGS = ("npz", "parquet", "npy", "h5", "hdf5")
LARGEST_MB = {"ingest": 1000, "import": 1000}  # uploads are held in memory; paths have no limit
LONGEST_NAME = 120


class Upload(Protocol):
    """A file of st.file_uploader."""

    name: str

    def getbuffer(self) -> memoryview: ...


def harmless_name(name: str) -> str:
    """A file name without folders, control characters and a leading dot; the suffix is kept."""
    plain = "".join(c for c in re.split(r"[/\\]", name)[-1] if c.isprintable()).strip().lstrip(".")
    path = Path(plain or "file")
    return f"{path.stem[:LONGEST_NAME]}{path.suffix[:20]}"


def save_uploads(uploads: Iterable[Upload], folder: Path) -> list[Path]:
    """Write uploads into a folder, without overwriting each other; returns their paths in order."""
    folder.mkdir(parents=True)
    saved: list[Path] = []
    for upload in uploads:
        name = Path(harmless_name(upload.name))
        count = sum(p.name.casefold() == name.name.casefold() for p in saved)
        path = folder / (f"{name.stem}-{len(saved)}{name.suffix}" if count else name.name)
        path.write_bytes(upload.getbuffer())
        saved.append(path)
    return saved


def existing_path(text: str) -> Path:
    """A typed path as absolute path; InputError where nothing is there."""
    path = Path(text.strip().strip("\"'")).expanduser()
    if not path.exists():
        raise InputError(f"{path} is missing on the machine that runs this app")
    return path.absolute()


def source_files(text: str) -> list[Path]:
    """The files of a typed source of embeddings: itself, those in a folder, or those that a glob finds; none where it is missing."""
    place = Path(text.strip().strip("\"'")).expanduser()
    if place.is_dir():
        return sorted(p for p in place.iterdir() if p.is_file())
    return [place] if place.exists() else _globbed(place)


def typed_source(text: str) -> Path:
    """A typed source for `msm import`, a path or a glob; InputError where nothing is there."""
    place = Path(text.strip().strip("\"'")).expanduser()
    if not place.exists() and not _globbed(place):
        raise InputError(f"{place} is missing on the machine that runs this app")
    return place.absolute()


def _globbed(place: Path) -> list[Path]:
    return sorted(map(Path, glob(str(place))))  # noqa: PTH207 — an absolute pattern, which Path.glob does not take


def is_manifest(path: Path) -> bool:
    """Whether a typed path is a table that names films (`msm ingest --manifest`)."""
    return path.suffix.lower() in MANIFESTS and path.is_file()


def videos_among(paths: Sequence[Path]) -> list[Path]:
    """The videos among these files, and in these folders and below; InputError where there is none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [video for video in find_videos([path]).videos if video != path]
        elif path.suffix.lower()[1:] not in BESIDE_VIDEOS:
            found.append(path)
    if not found:
        raise InputError("there is no video among these files")
    return found


def subtitles_for(videos: Sequence[Path], files: Sequence[Path], typed: str) -> str:
    """The typed path; otherwise the subtitles uploaded with a single film, whatever their name.

    InputError for subtitles that came with several films and are called like none of them: they would be lost.
    """
    if typed.strip():
        return str(existing_path(typed))
    came = [p for p in files if p.suffix.lower() in SUFFIXES]
    if len(videos) == len(came) == 1:
        return str(came[0])
    found = {sidecar.path for video in videos for sidecar in sidecars_of(video)}
    for path in came:
        if path not in found:
            raise InputError(f"{path.name} is called like none of these films; give it the name of its film")
    return ""


def embeddings_among(paths: Sequence[Path]) -> Path:
    """The path for `msm import`: a single file, or the folder of several."""
    return paths[0] if len(paths) == 1 else paths[0].parent


def new_catalog(beside: Path, name: str) -> Path:
    """The path of a new catalog beside another; InputError for a name that is taken or invalid."""
    name = name.strip()
    if not name or slugs([name])[0] == "title" or name != harmless_name(name):
        raise InputError(f"{name!r} cannot be the name of a folder; use letters, digits and hyphens")
    path = beside.absolute().parent / name
    if path.exists():
        raise InputError(f"{path} already exists; choose another name")
    return path


def free_catalog_name(beside: Path, wish: str) -> str:
    """A free name for a catalog, made from `wish` and numbered where it is taken."""
    taken = {p.name for p in beside.absolute().parent.iterdir()} if beside.absolute().parent.is_dir() else set()
    stem = slugs([Path(wish).stem])[0] if wish else "my-catalog"
    return next(n for n in [stem, *(f"{stem}-{i}" for i in range(2, len(taken) + 3))] if n not in taken)


def can_be_added_to(path: Path) -> bool:
    """Whether a catalog was made by `msm ingest`, so that further films can be added."""
    try:
        return "ingest" in Catalog.open(path).provenance
    except InputError:
        return False


def ingest_words(
    videos: Sequence[Path],
    catalog: Path,
    *,
    encoders: str,
    replace: bool = False,
    facts: dict[str, str] | None = None,
    choices: dict[str, str] | None = None,
) -> list[str]:
    """The arguments of `msm ingest`. Facts (name, synopsis, tags, subtitles) apply to a single video only.

    choices  further options by name, for all films
    videos   files, or a single folder or manifest, whose films `msm ingest` finds itself
    """
    is_single = len(videos) == 1 and not videos[0].is_dir() and not is_manifest(videos[0])
    given = [f"--{key}={value.strip()}" for key, value in (facts or {}).items() if value.strip() and is_single]
    given += [f"--{key}={value.strip()}" for key, value in (choices or {}).items() if value.strip()]
    options = ["--json", f"--encoders={encoders}", *(["--replace"] if replace else []), *given]
    if len(videos) == 1 and is_manifest(videos[0]):
        return ["ingest", *options, f"--manifest={videos[0]}", "--", str(catalog)]
    return ["ingest", *options, "--", *map(str, videos), str(catalog)]


def import_words(source: Path, catalog: Path, choices: dict[str, Any]) -> list[str]:
    """The arguments of `msm import`; `choices` are its options by name, without empty ones."""
    options = [
        "--json",
        *(f"--{key}={value.strip()}" for key, value in choices.items() if key != "modality" and value.strip()),
    ]
    options += [f"--modality={spec}" for line in choices.get("modality", "").splitlines() if (spec := line.strip())]
    return ["import", *options, "--", str(source), str(catalog)]
