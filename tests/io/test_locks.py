"""A lock keeps other processes out for as long as its process lives, and no longer."""

import signal
import subprocess
import sys
import time

import pytest

from msm.errors import InputError
from msm.io.locks import is_locked, lock_file

HOLD = """
import sys, time
from pathlib import Path
from msm.io.locks import lock_file
with lock_file(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds tmp_path/.lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / ".lock"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_held_lock_is_refused_with_the_sentence_that_was_asked_for(holder, tmp_path):
    assert is_locked(tmp_path / ".lock")
    with (
        pytest.raises(InputError, match=r"^somebody writes here$"),
        lock_file(tmp_path / ".lock", or_else="somebody writes here"),
    ):
        pass


def test_the_lock_file_of_a_killed_process_does_not_block(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    assert (tmp_path / ".lock").exists() and not is_locked(tmp_path / ".lock")
    with lock_file(tmp_path / ".lock"):
        assert is_locked(tmp_path / ".lock")


def test_who_waits_is_asked_again_and_again_and_may_give_up(holder, tmp_path):
    asked = []

    def give_up_at_the_third() -> None:
        asked.append(time.monotonic())
        if len(asked) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), lock_file(tmp_path / ".lock", wait_s=0.01, on_wait=give_up_at_the_third):
        pass
    assert len(asked) == 3


def test_an_error_inside_the_block_stays_itself_and_frees_the_lock(tmp_path):
    with pytest.raises(BlockingIOError), lock_file(tmp_path / ".lock"):
        raise BlockingIOError
    assert not is_locked(tmp_path / ".lock")


def test_looking_creates_no_lock_file(tmp_path):
    assert not is_locked(tmp_path / ".lock")
    assert list(tmp_path.iterdir()) == []
