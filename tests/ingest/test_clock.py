"""Time stamps that cannot be right do not stretch a film, nor press it together."""

from __future__ import annotations

import pytest

from msm.ingest.clock import WRONG_S, BestTimes, FrameClock


def times(stamps: list[float | None]) -> list[float]:
    clock = FrameClock(0.5)
    return [clock.tick(stamp) for stamp in stamps]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0.0, 0.5, 1.0], [0.0, 0.5, 1.0]),
        ([0.0, None, 1.0, None], [0.0, 0.5, 1.0, 1.5]),
        ([0.0, 0.5, 20.5, 21.0], [0.0, 0.5, 20.5, 21.0]),  # a gap
        ([7.0, 7.5, 1.0, 1.5], [7.0, 7.5, 8.0, 8.5]),  # a part that begins anew
        ([0.0, 2 * WRONG_S, 2 * WRONG_S + 0.5, 1.5, 2.0], [0.0, 0.5, 1.0, 1.5, 2.0]),  # a stray stamp
        ([2 * WRONG_S, 2 * WRONG_S + 0.5], [0.0, 0.5]),
        ([0.0, 0.5, 0.5, 0.4], [0.0, 0.5, 0.501, 0.502]),
    ],
)
def test_frames_follow_each_other_whatever_their_stamps_say(stamps, expected):
    assert times(stamps) == pytest.approx(expected)


def test_the_last_frame_ends_by_its_own_length_where_it_has_one():
    clock = FrameClock(0.5)
    clock.tick(0.0)
    assert clock.end_s == 0.5
    clock.tick(0.5, 3.0)
    assert clock.end_s == 3.5


def test_stamps_of_decoding_count_where_those_of_presentation_run_backwards():
    best = BestTimes(1, counted=False)
    assert [best.of(pts, dts, []) for pts, dts in [(0, 0), (5, 1), (2, 2), (3, 3), (1, 4)]] == [0, 5, 2, 3, 4]


def test_a_file_that_only_counts_frames_is_relieved_of_the_delay_of_its_decoder():
    best = BestTimes(1, counted=True)
    assert [best.of(None, dts, [0, 1, 2, 3, 4]) for dts in (2, 3, 4, None)] == [0, 1, 2, None]
