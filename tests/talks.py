"""A catalog so small that a model learns it in seconds, yet with something to learn beyond the neighbours."""

import numpy as np
import pandas as pd
import pytest
import torch

from msm.data.catalog import Catalog, TitleData, modalities_of
from msm.recipes.recipe import Recipe

SETTINGS = ["steps=40", "batch_windows=8", "validate_every=20", "optim.lr=0.01", "model.width=32"]
SETTINGS += ["model.depth=2", "model.heads=2", "model.dropout=0.1"]


def alternating_titles(num_titles: int, rng: np.random.Generator, with_global: bool = True):
    """Dialogue scenes: two speakers take turns, A B A B, so the shot before last says more than the last."""
    common = rng.normal(size=12)
    for i in range(num_titles):
        shots = []
        for _ in range(int(rng.integers(2, 4))):
            pair = rng.normal(size=(2, 12)) * 0.8
            turns = np.tile(pair, (int(rng.integers(4, 7)), 1))
            shots.append(turns + common + rng.normal(size=turns.shape) * 0.1)
        embeddings = np.concatenate(shots).astype(np.float32)
        times = np.arange(len(embeddings) + 1) * 2.5
        yield TitleData(
            title_id=f"title-{i:02d}",
            embeddings=embeddings,
            split=("train", "train", "train", "validation", "test")[i % 5],
            shots=pd.DataFrame({"start_s": times[:-1], "end_s": times[1:]}),
            global_embedding=rng.normal(size=5).astype(np.float32) if with_global else None,
        )


@pytest.fixture(scope="session")
def talks(tmp_path_factory) -> Catalog:
    """40 titles of 16 to 36 shots, 12 wide (video 8, audio 4), with metadata 5 wide."""
    folder = tmp_path_factory.mktemp("catalogs")
    titles = alternating_titles(40, np.random.default_rng(7))
    return Catalog.write(folder / "talks", titles, modalities=modalities_of({"video": 8, "audio": 4}), dtype="float32")


@pytest.fixture
def quick() -> Recipe:
    return Recipe().with_settings(SETTINGS)


@pytest.fixture
def cpu() -> torch.device:
    return torch.device("cpu")
