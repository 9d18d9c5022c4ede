"""How many threads a training has, and that reading ahead takes none from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from msm.data.space import Space
from msm.recipes.presets import preset
from msm.training.sampler import WindowSampler
from msm.training.trainer import start_run, train

SAMPLE = Path(__file__).parents[2] / "sample_data" / "catalog"
SMALL = ["steps=2", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]
# A process of its own: what OpenMP does is decided when torch is imported, and the suite decides it for the tests.
READ = """
import os, sys, threading
import numpy as np, torch
from msm.data.catalog import Catalog
from msm.data.space import Space
from msm.training.sampler import WindowSampler
torch.set_num_threads(4)
catalog = Catalog.open(sys.argv[1])
space = Space(catalog.modalities, "joint", np.zeros(catalog.shot_dim, np.float32), 1.0)
sampler = WindowSampler(catalog, space, max_shots=512, batch_windows=32, seed=0)
batches = []
def read():
    batches.append(sampler.batch(0))
    print(len(os.listdir("/proc/self/task")))
    batches[0].shots + 1
    print(len(os.listdir("/proc/self/task")))
before = len(os.listdir("/proc/self/task"))
reader = threading.Thread(target=read)
reader.start()
reader.join()
print(before + 1, batches[0].shots.numel())
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells how many threads a process has")
def test_a_batch_that_is_read_ahead_starts_no_team_of_threads():
    done = subprocess.run([sys.executable, "-c", READ, str(SAMPLE)], capture_output=True, text=True, check=True)
    read, computed, (expected, numbers) = (list(map(int, line.split())) for line in done.stdout.splitlines())
    assert read == [expected] and numbers > 1 << 20
    assert computed[0] > expected  # what the test would see if torch copied the windows


def test_a_batch_has_the_windows_in_order_and_nothing_else(talks):
    space = Space(talks.modalities, "joint", np.zeros(talks.shot_dim, np.float32), 1.0)
    sampler = WindowSampler(talks, space, max_shots=7, batch_windows=3, seed=0, time_reversal=0.5)
    batch = sampler.batch(4)
    for i, (title, start, stop, way) in enumerate(sampler._cut(12 + i) for i in range(3)):
        window = space.fuse(sampler.titles[title].embeddings)[start:stop][::way]
        assert torch.equal(batch.shots[i, : len(window)], torch.from_numpy(window.copy()))
        assert batch.valid[i].tolist() == [True] * len(window) + [False] * (batch.shots.shape[1] - len(window))
        assert not batch.shots[i, len(window) :].any()


@pytest.mark.parametrize(("recipe", "threads"), [("neighbour", 2), ("mediafm", 3)])
def test_a_recipe_of_small_operations_is_trained_on_half_of_the_cores_and_others_on_all(
    talks, cpu, tmp_path, monkeypatch, recipe, threads
):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    before, seen = torch.get_num_threads(), []
    torch.set_num_threads(3)
    try:
        run = start_run(talks, tmp_path / "run", preset(recipe).with_settings(SMALL), device=cpu)
        train(run, talks, device=cpu, on_step=lambda line: seen.append(torch.get_num_threads()))
        assert seen == [threads, threads] and torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("given", "spins"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, None)]
)
def test_msm_train_says_how_long_threads_wait_before_torch_is_there_and_the_environment_has_the_last_word(given, spins):
    code = """
import json, os, sys
from msm.cli import main
import msm.runner.threads as threads
before = threads.sleep_soon
def told():
    imported = "torch" in sys.modules
    before()
    print(json.dumps([imported, os.environ.get("GOMP_SPINCOUNT")]), flush=True)
threads.sleep_soon = told
main(["train", "no/such/catalog", "run"])
"""
    clean = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**clean, **given})
    assert json.loads(done.stdout.splitlines()[0]) == [False, spins] and done.returncode == 2
