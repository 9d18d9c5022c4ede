"""Which weights a model has: the name that a catalog keeps, from which the same weights are found again.

    KIND:ORGANISATION/MODEL@COMMIT      of a model hub, at a commit
    KIND:FOLDER@sha256-0123456789ab     of a local folder: its name, and the beginning of the SHA-256 of its weights

Catalogs of earlier versions have KIND:MODEL alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from msm.errors import InputError

LOCAL = "sha256-"
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Source:
    """A model as `--encoders KIND=MODEL` names it.

    place     the folder, or the name on the hub
    revision  a branch, tag or commit of the hub; None for its main branch, and for a folder
    """

    place: str
    revision: str | None = None

    @property
    def is_local(self) -> bool:
        return Path(self.place).is_dir()

    def name(self, kind: str, commit: str | None) -> str:
        """What the catalog keeps; `commit` is what the hub said when the model was loaded."""
        if not self.is_local:
            return f"{kind}:{self.place}@{commit}" if commit else f"{kind}:{self.place}"
        folder = Path(self.place).resolve()
        if folder.parent.name == "snapshots" and COMMIT.fullmatch(folder.name):  # of the cache of the hub's client
            hub_name = folder.parents[1].name.removeprefix("models--").replace("--", "/")
            return f"{kind}:{hub_name}@{folder.name}"
        return f"{kind}:{folder.name}@{LOCAL}{weights_digest(folder)}"


def source_of(model: str) -> Source:
    """FOLDER, HUB-NAME or HUB-NAME@REVISION; InputError for the name of a folder's weights, which says not where it is."""
    if Path(model).is_dir():
        return Source(model)
    place, _, revision = model.partition("@")
    if revision.startswith(LOCAL):
        raise InputError(
            f"the weights {model} came from a folder called {place!r}, which this catalog does not know a place of; "
            "name the folder once, as --encoder KIND=FOLDER of `msm search` or --encoders of `msm ingest`"
        )
    return Source(place, revision or None)


def same_weights(held: str, made: str) -> bool:
    """Do two names of encoders mean the same weights?"""
    if held == made:
        return True
    (kind, place, revision), (other_kind, other_place, other_revision) = _parts(held), _parts(made)
    if kind != other_kind:
        return False
    if revision and other_revision:
        return revision == other_revision
    return not revision and place.rpartition("/")[2] == other_place.rpartition("/")[2]  # of an earlier version


def _parts(name: str) -> tuple[str, str, str]:
    kind, _, model = name.partition(":")
    place, _, revision = model.partition("@")
    return kind, place, revision


def weights_digest(folder: Path) -> str:
    """The first 12 digits of the SHA-256 of the one file of weights, or of those of several together."""
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    found = [_digest(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    whole = found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()
    return whole[:12]


@lru_cache(maxsize=64)
def _digest(path: str, size: int, modified: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
