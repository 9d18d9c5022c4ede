"""A catalog's metadata embeddings as a run was told them in training.

Columns of [GLOBAL] mean something only with a vocabulary and a scaling. A run keeps those of the catalog that it was
trained on (`catalog.global` in run.json); another catalog's labels are encoded by them, or the catalog is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from msm.data.catalog import Catalog
from msm.errors import InputError


def read_as_trained(catalog: Catalog, run: Path, facts: Mapping[str, Any]) -> Catalog:
    """The catalog itself where its metadata mean what the run was told, else one whose metadata embeddings are made again.

    facts  `catalog` of run.json
    Raises InputError where the catalog lacks the labels that the run was told, or was given vectors made elsewhere.
    """
    if not facts["global_dim"] or not catalog.global_dim:
        return catalog
    told = facts.get("global") or _told_by_its_catalog(facts)
    held = catalog.global_meaning
    if told == held or (not told and catalog.global_dim == facts["global_dim"]):
        return catalog
    if not told:
        raise InputError(
            f"{run} expects metadata of width {facts['global_dim']}, but {catalog.path} has {catalog.global_dim}"
        )
    return _made_again(catalog, run, told, Path(str(facts.get("path", ""))))


def left_out(catalog: Catalog, read: Catalog) -> dict[str, list[str]]:
    """The words of each category of a catalog that the run's vocabulary lacks; `read` is what `read_as_trained` gave."""
    told, held = read.global_meaning, catalog.global_meaning
    categories = {name: words for name, words in held.items() if isinstance(words, list)}
    unknown = {name: sorted(set(words) - set(told.get(name, words))) for name, words in categories.items()}
    return {name: words for name, words in unknown.items() if words}


def _made_again(catalog: Catalog, run: Path, told: Mapping[str, Any], trained_on: Path) -> Catalog:
    # Here, because the encoders bring half a second of imports, which every prediction would wait for.
    from msm.importers.metadata import columns_of, embed_metadata, is_made_elsewhere
    from msm.ingest.encoder_places import read_places

    if elsewhere := [name for name, of in told.items() if is_made_elsewhere(of)]:
        raise InputError(
            f"{run} was told the vectors {elsewhere[0]!r} of each title, but {catalog.path} "
            f"{_described(catalog)}; import it with --global-vectors {elsewhere[0]}=FILE"
        )
    if missing := [name for name in told if name not in catalog.title_labels]:
        raise InputError(
            f"{run} was told {', '.join(told)} of each title, but {catalog.path} has no title label {missing[0]!r}; "
            f"import it with that label, or without --global-from"
        )
    known = np.zeros(len(catalog), dtype=bool)  # numbers keep the run's mean and deviation
    places = {**read_places(trained_on), **read_places(catalog.path)}
    vectors, meaning = embed_metadata(catalog.titles, columns_of(told), known, told, places=places)
    return catalog.with_global_vectors(vectors, meaning)


def _described(catalog: Catalog) -> str:
    held = catalog.global_meaning
    return f"tells {', '.join(held)}" if held else "does not say what its metadata embeddings are made of"


def _told_by_its_catalog(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a run of an older version was told, if the catalog of its training is still in its place."""
    try:
        trained_on = Catalog.open(str(facts["path"]))
    except (InputError, OSError, KeyError):
        return None
    return trained_on.global_meaning if trained_on.fingerprint == facts["fingerprint"] else None
