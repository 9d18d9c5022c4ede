"""What starts a command or a worker is not slowed down by torch's compiler, which torch imports when its attention kernels, its
sharding or arithmetic on the meta device are touched: two of four seconds, and half of one for SymPy alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from msm.recipes.presets import CATALOGUE

COMPILER = {"torch._dynamo", "sympy"}
RUNS = Path(__file__).parents[2] / "sample_data" / "runs"
BUILT = """
import torch
from msm.models.encoder import ShotEncoder
from msm.recipes.presets import preset
with torch.device("meta"):
    ShotEncoder(96, 5, preset({name!r}).model, [64, 32])
"""
STEPS = {
    **{
        f"import {m}": f"import {m}"
        for m in ("msm.training.trainer", "msm.inference.export", "msm.evaluation.probe_run")
    },
    **{
        f"open the run {name}": f"from msm.inference.run import Run; Run.open({str(RUNS / name)!r})"
        for name in ("neighbour", "mediafm")
    },
    **{f"shapes of {name}": BUILT.format(name=name) for name in sorted(CATALOGUE)},
}
PROGRAM = f"""
import sys
for what, code in {STEPS!r}.items():
    exec(code, {{}})
    print(what, bool({COMPILER!r} & set(sys.modules)), sep=": ")
"""


@pytest.fixture(scope="module")
def said() -> list[str]:
    """After each step, taken one after another in one process, whether the compiler is there: a start costs seconds."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("what", ["import", "open the run", "shapes of"])
def test_modules_runs_and_the_shapes_of_recipes_are_there_without_the_compiler(said, what):
    steps = [line for line in said if line.startswith(what)]
    assert steps and [line for line in steps if not line.endswith(": False")] == []
