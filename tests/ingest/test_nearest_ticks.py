"""A moment becomes the tick that is nearest to it, not the one before: seconds are not exact in binary."""

from __future__ import annotations

import av
import numpy as np
import pytest

from msm.ingest import playable
from msm.ingest.decoding import SOUND_HZ, SoundSpool
from tests.ingest.conftest import Look, Scene, write_film


def times(path) -> np.ndarray:
    with av.open(str(path)) as film:
        return np.array([float(f.pts * f.time_base) for f in film.decode(video=0)])


@pytest.mark.parametrize("late_s", [0, 100])
def test_a_picture_that_is_encoded_anew_keeps_its_moment_to_the_nearest_tick(tmp_path, monkeypatch, late_s):
    monkeypatch.setattr(playable, "VIDEO", {})
    look = Look(rate=30, sound=False, size=(64, 48), times=lambda number: late_s + number / 30 + 0.001 * (number % 3))
    source = write_film(tmp_path / "film.mkv", [Scene(0, 2.0)], look)
    assert playable.save_playable(source, tmp_path / "copy.mp4", 0, None).kind == "encoded"
    before, after = times(source), times(tmp_path / "copy.mp4")

    np.testing.assert_allclose(after - after[0], before - before[0], atol=0.1 / 90_000)


def test_sound_is_read_from_the_nearest_sample_on(tmp_path):
    spool = SoundSpool(tmp_path / "sound")
    spool.write(0.0, np.arange(SOUND_HZ, dtype=np.int16))
    for sample in range(1, SOUND_HZ, 101):
        read = spool.read(sample / SOUND_HZ, (sample + 3) / SOUND_HZ) * 32768
        assert read.tolist() == [sample, sample + 1, sample + 2][: len(read)] and (
            len(read) == 3 or sample > SOUND_HZ - 4
        )
    assert spool.read(0.6 / SOUND_HZ, 2.4 / SOUND_HZ).tolist() == [1 / 32768]
    spool.close()


def test_a_gap_in_the_sound_is_silence_to_the_nearest_sample(tmp_path):
    spool = SoundSpool(tmp_path / "sound")
    spool.write(0.0, np.ones(100, dtype=np.int16))
    spool.write(4639.7 / SOUND_HZ, np.full(10, 7, dtype=np.int16))
    sound = (spool.read(0.0, 1.0) * 32768).astype(int)
    spool.close()

    assert np.flatnonzero(sound == 7).tolist() == list(range(4640, 4650))
    assert not sound[100:4640].any()
