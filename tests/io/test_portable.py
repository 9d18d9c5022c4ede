"""What stands in where a system lacks flock, an exchange of folders, affinity or signals: everything goes on, nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from msm import Catalog
from msm.io import files, portable
from msm.io.locks import is_locked, lock_file

REPO = Path(__file__).parents[2]
# As another system would have it: the modules and functions that only Linux, or only POSIX, has are taken away before msm is
# imported. Libraries that were loaded before keep theirs.
ELSEWHERE = """
import sys, os, signal
import numpy, pandas, pyarrow, torch, psutil, filelock, multiprocessing.context, subprocess  # noqa
sys.modules["fcntl"] = None
for module, names in ((os, ("sched_getaffinity", "killpg", "sysconf")), (signal, ("pthread_sigmask",))):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
import ctypes
real = ctypes.CDLL
ctypes.CDLL = lambda name, *a, **k: (_ for _ in ()).throw(TypeError("no name")) if name is None else real(name, *a, **k)
from msm.io import portable
assert portable.fcntl is None and portable.hold(__import__("pathlib").Path(".")) is None
"""


def elsewhere(*commands: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """`msm WORDS` of each command in one process without what other systems lack; its status is that of the first failure."""
    script = (
        ELSEWHERE
        + "import json\nfrom msm.cli import main\nfor words in json.loads(sys.argv[1]):\n    try:\n        main(words)\n"
        + "    except SystemExit as left:\n        if left.code:\n            raise"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    command = [sys.executable, "-c", script, json.dumps(commands)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


@pytest.mark.slow
def test_a_run_is_trained_replaced_and_embeds_a_catalog_without_flock_affinity_and_exchange(tiny_catalog, tmp_path):
    tiny = ["steps=2", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]
    settings = [word for one in tiny for word in ("--set", one)]
    train = ["train", str(tiny_catalog.path), "run", *settings, "--device", "cpu", "--replace"]
    embed = ["embed", "run", str(tiny_catalog.path), "out", "--device", "cpu"]
    told = elsewhere(train, train, embed, folder=tmp_path)  # the second time the run is replaced, by three renames
    assert told.returncode == 0, told.stderr

    assert Catalog.open(tmp_path / "out").num_shots == tiny_catalog.num_shots
    assert not list(tmp_path.glob(".*tmp*")) and not list(tmp_path.glob("*.tmp*"))


def test_a_lock_is_seen_without_flock(tmp_path, monkeypatch):
    held = "import sys, time\nfrom pathlib import Path\nfrom msm.io.locks import lock_file\n"
    held += "with lock_file(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    monkeypatch.setattr(portable, "fcntl", None)
    path = tmp_path / ".lock"
    assert not is_locked(path) and not path.exists()
    process = subprocess.Popen([sys.executable, "-c", held, path], stdout=subprocess.PIPE, text=True, cwd=REPO)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    try:
        assert is_locked(path)
    finally:
        process.kill()
        process.communicate()
    assert not is_locked(path)
    with lock_file(path):
        assert is_locked(path)


@pytest.mark.parametrize("lacks", ["the library", "the call", "nothing"])
def test_two_folders_are_exchanged_in_one_step_or_in_three_renames(tmp_path, monkeypatch, lacks):
    if lacks == "the library":
        monkeypatch.setattr(portable.ctypes, "CDLL", lambda *a, **k: (_ for _ in ()).throw(TypeError))
    elif lacks == "the call":
        monkeypatch.setattr(portable.ctypes, "CDLL", lambda *a, **k: object())
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    portable.exchange(tmp_path / "new", tmp_path / "old", tmp_path / "aside")

    assert (tmp_path / "old" / "new").exists() and (tmp_path / "new" / "old").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "old"]


def test_without_flock_a_writer_leaves_nothing_and_nobody_removes_the_file_of_another(tmp_path, monkeypatch):
    monkeypatch.setattr(portable, "fcntl", None)
    other = tmp_path / ".table.tmp-0123"
    other.touch()
    os.utime(other, (0, 0))
    with files.whole_file(tmp_path / "table") as temporary:
        temporary.write_text("whole")

    assert (tmp_path / "table").read_text() == "whole"
    assert sorted(p.name for p in tmp_path.iterdir()) == [".table.tmp-0123", "table"]


def test_a_process_that_is_apart_is_interrupted_and_hears_no_ctrl_c_of_its_parent():
    script = (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in the background
    )
    script += (
        "try:\n    print('here', flush=True)\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    raise SystemExit(7)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, **portable.apart())
    assert process.stdout is not None
    process.stdout.readline()
    assert os.name == "nt" or os.getpgid(process.pid) != os.getpgid(0)
    portable.interrupt(process.pid)
    try:
        assert process.wait(20) == 7
    finally:
        process.stdout.close()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("maxsize", 2**31 - 1, "64-bit"),
        ("platform", "sunos5", "Linux, macOS or Windows is needed; this system is sunos5"),
        ("version_info", (3, 10, 4), "Python 3.11 or newer"),
    ],
)
def test_an_unsupported_platform_is_one_sentence_and_status_2(monkeypatch, capsys, name, value, words):
    from msm.cli import main

    monkeypatch.setattr(portable.sys, name, value)
    why = portable.unsupported()
    assert why is not None and words in why
    monkeypatch.undo()
    assert portable.unsupported() is None
    monkeypatch.setattr(portable, "unsupported", lambda: why)
    with pytest.raises(SystemExit) as left:
        main(["info", "nothing"])

    assert left.value.code == 2 and words in capsys.readouterr().err


def test_the_number_of_cores_is_known_without_affinity(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert portable.num_cores() == os.cpu_count()


def test_to_become_another_program_gives_its_status_where_exec_would_end_the_shells_wait(tmp_path):
    """As on Windows: the process stays and returns the status of the other."""
    script = "from msm.io import portable\nportable.WINDOWS = True\nimport sys\n"
    script += "portable.become([sys.executable, '-c', 'print(\"other\"); raise SystemExit(5)'])"
    began = time.monotonic()
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPO)

    assert told.returncode == 5 and told.stdout == "other\n" and time.monotonic() - began < 30


def test_memory_that_was_freed_is_given_back_where_the_library_can_and_nowhere_is_that_an_error(monkeypatch):
    portable.give_back_memory()
    monkeypatch.setattr(portable.sys, "platform", "win32")
    monkeypatch.setattr(portable.ctypes, "CDLL", lambda name: pytest.fail("there is no such library"))
    portable.give_back_memory()
