"""A small valid thing of each kind that the product reads, and the reader that a user would reach with it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from msm.catalog import Catalog, modalities_of
from tests.conftest import tiny_titles

SUBTITLES = "1\n00:00:00,100 --> 00:00:00,900\nHello <i>there</i>.\n\n2\n00:00:01,000 --> 00:00:02,500\nGood evening.\n"
VTT = "WEBVTT\n\n00:00.100 --> 00:00.900\nHello there.\n\n00:01.000 --> 00:02.500 align:start\nGood evening.\n"
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,20\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:00.10,0:00:00.90,Default,,0,0,0,,{\\i1}Hello{\\i0}\n"
)


class Kind(ABC):
    """One kind of input: how a valid one is made, and how it is read."""

    @abstractmethod
    def make(self, folder: Path) -> None: ...

    @abstractmethod
    def read(self, folder: Path) -> None: ...

    def files(self, folder: Path) -> list[Path]:
        """Those that may be spoiled, relative."""
        return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


class CatalogKind(Kind):
    def make(self, folder: Path) -> None:
        modalities = modalities_of({"video": 4, "text": 3})
        titles = list(tiny_titles(modalities))
        Catalog.write(folder, titles, modalities=modalities, dtype="float32")

    def read(self, folder: Path) -> None:
        catalog = Catalog.open(folder)
        catalog.validate()
        for title in catalog:
            title.embeddings.sum()
            title.shots.to_json()
            _ = title.present, title.global_embedding
        catalog.titles.to_json()


class RunKind(Kind):
    def make(self, folder: Path) -> None:
        from msm.evaluate import report, score_titles
        from msm.fill import Run
        from msm.presets import preset
        from msm.train import pick_device, start_run, train

        modalities = modalities_of({"video": 4, "text": 3})
        self.catalog = Catalog.write(folder.parent / "tiny", list(tiny_titles(modalities)), modalities=modalities)
        settings = ["steps=2", "validate_every=1", "model.width=8", "model.depth=1", "model.heads=2", "batch_windows=1"]
        device = pick_device("cpu")
        train(
            start_run(self.catalog, folder, preset("mediafm").with_settings(settings), device=device),
            self.catalog,
            device=device,
        )
        run = Run.open(folder)
        run.folder.save_evaluation(report(score_titles(run.predict, self.catalog.split("test"), run.space), "test"))

    def read(self, folder: Path) -> None:
        from msm.fill import Run
        from msm.train import pick_device, train

        run = Run.open(folder)
        _ = run.folder.metrics(), run.evaluation
        _ = run.fill_in(self.catalog["test-0"], [1]).table
        train(run.folder, self.catalog, device=pick_device("cpu"), resume=True)


class ImportKind(Kind):
    """Embeddings made elsewhere; `write` puts the source into a folder and gives its path."""

    def __init__(self, write: Callable[[Path], str]):
        self.write = write

    def make(self, folder: Path) -> None:
        folder.mkdir()
        self.name = self.write(folder)

    def read(self, folder: Path) -> None:
        from msm.importers import ImportOptions, import_embeddings

        import_embeddings(folder / self.name, folder.parent / "imported", ImportOptions(replace=True)).validate()


def _vectors(rows: int = 12, columns: int = 5) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((rows, columns)).astype(np.float32)


def _table() -> pd.DataFrame:
    ends = np.arange(1, 13.0)
    return pd.DataFrame(
        {
            "title_id": np.repeat(["one", "two", "three"], 4),
            "shot": np.tile(np.arange(4), 3),
            "start_s": ends - 1,
            "end_s": ends,
            "text": [f"line {i}" for i in range(12)],
        }
    )


def write_npz(folder: Path) -> str:
    for number in range(3):
        np.savez(
            folder / f"title-{number}.npz", visual=_vectors(6, 5), scene_start=np.array([1, 0, 0, 1, 0, 0], np.int8)
        )
    return "."


def write_parquet(folder: Path) -> str:
    _table().assign(embedding=list(_vectors())).to_parquet(folder / "shots.parquet")
    return "shots.parquet"


def write_npy(folder: Path) -> str:
    np.save(folder / "shots.npy", _vectors())
    _table().to_parquet(folder / "shots.parquet")
    return "shots.npy"


def write_hdf5(folder: Path) -> str:
    with h5py.File(folder / "shots.h5", "w") as file:
        for number in range(3):
            group = file.create_group(f"video_{number}")
            group["features"] = _vectors(8, 5)
            group["gtscore"] = np.linspace(0, 1, 8)
            group["change_points"] = np.array([[0, 29], [30, 59], [60, 119]])
            group["picks"] = np.arange(8) * 15
            group["n_frames"] = 120
    return "shots.h5"


class SubtitleKind(Kind):
    def make(self, folder: Path) -> None:
        folder.mkdir()
        for name, text in (("a.srt", SUBTITLES), ("a.vtt", VTT), ("a.ass", ASS)):
            (folder / name).write_text(text, encoding="utf-8")

    def read(self, folder: Path) -> None:
        from msm.ingest.text import read_subtitles, text_of_shots

        for path in sorted(folder.glob("a.*")):
            lines = read_subtitles(path)
            for text in text_of_shots(lines, np.array([0.0, 1.0]), np.array([1.0, 2.0])):
                text.encode("utf-8")


class SidecarKind(Kind):
    """The JSON beside a film."""

    def make(self, folder: Path) -> None:
        folder.mkdir()
        facts = {
            "name": "A film",
            "synopsis": "Something happens.",
            "tags": ["drama", "sea"],
            "split": "test",
            "labels": {"genre": "drama", "year": 2026},
            "shots": [{"start_s": 0.0, "end_s": 2.0, "place": "harbour"}],
        }
        (folder / "film.json").write_text(json.dumps(facts), encoding="utf-8")

    def read(self, folder: Path) -> None:
        from msm.ingest.titles import facts_of, labels_of_shots

        facts = facts_of(folder / "film.mp4")
        _ = facts.description
        labels_of_shots(facts.shots, np.array([0.0, 1.0]), np.array([1.0, 2.0]))


class FilmKind(Kind):
    """A video file, through the whole of `msm ingest`."""

    def make(self, folder: Path) -> None:
        from tests.ingest.conftest import Scene, write_film

        folder.mkdir()
        write_film(folder / "film.mp4", [Scene(0, 0.5), Scene(1, 0.5), Scene(2, 0.5)])

    def read(self, folder: Path) -> None:
        from msm.ingest import IngestOptions, ingest

        catalog = folder.parent / "ingested"
        report = ingest([folder / "film.mp4"], catalog, IngestOptions(replace=True, media=True))
        from msm.errors import InputError

        if report.failed:
            raise InputError(next(iter(report.failed.values())))
        Catalog.open(catalog).validate()


KINDS: dict[str, Callable[[], Kind]] = {
    "catalog": CatalogKind,
    "run": RunKind,
    "npz": lambda: ImportKind(write_npz),
    "parquet": lambda: ImportKind(write_parquet),
    "npy": lambda: ImportKind(write_npy),
    "hdf5": lambda: ImportKind(write_hdf5),
    "subtitles": SubtitleKind,
    "sidecar": SidecarKind,
    "film": FilmKind,
}
