"""Indexes kept beside their catalog: written whole, mapped when large, believed only if they are what they say.

    CATALOG/index/SPACE/
      index.json       format, space, mark (of catalog and space), num, dim, plan, built, files with bytes and digest
      index.faiss      an IndexIDMap2 whose numbers are `msm.search.vector_index.shot_ids`, in embedding order
      rotation.npy     (W, R) from a space's width to the index' own; absent where they are the same
      empty.npy        rows that have nothing to compare
      mean.npy         (W,) of the training shots, which the space takes away

An index whose catalog has changed is stale: it is never asked, and built anew. One that is damaged, or that
something else has put there, is refused and left as it is.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from msm.config import settings
from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.io import files
from msm.io.arrays import map_npy
from msm.search.spaces import Space
from msm.search.vector_index import (
    KINDS,
    Built,
    Plan,
    VectorIndex,
    build,
    choose_plan,
    read_index,
    shot_ids,
    write_index,
)

FORMAT = "msm-index/1"
WHOLE_UP_TO = (
    64 * 2**20
)  # bytes of a file whose digest covers all of it; hashing more would be half of what opening takes
FILES = ("index.faiss", "empty.npy", "mean.npy")
SEED = 0


@dataclass(frozen=True)
class Finder:
    """A space with an index over it: what can be asked."""

    space: Space
    index: VectorIndex
    built: Built
    saved: bool
    note: str = ""  # why it was built anew, if it was

    @property
    def catalog(self) -> Catalog:
        """Whose shots are found."""
        return self.space.catalog

    @property
    def plan(self) -> Plan:
        """Which kind of index it is."""
        return self.index.plan

    def facts(self) -> dict[str, Any]:
        """What an answer says of how it was found: kind, exact, recall, query_ms, saved, space, shots."""
        return {
            "kind": self.plan.kind,
            "exact": self.plan.exact,
            "recall_at_10": self.built.recall,
            "query_ms": self.built.query_ms,
            "build_s": self.built.build_s,
            "saved": self.saved,
            "space": self.space.name,
            "words": self.space.words,
            "shots": self.space.num,
        }


class StaleIndex(InputError):
    """The catalog, or the run, has changed since the index was built."""


def index_folder(space: Space) -> Path:
    """Where the index of a space lies: beside its catalog."""
    return space.catalog.path / "index" / space.name


def find_index(
    space: Space,
    kind: str | None = None,
    *,
    save: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Finder:
    """The index that is kept, if it is of this catalog and of this kind (None = any); else a new one.

    save  keep a new one beside the catalog
    Raises InputError for one that is damaged or foreign.
    """
    note = ""
    try:
        kept = open_index(space)
        if kept is not None and kind in (None, kept.plan.kind):
            return kept
    except StaleIndex as stale:
        note = str(stale)
    return make_index(space, kind, save=save, progress=progress, note=note)


def make_index(
    space: Space,
    kind: str | None = None,
    *,
    save: bool = True,
    replace_damaged: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    note: str = "",
) -> Finder:
    """Build an index over a space, in the place of one that is there; a damaged one only where that is asked for."""
    plan = choose_plan(space.num, space.dim, kind)
    if save and not replace_damaged:
        _refuse_what_is_not_ours(index_folder(space))
    ids = catalog_ids(space.catalog)
    index, built = build(space, ids, plan, np.random.default_rng(SEED), progress)
    if save:
        _write(index_folder(space), space, index, built)
    return Finder(space, index, built, save, note)


def open_index(space: Space) -> Finder | None:
    """Map the index that is kept for a space; None where there is none.

    Raises StaleIndex where the catalog or the run has changed, InputError where the files are damaged or foreign.
    """
    folder = index_folder(space)
    if not folder.exists():
        return None
    header = _header(folder)
    if header["mark"] != space.mark or (header["num"], header["dim"]) != (space.num, space.dim):
        raise StaleIndex(f"{folder} was built before its catalog or its run changed")
    for name, told in header["files"].items():
        _check_file(folder / name, told)
    plan, rotation = header["plan"], None
    if "rotation.npy" in header["files"]:
        rotation = _numbers(folder / "rotation.npy", "f", (space.dim, plan.reduced or space.dim))
    empty = _numbers(folder / "empty.npy", "iu", (None,))
    if len(empty) and not 0 <= empty.min() <= empty.max() < space.num:
        raise InputError(f"{folder / 'empty.npy'} names shots that are not there{MEND}")
    space = space.with_mean(_numbers(folder / "mean.npy", "f", (space.dim,)))
    index = read_index(folder / "index.faiss", plan, rotation, space, empty)
    if not np.array_equal(index.ids, catalog_ids(space.catalog)):
        raise InputError(f"{folder} numbers other shots than {space.catalog.path} has{MEND}")
    return Finder(space, index, header["built"], saved=True)


MEND = "; `msm index CATALOG --replace` builds it anew"


def catalog_ids(catalog: Catalog) -> np.ndarray:
    """(N,) int64: the number under which each shot stands in an index, in embedding order."""
    return shot_ids(catalog.titles["title_id"].astype(str).tolist(), catalog.titles["num_shots"].to_numpy())


def kept_indexes(catalog: Catalog) -> list[dict[str, Any]]:
    """What index.json says of each index beside a catalog, and `folder`; those that cannot be read are left out."""
    found = []
    for path in sorted((catalog.path / "index").glob("*/index.json")):
        try:
            header = _header(path.parent)
        except InputError:
            continue
        found.append(
            {**header, "plan": asdict(header["plan"]), "built": asdict(header["built"]), "folder": path.parent}
        )
    return found


def _write(folder: Path, space: Space, index: VectorIndex, built: Built) -> None:
    with files.whole_folder(folder, replace=True) as temporary:
        write_index(index, temporary / "index.faiss")
        files.save_array(temporary / "empty.npy", index.empty)
        files.save_array(temporary / "mean.npy", space.mean)
        if index.rotation is not None:
            files.save_array(temporary / "rotation.npy", index.rotation)
        told = {p.name: {"bytes": p.stat().st_size, "digest": _digest(p)} for p in sorted(temporary.iterdir())}
        header = {
            "format": FORMAT,
            "space": space.name,
            "words": space.words,
            "mark": space.mark,
            "num": space.num,
            "dim": space.dim,
            "plan": asdict(index.plan),
            "built": asdict(built),
            "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "files": told,
        }
        files.write_json(temporary / "index.json", header)


def _header(folder: Path) -> dict[str, Any]:
    """index.json with its plan and measures as what they are; InputError where it is not one of ours."""
    header = files.read_json(folder / "index.json")
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else None
        raise InputError(
            f"{folder / 'index.json'}: format is {found!r}, expected {FORMAT!r}; it is not an index of msm"
        )
    try:
        told = {str(name): (int(f["bytes"]), str(f["digest"])) for name, f in header["files"].items()}
        return {
            **header,
            "mark": str(header["mark"]),
            "num": int(header["num"]),
            "dim": int(header["dim"]),
            "plan": _plan(header["plan"]),
            "built": settings.build(Built, header["built"], "built."),
            "files": {n: told[n] for n in (*FILES, "rotation.npy") if n in FILES or n in told},
        }
    except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
        said = str(error)[:200]
        raise InputError(f"{folder / 'index.json'}: a field is missing or of the wrong kind: {said}{MEND}") from None


def _plan(told: Any) -> Plan:
    plan = settings.build(Plan, told, "plan.")
    if plan.kind not in KINDS:
        raise ValueError(f"there is no index of the kind {plan.kind[:40]!r}")
    if any(isinstance(number, int) and not 0 <= number < 2**31 for number in asdict(plan).values()):
        raise ValueError("a number of the plan is negative or beyond 2147483647")
    return plan


def _check_file(path: Path, told: tuple[int, str]) -> None:
    num_bytes, digest = told
    if not path.is_file():
        raise InputError(f"{path} is missing{MEND}")
    if path.stat().st_size != num_bytes:
        raise InputError(f"{path} is damaged: it has {path.stat().st_size} bytes instead of {num_bytes}{MEND}")
    if _digest(path) != digest:
        raise InputError(f"{path} is damaged: its content is not what was written{MEND}")


def _numbers(path: Path, kinds: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """A small array, read whole; whoever forged it can have written its digest too."""
    array = map_npy(path)
    fits = len(array.shape) == len(shape) and all(b is None or a == b for a, b in zip(array.shape, shape, strict=True))
    if array.dtype.kind not in kinds or not fits:
        raise InputError(f"{path} holds {array.shape} of {array.dtype}, which is no part of this index{MEND}")
    return np.array(array)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    files.digest_file(path, digest, whole_up_to=WHOLE_UP_TO)
    return digest.hexdigest()[:32]


def _refuse_what_is_not_ours(folder: Path) -> None:
    if not folder.exists():
        return
    try:
        _header(folder)
    except InputError as error:
        said = str(error)
        raise InputError(said if MEND in said else said + MEND) from None
