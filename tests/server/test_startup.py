"""What the server does before the first click."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
WARMED = """
import gc, sys
from workbench.server import startup
from workbench.session.arguments import read_arguments
startup.preload(read_arguments([])).join()
assert "torch" in sys.modules
print(len(gc.get_objects()), gc.get_freeze_count())
"""


@pytest.mark.slow
def test_collecting_garbage_after_a_rerun_does_not_walk_through_torch_again():
    answer = subprocess.run([sys.executable, "-c", WARMED], cwd=REPO, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    walked, kept = map(int, answer.stdout.split()[-2:])

    assert walked < kept / 20
