"""A batch shared by several processes, or taken in parts, is the batch."""

import os
import subprocess
import sys

import pytest
import torch

from msm.presets import PRESETS
from msm.processes import Processes
from msm.runs import RunFolder
from msm.train import start_run, train

SMALL = ["steps=6", "batch_windows=6", "validate_every=3", "model.width=16", "model.heads=2", "model.depth=3"]
SMALL += ["optim.name=adamw"]  # torch's Muon works in bfloat16, where the last digit of a sum decides
CPU = torch.device("cpu")
WHOLE = [name for name in PRESETS if name not in ("hero", "videoprism")]  # those contrast within a part


def losses(run: RunFolder) -> list[float]:
    return [line["loss"] for line in run.metrics()]


@pytest.mark.parametrize("name", WHOLE)
def test_a_batch_in_three_parts_has_the_losses_of_the_whole(talks, tmp_path, name):
    recipe = PRESETS[name].with_settings([*SMALL, "steps=3", "validate_every=100"])
    alone = train(start_run(talks, tmp_path / "alone", recipe, device=CPU), talks, device=CPU)
    in_parts = recipe.with_settings(["accumulate=3"])
    parted = train(start_run(talks, tmp_path / "parted", in_parts, device=CPU), talks, device=CPU)
    assert losses(parted) == pytest.approx(losses(alone), abs=1e-5, rel=1e-5)


def test_every_window_is_in_one_part():
    for windows, count, accumulate in ((8, 2, 1), (7, 3, 2), (5, 5, 4), (64, 3, 5)):
        parts = [r for i in range(count) for r in Processes(i, count).rows(windows, accumulate)]
        assert [w for r in parts for w in range(r.start, r.stop)] == list(range(windows))
        assert all(Processes(i, count).rows(windows, accumulate) for i in range(count))


def launch(launcher: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *launcher, "-m", "msm", "train", *arguments, "--device", "cpu"]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=quiet)


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(talks, tmp_path):
    pytest.importorskip("accelerate")
    recipe = PRESETS["mediafm"].with_settings(SMALL)
    alone = train(start_run(talks, tmp_path / "alone", recipe, device=CPU), talks, device=CPU)
    settings = [word for setting in SMALL for word in ("--set", setting)]
    launcher = ["torch.distributed.run", "--nproc-per-node=2", "--master-port=0", "--rdzv-backend=c10d"]
    done = launch(launcher, str(talks.path), str(tmp_path / "shared"), *settings)
    assert done.returncode == 0, done.stderr
    shared = RunFolder.open(tmp_path / "shared")
    assert losses(shared) == pytest.approx(losses(alone), abs=1e-5, rel=1e-5)
    assert (shared.info["state"], shared.info["processes"]) == ("done", 2)
    weights = shared.load_weights()
    for name, weight in alone.load_weights().items():
        torch.testing.assert_close(weights[name], weight, atol=1e-4, rtol=1e-3)
