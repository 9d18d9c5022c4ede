"""Contextual embeddings of a whole catalog, written as a catalog: some titles at a time, here or on many workers.

Shape letters: n shots of some titles, C width of a contextual embedding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from msm.data.catalog import Catalog, modalities_of
from msm.inference.run import Run
from msm.io.files import refuse_existing
from msm.runner import HERE, Arrays, Do, Place, Stretch, Tell, run_parts, staging_folder, stretches
from msm.runs.folder import weights_fingerprint

PART_SHOTS = 1 << 14  # of a part: some megabytes, and seconds to minutes of work


@dataclass(frozen=True)
class EmbedTitles:
    """What a worker does: it loads the weights once, and embeds titles from one number to another."""

    run: str
    catalog: str

    def begin(self, device: str) -> Do:
        """See `msm.runner.Work`."""
        return _embedder(Run.open(self.run, device=device or "cpu"), Catalog.open(self.catalog))


def embed_catalog(
    run: Run,
    catalog: Catalog,
    out: str | Path,
    *,
    replace: bool = False,
    place: Place = HERE,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Catalog:
    """Write the contextual embeddings of every shot as a catalog of one modality.

    Titles, times, text and labels are those of the given catalog. What was stopped goes on where it was.

    replace   an existing catalog at `out`, else an InputError
    place     where the titles are embedded
    progress  called with (shots done, shots in all)
    """
    refuse_existing(Path(out), replace=replace)
    made_by = f"{run.recipe.name}, {run.path.name}, step {(run.info['best'] or {}).get('step')}"
    with (
        staging_folder(Path(out), "embed") as staging,
        closing(contextual_blocks(run, catalog, place=place, staging=staging, progress=progress)) as blocks,
    ):
        return catalog.write_vectors(
            out,
            blocks,
            modalities=modalities_of({"contextual": run.model.contextual_width}, {"contextual": made_by}),
            dtype="float32",
            provenance={"kind": "contextual", "catalog_fingerprint": catalog.fingerprint, "run": run.path.name},
            replace=replace,
        )


def contextual_blocks(
    run: Run,
    catalog: Catalog,
    *,
    place: Place = HERE,
    staging: Path | None = None,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Generator[np.ndarray, None, None]:
    """(n, C) float32: the contextual embeddings of all shots, of some titles at a time in file order.

    staging  where finished parts wait until all are made (`msm.runner.run_parts`); None = in memory
    Raises InputError where the run does not fit the catalog's shots.
    """
    run.check_fits(catalog)
    parts = stretches(catalog.shot_counts, PART_SHOTS)
    decides = {"weights": weights_fingerprint(run.path), "catalog": catalog.fingerprint, "part_shots": PART_SHOTS}
    arrays = run_parts(
        EmbedTitles(str(run.path), str(catalog.path)),
        parts,
        place,
        sizes=[part.size for part in parts],
        staging=staging,
        key=json.dumps({**decides, "msm": version("msm-workbench")}),
        here=_embedder(run, catalog),
        progress=progress,
    )
    with closing(arrays):
        for part in arrays:
            yield part["vectors"]


def _embedder(run: Run, catalog: Catalog) -> Do:
    def embed(part: Stretch, tell: Tell) -> Arrays:
        vectors = []
        for number in range(part.start, part.stop):
            title = catalog.title_at(number)
            vectors.append(run.contextual(title))
            tell(title.num_shots)
        return {"vectors": np.concatenate(vectors)}

    return embed
