"""A dictionary of bounded size."""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class BoundedDict(dict[Key, Value]):
    """Keeps at most `max_entries` items; adding one more removes the one that was added first.

    Several threads may add at the same time.
    """

    def __init__(self, max_entries: int):
        super().__init__()
        self.max_entries = max_entries

    def __setitem__(self, key: Key, value: Value) -> None:
        super().__setitem__(key, value)
        for oldest in list(self)[: max(0, len(self) - self.max_entries)]:
            self.pop(oldest, None)
