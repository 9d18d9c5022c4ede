"""The corpus of the fuzzer: what was found once stays mended, and changes of it get an answer or one sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import REPO
from tests.faults.fuzz import CORPUS, LARGEST, TARGETS, try_one
from tests.faults.mutations import spoil_bytes

CHANGES = int(os.environ.get("MSM_INPUTS", 1200)) // len(TARGETS)
FIRST = int(os.environ.get("MSM_FIRST_SEED", 0))


def test_every_target_has_a_corpus_and_every_corpus_a_target():
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_fuzzer_knows_gets_an_answer_or_one_sentence(target, count):
    """Each at most a few seconds for 64 kB: what looks at everything again and again would take minutes."""
    known = [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
    for content in known:
        try_one(TARGETS[target], content)
    for seed in range(FIRST, FIRST + CHANGES):
        rng = np.random.default_rng(seed)
        try_one(TARGETS[target], spoil_bytes(known[int(rng.integers(len(known)))], rng)[:LARGEST])
    count("spoiled inputs tried", len(known) + CHANGES)


@pytest.mark.slow
def test_the_fuzzer_finds_its_way(tmp_path):
    """Two seconds led by coverage."""
    pytest.importorskip("atheris", reason="Atheris has wheels for Linux on x86-64 with Python 3.11 and 3.12 alone")
    words = ["-m", "tests.faults.fuzz", "hidden", "--seconds", "2", "--corpus", str(tmp_path / "kept")]
    done = subprocess.run([sys.executable, *words], cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1500:]
    assert len(list((tmp_path / "kept").iterdir())) > 5, "no input reached anything new"
