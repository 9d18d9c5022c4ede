"""Several catalogs become one, and titles join a catalog; vectors that are there already are linked, not copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msm.data.catalog import Catalog, TitleData
from msm.data.media import MEDIA
from msm.data.schema import ENCODER_PLACES
from msm.errors import InputError
from msm.io.files import link_or_copy, naming_full_disk, read_json, write_json


def merge_catalogs(catalogs: Sequence[str | Path], path: str | Path, *, replace: bool = False) -> Catalog:
    """Write one catalog with all titles of several, in their order.

    They must have the same modalities, dtype and, where they have any, metadata embeddings of the same meaning; no title
    may be in two. Raises InputError for what does not fit, and then leaves nothing behind.
    """
    opened, target = [Catalog.open(c) for c in catalogs], Path(path)
    if len(opened) < 2:
        raise InputError("msm merge needs at least two catalogs")
    first = opened[0]
    for catalog in opened[1:]:
        check_alike(first, catalog)
    _check_distinct(opened)
    for catalog in opened:
        if catalog.path.resolve().is_relative_to(target.resolve()):
            raise InputError(f"{target} is or holds {catalog.path}, which is merged; choose another name")
    held = next((c for c in opened if c.global_dim), first)
    provenance: dict[str, Any] = {
        "made_by": "msm merge",
        "merged": [{"name": c.path.resolve().name, "fingerprint": c.fingerprint} for c in opened],
    }
    if "global" in held.provenance:
        provenance["global"] = held.provenance["global"]
    with naming_full_disk(target):
        return _write(target, opened, (), provenance, replace=replace)


def append_titles(former: Catalog, titles: Iterable[TitleData], provenance: dict[str, Any]) -> Catalog:
    """Write a catalog anew with further titles at its end, whole or not at all.

    provenance  of the new titles, kept in a list `appended` beside that of the former ones
    """
    appended = [*former.provenance.get("appended", []), provenance]
    return _write(former.path, [former], titles, {**former.provenance, "appended": appended}, replace=True)


def check_alike(one: Catalog, other: Catalog) -> None:
    """InputError unless shots and metadata embeddings of two catalogs mean the same."""
    names = [[(m.name, m.dim, m.encoder) for m in c.modalities] for c in (one, other)]
    if names[0] != names[1]:
        raise InputError(f"{other.path} has {_shown(other)}, but {one.path} has {_shown(one)}")
    if one.dtype != other.dtype:
        raise InputError(
            f"{other.path} is {other.dtype}, but {one.path} is {one.dtype}; import one of them anew with --dtype"
        )
    if one.global_dim and other.global_dim:
        same = one.global_dim == other.global_dim and one.provenance.get("global") == other.provenance.get("global")
        if not same:
            raise InputError(
                f"the metadata embeddings of {other.path} and {one.path} have different meanings; "
                f"import both together, or one of them without --global-from"
            )


def _check_distinct(catalogs: Sequence[Catalog]) -> None:
    owners: dict[str, Catalog] = {}
    for catalog in catalogs:
        for title_id in catalog.titles["title_id"]:
            if title_id in owners:
                raise InputError(f"title {title_id!r} is in {owners[title_id].path} and in {catalog.path}")
            owners[title_id] = catalog


def _write(
    path: Path, former: Sequence[Catalog], titles: Iterable[TitleData], provenance: dict[str, Any], *, replace: bool
) -> Catalog:
    def media(folder: Path) -> None:
        for catalog in former:
            if (catalog.path / MEDIA).is_dir():
                shutil.copytree(
                    catalog.path / MEDIA,
                    folder / MEDIA,
                    copy_function=lambda a, b: link_or_copy(Path(a), Path(b)),
                    dirs_exist_ok=True,
                )
        if len(former) > 1 and (places := _encoder_places(former)):
            write_json(folder / ENCODER_PLACES, {"places": places})

    return Catalog.write(
        path,
        titles,
        modalities=former[0].modalities,
        dtype=former[0].dtype,
        provenance=provenance,
        replace=replace,
        media=media,
        former=former,
    )


def _encoder_places(catalogs: Sequence[Catalog]) -> dict[str, list[str]]:
    """Where the encoders of any of the catalogs were last found, what the first ones know first."""
    found: dict[str, list[str]] = {}
    for catalog in catalogs:
        with suppress(
            InputError, OSError, TypeError, KeyError, AttributeError
        ):  # none, or one that somebody else wrote
            for name, choices in read_json(catalog.path / ENCODER_PLACES)["places"].items():
                found[name] = list(dict.fromkeys([*found.get(name, []), *map(str, choices)]))
    return found


def _shown(catalog: Catalog) -> str:
    return ", ".join(f"{m.name} {m.dim} by {m.encoder}" for m in catalog.modalities)
