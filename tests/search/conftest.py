"""Small vectors and catalogs to search in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from msm.data.fusion import unit

DIMS = {"video": 6, "audio": 4, "text": 5}


@dataclass
class Plain:
    """Vectors in memory."""

    rows: np.ndarray

    @property
    def num(self) -> int:
        return len(self.rows)

    @property
    def dim(self) -> int:
        return self.rows.shape[1]

    def read(self, rows: np.ndarray) -> np.ndarray:
        return self.rows[rows]

    def read_range(self, start: int, stop: int) -> np.ndarray:
        return self.rows[start:stop]

    def scores(self, rows: np.ndarray, query: np.ndarray) -> np.ndarray:
        return self.rows[rows] @ query


def clustered(num: int, dim: int, seed: int = 0) -> Plain:
    """Unit vectors around one middle for twelve of them each."""
    rng = np.random.default_rng(seed)
    middles = rng.standard_normal((num // 12 + 1, dim))
    rows = middles[np.arange(num) // 12] + 0.5 * rng.standard_normal((num, dim))
    return Plain(unit(rows).astype(np.float32))


def scenes_title(title_id: str, split: str, num_shots: int, seed: int, **labels: object) -> TitleData:
    """Scenes of four shots; every third shot is silent and has no text."""
    rng = np.random.default_rng(seed)
    scene = np.arange(num_shots) // 4
    embeddings = rng.standard_normal((scene.max() + 1, 15))[scene] + 0.4 * rng.standard_normal((num_shots, 15)) + 0.5
    silent = np.arange(num_shots) % 3 == 2
    embeddings[silent, 10:] = 0
    starts = 2.0 * np.arange(num_shots)
    shots = pd.DataFrame(
        {
            "start_s": starts,
            "end_s": starts + 2,
            "text": ["" if s else f"{title_id} says line {i}" for i, s in enumerate(silent)],
            "scene": scene,
            "place": [f"place {s % 3}" for s in scene],
            "people": ["Ann|Bob" if s % 2 else "Ann" for s in scene],
        }
    )
    return TitleData(title_id=title_id, split=split, embeddings=embeddings, shots=shots, labels=labels)


@pytest.fixture
def films(tmp_path: Path) -> Catalog:
    """Four titles of 12 to 24 shots, 15 wide, float32, with scenes, places, people and a genre."""
    titles = [
        scenes_title("alpha", "train", 24, 1, genre="crime"),
        scenes_title("beta", "train", 16, 2, genre="space"),
        scenes_title("gamma", "validation", 12, 3, genre="crime"),
        scenes_title("delta", "test", 20, 4, genre="space"),
    ]
    return Catalog.write(tmp_path / "films", titles, modalities=modalities_of(DIMS), dtype="float32")


@pytest.fixture
def one_title(tmp_path: Path) -> Callable[..., Catalog]:
    """`one_title(embeddings)` writes them as the only title of a catalog."""

    def make(embeddings: np.ndarray, **dims: int) -> Catalog:
        title = TitleData(title_id="only", split="test", embeddings=embeddings)
        modalities = modalities_of(dims or {"video": embeddings.shape[1]})
        return Catalog.write(tmp_path / "one", [title], modalities=modalities, dtype="float32", replace=True)

    return make
