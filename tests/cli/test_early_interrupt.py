"""Ctrl-C while `msm` is still starting is one line and status 130, at whatever import it comes; a library keeps Python's way."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Starts the command as its script does, with Ctrl-C at the moment when it imports a certain module.
START = """
import os, signal, sys
sys.argv = [{name!r}, "--version"]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what is in the background with Ctrl-C ignored

class AtImport:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, AtImport())
from msm.cli import main
main()
"""


def started(name: str, module: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", START.format(name=name, module=module)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("module", ["typer", "msm.cli.main", "msm.cli.start", "msm.cli.training", "msm.cli.doctor"])
@pytest.mark.parametrize("name", ["/usr/bin/msm", "/somewhere/msm/__main__.py"])
def test_an_interruption_of_the_start_is_one_line_and_status_130(name, module):
    ended = started(name, module)
    assert (ended.returncode, ended.stderr, ended.stdout) == (130, "msm: stopped by Ctrl-C\n", "")


def test_a_program_that_imports_the_command_keeps_its_own_way_to_be_interrupted():
    ended = started("/usr/bin/notebook", "msm.cli.doctor")
    assert ended.returncode not in (0, 130) and "KeyboardInterrupt" in ended.stderr
