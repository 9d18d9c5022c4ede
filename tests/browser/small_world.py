"""A small catalog and a run trained on it in seconds: what the browser tests look at.

python tests/browser/small_world.py FOLDER    makes FOLDER/catalog and FOLDER/runs/mediafm to look at by hand
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageOps

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from msm.recipes.presets import preset
from msm.training.trainer import pick_device, start_run, train
from tests.small_runs import rising, write_run

DIMS = {"video": 32, "audio": 16, "text": 16}
NUM_PLACES, NUM_VOICES = 24, 12


def small_title(
    rng: np.random.Generator,
    title_id: str,
    split: str,
    num_shots: int,
    *,
    name: str = "",
    plain: bool = False,
    shot_s: float | None = None,
) -> TitleData:
    """Scenes of about nine shots in which two views alternate: a neighbour misleads, the one beyond it tells.

    plain   neither times nor labels, and text that is markup
    shot_s  how long each shot is; drawn where it is None
    """
    views = np.random.default_rng(7).standard_normal((NUM_PLACES, 2, sum(DIMS.values())))
    scene = np.cumsum(rng.random(num_shots) < 1 / 9)
    place = rng.integers(0, NUM_PLACES, scene.max() + 1)[scene]
    embeddings = views[place, np.arange(num_shots) % 2] + 0.5 * rng.standard_normal((num_shots, sum(DIMS.values())))
    ends = np.cumsum(rng.uniform(2, 8, num_shots) if shot_s is None else np.full(num_shots, shot_s))
    if plain:
        shots = pd.DataFrame({"text": ["<i>markup</i> & <script>alert(1)</script>"] * num_shots})
    else:
        said = [f"Somebody speaks in place {p}." if i % 3 else "" for i, p in enumerate(place)]
        shots = pd.DataFrame({"start_s": np.r_[0, ends[:-1]], "end_s": ends, "text": said, "scene": scene})
    return TitleData(title_id=title_id, name=name, split=split, embeddings=embeddings, shots=shots)


def write_catalog(path: Path) -> Catalog:
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"lesson-{i}", "train", 160) for i in range(12)]
    titles += [small_title(rng, f"check-{i}", "validation", 100) for i in range(2)]
    titles += [
        small_title(rng, "harbour-lights", "test", 118, name="Harbour lights"),
        small_title(rng, "short", "test", 60, name="A short"),
        small_title(rng, "feature", "test", 512, name="A feature"),
        small_title(rng, "marathon", "test", 2000, name="A marathon"),
        small_title(rng, "markup", "test", 40, name="<b>x</b>", plain=True),
        small_title(rng, "still", "test", 1, name="A single shot"),
        small_title(rng, "sketch", "test", 3, name="A sketch"),
        small_title(rng, "saga", "test", 5000, name="A saga"),
        small_title(rng, "filmed", "test", 12, name="A filmed one", shot_s=1.0),
    ]
    provenance = {"kind": "screenplay", "made by": "tests/browser/small_world.py", "seed": 0}
    return Catalog.write(path, titles, modalities=modalities_of(DIMS), provenance=provenance)


def write_trio(folder: Path, num_shots: int) -> Path:
    """catalog/ of three titles, one a split, and runs/mediafm, trained for two steps."""
    rng = np.random.default_rng(0)
    titles = [
        small_title(rng, f"title-{s}", s, num_shots, name=f"A {s} title") for s in ("train", "validation", "test")
    ]
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "runs" / "mediafm", steps=2)
    return folder


def write_crowd(folder: Path, titles: int = 1100, runs: int = 230) -> Path:
    """catalog/ of many titles of two shots, and runs/ of many runs without weights."""
    rng = np.random.default_rng(0)
    many = [
        small_title(
            rng,
            f"title-{n:04d}",
            ("train", "train", "validation", "test")[n % 4],
            2,
            name=f"Episode {n} of {'Harbour' if n % 7 == 3 else 'Island'} lights",
        )
        for n in range(titles)
    ]
    Catalog.write(folder / "catalog", many, modalities=modalities_of(DIMS))
    for n in range(runs):
        write_run(folder / "runs", f"run-{n:03d}", rising(20, to=0.5 + n / 1000))
    return folder


def write_thumbnails(catalog: Catalog, title_id: str) -> None:
    """A picture for every shot of a title but its last."""
    folder = catalog.path / "media" / "thumbnails" / title_id
    folder.mkdir(parents=True)
    for i in range(catalog[title_id].num_shots - 1):
        picture = Image.linear_gradient("L").resize((160, 90)).rotate(9 * i)
        ImageOps.colorize(picture, "#102030", "#f0e0c0", mid=f"hsl({37 * i % 360}, 60%, 50%)").save(
            folder / f"{i}.webp"
        )


def write_film(catalog: Catalog, title_id: str, fps: int = 5) -> None:
    """A film of as many seconds as the title has, each shot in a colour of its own; VP9, which every Chromium plays."""
    title = catalog[title_id]
    with av.open(str(catalog.path / "media" / f"{title_id}.mp4"), "w") as film:
        stream = film.add_stream("libvpx-vp9", rate=fps, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for i in range(round(title.duration_s * fps)):
            picture = np.full((36, 64, 3), (40 * (i // fps) % 256, 90, 140), dtype=np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))


def train_run(catalog: Catalog, path: Path, steps: int = 12) -> None:
    settings = [
        f"steps={steps}",
        "batch_windows=2",
        "model.width=32",
        "model.depth=1",
        "model.heads=2",
        "optim.lr=0.01",
    ]
    recipe = preset("mediafm").with_settings(settings)
    device = pick_device("cpu")
    train(start_run(catalog, path, recipe, device=device), catalog, device=device)


def evaluate_run(catalog: Catalog, path: Path) -> None:
    from msm import Run
    from msm.evaluation.report import report
    from msm.evaluation.scoring import score_titles

    run = Run.open(path)
    run.folder.save_evaluation(report(score_titles(run.predict, catalog.split("test"), run.space), "test"))


def make(folder: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    catalog = write_catalog(folder / "catalog")
    write_thumbnails(catalog, "short")
    write_film(catalog, "filmed")
    train_run(catalog, folder / "runs" / "mediafm")
    evaluate_run(catalog, folder / "runs" / "mediafm")
    torch.set_num_threads(before)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
