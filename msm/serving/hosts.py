"""Host names that cannot be registered publicly, so that no foreign web page can have them (DNS rebinding)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

PRIVATE = (".localhost", ".local", ".internal", ".home.arpa", ".lan")


def is_own_name(host: str, known: Iterable[str] = ()) -> bool:
    """Whether a `Host` header has an IP address, a name that cannot be registered publicly, or one of `known`."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return _is_address(name) or "." not in name or name.endswith(PRIVATE) or name in known


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
