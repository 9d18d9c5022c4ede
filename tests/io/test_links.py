"""A file is linked where the disk allows it and copied where it does not."""

from __future__ import annotations

import os

import pytest

from msm.io.files import link_or_copy


@pytest.fixture
def source(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"film")
    return tmp_path / "film.mp4"


def test_a_link_takes_no_space_and_follows_a_symlink_to_the_file(source, tmp_path):
    (tmp_path / "alias.mp4").symlink_to(source)
    link_or_copy(tmp_path / "alias.mp4", tmp_path / "linked.mp4")
    assert (tmp_path / "linked.mp4").stat().st_ino == source.stat().st_ino
    assert not (tmp_path / "linked.mp4").is_symlink()


def test_where_no_link_can_be_made_the_bytes_are_copied(source, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError("another disk")

    monkeypatch.setattr(os, "link", refuse)
    link_or_copy(source, tmp_path / "copied.mp4")
    assert (tmp_path / "copied.mp4").read_bytes() == b"film"
    assert (tmp_path / "copied.mp4").stat().st_ino != source.stat().st_ino
