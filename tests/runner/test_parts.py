"""Work in parts leaves a file for each, goes on where it was killed, and is the same wherever it was done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from msm.errors import InputError
from msm.runner import HERE, Place, run_parts, staging_folder, stretches
from msm.runner.pools import HerePool, LocalPool


@dataclass(frozen=True)
class Square:
    """Notes each beginning and each job in a folder; dies at a job as often as there are `deaths` files."""

    notes: str

    def begin(self, device: str):
        (Path(self.notes) / f"began-{os.getpid()}-{device}").touch()

        def square(job: int, tell):
            for death in Path(self.notes).glob(f"death-{job}-*"):
                death.unlink()
                os.kill(os.getpid(), 9)
            if (Path(self.notes) / f"wrong-{job}").exists():
                raise InputError(f"{job} is wrong")
            with open(Path(self.notes) / "done", "a") as file:
                file.write(f"{job}\n")
            tell(job)
            return {"square": np.array([job**2]), "name": np.array([f"job {job}"])}

        return square


def found(notes: Path, jobs, place: Place = HERE, **choices) -> list[int]:
    choices.setdefault("sizes", list(jobs))
    parts = run_parts(Square(str(notes)), list(jobs), place, **choices)
    return [int(part["square"][0]) for part in parts]


def done(notes: Path) -> list[int]:
    return sorted(int(line) for line in (notes / "done").read_text().split())


@pytest.mark.parametrize("kept", [False, True])
def test_results_come_in_the_order_of_the_jobs_and_all_are_told(tmp_path, kept):
    told: list[tuple[int, int]] = []
    staging = tmp_path / "staging" if kept else None
    if staging:
        staging.mkdir()
    assert found(tmp_path, range(7), staging=staging, progress=lambda *at: told.append(at)) == [n**2 for n in range(7)]
    assert told[-1] == (21, 21) and [at for at, _ in told] == sorted(at for at, _ in told)


def test_what_was_stopped_goes_on_at_the_next_part_and_another_key_begins_anew(tmp_path):
    staging, fault = tmp_path / "staging", tmp_path / "wrong-4"
    staging.mkdir()
    fault.touch()
    with pytest.raises(InputError, match="4 is wrong"):
        found(tmp_path, range(7), staging=staging, key="a")
    (staging / ".part-00004.npz.tmp-1-ab").touch()  # of a worker that was killed
    fault.unlink()
    assert found(tmp_path, range(7), staging=staging, key="a") == [n**2 for n in range(7)]
    assert done(tmp_path) == list(range(7))  # each once
    found(tmp_path, range(7), staging=staging, key="b")
    assert done(tmp_path) == sorted([*range(7), *range(7)])
    (staging / "part-00002.npz").write_bytes(b"cut")
    found(tmp_path, range(7), staging=staging, key="b")
    assert done(tmp_path).count(2) == 3 and done(tmp_path).count(3) == 2


@pytest.mark.slow
def test_workers_begin_once_each_on_their_device_and_one_that_is_killed_is_replaced(tmp_path):
    for name in ("death-3-a", "death-3-b"):
        (tmp_path / name).touch()
    place = Place(workers=2, devices=("cuda:0", "cuda:1"))
    assert found(tmp_path, range(9), place) == [n**2 for n in range(9)]
    assert done(tmp_path) == list(range(9))
    began = [path.name.rsplit("-", 1)[1] for path in tmp_path.glob("began-*")]
    assert set(began) == {"cuda:0", "cuda:1"} and len(began) == 4  # the two, and one for each death


@pytest.mark.slow
def test_a_part_that_kills_every_worker_is_named(tmp_path):
    for number in range(5):
        (tmp_path / f"death-3-{number}").touch()
    with pytest.raises(InputError, match="part 4 of 5 was not made: its process was killed"):
        found(tmp_path, range(5), Place(workers=2))
    assert len(list(tmp_path.glob("death-*"))) == 2  # it was tried three times


def test_two_commands_do_not_work_on_the_same_target(tmp_path):
    with staging_folder(tmp_path / "out", "embed") as folder:
        (folder / "part-00000.npz").touch()
        with pytest.raises(InputError, match="another msm embed is writing"), staging_folder(tmp_path / "out", "embed"):
            pass
    assert not folder.exists()


@pytest.mark.parametrize("most", [1, 7, 100])
def test_stretches_cover_every_title_once_and_hold_about_as_many_shots(most):
    counts = np.random.default_rng(0).integers(1, 12, 40)
    cut = stretches(counts, most)
    assert [n for part in cut for n in range(part.start, part.stop)] == list(range(40))
    assert all(part.size == counts[part.start : part.stop].sum() for part in cut)
    assert all(part.size <= most or part.stop - part.start == 1 for part in cut)


def test_one_worker_is_this_process_and_none_is_refused():
    work = Square("unused")
    assert isinstance(Place(workers=1).pool(work, 5, here=lambda job, tell: job), HerePool)
    pool = Place(workers=4, devices=("a", "b")).pool(work, 3)
    assert isinstance(pool, LocalPool) and pool.size == 3
    pool.close(at_once=True)
    with pytest.raises(InputError, match="--workers must be 1 or more"):
        Place(workers=0)
