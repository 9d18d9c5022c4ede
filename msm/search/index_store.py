"""Save indexes beside their catalog and open them again, with every file checked against the header.

    CATALOG/index/SPACE/
      index.json       format, space, mark (of catalog and space), num, dim, plan, built, files with bytes and digest
      index.faiss      an IndexIDMap whose numbers are `msm.search.vector_index.shot_ids`, in embedding order
      rotation.npy     (W, R) from a space's width to the index' own; absent where they are the same
      empty.npy        rows that have nothing to compare
      mean.npy         (W,) of the training shots, which the space takes away

An index whose catalog has changed is stale: it is not used, and built anew. One that is damaged, or was not written by
msm, is refused and left as it is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar
from zipfile import is_zipfile

import numpy as np
from msgspec import Meta, Struct, structs

from msm.config.schema import Count, Number, Text, check
from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.io import files
from msm.io.arrays import map_npy
from msm.runner import HERE, Do, Place, Stretch, load_arrays, run_parts, save_arrays, staging_folder
from msm.search.spaces import Space, SpaceElsewhere
from msm.search.vector_index import (
    KINDS,
    Begun,
    Built,
    Merging,
    Plan,
    VectorIndex,
    begin,
    build,
    choose_plan,
    part_of,
    read_index,
    shot_ids,
    write_index,
)

S = TypeVar("S", bound=Space)

FORMAT = "msm-index/1"
WHOLE_UP_TO = (
    64 * 2**20
)  # bytes of a file whose digest covers all of it; hashing more would be half of what opening takes
FILES = ("index.faiss", "empty.npy", "mean.npy")
SEED = 0
PART_SHOTS = 1 << 18  # of a part of an index: about ten seconds of work
Size = Annotated[int, Meta(ge=0, lt=2**31, description="a whole number from 0 to 2147483647")]


@dataclass(frozen=True)
class Finder(Generic[S]):
    """A space with an index over it, ready for queries."""

    space: S
    index: VectorIndex
    built: Built
    saved: bool
    note: str = ""  # why it was built anew, if it replaces a stale one

    @property
    def catalog(self) -> Catalog:
        """The catalog whose shots are found."""
        return self.space.catalog

    @property
    def plan(self) -> Plan:
        """Kind and settings of the index."""
        return self.index.plan

    def facts(self) -> dict[str, Any]:
        """How results are found, for JSON: kind, exact, recall, query_ms, saved, space, shots."""
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


class IndexedFile(Struct):
    """A file of an index as index.json has it."""

    bytes: Count
    digest: Text


class PlanEntry(Struct, forbid_unknown_fields=True):
    """A `Plan` as index.json has it; what is missing or null is left to its default."""

    kind: Literal[KINDS]  # type: ignore[valid-type]
    reduced: Size | None = None
    links: Size | None = None
    effort: Size | None = None
    lists: Size | None = None
    probes: Size | None = None
    code_parts: Size | None = None
    candidates: Size | None = None


class BuiltEntry(Struct, forbid_unknown_fields=True):
    """A `Built` as index.json has it."""

    build_s: Number
    recall: Number
    query_ms: Number
    kept: Number | None = None


class IndexHeader(Struct):
    """index.json; more keys are allowed."""

    mark: Text
    num: Count
    dim: Count
    plan: PlanEntry
    built: BuiltEntry
    files: dict[str, IndexedFile]


class StaleIndex(InputError):
    """The catalog, or the run, has changed since the index was built."""


def index_folder(space: Space) -> Path:
    """Folder of the index of a space, beside its catalog."""
    return space.catalog.path / "index" / space.name


def find_index(
    space: S,
    kind: str | None = None,
    *,
    save: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Finder[S]:
    """Open the saved index if it is of this catalog and of this kind (None = any); else build one.

    save  save a new one beside the catalog
    Raises InputError for a saved one that is damaged, or was not written by msm.
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
    space: S,
    kind: str | None = None,
    *,
    save: bool = True,
    replace_damaged: bool = False,
    place: Place = HERE,
    progress: Callable[[int, int], None] = lambda done, total: None,
    note: str = "",
) -> Finder[S]:
    """Build an index over a space and save it over the former one; over a damaged one only with `replace_damaged`.

    place  where vectors are read and added: a large index is made in parts, which wait beside it until all are merged, so
           that what was stopped goes on where it was. A graph (hnsw) has no parts and is made here
    Raises InputError over what is not an index of msm.
    """
    plan = choose_plan(space.num, space.dim, kind)
    if save and not replace_damaged:
        _refuse_what_is_not_ours(index_folder(space))
    ids = catalog_ids(space.catalog)
    if save and plan.kind != "hnsw" and (not place.is_here or space.num > PART_SHOTS) and space.elsewhere() is not None:
        index, built = _build_in_parts(space, ids, plan, place, progress)
    else:
        index, built = build(space, ids, plan, np.random.default_rng(SEED), progress)
    if save:
        _write(index_folder(space), space, index, built)
    return Finder(space, index, built, save, note)


@dataclass(frozen=True)
class AddShots:
    """What a worker does: it opens the space and the trained index once, and makes the indexes of some shots."""

    space: SpaceElsewhere
    plan: Plan
    trained: Path

    def begin(self, device: str) -> Do:
        """See `msm.runner.Work`."""
        return _adder(Begun.unpacked(self.plan, load_arrays(self.trained, "a trained index")), self.space.open())


def _adder(begun: Begun, space: Space) -> Do:
    return lambda part, tell: part_of(begun, space, part.start, part.stop, tell)


def _build_in_parts(
    space: Space, ids: np.ndarray, plan: Plan, place: Place, progress: Callable[[int, int], None]
) -> tuple[VectorIndex, Built]:
    """Train here, add shots in parts anywhere, and merge the parts in their order."""
    began, elsewhere = time.perf_counter(), space.elsewhere()
    assert elsewhere is not None
    with staging_folder(index_folder(space), "index") as staging:
        made_of = {"mark": space.mark, "plan": asdict(plan), "seed": SEED, "part_shots": PART_SHOTS}
        key = json.dumps({**made_of, "msm": version("msm-workbench")})
        trained = staging / f"trained-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
        begun = _trained(space, plan, trained)
        size = max(1, PART_SHOTS // begun.together) * begun.together
        parts = [Stretch(a, min(a + size, space.num), min(size, space.num - a)) for a in range(0, space.num, size)]
        merging, work = Merging(begun, space, ids), AddShots(elsewhere, plan, trained)
        sizes, here = [part.size for part in parts], _adder(Begun.unpacked(plan, begun.packed()), space)
        made = run_parts(work, parts, place, sizes=sizes, staging=staging, key=key, here=here, progress=progress)
        with closing(made):
            for part in made:
                merging.merge(part)
        return merging.measured(began)


def _trained(space: Space, plan: Plan, path: Path) -> Begun:
    """The trained index that an earlier command left at `path`, else a new one, kept there."""
    if is_zipfile(path):
        return Begun.unpacked(plan, load_arrays(path, "a trained index"))
    begun = begin(space, plan, np.random.default_rng(SEED))
    save_arrays(path, begun.packed())
    return begun


def open_index(space: S) -> Finder[S] | None:
    """Open the saved index of a space; None where there is none.

    Raises StaleIndex where the catalog or the run has changed, InputError where the files are damaged.
    """
    folder = index_folder(space)
    if not folder.exists():
        return None
    header = _header(folder)
    if header["mark"] != space.mark or (header["num"], header["dim"]) != (space.num, space.dim):
        raise StaleIndex(f"{folder} was built before its catalog or its run changed")
    for name, expected in header["files"].items():
        _check_file(folder / name, expected)
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
    """The header of each saved index of a catalog, with its `folder`; those that cannot be read are left out."""
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
        written = {p.name: {"bytes": p.stat().st_size, "digest": _digest(p)} for p in sorted(temporary.iterdir())}
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
            "files": written,
        }
        files.write_json(temporary / "index.json", header)


def _header(folder: Path) -> dict[str, Any]:
    """index.json, with plan, measures and files converted; InputError where it is not that of an index."""
    path = folder / "index.json"
    content = files.read_json(path)
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise InputError(f"{path}: format is {found!r}, expected {FORMAT!r}; it is not an index of msm")
    try:
        header = check(IndexHeader, content, path)
        for name in FILES:
            if name not in header.files:
                raise InputError(f"{path}: files.{name} is missing")
    except InputError as error:
        raise InputError(f"{error}{MEND}") from None
    known = {name: file for name, file in header.files.items() if name in (*FILES, "rotation.npy")}
    return {**content, "plan": Plan(**_given(header.plan)), "built": Built(**_given(header.built)), "files": known}


def _given(entry: Struct) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(entry).items() if value is not None}


def _check_file(path: Path, expected: IndexedFile) -> None:
    if not path.is_file():
        raise InputError(f"{path} is missing{MEND}")
    if path.stat().st_size != expected.bytes:
        raise InputError(f"{path} is damaged: it has {path.stat().st_size} bytes instead of {expected.bytes}{MEND}")
    if _digest(path) != expected.digest:
        raise InputError(f"{path} is damaged: its content is not what was written{MEND}")


def _numbers(path: Path, kinds: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Read a small array and check its type and shape: a forged file can have the right digest."""
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
        sentence = str(error)
        raise InputError(sentence if MEND in sentence else sentence + MEND) from None
