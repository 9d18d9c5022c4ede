"""Test titles are for the report: nothing of a run depends on them."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from msm.data.catalog import Catalog, TitleData, modalities_of
from msm.recipes.presets import preset
from msm.training.trainer import start_run, train

SMALL = [
    "steps=4",
    "batch_windows=2",
    "validate_every=2",
    "model.width=16",
    "model.heads=2",
    "model.depth=1",
    "window=24",
]


def write_catalog(path, test_seed: int) -> Catalog:
    """Titles whose training and validation shots are always the same, and whose test shots are drawn from `test_seed`."""
    titles = []
    for i in range(10):
        split = ("train", "train", "train", "validation", "test")[i % 5]
        rng = np.random.default_rng([i, test_seed if split == "test" else 0])
        shots = np.cumsum(rng.normal(size=(30, 12)), axis=0).astype(np.float32)
        times = np.arange(31) * 2.5
        table = pd.DataFrame({"start_s": times[:-1], "end_s": times[1:], "mood": rng.choice(["calm", "tense"], 30)})
        told = rng.normal(size=4).astype(np.float32)
        titles.append(TitleData(title_id=f"t{i}", split=split, embeddings=shots, shots=table, global_embedding=told))
    return Catalog.write(path, titles, modalities=modalities_of({"video": 8, "audio": 4}), dtype="float32")


@pytest.mark.parametrize("recipe", ["mediafm", "neighbour"])
def test_weights_baselines_sharpness_and_the_kept_step_are_the_same_whatever_the_test_titles_are(tmp_path, recipe):
    runs = []
    for seed in (1, 2):
        catalog = write_catalog(tmp_path / f"catalog-{seed}", seed)
        started = start_run(
            catalog, tmp_path / f"run-{seed}", preset(recipe).with_settings(SMALL), device=torch.device("cpu")
        )
        runs.append(train(started, catalog, device=torch.device("cpu")))
    one, two = runs
    assert one.info["catalog"]["fingerprint"] != two.info["catalog"]["fingerprint"]
    for file in ("model.safetensors", "baselines.safetensors"):
        first, second = load_file(one.path / file), load_file(two.path / file)
        assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    assert one.info["best"] == two.info["best"] and one.info["bandwidth"] == two.info["bandwidth"]
    untimed = [[{k: v for k, v in line.items() if k != "shots_per_s"} for line in run.metrics()] for run in runs]
    assert untimed[0] == untimed[1]
