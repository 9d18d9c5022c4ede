"""A small valid thing of each kind that the product reads, and the reader that a user would reach with it."""

from __future__ import annotations

import hashlib
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from msm.data.catalog import Catalog, modalities_of
from tests.conftest import tiny_titles

SUBTITLES = "1\n00:00:00,100 --> 00:00:00,900\nHello <i>there</i>.\n\n2\n00:00:01,000 --> 00:00:02,500\nGood evening.\n"
VTT = "WEBVTT\n\n00:00.100 --> 00:00.900\nHello there.\n\n00:01.000 --> 00:02.500 align:start\nGood evening.\n"
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,20\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:00.10,0:00:00.90,Default,,0,0,0,,{\\i1}Hello{\\i0}\n"
)
SCRIPT = (
    'heading = "A story"\ntitle = "one"\n\n[[steps]]\nshow = "words"\nheading = "A film"\ntext = "In three steps."\n\n'
    '[[steps]]\nshow = "expected"\nhidden = "3-5, 9"\nshot = 4\nveil = true\n'
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
        from msm.evaluation.report import report
        from msm.evaluation.scoring import score_titles
        from msm.inference.run import Run
        from msm.recipes.presets import preset
        from msm.training.trainer import pick_device, start_run, train

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
        from msm.inference.run import Run
        from msm.training.trainer import pick_device, train

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
        from msm.importers.convert import ImportOptions, import_embeddings

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
        from msm.ingest.subtitles import read_subtitles, text_of_shots

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
        from msm.ingest.metadata import facts_of, labels_of_shots

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


class IndexKind(Kind):
    """An index beside its catalog; `forged`: by somebody who also wrote the digests that vouch for it."""

    def __init__(self, kind: str, forged: bool = False):
        self.kind, self.forged = kind, forged

    def make(self, folder: Path) -> None:
        from msm.search.index_store import make_index
        from msm.search.spaces import RawSpace

        CatalogKind().make(folder)
        make_index(RawSpace(Catalog.open(folder)), self.kind)

    def files(self, folder: Path) -> list[Path]:
        return [p for p in super().files(folder) if p.parts[0] == "index"]

    def read(self, folder: Path) -> None:
        from msm.search.index_store import index_folder, kept_indexes, open_index
        from msm.search.spaces import RawSpace

        space = RawSpace(Catalog.open(folder))
        if self.forged:
            _forge(index_folder(space))
        _ = kept_indexes(space.catalog)
        if (found := open_index(space)) is not None:
            found.index.search(found.space.read(np.arange(2)), 3)
            _ = found.facts()


def _forge(index: Path) -> None:
    from msm.search.index_store import _digest

    header = json.loads((index / "index.json").read_text(encoding="utf-8"))
    header["files"] = {
        p.name: {"bytes": p.stat().st_size, "digest": _digest(p)} for p in index.iterdir() if p.suffix != ".json"
    }
    (index / "index.json").write_text(json.dumps(header), encoding="utf-8")


class ForgedIndexKind(IndexKind):
    def files(self, folder: Path) -> list[Path]:
        return [p for p in super().files(folder) if p.suffix != ".json"]


class MapKind(Kind):
    """Maps beside their catalog, as the page lists and opens them; `forged` as of an index."""

    def __init__(self, forged: bool = False):
        self.forged = forged

    def make(self, folder: Path) -> None:
        from msm.projection.maps import MapOptions, make_maps

        CatalogKind().make(folder)
        make_maps(Catalog.open(folder), MapOptions(of="titles"))

    def files(self, folder: Path) -> list[Path]:
        found = [p for p in super().files(folder) if p.parts[0] == "maps" and not p.name.startswith(".")]
        return [p for p in found if p.suffix == ".parquet"] if self.forged else found

    def read(self, folder: Path) -> None:
        from msm.projection.maps import MapOptions, find_map, list_maps, open_map

        if self.forged:
            for path in (folder / "maps").glob("*.parquet"):
                facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
                facts["points_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
                path.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")
        _ = list_maps(folder), find_map(Catalog.open(folder), MapOptions(of="titles"))
        for path in (folder / "maps").glob("[!.]*.json"):
            found = open_map(path)
            _ = found.table, found.points, found.neighbours, found.trustworthiness, found.options


class AblationKind(Kind):
    """What the Ablations page and the next `msm ablate` read of a folder."""

    def make(self, folder: Path) -> None:
        from msm.ablation.cell import RESULT
        from msm.ablation.plan import make_plan, run_name
        from msm.ablation.progress import write_progress

        folder.mkdir()
        plan = make_plan(vary=["mask.ratio=.2,.4"], seeds=1)
        plan.save(folder)
        write_progress(folder, state="done", share=1.0, seconds_left=None, workers=1, trainings=2, done=0, failed=2)
        for cell, seed in plan.jobs:
            run = folder / "runs" / run_name(cell, seed)
            run.mkdir(parents=True)
            (run / "metrics.jsonl").write_text('{"step": 8, "loss": 1.0}\n', encoding="utf-8")
            (run / RESULT).write_text(json.dumps({"state": "failed", "sentence": "it failed"}), encoding="utf-8")

    def read(self, folder: Path) -> None:
        from msm.ablation.plan import Plan
        from msm.ablation.progress import read_progress, trainings

        _ = read_progress(folder)
        if (plan := Plan.load(folder)) is not None:
            _ = plan.jobs, trainings(folder, plan)


class JobKind(Kind):
    """What every page reads of the jobs beside the runs."""

    def make(self, folder: Path) -> None:
        job = folder / "train-20260101-000000-aa"
        job.mkdir(parents=True)
        facts = {
            "kind": "train",
            "title": "A run",
            "argv": ["msm"],
            "about": {},
            "started": 1.0,
            "pid": 1,
            "born": "x/1",
        }
        (job / "job.json").write_text(json.dumps(facts), encoding="utf-8")
        told = {
            "done": 1,
            "total": 4,
            "what": "training",
            "seconds_left": 3.0,
            "ended": {"status": 2, "sentence": "no"},
        }
        (job / "progress.json").write_text(json.dumps(told), encoding="utf-8")
        (job / "exit.json").write_text(json.dumps({"status": 2}), encoding="utf-8")
        (job / "asked.json").write_text(json.dumps({"times": 1, "at": 1.0}), encoding="utf-8")
        (job / "output").write_text(json.dumps({"shots": 3}), encoding="utf-8")
        (job / "log").write_text("words", encoding="utf-8")

    def read(self, folder: Path) -> None:
        from workbench.server import jobs

        _ = jobs.list_jobs(folder)
        for path in folder.iterdir():
            job = jobs.read(path)
            _ = (
                job.log,
                job.answer,
                job.sentence.strip(),
                job.what.strip(),
                sorted(job.about),
                f"{job.stop_requests + 1}",
            )


class ScriptKind(Kind):
    """A presenter's script."""

    def make(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "script.toml").write_text(SCRIPT, encoding="utf-8")

    def read(self, folder: Path) -> None:
        from workbench.views.slides.script import hidden_shots, read_script

        for step in read_script(folder / "script.toml").steps:
            hidden_shots(step, 40, "script.toml")


@dataclass
class Brought:
    """As st.file_uploader gives it."""

    name: str
    content: bytes

    def getbuffer(self) -> memoryview:
        return memoryview(self.content)


class UploadKind(Kind):
    """Names and bytes as a browser, or somebody who pretends to be one, may send them."""

    def make(self, folder: Path) -> None:
        folder.mkdir()
        names = ["shots.npz", "Shots.npz", "../shots.npz", "a/b\\c.npz", "", ".hidden.npz", "x" * 300 + ".npz"]
        (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
        write_npz(folder)

    def read(self, folder: Path) -> None:
        from msm.importers.convert import ImportOptions, import_embeddings
        from msm.io.files import read_json
        from workbench.app_pages.data.uploads import embeddings_among, save_uploads

        names = [n for n in read_json(folder / "names.json") or [] if isinstance(n, str)]
        contents = [path.read_bytes() for path in sorted(folder.glob("*.npz"))]
        place = folder.parent / "came"
        shutil.rmtree(place, ignore_errors=True)
        before = {p for p in folder.parent.rglob("*")}
        saved = save_uploads([Brought(n, contents[i % len(contents)]) for i, n in enumerate(names)], place)
        assert len(set(saved)) == len(names) and all(p.resolve().parent == place.resolve() for p in saved)
        assert all(place in (p, *p.parents) for p in set(folder.parent.rglob("*")) - before)
        if saved:
            source = embeddings_among(saved)
            import_embeddings(source, folder.parent / "imported", ImportOptions(replace=True)).validate()


KINDS: dict[str, Callable[[], Kind]] = {
    "catalog": CatalogKind,
    "run": RunKind,
    "npz": lambda: ImportKind(write_npz),
    "parquet": lambda: ImportKind(write_parquet),
    "npy": lambda: ImportKind(write_npy),
    "hdf5": lambda: ImportKind(write_hdf5),
    "subtitles": SubtitleKind,
    "sidecar": SidecarKind,
    "index": lambda: IndexKind("flat"),
    "forged index": lambda: ForgedIndexKind("flat", forged=True),
    "forged graph": lambda: ForgedIndexKind("hnsw", forged=True),
    "forged cells": lambda: ForgedIndexKind("ivfpq", forged=True),
    "map": MapKind,
    "forged map": lambda: MapKind(forged=True),
    "ablation": AblationKind,
    "job": JobKind,
    "script": ScriptKind,
    "upload": UploadKind,
    "film": FilmKind,
}
