"""A bounded dictionary forgets what was added first."""

from msm.io.bounded_dict import BoundedDict


def test_the_oldest_entry_leaves_when_there_is_no_room():
    kept = BoundedDict(2)
    kept["a"], kept["b"], kept["c"] = 1, 2, 3

    assert dict(kept) == {"b": 2, "c": 3}


def test_an_entry_that_is_set_again_takes_no_more_room():
    kept = BoundedDict(2)
    kept["a"], kept["b"], kept["a"] = 1, 2, 3

    assert dict(kept) == {"a": 3, "b": 2}
