"""A dictionary with a bound, for results that `st.cache_data` cannot compute: a cached function may not report progress to a page."""

from __future__ import annotations

from threading import Lock
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedDict(dict[K, V]):
    """A dictionary that keeps the `most` entries added last. Sessions may share one: items are set under a lock.

    Items are bounded as they are set, one by one; `update` and `setdefault` are not meant for it.
    """

    def __init__(self, most: int):
        super().__init__()
        self._most, self._lock = most, Lock()

    def __setitem__(self, key: K, value: V) -> None:
        with self._lock:
            self.pop(key, None)  # set again, it is the newest
            super().__setitem__(key, value)
            while len(self) > self._most:
                del self[next(iter(self))]
