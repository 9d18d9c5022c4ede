"""Whatever ends a training, it goes on as the one that never ended, to the bit."""

import multiprocessing
import random
import shutil
import time

import pytest
import torch

from msm.errors import FullDiskError, InputError
from msm.runs.folder import RunFolder
from msm.training.trainer import start_run, train
from tests.training import training_process

SETTINGS = ["steps=120", "validate_every=20", "checkpoint_every=4", "model.width=64", "batch_windows=4"]
CPU = torch.device("cpu")


def reproducible_metrics(run: RunFolder) -> list[dict]:
    """The metrics without the speed, which is measured."""
    return [{k: v for k, v in line.items() if k != "shots_per_s"} for line in run.metrics()]


def finished(catalog, path, recipe) -> RunFolder:
    return train(start_run(catalog, path, recipe, device=CPU), catalog, device=CPU)


def assert_same(run: RunFolder, whole: RunFolder) -> None:
    assert reproducible_metrics(run) == reproducible_metrics(whole) and run.info["best"] == whole.info["best"]
    for name, weight in run.load_weights().items():
        assert torch.equal(weight, whole.load_weights()[name])


@pytest.mark.fault
def test_a_training_killed_at_twenty_random_moments_is_the_one_that_never_died(talks, quick, tmp_path):
    kills = 20
    recipe = quick.with_settings(SETTINGS)
    whole = finished(talks, tmp_path / "whole", recipe)
    run = start_run(talks, tmp_path / "run", recipe, device=CPU).path
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(
        ["msm.training.trainer", "torch._dynamo", "scipy.linalg"]
    )  # all that a step imports
    chance = random.Random(kills)
    deaths = []
    while len(deaths) < kills:
        process = processes.Process(target=training_process.go_on, args=(talks.path, run))
        process.start()
        # Somewhere in what is left, so that the last kill still finds it at work.
        reached = len(RunFolder.open(run).metrics())
        wanted = reached + chance.randint(0, (recipe.steps - reached) * 2 // (kills - len(deaths) + 1))
        while process.is_alive() and line_count(run) <= wanted:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.005)
        process.kill()
        process.join()
        if process.exitcode == 0:
            break
        deaths.append(line_count(run))
    assert len(deaths) >= kills * 0.6, deaths
    assert_same(train(RunFolder.open(run), talks, device=CPU, resume=True), whole)


def line_count(run) -> int:
    path = run / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("how", ["cut", "flipped"])
def test_a_damaged_checkpoint_is_reported_and_the_one_before_it_is_used(talks, quick, tmp_path, how):
    whole = finished(talks, tmp_path / "whole", quick)
    steps = iter(range(1000))
    run = start_run(talks, tmp_path / "run", quick, device=CPU)
    train(run, talks, device=CPU, should_stop=lambda: next(steps) >= 33)
    newest = run.path / "checkpoint" / "last.pt"
    content = bytearray(newest.read_bytes())
    if how == "cut":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    notes = []
    resumed = train(RunFolder.open(run.path), talks, device=CPU, resume=True, on_note=notes.append)
    damaged = [
        note for note in notes if "last.pt" in note
    ]  # the others say what the training does before its first step
    assert len(damaged) == 1 and "step 20" in damaged[0]
    assert_same(resumed, whole)


def test_a_run_whose_checkpoints_are_all_damaged_is_refused_with_the_file(talks, quick, tmp_path):
    run = finished(talks, tmp_path / "run", quick)
    for path in (run.path / "checkpoint").iterdir():
        path.write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"last\.pt cannot be resumed from"):
        train(RunFolder.open(run.path), talks, device=CPU, resume=True)


def test_two_checkpoints_are_kept_and_nothing_that_a_killed_writer_left(talks, quick, tmp_path):
    run = start_run(talks, tmp_path / "run", quick.with_settings(["steps=6", "checkpoint_every=1"]), device=CPU)
    (run.path / "checkpoint").mkdir()
    (run.path / "checkpoint" / ".last.pt.tmp-1-abcd").write_bytes(b"half")
    train(run, talks, device=CPU)
    assert sorted(p.name for p in (run.path / "checkpoint").iterdir()) == ["before.pt", "last.pt"]


@pytest.mark.fault
@pytest.mark.parametrize("kilobytes", [180, 700, 1000])  # in the first weights, the first checkpoint, a later one
def test_a_full_disk_ends_a_training_in_a_sentence_and_it_goes_on_when_there_is_room(
    talks, quick, tmp_path, small_disk, kilobytes
):
    recipe = quick.with_settings(["model.width=64", "validate_every=10", "steps=30"])
    whole = finished(talks, tmp_path / "whole", recipe)
    run = start_run(talks, small_disk(kilobytes) / "run", recipe, device=CPU)
    with pytest.raises(FullDiskError, match="cannot be written: there is no space left on its disk"):
        train(run, talks, device=CPU)
    left = RunFolder.open(run.path)
    assert left.info["state"] == "failed" and "no space left" in left.info["reason"]
    assert not [p for p in run.path.rglob("*") if ".tmp-" in p.name]
    shutil.copytree(run.path, tmp_path / "moved")
    assert_same(train(RunFolder.open(tmp_path / "moved"), talks, device=CPU, resume=True), whole)
