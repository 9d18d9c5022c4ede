"""Starts `msm` again and again without importing everything each time: one process has, and forks for each start.

A kill test starts hundreds of processes, and nine tenths of what each does would be imports. What is forked is a process
of its own as any other (its files, locks and death are), and it is killed where it works rather than where it loads.
Children that `msm` itself starts are started as ever.

python -m tests.faults.starting MODULE …      reads a JSON line {"words", "dying", "said", "largest"} or {"wait", "seconds"}, answers
                                              {"pid"} or {"status"}
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.dying import die_at

REPO = Path(__file__).parents[2]
MODULES = (
    "torch._dynamo",  # which a training imports
    "pandas",
    "pyarrow.parquet",
    "av",
    "cv2",
    "scenedetect",
    "PIL.Image",
    "scipy.linalg",
    "sklearn",
    "faiss",
    "safetensors.torch",
)
OURS = (
    "msm.cli",
    "msm.training.trainer",
    "msm.ingest",
    "msm.ingest.encode_title",
    "msm.importers.convert",
    "msm.projection.maps",
    "msm.search",
    "msm.inference.run",
)


class Starter:
    """`start(words)` is a process as subprocess gives it: poll by `wait`, `kill`, `returncode`, `said`.

    modules  what the starts need; none that starts threads of its own
    """

    def __init__(self, modules: Sequence[str] = (*MODULES, *OURS)) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._folder, self._starts = tempfile.TemporaryDirectory(), 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.starting", *modules], cwd=REPO, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self, words: list[str], *dying: str, largest: int | None = None) -> Started:
        """Start `msm` with these words; `largest`: bytes of the largest file that it may write."""
        self._starts += 1
        said = Path(self._folder.name) / f"said-{self._starts}"
        return Started(self, self.ask(words=words, dying=dying, said=str(said), largest=largest)["pid"], said)

    def whole(self, words: list[str]) -> float:
        """Run it to its end; the seconds that it took."""
        began = time.monotonic()
        process = self.start(words)
        assert process.wait() == 0, process.said
        return time.monotonic() - began

    def ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()


class Started:
    """One start; `returncode` is negative where a signal ended it, None while it runs."""

    def __init__(self, starter: Starter, pid: int, said: Path):
        self._starter, self.pid, self._said = starter, pid, said
        self.returncode: int | None = None

    def wait(self, timeout: float = 300) -> int:
        if self.returncode is not None:
            return self.returncode
        self.returncode = self._starter.ask(wait=self.pid, seconds=timeout)["status"]
        if self.returncode is None:
            raise subprocess.TimeoutExpired("msm", timeout)
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8", errors="replace")


@contextmanager
def starting(modules: Sequence[str] = (*MODULES, *OURS)) -> Iterator[Starter]:
    starter = Starter(modules)
    try:
        yield starter
    finally:
        starter.end()


def main() -> None:
    for name in sys.argv[1:]:
        __import__(name)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = {"status": _wait(asked["wait"], asked["seconds"])} if "wait" in asked else {"pid": _fork(**asked)}
        print(json.dumps(answer), flush=True)


def _wait(pid: int, seconds: float) -> int | None:
    until = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.002)


def _fork(words: list[str], dying: list[str], said: str, largest: int | None) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        nothing, written = os.open(os.devnull, os.O_RDWR), os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number, target in ((0, nothing), (1, nothing), (2, written)):
            os.dup2(target, number)
        if largest is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        if dying:
            die_at(dying[0], int(dying[1]))
        from msm.cli import main as msm

        msm(words)
    except SystemExit as left:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(left.code if isinstance(left.code, int) else 1)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
