"""Write a catalog anew with encoded titles added to it or put in the place of former ones.

Shape letters: G width of a metadata embedding.
"""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from msm.data.catalog import Catalog, Modality, Title, TitleData, modalities_of
from msm.data.media import MEDIA, film_path, thumbnail_folder, thumbnail_path
from msm.data.reader import open_parquet
from msm.data.schema import TITLE_COLUMNS
from msm.data.writer import MAX_SHARD_BYTES, CatalogWriter
from msm.errors import InputError
from msm.ingest.cutting import Cutting
from msm.ingest.encode_title import StagedTitle, TitleJob
from msm.ingest.encoder import Encoder
from msm.ingest.encoder_places import keep_places, read_places
from msm.ingest.label_kinds import LabelKinds, labels_as_text, table_as_text
from msm.ingest.report import IngestReport, keep_report, read_report
from msm.ingest.splits import assign_splits
from msm.ingest.weights import same_weights
from msm.io.files import link_or_copy


def modalities_for(encoders: Sequence[Encoder]) -> tuple[Modality, ...]:
    return modalities_of({e.modality: e.dim for e in encoders}, {e.modality: e.name for e in encoders})


def check_fits(catalog: Catalog, encoders: Sequence[Encoder]) -> None:
    """InputError where these encoders make other shots than the catalog holds."""
    made = modalities_for(encoders)
    if [(m.name, m.dim) for m in catalog.modalities] != [(m.name, m.dim) for m in made] or not all(
        same_weights(a.encoder, b.encoder) for a, b in zip(catalog.modalities, made, strict=True)
    ):
        held = ", ".join(f"{m.name} {m.dim} by {m.encoder}" for m in catalog.modalities)
        offered = ", ".join(f"{e.modality} {e.dim} by {e.name}" for e in encoders)
        raise InputError(
            f"{catalog.path} holds shots of {held}, but these encoders make {offered}; write another catalog"
        )


def update_catalog(
    path: Path,
    former: Catalog | None,
    finished: Mapping[str, tuple[TitleJob, StagedTitle]],
    encoders: Sequence[Encoder],
    report: IngestReport,
    seed: int,
    cutting: Cutting,
    places: Mapping[str, str] | None = None,
) -> Catalog:
    """Write the catalog anew: former titles where they were, replaced ones in their place, new ones at the end.

    places  the choices that load these encoders again, by their names

    Raises InputError where a rule of the format is broken; then the former catalog is still there.
    """
    dealt = assign_splits(former, {t: job.facts.split for t, (job, _) in finished.items()}, seed)
    width = _global_width(path, former, finished)

    known = read_places(former.path) if former is not None else {}
    known |= {name: [choice, *known.get(name, [])] for name, choice in (places or {}).items()}

    def copy_media(folder: Path) -> None:
        if former is not None:
            _link_former_media(former.path, folder, set(finished))
        for title_id, (_, staged) in finished.items():
            _link_new_media(staged, folder, title_id)
        keep_report(read_report(former.path) if former is not None else (), report, folder)
        keep_places(folder, known)

    return Catalog.write(
        path,
        _titles(former, finished, dealt, width),
        modalities=former.modalities if former is not None else modalities_for(encoders),
        dtype=former.dtype if former else "float16",
        provenance=_provenance(former, dealt, encoders, seed, _described(cutting, finished)),
        replace=former is not None,
        media=copy_media,
    )


def broken_titles(
    former: Catalog | None, finished: Mapping[str, tuple[TitleJob, StagedTitle]], encoders: Sequence[Encoder]
) -> dict[str, str]:
    """New titles that break a rule of the format by themselves, each with the rule."""
    found: dict[str, str] = {}
    dealt = dict.fromkeys(finished, "test")
    for title_id, (job, staged) in finished.items():
        with tempfile.TemporaryDirectory(dir=staged.folder.parent) as folder:
            dtype = former.dtype if former else "float16"
            try:
                writer = CatalogWriter(Path(folder), modalities_for(encoders), dtype, MAX_SHARD_BYTES)
                writer.add(_new_title(job, staged, dealt, 0))
                writer.finish({})
            except InputError as error:
                found[title_id] = str(error)
            except Exception as error:  # its files are damaged
                found[title_id] = f"its finished files cannot be read ({type(error).__name__})"
    return found


def _titles(
    former: Catalog | None, finished: Mapping[str, tuple[TitleJob, StagedTitle]], dealt: Mapping[str, str], width: int
) -> Iterator[TitleData]:
    of_titles, of_shots = _mixed_labels(former, finished)

    def fitting(title: TitleData) -> TitleData:
        shots = None if title.shots is None else table_as_text(title.shots, of_shots)
        return replace(title, labels=labels_as_text(title.labels, of_titles), shots=shots)

    waiting = dict(finished)
    for title in former or ():
        if title.title_id in waiting:
            yield fitting(_new_title(*waiting.pop(title.title_id), dealt, width))
        else:
            yield fitting(_former_title(title, dealt, width))
    for job, staged in waiting.values():
        yield fitting(_new_title(job, staged, dealt, width))


def _mixed_labels(
    former: Catalog | None, finished: Mapping[str, tuple[TitleJob, StagedTitle]]
) -> tuple[set[str], set[str]]:
    """Names of labels of titles, and of shots, that are of several kinds among former and new titles."""
    of_titles, of_shots = LabelKinds(), LabelKinds()
    for job, staged in finished.values():
        of_titles.see(job.facts.labels)
        of_shots.see_table(staged.shots)
    if former is not None:
        of_titles.see_table(former.titles[former.title_labels])
        schema = open_parquet(former.path / "shots.parquet").schema_arrow
        of_shots.see_types({name: schema.field(name).type for name in former.shot_labels})
    return of_titles.mixed, of_shots.mixed


def _new_title(job: TitleJob, staged: StagedTitle, dealt: Mapping[str, str], width: int) -> TitleData:
    facts = job.facts
    labels: dict[str, Any] = {"synopsis": facts.synopsis or None, "tags": facts.tags or None}
    labels["media"] = f"{facts.title_id}.mp4" if staged.film is not None else None
    labels |= job.source.columns if job.source is not None else {}
    return TitleData(
        title_id=facts.title_id,
        name=facts.name,
        split=facts.split or dealt[facts.title_id],
        embeddings=staged.vectors,
        shots=staged.shots,
        global_embedding=_or_zeros(staged.global_vector, width),
        labels={**labels, **facts.labels},
    )


def _former_title(title: Title, dealt: Mapping[str, str], width: int) -> TitleData:
    return TitleData(
        title_id=title.title_id,
        name=title.name,
        split=dealt.get(title.title_id, title.split),
        embeddings=title.embeddings,
        shots=title.shots,
        global_embedding=_or_zeros(title.global_embedding, width),
        labels={k: v for k, v in title.row.items() if k not in TITLE_COLUMNS},
    )


def _or_zeros(vector: np.ndarray | None, width: int) -> np.ndarray | None:
    """A title without metadata has zeros, as a shot without sound has; None where no title has any."""
    return vector if vector is not None or not width else np.zeros(width, np.float32)


def _global_width(path: Path, former: Catalog | None, finished: Mapping[str, tuple[TitleJob, StagedTitle]]) -> int:
    """G, 0 where neither the catalog nor a new title has a metadata embedding."""
    new = {len(v) for _, staged in finished.values() if (v := staged.global_vector) is not None}
    held = {former.global_dim} if former is not None and former.global_dim else set()
    if len(new | held) > 1:
        raise InputError(f"{path}: its metadata embeddings are {held.pop()} wide, but these encoders make {new.pop()}")
    return next(iter(new | held), 0)


def _described(cutting: Cutting, finished: Mapping[str, tuple[TitleJob, StagedTitle]]) -> str:
    """Where the shots of these titles come from."""
    listed = sum(bool(job.given) for job, _ in finished.values())
    if listed == len(finished):
        return "lists of shots"
    return cutting.description if not listed else f"{cutting.description}; lists of shots for {listed} titles"


def _provenance(
    former: Catalog | None, dealt: Mapping[str, str], encoders: Sequence[Encoder], seed: int, detector: str
) -> dict[str, Any]:
    made: dict[str, Any] = dict(former.provenance) if former is not None else {}
    made.setdefault("made_by", f"msm ingest {version('msm-workbench')}")
    made["ingest"] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "detector": detector,
        "encoders": {e.modality: e.name for e in encoders},
        "dealt": sorted(dealt),
        "seed": seed,
    }
    return made


def _link_former_media(former: Path, catalog: Path, replaced: set[str]) -> None:
    """Link everything in the former catalog's media folder except the files of replaced titles."""
    left_out = {film_path(former, t) for t in replaced} | {thumbnail_folder(former, t) for t in replaced}

    def ignore(folder: str, names: list[str]) -> list[str]:
        return [n for n in names if Path(folder) / n in left_out]

    if (former / MEDIA).is_dir():
        shutil.copytree(
            former / MEDIA, catalog / MEDIA, copy_function=lambda a, b: link_or_copy(Path(a), Path(b)), ignore=ignore
        )


def _link_new_media(staged: StagedTitle, catalog: Path, title_id: str) -> None:
    thumbnail_folder(catalog, title_id).mkdir(parents=True)
    for shot, picture in enumerate(staged.thumbnails):
        link_or_copy(picture, thumbnail_path(catalog, title_id, shot))
    if staged.film is not None:
        link_or_copy(staged.film, film_path(catalog, title_id))
