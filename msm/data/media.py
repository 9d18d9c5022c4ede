"""Where a catalog keeps the films and thumbnails of its titles; both are optional.

CATALOG/media/TITLE.mp4                   the film, in a form that browsers play
CATALOG/media/thumbnails/TITLE/SHOT.webp  a picture of each shot
"""

from __future__ import annotations

from pathlib import Path

MEDIA = Path("media")
THUMBNAILS = MEDIA / "thumbnails"


def film_path(catalog: Path, title_id: str) -> Path:
    """Path of a title's film, whether or not it exists."""
    return catalog / MEDIA / f"{title_id}.mp4"


def thumbnail_folder(catalog: Path, title_id: str) -> Path:
    """Folder of a title's thumbnails, whether or not it exists."""
    return catalog / THUMBNAILS / title_id


def thumbnail_path(catalog: Path, title_id: str, shot: int) -> Path:
    """Path of a shot's thumbnail, whether or not it exists."""
    return thumbnail_folder(catalog, title_id) / f"{shot}.webp"
