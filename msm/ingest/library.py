"""Find the films of a library: all videos in a folder and in the folders inside it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

VIDEO_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in [
        "3g2",
        "3gp",
        "asf",
        "avi",
        "divx",
        "dv",
        "f4v",
        "flv",
        "h264",
        "hevc",
        "m1v",
        "m2t",
        "m2ts",
        "m2v",
        "m4v",
        "mkv",
        "mov",
        "mp4",
        "mpe",
        "mpeg",
        "mpg",
        "mpv",
        "mts",
        "mxf",
        "nut",
        "ogm",
        "ogv",
        "qt",
        "rm",
        "rmvb",
        "ts",
        "vob",
        "webm",
        "wmv",
        "wtv",
        "y4m",
    ]
)
EXTRAS = re.compile(r"(.*[-._])?(sample|trailer)", re.IGNORECASE)  # beside the film, under a player's usual names
EXTRA_FOLDERS = frozenset(("sample", "samples", "trailer", "trailers"))


@dataclass
class Found:
    """The videos of what was named, in order, and a sentence for each that was left out."""

    videos: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_videos(paths: Sequence[Path]) -> Found:
    """Files as they are; of a folder all videos in it and below, by their suffix and in order of their names.

    Hidden files, catalogs, and samples and trailers of a film are left out of a folder; what is named itself is taken.
    A folder without a video stays in the list, so that it is refused like a file that is no video.
    """
    found = Found()
    for path in paths:
        if not path.is_dir():
            found.videos.append(path)
            continue
        inside = list(_videos_below(path, found.notes))
        films = [p for p in inside if not _is_extra(p, path)]
        for extra in (p for p in inside if _is_extra(p, path)):
            found.notes.append(f"{extra}: left out as a sample or a trailer; name the file itself to take it")
        found.videos += films or [path]
    return found


def _videos_below(folder: Path, notes: list[str]) -> Iterator[Path]:
    """Every video below a folder, sorted; links to folders are followed, each folder is read once."""

    def note(error: OSError) -> None:
        notes.append(f"{error.filename} cannot be read: {error.strerror}")

    seen: set[str] = set()
    for root, folders, names in os.walk(folder, followlinks=True, onerror=note):
        real = os.path.realpath(root)
        if real in seen or "catalog.json" in names:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if not name.startswith(".") and path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
                yield path


def _is_extra(path: Path, folder: Path) -> bool:
    inside = path.relative_to(folder).parent.parts
    return bool(EXTRAS.fullmatch(path.stem)) or any(part.lower() in EXTRA_FOLDERS for part in inside)
