"""Each verb that writes, killed at random points: what stands afterwards is the old thing or the new one, and the work goes on.

Two kills a verb in every run, one at a moment and one at a change of the disk; `MSM_KILLS=50 pytest
tests/faults/test_kills.py` for fifty each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import numpy as np
import pytest

from msm.data.catalog import Catalog, modalities_of
from msm.errors import InputError
from msm.runs.folder import RunFolder
from tests.conftest import tiny_titles
from tests.faults.starting import Starter, starting
from tests.faults.verbs import Verb, msm, verbs

pytestmark = pytest.mark.fault
KILLS = int(os.environ.get("MSM_KILLS", 2))
FIRST = int(os.environ.get("MSM_FIRST_SEED", 0))
NAMES = ["import", "append", "merge", "ingest", "train", "embed", "index", "map", "ablate"]
CHANGES = {
    "import": 13,
    "append": 16,
    "merge": 14,
    "ingest": 87,
    "train": 132,
    "embed": 16,
    "index": 14,
    "map": 21,
    "ablate": 107,
}  # about as many
BYTES = 20_000  # few files of these small things are larger


@pytest.fixture(scope="module")
def starter() -> Iterator[Starter]:
    with starting() as one:
        yield one


class Moments:
    """Kills at a random moment of what a verb takes, which is learned from each that ended before."""

    def __init__(self, verb: Verb, rng: np.random.Generator, starter: Starter):
        self.verb, self.rng, self.span, self.starter = verb, rng, verb.span, starter

    def kill(self) -> bool:
        """Did it die?"""
        began = time.monotonic()
        process = self.starter.start(self.verb.next)
        try:
            process.wait(timeout=float(self.rng.uniform(0.0, 1.0)) * self.span)
            self.span = min(self.span, time.monotonic() - began)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() < 0


def kill_at_a_change(verb: Verb, rng: np.random.Generator, changes: int, starter: Starter) -> bool:
    """Did it die? One in four in the middle of a file."""
    within = rng.random() < 0.25
    dying = ("bytes", str(int(rng.integers(BYTES)))) if within else ("changes", str(int(rng.integers(changes))))
    return starter.start(verb.next, *dying).wait() < 0


@pytest.mark.parametrize("name", NAMES)
def test_a_kill_leaves_the_old_or_the_new_and_the_work_goes_on(name, tmp_path, count, starter):
    verb = verbs(tmp_path, starter.whole)[name]()
    before = verb.state(verb.path)
    rng = np.random.default_rng([KILLS, FIRST])
    moments, survived = Moments(verb, rng, starter), 0
    for number in range(KILLS):
        died = moments.kill() if number % 2 else kill_at_a_change(verb, rng, CHANGES[name], starter)
        verb.state(verb.path)  # opens, and is sound
        survived += died
        if verb.grows and not died:
            shutil.rmtree(verb.path)  # else there is nothing left to do
    time.sleep(3.1)  # what is younger than two might be at work, and a worker outlives its parent by a moment
    took = starter.whole(verb.next)
    after = verb.state(verb.path)
    count("kills survived", survived)
    print(f"{name}: {survived} kills, then it took {took:.1f} s")
    assert after != "none" and (after != before or verb.grows)
    left = [p for p in tmp_path.rglob(".*.tmp-*") if time.time() - p.stat().st_mtime > took + 2]
    assert not left, "what a killed writer left is cleared by the next one"


def test_a_training_that_was_killed_again_and_again_ends_like_one_that_was_not(tmp_path, starter):
    """To the bit, on the CPU."""
    verb = verbs(tmp_path, starter.whole)["train"]()
    starter.whole([*verb.words[:2], str(tmp_path / "in one go"), *verb.words[3:]])
    for share in np.random.default_rng(FIRST).uniform(0.0, 1.0, KILLS):
        process = starter.start(verb.next)
        try:
            process.wait(timeout=float(share))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
    starter.whole(verb.next)
    one, many = (RunFolder.open(tmp_path / n).metrics() for n in ("in one go", "run"))
    assert [line["loss"] for line in one] == [line["loss"] for line in many]


def test_two_writers_of_one_catalog_do_not_mix(tmp_path):
    """One wins, the other is refused in a sentence; the catalog is one of the two, whole."""
    sources = []
    for number in range(2):
        source = tmp_path / f"source-{number}"
        source.mkdir()
        for title in range(40):
            rows = np.full((200, 32), number + 1, np.float32)
            np.savez(source / f"of-{number}-{title}.npz", visual=rows + np.eye(200, 32, dtype=np.float32))
        sources.append(source)
    writers = [msm(["import", str(source), str(tmp_path / "catalog")]) for source in sources]
    said = [writer.communicate(timeout=120)[1] for writer in writers]
    codes = sorted(writer.returncode for writer in writers)
    assert codes in ([0, 2], [0, 0]), said
    assert codes == [0, 2], "both said that they had written the same catalog"
    catalog = Catalog.open(tmp_path / "catalog")
    catalog.validate()
    assert len({t.title_id.split("-")[1] for t in catalog}) == 1
    assert "already exists" in "".join(said)


def test_a_run_that_is_being_trained_is_refused_to_a_second_trainer(tmp_path, starter):
    verb = verbs(tmp_path, starter.whole)["train"]()
    first = starter.start([*verb.words, "--set", "steps=5000"])
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    second = starter.start(verb.again or [])
    ended = second.wait(timeout=60)
    first.kill()
    assert first.wait() < 0, first.said
    assert ended == 2 and "being trained by another process" in second.said


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("where a folder should be")
    small = Catalog.write(tmp_path / "small", tiny_titles(m := modalities_of({"video": 4})), modalities=m)
    process = msm(["train", str(small.path), str(tmp_path / "file" / "run"), "--set", "steps=1"])
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2 and said.count("\n") == 1 and "Traceback" not in said


def test_a_vector_file_that_is_cut_while_the_catalog_is_open_is_said_at_the_next_opening(tiny_catalog):
    shard = tiny_catalog.path / "shots-00000.npy"
    shard.write_bytes(shard.read_bytes()[:-40])
    with pytest.raises(InputError, match="truncated"):
        Catalog.open(tiny_catalog.path)
