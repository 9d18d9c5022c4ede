"""Films by `trained` against the same films by `descriptors`: scenes told apart, and what a small run makes of them.

    python -m benchmarks.trained FILM SHOTS [--work FOLDER]

FILM is big_buck_bunny_full_640x360.mp4 and SHOTS a CSV with start_s, end_s and scene of its shots, both not part of this repository
(MSM_REAL_DATA has them, with scene_start instead of scene). The forty sample films are taken from sample_data/catalog: the network sees the one thumbnail
of each shot, words are those of the table, and the rest of the columns is as it is there. Written to benchmarks/results/trained.json, for
pictures, words and all modalities together: same-scene mAP and AP of scene boundaries, with intervals over titles and the lead over the
descriptors; and the skill of a small `neighbour` run, trained on the sample films, on their test titles and on the real film.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from benchmarks.scenes import Title, compare
from benchmarks.tasks import run_of
from msm.data.catalog import Catalog, TitleData, modalities_of
from msm.data.media import thumbnail_path
from msm.evaluation.evaluate_run import evaluate_run
from msm.ingest import IngestOptions, ShotInput, ingest, load_encoders
from msm.ingest.encoder import encode_texts
from msm.ingest.encoders import trained
from msm.io import files
from msm.runs.folder import versions

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks" / "results" / "trained.json"
KINDS = ("descriptors", "trained")
WHOLE = "all modalities"
NOTHING: dict[str, Any] = {
    "motion": np.zeros((18, 32), np.float32),
    "changes": np.zeros(16, np.float32),
    "sound": np.zeros(0, np.float32),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("shots", type=Path)
    parser.add_argument("--work", type=Path, help="where catalogs and runs are kept")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary, threadpool_limits(1):
        work = chosen.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        sample = {"descriptors": Catalog.open(ROOT / "sample_data" / "catalog"), "trained": sample_by_trained(work)}
        shots = with_scenes(chosen.shots, work)
        film = {kind: film_catalog(chosen.film, shots, kind, work) for kind in KINDS}
        found: dict[str, Any] = {"scenes": {"sample films": scenes(sample), "the real film": scenes(film)}, "skill": {}}
        for kind in KINDS:
            run = run_of(named(sample[kind], kind, work), "neighbour", work)
            measured = {"sample films": evaluate_run(run, sample[kind]), "the real film": evaluate_run(run, film[kind])}
            found["skill"][kind] = {name: kept(report) for name, report in measured.items()}
    about = {
        "command": "python -m benchmarks.trained FILM SHOTS",
        "date": datetime.date.today().isoformat(),
        "machine": "one thread of a CPU",
        "versions": versions(),
    }
    files.write_json(OUT, {**about, **found})


def sample_by_trained(work: Path) -> Catalog:
    """The sample catalog with pictures and words by `trained`; made unless it is there."""
    path, source = work / "sample-trained", Catalog.open(ROOT / "sample_data" / "catalog")
    if path.exists():
        return Catalog.open(path)
    encoders = {e.modality: e for e in load_encoders("trained")}

    def titles() -> Iterator[TitleData]:
        for title in source:
            video, audio, _ = (title.embeddings[:, m.columns].astype(np.float32) for m in source.modalities)
            words = encode_texts(encoders["text"], title.shots["text"].fillna("").astype(str).tolist())
            seen = np.stack([_network(thumbnail_path(source.path, title.title_id, i)) for i in range(title.num_shots)])
            parts = [share * normalize(part) for share, part in zip(trained.SHARES, (seen, video), strict=True)]
            yield replace(title.data(), embeddings=np.concatenate([*parts, audio, words], axis=1))
            print(title.title_id, flush=True)

    widths = {m: encoders[m].dim for m in ("video", "audio", "text")}
    return Catalog.write(path, titles(), modalities=modalities_of(widths, dict.fromkeys(widths, "trained/1")))


def _network(thumbnail: Path) -> np.ndarray:
    """(1280,) of one picture."""
    with Image.open(thumbnail) as opened:
        pictures = np.asarray(opened.convert("RGB"))[None]
    return load_encoders("trained")[0].encode([ShotInput(start_s=0, end_s=1, pictures=pictures, **NOTHING)])[0][
        trained.NETWORK
    ]


def with_scenes(path: Path, work: Path) -> Path:
    """The list of shots as `msm ingest --shots` takes it, with the number of the scene as a label."""
    table = pd.read_csv(path)
    scene = table["scene"] if "scene" in table else table["scene_start"].cumsum() - 1
    out = work / "shots.csv"
    table[["start_s", "end_s"]].assign(scene=scene).to_csv(out, index=False)
    return out


def film_catalog(film: Path, shots: Path, kind: str, work: Path) -> Catalog:
    path = work / f"film-{kind}"
    if not path.exists():
        ingest([film], path, IngestOptions(encoders=kind, shots=shots, media=False))
    return Catalog.open(path)


def named(catalog: Catalog, kind: str, work: Path) -> Catalog:
    """The same catalog under a name of its own, after which its run is called."""
    link = work / f"sample-{kind}"
    if not link.exists():
        link.symlink_to(catalog.path.absolute())
    return Catalog.open(link)


def scenes(catalogs: dict[str, Catalog]) -> dict[str, Any]:
    """{modality: scores} of the same titles by both encoders."""
    found = {}
    for modality in ("video", "text", WHOLE):
        blocks = {kind: [block(t.embeddings, c, modality) for t in c] for kind, c in catalogs.items()}
        rows = {kind: np.concatenate(parts) for kind, parts in blocks.items()}
        if not all(_has(r).any() for r in rows.values()):  # the real film has no words
            continue
        means = {kind: r[_has(r)].mean(axis=0) for kind, r in rows.items()}
        titles = []
        for i, title in enumerate(catalogs["descriptors"]):
            there = np.logical_and.reduce([_has(blocks[kind][i]) for kind in KINDS])
            scene = title.shots["scene"].to_numpy()[there]
            titles.append(Title(scene, {k: normalize(blocks[k][i][there] - means[k]) for k in KINDS}))
        found[modality] = compare(titles, "descriptors")
    return found


def _has(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows.any(axis=1))


def block(embeddings: np.ndarray, catalog: Catalog, modality: str) -> np.ndarray:
    """Unit vectors of one modality, or of all of them side by side, each to unit length."""
    blocks = {m.name: normalize(embeddings[:, m.columns].astype(np.float32)) for m in catalog.modalities}
    return blocks[modality] if modality != WHOLE else normalize(np.concatenate(list(blocks.values()), axis=1))


def kept(report: dict[str, Any]) -> dict[str, Any]:
    return {key: report[key] for key in ("centred_cosine", "skill", "best_baseline", "intervals") if key in report} | {
        "baselines": {name: row["centred_cosine"] for name, row in report["baselines"].items()}
    }


if __name__ == "__main__":
    main()
