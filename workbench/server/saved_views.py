"""Saved views: addresses with a name, a small file each in a hidden folder among the runs, shared by all who use the server."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msm.errors import InputError
from msm.io.files import read_json, write_json
from workbench.server.roles import require_editor

FOLDER = ".views"  # among the runs
LONGEST_NAME, MOST_VIEWS = 80, 500


@dataclass(frozen=True)
class SavedView:
    """A view of a page.

    page   the name of the page's folder under app_pages
    query  its URL parameters; selected shots are written out
    """

    name: str
    page: str
    query: dict[str, str]
    saved: float
    path: Path


def list_views(runs: Path) -> list[SavedView]:
    """The views that were saved beside these runs, by name; a file that cannot be read is passed over."""
    found = [view for path in (runs / FOLDER).glob("*.json") if (view := _read(path)) is not None]
    return sorted(found, key=lambda view: view.name.casefold())


def save_view(runs: Path, name: str, page: str, query: Mapping[str, str]) -> None:
    """Save a view; one of the same name is replaced. InputError for a name that is no name, and where there are too many."""
    require_editor()
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(f"a view needs a name of 1 to {LONGEST_NAME} characters")
    path = runs / FOLDER / f"{hashlib.sha256(name.casefold().encode()).hexdigest()[:16]}.json"
    if not path.exists() and len(list_views(runs)) >= MOST_VIEWS:
        raise InputError(f"{MOST_VIEWS} views are saved already; remove one first")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"name": name, "page": page, "query": dict(query), "saved": time.time()})


def remove_view(view: SavedView) -> None:
    require_editor()
    view.path.unlink(missing_ok=True)


def _read(path: Path) -> SavedView | None:
    try:
        content: Any = read_json(path)
        query = {str(name): str(text) for name, text in content["query"].items()}
        return SavedView(str(content["name"]), str(content["page"]), query, float(content["saved"]), path)
    except (InputError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return None
