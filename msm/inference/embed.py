"""Contextual embeddings of a whole catalog, written as a catalog."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from msm.data.catalog import Catalog, TitleData, modalities_of
from msm.inference.run import Run


def embed_catalog(
    run: Run, catalog: Catalog, out: str | Path, *, replace: bool = False, progress: Callable[[int, int], None]
) -> Catalog:
    """Write the contextual embeddings of every shot as a catalog of one modality.

    Titles, times, text and labels are those of the given catalog.

    replace   an existing catalog at `out`, else an InputError
    progress  called with (titles done, titles in all)
    """

    def titles() -> Iterator[TitleData]:
        for i, title in enumerate(catalog):
            yield dataclasses.replace(title.data(), embeddings=run.contextual(title))
            progress(i + 1, len(catalog))

    made_by = f"{run.recipe.name}, {run.path.name}, step {(run.info['best'] or {}).get('step')}"
    return Catalog.write(
        out,
        titles(),
        modalities=modalities_of({"contextual": run.model.contextual_width}, {"contextual": made_by}),
        dtype="float32",
        provenance={"kind": "contextual", "catalog_fingerprint": catalog.fingerprint, "run": run.path.name},
        replace=replace,
    )
