import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from msm.errors import InputError
from msm.hiding import choose_hidden, format_ranges, parse_ranges, random_hidden
from msm.recipe import MaskConfig


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    ratio=st.floats(0.01, 0.95),
    seed=st.integers(0, 2**31 - 1),
)
def test_padding_is_never_hidden_and_something_always_is_hidden_and_visible(lengths, ratio, seed):
    valid = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
    hidden = choose_hidden(valid, MaskConfig(ratio=ratio), torch.Generator().manual_seed(seed))
    assert not (hidden & ~valid).any()
    assert hidden.any(dim=1).all()
    assert (valid & ~hidden).any(dim=1)[valid.sum(dim=1) > 1].all()


def test_the_share_hidden_is_the_ratio():
    valid = torch.ones(200, 100, dtype=torch.bool)
    hidden = choose_hidden(valid, MaskConfig(ratio=0.2), torch.Generator().manual_seed(0))
    assert hidden.float().mean().item() == pytest.approx(0.2, abs=0.01)


def test_the_same_seed_hides_the_same_shots():
    valid = torch.ones(4, 50, dtype=torch.bool)
    first, second = (choose_hidden(valid, MaskConfig(), torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)


def test_evaluation_hides_by_the_rule_that_anyone_can_repeat():
    expected = np.random.default_rng(4).random(30) < 0.2
    assert (random_hidden(30, 0.2, np.random.default_rng(4)) == expected).all()


@given(st.sets(st.integers(0, 400), max_size=60))
def test_ranges_as_written_are_read_back(shots):
    assert parse_ranges(format_ranges(shots), 401) == sorted(shots)


def test_ranges_are_written_short():
    assert format_ranges([60, 40, 41, 42]) == "40-42, 60"


@pytest.mark.parametrize("text", ["40-44, 60", "40-44,60", " 40 - 44 ; 60 ", "60 40–44", "40-44 60,"])
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
