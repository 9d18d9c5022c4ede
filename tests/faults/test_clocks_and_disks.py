"""Clocks that jump, disks that may only be read, files that vanish while somebody reads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from msm.ablation.progress import read_progress, write_progress
from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.io import files
from msm.recipes.presets import preset
from msm.runs.folder import RunFolder
from msm.runs.monitor import LOST, look
from tests.conftest import tiny_titles
from tests.faults.verbs import msm

pytestmark = pytest.mark.fault
TOMORROW = time.time() + 86_400


def test_a_run_that_was_heard_tomorrow_is_lost_and_not_running_for_ever(tmp_path):
    run = RunFolder.create(tmp_path / "run", preset("mediafm"), {"catalog": {"modalities": []}})
    facts = files.read_json(run.path / "run.json")
    (run.path / "run.json").write_text(json.dumps({**facts, "heartbeat": TOMORROW}), encoding="utf-8")
    assert look(run.path).state == LOST


def test_an_ablation_that_spoke_tomorrow_is_not_called_running(tmp_path):
    write_progress(tmp_path, state="running", trainings=2, done=0, failed=0, share=0.0, seconds_left=None)
    assert read_progress(tmp_path)["running"]
    said = json.loads((tmp_path / "progress.json").read_text(encoding="utf-8"))
    (tmp_path / "progress.json").write_text(json.dumps({**said, "heartbeat": TOMORROW}), encoding="utf-8")
    assert not read_progress(tmp_path)["running"]


def test_what_a_killed_writer_left_is_cleared_also_where_it_seems_to_be_of_tomorrow(tmp_path):
    left = [tmp_path / f".facts.json.tmp-1-{n}" for n in range(3)]
    for path, when in zip(left, (TOMORROW, time.time() - 60, time.time()), strict=True):
        path.write_text("half")
        os.utime(path, (when, when))
    files.write_json(tmp_path / "facts.json", {})
    assert [path.exists() for path in left] == [False, False, True], "the youngest may be about to be locked"


def test_a_writer_that_lives_keeps_its_file(tmp_path):
    with files.whole_file(tmp_path / "facts.json") as temporary:
        temporary.write_text("slow")
        os.utime(temporary, (time.time() - 60,) * 2)
        files.remove_leftovers(tmp_path, "facts.json")
        assert temporary.exists()
    assert (tmp_path / "facts.json").read_text() == "slow"


def test_a_catalog_with_older_times_than_the_one_before_is_seen_as_another(tiny_catalog):
    from workbench.session import cache

    before = cache.open_catalog(tiny_catalog.path).fingerprint
    Catalog.write(
        tiny_catalog.path,
        tiny_titles(tiny_catalog.modalities, seed=1),
        modalities=tiny_catalog.modalities,
        replace=True,
    )
    for path in tiny_catalog.path.iterdir():
        os.utime(path, (1.0, 1.0))
    assert cache.open_catalog(tiny_catalog.path).fingerprint != before


def test_files_that_vanish_while_a_catalog_is_open_are_named_and_mapped_vectors_stay(tiny_catalog):
    title = tiny_catalog["test-0"]
    whole = np.array(title.embeddings)
    shutil.rmtree(tiny_catalog.path)
    assert np.array_equal(title.embeddings, whole)
    for ask in (
        lambda: title.shots,
        tiny_catalog.read_shots,
        tiny_catalog.validate,
        lambda: Catalog.open(tiny_catalog.path),
    ):
        with pytest.raises(InputError, match=r"is missing|no such folder"):
            ask()


@pytest.fixture
def read_only(tiny_catalog, small_disk) -> Path:
    """A disk with a catalog that nobody may write to."""
    place = small_disk(8192)
    shutil.copytree(tiny_catalog.path, place / "catalog")
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    return place


def test_a_disk_that_may_only_be_read_is_one_sentence_to_every_verb_that_writes(read_only):
    catalog = str(read_only / "catalog")
    writing = [
        ["index", catalog],
        ["map", catalog, "--of", "titles"],
        ["train", catalog, str(read_only / "new"), "--set", "steps=1"],
    ]
    for words, process in [(words, msm(words)) for words in writing]:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 2 and said.strip().count("\n") == 0, (words, said)
        assert "Read-only file system" in said, (words, said)
    for words in (["info", catalog], ["search", catalog, "--shot", "test-0:1"]):
        process = msm(words)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, (words, said)


def test_a_file_is_replaced_and_never_written_over(tmp_path):
    """Whoever has the old one open, or has it under another name, keeps it whole."""
    files.write_json(tmp_path / "facts.json", {"old": True})
    os.link(tmp_path / "facts.json", tmp_path / "the same file")
    files.write_json(tmp_path / "facts.json", {"new": True})
    assert files.read_json(tmp_path / "the same file") == {"old": True}
    with pytest.raises(ZeroDivisionError), files.whole_file(tmp_path / "facts.json") as temporary:
        temporary.write_text("half")
        _ = 1 / 0
    assert files.read_json(tmp_path / "facts.json") == {"new": True}


def test_a_json_file_of_gigabytes_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "run.json").touch()
    os.truncate(tmp_path / "run.json", 8 << 30)
    with pytest.raises(InputError, match="larger than 64 MB"):
        files.read_json(tmp_path / "run.json")
