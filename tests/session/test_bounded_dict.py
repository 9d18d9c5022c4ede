"""What sessions share stays within its bound."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from workbench.session.bounded_dict import BoundedDict


def test_the_oldest_entry_goes_first_and_an_entry_set_again_is_the_newest():
    kept: BoundedDict[str, int] = BoundedDict(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        kept[key] = value

    assert kept == {"a": 3, "c": 4}


def test_many_sessions_at_once_neither_fail_nor_exceed_the_bound():
    kept: BoundedDict[int, int] = BoundedDict(3)
    with ThreadPoolExecutor(8) as sessions:
        list(sessions.map(lambda key: kept.__setitem__(key % 50, key), range(5000)))

    assert len(kept) == 3
