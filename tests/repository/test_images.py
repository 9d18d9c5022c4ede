"""The Dockerfiles: linted by hadolint, and their steps run as a script, up to a healthy server."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_hadolint_has_nothing_to_say_of_an_image(name):
    if not HADOLINT.exists():
        pytest.skip("hadolint is not installed; it has no build for this platform")
    told = subprocess.run([HADOLINT, REPO / name], capture_output=True, text=True)

    assert told.returncode == 0 and told.stdout == ""


@pytest.mark.slow
def test_the_steps_of_the_image_end_in_a_healthy_server(tmp_path):
    """Docker is not needed; dependencies come from this environment, and our package is built and installed as the image does."""
    script = [sys.executable, REPO / ".ci" / "image.py", REPO / "Dockerfile", "--folder", tmp_path]
    told = subprocess.run([*script, "--borrow", sysconfig.get_path("purelib")], capture_output=True, text=True)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "healthy: msm app" in told.stdout and not (tmp_path / "src").exists()
