"""The times of shots are read in blocks, so that a catalog of millions is never read whole for the times of one title."""

from __future__ import annotations

import numpy as np
import pytest

from msm.data import shot_times
from msm.data.catalog import Catalog
from msm.data.told import Told

TABLE = np.arange(200, dtype=np.float64).reshape(100, 2)


@pytest.fixture()
def small_blocks(monkeypatch):
    monkeypatch.setattr(shot_times, "BLOCK", 7)
    monkeypatch.setattr(shot_times, "KEPT", 3)


@pytest.mark.usefixtures("small_blocks")
def test_every_stretch_of_rows_has_the_times_of_the_table():
    times = shot_times.ShotTimes(lambda start, stop: TABLE[start:stop], len(TABLE))
    for start in range(0, 101):
        for stop in (start, start + 1, start + 6, start + 7, start + 15, 100, 120):
            found = times[start:stop]
            assert found.dtype == np.float32 and np.array_equal(found, TABLE[start:stop].astype(np.float32))


@pytest.mark.usefixtures("small_blocks")
def test_as_many_rows_are_held_however_many_were_asked_for():
    asked: list[tuple[int, int]] = []
    times = shot_times.ShotTimes(lambda start, stop: (asked.append((start, stop)), TABLE[start:stop])[1], len(TABLE))
    for start in range(0, 96, 4):
        times[start : start + 4]

    assert max(stop - start for start, stop in asked) == 7 and len(asked) == 14  # in order each block once
    times[96:98]
    assert len(asked) == 14
    times[0:2]
    assert len(asked) == 15  # given back long before


@pytest.mark.usefixtures("small_blocks")
def test_what_is_told_of_a_title_reads_the_blocks_of_its_shots_alone(tiny_catalog, monkeypatch):
    read: list[int] = []
    plain = Catalog.read_shots
    monkeypatch.setattr(Catalog, "read_shots", lambda self, *a: (read.append(a[0]), plain(self, *a))[1])
    last = tiny_catalog.title_at(len(tiny_catalog) - 1)
    first = tiny_catalog.num_shots - last.num_shots
    times = Told.of(last).times

    assert read and all(start > first - 7 for start in read)
    assert times is not None and np.allclose(times, plain(tiny_catalog, first)[["start_s", "end_s"]])
