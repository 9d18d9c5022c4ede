"""Catalogs of any size for measurements: deterministic, written title by title in flat memory.

    python -m benchmarks.scale_catalog OUT --shots 1000000 [--dim 128] [--each 15]

Titles of 300 to 700 shots, or of `--each`, which makes many titles. A shot is the sum of a vector of its title, one of its scene and noise, so that neighbours are alike
and titles differ as in real embeddings. A shot in eight has no text, and one title in fifty has none at all. A title depends on its
number alone: the first titles of two sizes are the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog, TitleData, modalities_of

SPLITS = ("train",) * 8 + ("validation", "test")  # of ten titles in a row
MEAN_SHOTS, SPREAD = 500, 200
SCENE_SHOTS = 12  # about as many in a scene


def title(number: int, dim: int, num_shots: int | None = None) -> TitleData:
    """The title of a number, with `num_shots` shots or as many as it has by itself."""
    rng = np.random.default_rng((7, number))
    drawn = int(rng.integers(MEAN_SHOTS - SPREAD, MEAN_SHOTS + SPREAD))
    count = num_shots or drawn
    scenes = np.cumsum(rng.random(count) < 1 / SCENE_SHOTS)
    own = rng.standard_normal(dim, dtype=np.float32)
    of_scenes = rng.standard_normal((int(scenes[-1]) + 1, dim), dtype=np.float32)
    shots = own + of_scenes[scenes] + rng.standard_normal((count, dim), dtype=np.float32)
    shots += np.linspace(2, 0, dim, dtype=np.float32)  # embeddings are not centred about zero
    text = dim - dim // 4
    shots[(rng.random(count) < 1 / 8) | (number % 50 == 7), text:] = 0
    times = {"start_s": 3.0 * np.arange(count), "end_s": 3.0 * np.arange(1, count + 1), "scene": scenes}
    return TitleData(
        title_id=f"title-{number:07d}", split=SPLITS[number % 10], embeddings=shots, shots=pd.DataFrame(times)
    )


def titles(num_shots: int, dim: int, each: int | None = None) -> Iterator[TitleData]:
    """Titles of `num_shots` shots together, of `each` or of 300 to 700; the last one is cut."""
    left, number = num_shots, 0
    while left > 0:
        made = title(number, dim, each)
        if len(made.embeddings) > left:
            made = title(number, dim, left)
        yield made
        left, number = left - len(made.embeddings), number + 1


def write(path: Path, num_shots: int, dim: int, each: int | None = None) -> Catalog:
    """A catalog of three modalities in half precision."""
    quarter = dim // 4
    modalities = modalities_of({"video": dim - 2 * quarter, "audio": quarter, "text": quarter})
    return Catalog.write(path, titles(num_shots, dim, each), modalities=modalities, dtype="float16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shots", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--each", type=int, help="shots of each title; drawn where it is not given")
    chosen = parser.parse_args()
    made = write(chosen.out, chosen.shots, chosen.dim, chosen.each)
    print(f"{chosen.out}: {len(made)} titles, {made.num_shots} shots, {made.shot_dim} wide")


if __name__ == "__main__":
    main()
