"""The verbs that write, each on something small: what to type, where it writes, and what may stand there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from msm.data.catalog import Catalog, modalities_of
from msm.io.files import read_json
from msm.runs.folder import RunFolder, list_runs
from tests.conftest import tiny_titles
from tests.ingest.conftest import Scene, write_film

ENV = {**os.environ, "OMP_NUM_THREADS": "1"}
TINY = ["steps=40", "validate_every=8", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]


@dataclass(frozen=True)
class Verb:
    """A command that writes `path`; `state` names what stands there, and raises where that is broken."""

    words: list[str]
    path: Path
    state: Callable[[Path], str]
    again: list[str] | None = None  # the words that go on after a kill, where they are others
    span: float = 4.0  # seconds that it takes, at most
    grows: bool = False  # it goes on where it stood, and has nothing to do where all is done

    @property
    def next(self) -> list[str]:
        """What somebody would type now."""
        return self.words if not self.again or not self.path.exists() else self.again


@dataclass(frozen=True)
class Appending(Verb):
    """`msm import --append` of titles that the catalog does not have yet, whichever it has."""

    @property
    def next(self) -> list[str]:
        held = len(Catalog.open(self.path)) if self.path.exists() else 0
        source = self.path.parent / f"more-{held}"
        if not source.exists():
            source.mkdir()
            rng = np.random.default_rng(held)
            for number in range(60):
                blocks = {"video": rng.standard_normal((300, 16)), "text": rng.standard_normal((300, 8))}
                arrays = {name: block.astype(np.float16) for name, block in blocks.items()}
                np.savez(source / f"title-{held + number}.npz", **arrays)
        return [*self.words, str(source), str(self.path), "--append"]


def msm(words: list[str], *dying: str) -> subprocess.Popen:
    program = ["tests.faults.dying", *dying] if dying else ["msm"]
    return subprocess.Popen(
        [sys.executable, "-m", *program, *words],
        cwd=Path(__file__).parents[2],
        env=ENV,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def catalog_state(path: Path) -> str:
    if not path.exists():
        return "none"
    catalog = Catalog.open(path)
    catalog.validate()
    return catalog.fingerprint


def run_state(path: Path) -> str:
    if not path.exists():
        return "none"
    run = RunFolder.open(path)
    if run.has_weights:
        run.load_weights()
    run.metrics()
    return "a run"


def index_state(path: Path) -> str:
    from msm.search.index_store import open_index
    from msm.search.spaces import RawSpace

    found = open_index(RawSpace(Catalog.open(path.parent.parent)))
    if found is None:
        return "none"
    scores, _ = found.index.search(found.space.read(np.array([0])), 3)
    assert np.isfinite(scores).all()
    return str((path / "index.json").stat().st_mtime_ns)


def map_state(path: Path) -> str:
    from msm.projection.maps import open_map

    found = [open_map(facts) for facts in path.glob("[!.]*.json")]
    for one in found:
        assert one.neighbours is not None and len(one.table) == len(one.neighbours)
    return " ".join(sorted(f"{one.key} {one.path.stat().st_mtime_ns}" for one in found)) or "none"


def ablation_state(path: Path) -> str:
    from msm.ablation.plan import Plan
    from msm.ablation.progress import read_progress, trainings

    plan = Plan.load(path)
    if plan is None:
        return "none"
    read_progress(path)
    if (path / "table.json").exists():
        assert read_json(path / "table.json")["cells"]
    for run in list_runs(path / "runs"):
        run_state(run)
    rows = trainings(path, plan)
    said = [row["sentence"] for row in rows if row["state"] == "failed" and "File too large" not in row["sentence"]]
    assert not said, said  # a worker has its parent's bound of a file and no SIGXFSZ: it says so and is tried again
    return f"{sum(row['state'] == 'done' for row in rows)} of {len(rows)} done"


def verbs(folder: Path, whole: Callable[[list[str]], float]) -> dict[str, Callable[[], Verb]]:
    """Name → a verb in `folder`; `whole` runs a command to its end, and returns the seconds."""
    modalities = modalities_of({"video": 16, "text": 8})
    small = Catalog.write(folder / "small", tiny_titles(modalities), modalities=modalities)
    catalog = str(small.path)

    def importing() -> Verb:
        source = folder / "source"
        source.mkdir()
        rng = np.random.default_rng(0)
        for number in range(150):
            np.savez(source / f"title-{number}.npz", visual=rng.standard_normal((300, 64)).astype(np.float32))
        Catalog.write(folder / "imported", tiny_titles(modalities), modalities=modalities)
        return Verb(["import", str(source), str(folder / "imported"), "--replace"], folder / "imported", catalog_state)

    def appending() -> Verb:
        Catalog.write(folder / "longer", tiny_titles(modalities), modalities=modalities)
        return Appending(["import"], folder / "longer", catalog_state)

    def merging() -> Verb:
        other = [replace(t, title_id=f"other-{n}") for n, t in enumerate(tiny_titles(modalities, seed=1))]
        Catalog.write(folder / "other", other, modalities=modalities)
        Catalog.write(folder / "merged", tiny_titles(modalities, seed=2), modalities=modalities)
        words = ["merge", catalog, str(folder / "other"), str(folder / "merged"), "--replace"]
        return Verb(words, folder / "merged", catalog_state)

    def ingesting() -> Verb:
        films = [write_film(folder / f"film-{n}.mp4", [Scene(n), Scene(n + 1), Scene(n)]) for n in range(3)]
        return Verb(
            ["ingest", *map(str, films), str(folder / "ingested")], folder / "ingested", catalog_state, grows=True
        )

    def training() -> Verb:
        words = ["train", catalog, str(folder / "run")]
        return Verb([*words, *_settings(TINY)], folder / "run", run_state, again=[*words, "--resume"], grows=True)

    def embedding() -> Verb:
        run = folder / "embedder"
        whole(["train", catalog, str(run), *_settings(TINY)])
        Catalog.write(folder / "embedded", tiny_titles(modalities), modalities=modalities)
        return Verb(
            ["embed", str(run), catalog, str(folder / "embedded"), "--replace"], folder / "embedded", catalog_state
        )

    def indexing() -> Verb:
        words = ["index", catalog, "--kind", "ivf"]
        return Verb(words, small.path / "index" / "raw", index_state, span=whole(words))

    def mapping() -> Verb:
        words = ["map", catalog, "--of", "titles", "--again"]  # so few that no umap is imported
        return Verb(words, small.path / "maps", map_state, span=whole(words))

    def ablating() -> Verb:
        words = ["ablate", catalog, str(folder / "grid"), "--vary", "mask.ratio=.2,.4", "--seeds", "1"]
        words += [*_settings(["steps=8", "validate_every=4", *TINY[2:]]), "--workers", "1", "--device", "cpu"]
        return Verb(words, folder / "grid", ablation_state, span=10.0, grows=True)

    return {
        "import": importing,
        "append": appending,
        "merge": merging,
        "ingest": ingesting,
        "train": training,
        "embed": embedding,
        "index": indexing,
        "map": mapping,
        "ablate": ablating,
    }


def _settings(settings: list[str]) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]
