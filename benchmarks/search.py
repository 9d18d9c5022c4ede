"""Shot retrieval at a million shots, and what it costs against FAISS called by hand.

    python -m benchmarks.search make FOLDER [--shots 1000000]     write the catalogs and build the index
    python -m benchmarks.search ask FOLDER                        time them; prints JSON
    python -m benchmarks.search all [--shots 20000]               both, in a folder that is removed again

The shots are made, clustered as real ones are: a common offset (random pairs have a raw cosine of about .6), looks of
the title, of the scene and of the shot in 1024 directions whose energies fall off like those of real shots (of the
sample films 256 dimensions keep .90, of VGG19 features of documentaries .94, of these .85, so they are harder), and
noise that belongs to nothing. FAISS' Flat index over a million shots takes 9.2 GB, so it is asked in parts of 100 000
whose times are added up; between two parts our index answers the same queries. Every figure is a median.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from msm.search.index_store import Finder, index_folder, make_index, open_index
from msm.search.query import nearest
from msm.search.spaces import RawSpace
from msm.search.vector_index.exact import TopK

DIMS = {"video": 768, "audio": 768, "text": 768}
LATENT, SCENE_SHOTS, TITLE_SHOTS = 1024, 12, 1000
SMALL = 50_000
PART = 100_000
QUERIES, ALONE = 200, 20  # asked together, and of these asked one at a time


def titles(num_shots: int) -> Iterator[TitleData]:
    """Titles of a thousand shots in scenes of twelve."""
    width = sum(DIMS.values())
    world = np.random.default_rng(0)
    falls = (2.0 + np.arange(LATENT)).astype(np.float32) ** -0.6
    look = world.standard_normal((LATENT, width), dtype=np.float32) * (falls / np.linalg.norm(falls))[:, None]
    offset = 1.3 * world.standard_normal(width, dtype=np.float32)
    for number in range(-(-num_shots // TITLE_SHOTS)):
        rng = np.random.default_rng((1, number))
        count = min(TITLE_SHOTS, num_shots - number * TITLE_SHOTS)
        scene = np.arange(count) // SCENE_SHOTS
        own = 0.5 * rng.standard_normal((1, LATENT), dtype=np.float32)
        scenes = 0.6 * rng.standard_normal((scene.max() + 1, LATENT), dtype=np.float32)
        shots = own + scenes[scene] + 0.6 * rng.standard_normal((count, LATENT), dtype=np.float32)
        embeddings = rng.standard_normal((count, width), dtype=np.float32)
        embeddings *= 0.2
        embeddings += shots @ look
        embeddings += offset
        split = ("validation", "test")[number % 2] if number % 10 == 9 else "train"
        yield TitleData(title_id=f"title-{number:05d}", split=split, embeddings=embeddings)


def make(folder: Path, num_shots: int) -> None:
    """catalog/ with its index, and small/ of 50 000 shots with a flat one; what building told goes to made.json."""
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {"shots": num_shots}
    for name, count, kind in (("catalog", num_shots, None), ("small", min(SMALL, num_shots), "flat")):
        began = time.perf_counter()
        there = (folder / name / "catalog.json").exists()  # from a run that was cut short
        catalog = (
            Catalog.open(folder / name)
            if there
            else Catalog.write(folder / name, titles(count), modalities=modalities_of(DIMS))
        )
        print(f"{name}: {count} shots written in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        space = RawSpace(catalog)
        kind = kind or ("ivfpq" if count < 500_000 else None)
        finder = open_index(space) or make_index(space, kind, progress=_tell)  # built before, too
        told[name] = {
            "kind": finder.plan.kind,
            "build_s": round(finder.built.build_s, 1),
            "recall_at_10_of_200": finder.built.recall,
            "kept": finder.built.kept,
            "plan": vars(finder.plan),
        }
        print(json.dumps(told[name]), file=sys.stderr)
        del finder
    (folder / "made.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


def _tell(done: int, total: int) -> None:
    if done % 98_304 == 0 or done == total:
        print(f"  {done} of {total}", file=sys.stderr)


def ask(folder: Path) -> dict[str, Any]:
    made = json.loads((folder / "made.json").read_text(encoding="utf-8"))
    before = _anonymous_mb()
    opening = [_timed(lambda: open_index(RawSpace(Catalog.open(folder / "catalog")))) for _ in range(5)]
    finder = _opened(folder / "catalog")
    rng = np.random.default_rng(2)
    asked = np.sort(rng.choice(finder.space.num, min(QUERIES, finder.space.num), replace=False))
    queries = finder.space.read(asked)
    finder.index.search(queries, 11)
    memory = _anonymous_mb() - before
    return {
        "command": f"python -m benchmarks.search all --shots {made['shots']}",
        "large": {**made["catalog"], **large(finder, queries)}
        | {
            "open_ms": round(1000 * statistics.median(opening), 1),
            "index_mb": round(_size_mb(index_folder(finder.space)), 1),
            "memory_mb": round(memory, 1),
        },
        "small": small(_opened(folder / "small")),
        "shots": made["shots"],
        "cores": os.cpu_count(),
        "load_before": [round(x, 1) for x in os.getloadavg()],
        "python": platform.python_version(),
        "faiss": version("faiss-cpu"),
        "numpy": version("numpy"),
    }


def large(finder: Finder, queries: np.ndarray) -> dict[str, Any]:
    """Recall, and seconds a query of both, alone and two hundred at once."""
    truth = TopK(len(queries), 11)
    flat_alone, flat_batch = np.zeros(ALONE), 0.0
    ours_alone: list[float] = []
    ours_batch: list[float] = []
    for start in range(0, finder.space.num, PART):
        part = faiss.IndexFlatIP(finder.space.dim)
        block = finder.space.read_range(start, min(start + PART, finder.space.num))
        part.add(block)
        truth.add(block, queries)
        del block
        part.search(queries[:2], 11)
        for i in range(ALONE):
            flat_alone[i] += _timed(part.search, queries[i : i + 1], 11)
            ours_alone.append(_timed(finder.index.search, queries[i : i + 1], 11))
        flat_batch += _timed(part.search, queries, 11)
        ours_batch.append(_timed(finder.index.search, queries, 11))
    found, _ = finder.index.search(queries, 11)
    hits = ((found >= truth.scores[:, -1:] - 1e-5).sum(axis=1) - 1) / 10
    alone = 1 / float(np.median(flat_alone)), 1 / statistics.median(ours_alone)
    batch = len(queries) / flat_batch, len(queries) / statistics.median(ours_batch)
    return {
        "recall_at_10": round(float(hits.mean()), 4),
        "queries": len(queries),
        "one_at_a_time": _against(*alone),
        f"{len(queries)}_at_once": _against(*batch),
    }


def small(finder: Finder, rounds: int = 60) -> dict[str, Any]:
    """Flat search through `Finder`, against FAISS called directly on the same vectors."""
    direct = faiss.IndexFlatIP(finder.space.dim)
    direct.add(finder.space.read_range(0, finder.space.num))
    queries = finder.space.read(np.random.default_rng(3).choice(finder.space.num, rounds, replace=False))
    times: dict[str, list[float]] = {"faiss": [], "index": [], "nearest": []}
    for query in queries:
        times["faiss"].append(_timed(direct.search, query[None], 10))
        times["index"].append(_timed(finder.index.search, query[None], 10))
        times["nearest"].append(_timed(lambda q: nearest(finder, vector=q, k=10), query))
    medians = {name: 1000 * statistics.median(t[5:]) for name, t in times.items()}
    return {
        "shots": finder.space.num,
        **{f"{name}_ms": round(ms, 2) for name, ms in medians.items()},
        "index_against_faiss": round(medians["index"] / medians["faiss"], 3),
        "nearest_against_faiss": round(medians["nearest"] / medians["faiss"], 3),
    }


def _against(flat: float, ours: float) -> dict[str, float]:
    return {"flat_per_s": round(flat, 2), "ours_per_s": round(ours, 1), "ratio": round(ours / flat, 1)}


def _opened(path: Path) -> Finder:
    finder = open_index(RawSpace(Catalog.open(path)))
    assert finder is not None
    return finder


def _timed(call: Callable[..., Any], *given: Any) -> float:
    began = time.perf_counter()
    call(*given)
    return time.perf_counter() - began


def _size_mb(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.iterdir()) / 1e6


def _anonymous_mb() -> float:
    """Memory of this process that is no map of a file."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1000
    return float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "ask", "all"])
    parser.add_argument("folder", type=Path, nargs="?", help="kept; what is there already is not written again")
    parser.add_argument("--shots", type=int, default=1_000_000)
    chosen = parser.parse_args()
    if chosen.what != "all" and chosen.folder is None:
        parser.error("name a folder")
    if chosen.what == "make":
        make(chosen.folder, chosen.shots)
    elif chosen.what == "ask":
        print(json.dumps(ask(chosen.folder), indent=1))
    else:
        with tempfile.TemporaryDirectory() as name:
            make(Path(name), chosen.shots)
            print(json.dumps(ask(Path(name)), indent=1))


if __name__ == "__main__":
    main()
