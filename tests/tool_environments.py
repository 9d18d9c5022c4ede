"""Environments of tools that cannot be beside our packages: `make tools` makes them in .venv/tools, `.ci/tools` has their exact versions.

Each has its own packages first and then those of .venv, so torch, NumPy and the rest are installed once.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


def python_of(environment: str) -> Path:
    """The interpreter of an environment; the test is skipped where it is not installed."""
    folder = REPO / ".venv" / "tools" / environment
    if not (folder / "installed").exists():
        pytest.skip(f"the environment {environment} is not there: make tools installs it where packages can be fetched")
    return folder / "bin" / "python"


def run_in(environment: str, folder: Path, *words: object, **settings: str) -> str:
    """What a program prints to stdout in an environment, run in a folder with this checkout on its path; its failure fails the test."""
    command = [str(python_of(environment)), *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1", **settings}
    told = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=240)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout
