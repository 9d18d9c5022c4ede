"""A run is deleted only where it lies itself: no link to one, nothing outside its folder, nothing that is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from msm.errors import InputError
from msm.io.locks import lock_file
from msm.runs import monitor
from tests.small_runs import rising, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "runs", "mine", rising(4))


def test_a_run_is_deleted_and_nothing_is_left_of_it(run):
    monitor.delete(run, run.parent)
    assert not list(run.parent.iterdir())


def test_a_link_to_a_run_is_not_deleted_and_neither_is_the_run(run, tmp_path):
    elsewhere = write_run(tmp_path / "archive", "kept", rising(4))
    for name, target in (("link", run), ("far", elsewhere)):
        link = run.parent / name
        link.symlink_to(target, target_is_directory=True)
        with pytest.raises(InputError, match="is not deleted"):
            monitor.delete(link, run.parent)
        assert link.is_symlink() and (target / "run.json").is_file()


def test_a_folder_elsewhere_or_one_that_is_no_run_is_not_deleted(run, tmp_path):
    elsewhere = write_run(tmp_path / "archive", "kept", rising(4))
    (run.parent / "notes").mkdir()
    inside = write_run(run, "inside", rising(4))
    for path in (elsewhere, run.parent / "notes", run.parent / ".." / "archive" / "kept", inside, run.parent):
        with pytest.raises(InputError, match="is not deleted"):
            monitor.delete(path, run.parent)
        assert path.is_dir()


def test_a_run_that_is_being_trained_is_not_deleted(run):
    with lock_file(run / monitor.LOCK), pytest.raises(InputError, match="is being trained"):
        monitor.delete(run, run.parent)
    assert (run / "run.json").is_file()
    monitor.delete(run, run.parent)


def test_a_folder_of_runs_may_itself_be_reached_by_a_link(run, tmp_path):
    (tmp_path / "shortcut").symlink_to(run.parent, target_is_directory=True)
    monitor.delete(tmp_path / "shortcut" / "mine", tmp_path / "shortcut")
    assert not run.exists()


def test_what_is_listed_are_runs_and_no_temporary_folders(run):
    write_run(run.parent, ".mine.tmp-1-ab", rising(4))
    (run.parent / "notes").mkdir()
    assert monitor.listed(run.parent) == [run]
