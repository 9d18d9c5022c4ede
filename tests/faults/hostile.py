"""Gives spoiled files to the library, thousands a minute, in a process of its own whose memory is bounded.

python -m tests.faults.hostile KIND,KIND… SEEDS FOLDER [--first N]     0 where each got an answer or one clear sentence

What a reader may do with a spoiled file: read it (the change did no harm), or raise InputError with one sentence. What it
may not: any other exception, a crash, a hang, or more memory than LIMIT_BYTES beyond what the imports take.
"""

from __future__ import annotations

import argparse
import faulthandler
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np

from msm.errors import InputError
from tests.faults.mutations import spoil_folder
from tests.faults.valid import KINDS, Kind

LIMIT_BYTES = 2 << 30
LONGEST_S = 20
LONGEST_SENTENCE = 600


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds")
    parser.add_argument("seeds", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    faulthandler.enable()
    kinds = {name: KINDS[name]() for name in asked.kinds.split(",")}
    for name, kind in kinds.items():
        folder = asked.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        kind.make(folder / "valid")
        kind.read(folder / "valid")  # imports everything, and shows that the valid one is read
    bound_memory()
    for name, kind in kinds.items():
        refused, slowest = 0, 0.0
        for seed in range(asked.first, asked.first + asked.seeds):
            print(f"{name} {seed}", file=sys.stderr)  # the last line of a crash says which input it was
            began = time.monotonic()
            refused += try_one(kind, asked.folder / name / "valid", asked.folder / name / "spoiled", seed)
            slowest = max(slowest, time.monotonic() - began)
        print(f"{name}: {asked.seeds} inputs, {refused} refused, slowest {slowest:.1f} s")
    return 0


def try_one(kind: Kind, source: Path, target: Path, seed: int) -> bool:
    """Was the spoiled input refused? AssertionError where it was answered in a way that nobody may be."""
    done = spoil_folder(source, target, kind.files(source), np.random.default_rng(seed))
    signal.alarm(LONGEST_S)
    try:
        kind.read(target)
        return False
    except InputError as error:
        sentence = str(error)
        assert 0 < len(sentence) < LONGEST_SENTENCE and "\n" not in sentence, f"seed {seed} ({done}): {sentence!r}"
        return True
    except Exception as error:
        raise AssertionError(f"seed {seed} ({done}): {type(error).__name__}: {error}") from error
    finally:
        signal.alarm(0)


def bound_memory() -> None:
    """No more address space than now and LIMIT_BYTES: what a file declares must be checked before it is allocated."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def hangs(number: int, frame: object) -> None:
    raise AssertionError(f"it took more than {LONGEST_S} s")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, hangs)
    sys.exit(main())
