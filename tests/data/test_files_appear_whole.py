"""Files and folders appear whole: on the disk before they have their name, and never for a moment under no name."""

from __future__ import annotations

import ctypes
import os
import shutil
import time
from pathlib import Path

import pytest

from msm.errors import FullDiskError, InputError
from msm.io import files, portable
from msm.io.locks import try_lock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An old folder with one file."""
    path = tmp_path / "old"
    path.mkdir()
    (path / "said").write_text("old")
    return path


def replace_with_new(path: Path) -> None:
    with files.whole_folder(path, replace=True) as temporary:
        (temporary / "said").write_text("new")


def has_exchange() -> bool:
    return hasattr(ctypes.CDLL(None), "renameat2")


def test_a_file_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    done = []
    sync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append(("synced", os.fstat(handle).st_ino)), sync(handle)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append(("named", Path(a).stat().st_ino)), rename(a, b)))
    with files.whole_file(tmp_path / "weights") as temporary:
        temporary.write_bytes(b"numbers")
    number = (tmp_path / "weights").stat().st_ino

    assert done == [("synced", number), ("named", number)]


@pytest.mark.skipif(not has_exchange(), reason="this system cannot exchange two folders in one step")
def test_a_folder_that_is_replaced_is_there_at_every_moment(folder, monkeypatch):
    there = []

    def watched(module: object, name: str) -> None:
        real = getattr(module, name)

        def call(*args: object, **options: object) -> object:
            there.append(folder.exists())
            answer = real(*args, **options)
            there.append(folder.exists())
            return answer

        monkeypatch.setattr(module, name, call)

    for name in ("rename", "replace"):
        watched(os, name)
    watched(shutil, "rmtree")
    replace_with_new(folder)

    assert there and all(there)
    assert (folder / "said").read_text() == "new" and [p.name for p in folder.parent.iterdir()] == ["old"]


def test_where_the_system_cannot_exchange_folders_the_new_one_still_takes_the_name(folder, monkeypatch):
    monkeypatch.setattr(portable.ctypes, "CDLL", lambda *args, **options: object())
    replace_with_new(folder)

    assert (folder / "said").read_text() == "new" and [p.name for p in folder.parent.iterdir()] == ["old"]


def test_a_folder_that_appears_while_another_is_written_is_left_as_it_is(tmp_path):
    path = tmp_path / "new"
    with pytest.raises(InputError, match="already exists"), files.whole_folder(path) as temporary:
        (temporary / "said").write_text("too late")
        path.mkdir()
        (path / "said").write_text("first")

    assert (path / "said").read_text() == "first" and [p.name for p in tmp_path.iterdir()] == ["new"]


def test_an_existing_folder_is_refused_before_anything_is_written(folder):
    with pytest.raises(InputError, match="already exists"), files.whole_folder(folder):
        pytest.fail("nothing may be written")


def test_a_failed_folder_leaves_neither_itself_nor_the_folders_made_for_it(tmp_path):
    with pytest.raises(RuntimeError), files.whole_folder(tmp_path / "a" / "b" / "new") as temporary:
        (temporary / "half").touch()
        raise RuntimeError

    assert not list(tmp_path.iterdir())


def test_a_failed_file_leaves_the_old_one_and_nothing_beside_it(tmp_path):
    (tmp_path / "facts").write_text("old")
    with pytest.raises(RuntimeError), files.whole_file(tmp_path / "facts") as temporary:
        temporary.write_text("half")
        raise RuntimeError

    assert (tmp_path / "facts").read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["facts"]


def test_what_a_killed_writer_left_goes_but_not_what_is_young_held_or_of_another_name(tmp_path):
    long_ago = time.time() - 10 * files.GRACE_S
    names = ("old", "young", "held", "future")
    left = {name: tmp_path / f".facts.tmp-1-{name}" for name in names} | {"other": tmp_path / ".facts2.tmp-1-x"}
    for name, path in left.items():
        path.write_text("half")
        if name != "young":
            os.utime(path, (long_ago, long_ago) if name != "future" else (time.time() + 999,) * 2)
    (tmp_path / ".facts.tmp-1-folder").mkdir()
    os.utime(tmp_path / ".facts.tmp-1-folder", (long_ago, long_ago))
    with open(left["held"]) as held:
        assert try_lock(held.fileno())
        files.remove_leftovers(tmp_path, "facts")

    assert {p.name for p in tmp_path.iterdir()} == {left[name].name for name in ("young", "held", "other")}


def test_a_leftover_that_somebody_else_removes_meanwhile_is_passed_over(tmp_path):
    (tmp_path / ".facts.tmp-1-a").symlink_to(tmp_path / "gone")
    files.remove_leftovers(tmp_path, "facts")


def test_a_lock_is_for_one_until_the_file_is_closed(tmp_path):
    (tmp_path / "lock").touch()
    with open(tmp_path / "lock") as first, open(tmp_path / "lock") as second:
        assert try_lock(first.fileno()) and not try_lock(second.fileno())
        first.close()
        assert try_lock(second.fileno())


@pytest.mark.parametrize("text", ['{"a": NaN}', "[Infinity]", "-Infinity", "{", "\udcff", "[" * 200_000, "9" * 5000])
def test_what_is_no_json_is_refused_with_the_name_of_its_file(tmp_path, text):
    path = tmp_path / "facts.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"facts\.json is not readable as JSON"):
        files.read_json(path)


def test_json_that_is_too_large_or_missing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_JSON", 8)
    (tmp_path / "facts.json").write_text('"123456"')
    assert files.read_json(tmp_path / "facts.json") == "123456"
    (tmp_path / "facts.json").write_text('"1234567"')
    with pytest.raises(InputError, match="is larger than"):
        files.read_json(tmp_path / "facts.json")
    with pytest.raises(InputError, match="is missing"):
        files.read_json(tmp_path / "nothing.json")


def test_no_number_is_written_that_json_does_not_have(tmp_path):
    with pytest.raises(ValueError):
        files.write_json(tmp_path / "facts.json", {"loss": float("nan")})
    files.write_json(tmp_path / "facts.json", {"name": "Ünder"})

    assert [p.name for p in tmp_path.iterdir()] == ["facts.json"]
    assert (tmp_path / "facts.json").read_text(encoding="utf-8") == '{\n "name": "Ünder"\n}\n'


@pytest.mark.parametrize("number", [28, 122])  # no space left, quota exceeded
def test_a_full_disk_names_the_outermost_file_and_any_other_error_stays_itself(tmp_path, number):
    outer, inner = files.naming_full_disk(tmp_path / "outer"), files.naming_full_disk(tmp_path / "inner")
    with pytest.raises(FullDiskError, match="outer cannot be written"), outer, inner:
        raise OSError(number, "full")
    with pytest.raises(PermissionError), files.naming_full_disk(tmp_path / "outer"):
        raise PermissionError(13, "denied")


class Digest(bytearray):
    def update(self, some: bytes) -> None:
        self.extend(some)


def test_a_digest_reads_a_small_file_whole_and_of_a_large_one_its_ends(tmp_path):
    path = tmp_path / "vectors"
    path.write_bytes(bytes(range(200)))

    def digest(**choices: int) -> bytes:
        read = Digest()
        files.digest_file(path, read, **choices)
        return bytes(read)

    assert digest() == digest(whole_up_to=200) == b"200" + bytes(range(200))
    assert digest(whole_up_to=199, sample=2, samples=3) == b"200" + bytes([0, 1, 99, 100, 198, 199])
