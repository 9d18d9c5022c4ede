"""Each verb that writes, killed at random points: what stands afterwards is the old thing or the new one, and the work goes on.

Two kills a verb in every run; `MSM_KILLS=50 pytest tests/faults/test_kills.py` for fifty each.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from msm.catalog import Catalog, modalities_of
from msm.errors import InputError
from msm.runs import RunFolder
from tests.conftest import tiny_titles
from tests.ingest.conftest import Scene, write_film

pytestmark = pytest.mark.fault
KILLS = int(os.environ.get("MSM_KILLS", 2))
ENV = {**os.environ, "OMP_NUM_THREADS": "1"}
TINY = ["steps=40", "validate_every=8", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]


@dataclass(frozen=True)
class Verb:
    """A command that writes `path`; `state` names what stands there, and raises where that is broken."""

    words: list[str]
    path: Path
    state: Callable[[Path], str]
    again: list[str] | None = None  # the words that go on after a kill, where they are others


def msm(words: list[str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "msm", *words], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def whole(words: list[str]) -> float:
    """Run it to its end; the seconds that it took."""
    began = time.monotonic()
    process = msm(words)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return time.monotonic() - began


def catalog_state(path: Path) -> str:
    if not path.exists():
        return "none"
    catalog = Catalog.open(path)
    catalog.validate()
    return catalog.fingerprint


def run_state(path: Path) -> str:
    if not path.exists():
        return "none"
    run = RunFolder.open(path)
    if run.has_weights:
        run.load_weights()
    run.metrics()
    return "a run"


def verbs(folder: Path) -> dict[str, Callable[[], Verb]]:
    modalities = modalities_of({"video": 16, "text": 8})
    small = Catalog.write(folder / "small", tiny_titles(modalities), modalities=modalities)
    catalog = str(small.path)

    def importing() -> Verb:
        source = folder / "source"
        source.mkdir()
        rng = np.random.default_rng(0)
        for number in range(150):
            np.savez(source / f"title-{number}.npz", visual=rng.standard_normal((300, 64)).astype(np.float32))
        Catalog.write(folder / "imported", tiny_titles(modalities), modalities=modalities)
        return Verb(["import", str(source), str(folder / "imported"), "--replace"], folder / "imported", catalog_state)

    def ingesting() -> Verb:
        films = [write_film(folder / f"film-{n}.mp4", [Scene(n), Scene(n + 1), Scene(n)]) for n in range(3)]
        return Verb(["ingest", *map(str, films), str(folder / "ingested")], folder / "ingested", catalog_state)

    def training() -> Verb:
        words = ["train", catalog, str(folder / "run")]
        settings = [w for s in TINY for w in ("--set", s)]
        return Verb([*words, *settings], folder / "run", run_state, again=[*words, "--resume"])

    def embedding() -> Verb:
        run = folder / "embedder"
        whole(["train", catalog, str(run), *(w for s in TINY for w in ("--set", s))])
        Catalog.write(folder / "embedded", tiny_titles(modalities), modalities=modalities)
        return Verb(
            ["embed", str(run), catalog, str(folder / "embedded"), "--replace"], folder / "embedded", catalog_state
        )

    return {"import": importing, "ingest": ingesting, "train": training, "embed": embedding}


@pytest.mark.parametrize("name", ["import", "ingest", "train", "embed"])
def test_a_kill_leaves_the_old_or_the_new_and_the_work_goes_on(name, tmp_path):
    verb = verbs(tmp_path)[name]()
    before = verb.state(verb.path)
    rng = np.random.default_rng(KILLS)
    span, survived = 4.0, 0  # seconds from the start to the end, as it is known so far
    for _ in range(KILLS):
        process = msm(verb.words if not verb.again or not verb.path.exists() else verb.again)
        try:
            process.wait(timeout=float(rng.uniform(0.3, 1.0)) * span)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            survived += 1
        process.communicate()
        verb.state(verb.path)  # opens, and is sound
    took = whole(verb.words if not verb.again or not verb.path.exists() else verb.again)
    after = verb.state(verb.path)
    print(json.dumps({"verb": name, "kills": survived, "then it took": round(took, 1)}))
    assert after != "none" and (after != before or name == "ingest")
    left = [p for p in tmp_path.iterdir() if ".tmp-" in p.name and time.time() - p.stat().st_mtime > 2]
    assert not left, "what a killed writer left is cleared by the next one"


def test_a_training_that_was_killed_again_and_again_ends_like_one_that_was_not(tmp_path):
    """To the bit, on the CPU."""
    verb = verbs(tmp_path)["train"]()
    whole([*verb.words[:2], str(tmp_path / "in one go"), *verb.words[3:]])
    for share in np.random.default_rng(0).uniform(0.4, 1.0, KILLS):
        process = msm(verb.words if not verb.path.exists() else verb.again or [])
        try:
            process.wait(timeout=float(share) * 4)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
    whole(verb.words if not verb.path.exists() else verb.again or [])
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


def test_a_run_that_is_being_trained_is_refused_to_a_second_trainer(tmp_path):
    verb = verbs(tmp_path)["train"]()
    first = msm([*verb.words, "--set", "steps=5000"])
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    second = msm(verb.again or [])
    _, said = second.communicate(timeout=60)
    first.kill()
    first.communicate()
    assert second.returncode == 2 and "being trained by another process" in said


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
