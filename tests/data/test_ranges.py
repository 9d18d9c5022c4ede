import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm.data.ranges import MOST_NAMED, format_ranges, parse_ranges
from msm.errors import InputError

unhurried = settings(deadline=None)  # a busy machine is no bug


@unhurried
@given(st.sets(st.integers(0, 400), max_size=60))
def test_ranges_as_written_are_read_back(shots):
    assert parse_ranges(format_ranges(shots), 401) == sorted(shots)


def test_ranges_are_written_short():
    assert format_ranges([60, 40, 41, 42]) == "40-42, 60"


@pytest.mark.parametrize("text", ["40-44, 60", "40-44,60", " 40 - 44 ; 60 ", "60 40–44", "40-44 60,", "40\t -\n 44,60"])
def test_people_may_write_ranges_in_their_own_way(text):
    assert parse_ranges(text, 100) == [40, 41, 42, 43, 44, 60]


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("44-40", "write 40-44"),
        ("9999", "there is no shot 9999"),
        ("98-100", "there is no shot 100"),
        ("forty", "'forty' is not a shot"),
        ("4.5", "'4.5' is not a shot"),
        ("-3", "'-3' is not a shot"),
        ("99999999999999999999", "is not a shot"),
    ],
)
def test_a_bad_range_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_ranges(text, 100)


def test_as_many_shots_as_allowed_can_be_named_and_not_one_more():
    half = MOST_NAMED // 2
    assert len(parse_ranges(f"0-{half - 1}, {half}-{MOST_NAMED - 1}", 2 * MOST_NAMED)) == MOST_NAMED
    with pytest.raises(InputError, match="name fewer"):
        parse_ranges(f"0-{half - 1}, {half}-{MOST_NAMED}", 2 * MOST_NAMED)
