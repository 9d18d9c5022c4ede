"""What starts a command or a worker is not slowed down by torch's compiler, which torch imports when its attention kernels, its
sharding or arithmetic on the meta device are touched: two of four seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from msm.recipes.presets import CATALOGUE

COMPILER = "torch._dynamo"
RUNS = Path(__file__).parents[2] / "sample_data" / "runs"
OPENED = """
import sys
from msm.inference.run import Run
Run.open({run!r})
print("{compiler}" in sys.modules)
"""
BUILT = """
import sys, torch
from msm.models.encoder import ShotEncoder
from msm.recipes.presets import preset
with torch.device("meta"):
    for name in {names}:
        ShotEncoder(96, 5, preset(name).model, [64, 32])
        assert "{compiler}" not in sys.modules, name
"""


@pytest.mark.parametrize("module", ["msm.training.trainer", "msm.inference.export", "msm.evaluation.probe_run"])
def test_training_and_inference_are_imported_without_the_compiler(module):
    said = python(f"import sys, {module}; print('{COMPILER}' in sys.modules)")
    assert said == "False"


@pytest.mark.parametrize("run", ["neighbour", "mediafm"])
def test_a_run_is_opened_without_the_compiler(run):
    assert python(OPENED.format(run=str(RUNS / run), compiler=COMPILER)) == "False"


def test_the_shapes_of_every_recipe_are_known_without_the_compiler():
    assert python(BUILT.format(names=sorted(CATALOGUE), compiler=COMPILER)) == ""


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
