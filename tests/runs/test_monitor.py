"""The monitor of a run: its metrics while they are written, its state, and which runs may be deleted."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from msm import InputError
from msm.runs import monitor
from msm.runs.folder import RunFolder
from tests.small_runs import metrics_line, rising, write_run

LONG_AGO = 4_000.0


def silent(path: Path) -> None:
    """As if nobody had written for over an hour."""
    for name in ("metrics.jsonl", "run.json"):
        os.utime(path / name, (time.time() - LONG_AGO,) * 2)


def test_appended_metrics_are_read_from_where_the_last_read_ended(tmp_path):
    path = write_run(tmp_path, "run", rising(20))
    tail = monitor.Tail(path)
    assert tail.read().step == 20 and len(tail.read().validations) == 2
    with open(path / "metrics.jsonl", "a") as file:
        file.write(json.dumps(metrics_line(21)) + "\n" + json.dumps(metrics_line(22))[:30])
    assert tail.read().step == 21  # the last line is still being written
    with open(path / "metrics.jsonl", "a") as file:
        file.write(json.dumps(metrics_line(22))[30:] + "\n")
    assert tail.read().step == 22 and list(tail.read().steps["step"]) == list(range(1, 23))


def test_a_replaced_file_is_read_from_its_start(tmp_path):
    path = write_run(tmp_path, "run", rising(20))
    tail = monitor.Tail(path)
    tail.read()
    RunFolder.open(path).truncate_metrics(12)
    RunFolder.open(path).append_metrics(metrics_line(13))
    assert list(tail.read().steps["step"]) == list(range(1, 14))


@pytest.mark.parametrize("line", ["{", "[]", "7", '{"loss": 1}', '{"step": 3, "validation": {"centred_cosine": 0.1}}'])
def test_a_broken_line_is_counted_and_the_others_are_read(tmp_path, line):
    path = write_run(tmp_path, "run", rising(10))
    with open(path / "metrics.jsonl", "a") as file:
        file.write(line + "\n" + json.dumps(metrics_line(11)) + "\n")
    measured = monitor.Tail(path).read()
    assert measured.broken == 1 and measured.step == 11


def test_a_running_run_that_no_process_trains_is_lost(tmp_path):
    path = write_run(tmp_path, "run", rising(20), state="running", heartbeat=time.time() - LONG_AGO)
    assert monitor.look(path).state == monitor.RUNNING  # its metrics have grown just now
    silent(path)
    assert monitor.look(path).state == monitor.LOST
    with RunFolder.open(path).only_trainer():
        now = monitor.look(path)
        assert now.state == monitor.RUNNING and now.silent_s > monitor.SILENT_S


def test_a_run_that_ended_keeps_its_state_however_long_ago(tmp_path):
    for state in ("done", "stopped", "failed"):
        path = write_run(tmp_path, state, rising(20), state=state, heartbeat=1.0, reason="no more")
        assert monitor.look(path).state == state and monitor.look(path).step == 20


def test_a_folder_that_cannot_be_read_is_a_problem_and_no_error(tmp_path):
    path = write_run(tmp_path, "run", [])
    (path / "run.json").write_text("{}")
    assert "run.json" in str(monitor.look(path).problem)
    (path / "recipe.json").write_text("{")
    assert "recipe.json is not readable" in str(monitor.look(path).problem)


def test_the_one_being_trained_comes_first_then_the_latest(tmp_path):
    for age, name in enumerate(("new", "old", "oldest")):
        path = write_run(tmp_path, name, [])
        os.utime(path / "run.json", (time.time() - 100 * age,) * 2)
    with RunFolder.open(tmp_path / "oldest").only_trainer():
        assert [p.name for p in monitor.listed(tmp_path)] == ["oldest", "new", "old"]


def test_only_a_run_of_this_folder_that_nobody_trains_is_deleted(tmp_path):
    runs = tmp_path / "runs"
    path, outside = write_run(runs, "run", rising(10)), write_run(tmp_path, "outside", [])
    (runs / "link").symlink_to(outside)
    (runs / "catalog").mkdir()
    for wrong in (outside, runs / "link", runs / "catalog", runs / ".." / "outside", runs / "nothing"):
        with pytest.raises(InputError, match="is not deleted"):
            monitor.delete(wrong, runs)
    with RunFolder.open(path).only_trainer(), pytest.raises(InputError, match="is being trained"):
        monitor.delete(path, runs)
    assert path.exists() and outside.exists()

    monitor.delete(path, runs)
    assert sorted(p.name for p in runs.iterdir()) == ["catalog", "link"]


def test_looking_whether_a_run_is_held_does_not_keep_a_training_from_beginning(tmp_path):
    path = write_run(tmp_path, "run", [])
    import fcntl
    import threading

    (path / ".lock").touch()
    with open(path / ".lock") as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)
        threading.Timer(0.08, lambda: fcntl.flock(looker, fcntl.LOCK_UN)).start()
        with RunFolder.open(path).only_trainer():
            assert monitor.is_held(path)
    with open(path / ".lock") as holder, pytest.raises(InputError, match="is being trained by another process"):
        fcntl.flock(holder, fcntl.LOCK_SH)
        with RunFolder.open(path).only_trainer():
            pass


def test_seconds_a_step_are_known_after_two_reads(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(monitor.time, "monotonic", lambda: now[0])
    path = write_run(tmp_path, "run", rising(10))
    tail = monitor.Tail(path)
    tail.read()
    assert tail.seconds_a_step() is None
    now[0] = 104.0
    for step in (11, 12):
        RunFolder.open(path).append_metrics(metrics_line(step))
    tail.read()
    assert tail.seconds_a_step() == 2.0


@pytest.mark.slow
def test_a_file_named_stop_ends_a_training_at_its_next_step_and_it_goes_on_from_there(tmp_path, tiny_catalog):
    import subprocess
    import sys

    run = tmp_path / "run"
    words = [sys.executable, "-m", "msm", "train", str(tiny_catalog.path), str(run)]
    small = ["steps=200000", "model.width=8", "model.depth=1", "model.heads=2", "validate_every=100000"]
    process = subprocess.Popen([*words, *(w for s in small for w in ("--set", s))], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not monitor.look(run).step:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    monitor.ask_to_stop(run)
    assert process.wait(60) == 130
    stopped = monitor.look(run)
    assert stopped.state == monitor.STOPPED and not stopped.stopping and stopped.info["steps_done"] == stopped.step


def test_a_request_to_stop_that_is_older_than_the_process_is_removed_and_a_later_one_is_not(tmp_path):
    path = write_run(tmp_path, "run", [])
    monitor.ask_to_stop(path)
    RunFolder.open(path).clear_stop(before=time.time() - 60)
    assert RunFolder.open(path).stop_requested
    RunFolder.open(path).clear_stop(before=time.time() + 60)
    assert not RunFolder.open(path).stop_requested


def test_a_process_knows_when_it_was_born_however_late_it_asks():
    import subprocess
    import sys

    before = time.time()
    code = "import time; time.sleep(1.5); from msm.io import progress; print(progress.BEGAN)"
    born = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert before - 0.1 <= born < before + 1.4
