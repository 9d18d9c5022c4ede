"""Shots of a catalog as cards: their pictures, colours and films, and what a hand on a card does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from msm import Catalog
from msm.search.filters import title_of_rows
from workbench.app_pages.retrieval import cached, query
from workbench.components.frames import Gesture
from workbench.session import cache
from workbench.views import search_results as views


class Cards:
    """Turns what was found into cards of one catalog."""

    def __init__(self, catalog: Catalog, show: Sequence[str]):
        self.catalog, self.show = catalog, list(show)
        self._folders: dict[str, str | None] = {}

    def picture(self, title_id: str, shot: int) -> str | None:
        if title_id not in self._folders:
            self._folders[title_id] = cache.thumbnails_address(self.catalog[title_id])
        folder = self._folders[title_id]
        return None if folder is None else f"{folder}{shot}.webp"

    def colour(self, title_id: str, shot: int) -> str:
        return cache.strip(self.catalog, title_id)["colors"][shot]

    def film(self, title_id: str) -> Path | None:
        """The title's film, where the catalog has it."""
        return self.catalog[title_id].film

    def of(self, table: pd.DataFrame, labels: pd.DataFrame, **more: Any) -> list[dict[str, Any]]:
        return views.cards(
            table, labels, picture=self.picture, colour=self.colour, plays=lambda t: self.film(t) is not None, **more
        )

    def of_rows(self, rows: Sequence[int], **more: Any) -> list[dict[str, Any]]:
        table, labels = cached.labels_of(self.catalog, tuple(rows))
        return self.of(table.assign(score=float("nan")), labels, **more)

    def hear(self, gesture: Gesture) -> None:
        if gesture.action == "ask":
            query.ask(self.catalog, [gesture.row])
        elif gesture.action == "like":
            query.also(self.catalog, gesture.row)
        elif gesture.action == "unlike":
            query.avoid(self.catalog, gesture.row)
        elif gesture.action == "drop":
            query.drop(self.catalog, gesture.row)
        elif gesture.action == "play":
            query.play(gesture.row)
        elif gesture.action == "lab":
            query.to_lab(self.catalog, gesture.row)


def bounds(catalog: Catalog, row: int) -> tuple[int, int]:
    """First row and the row after the last, of the title that a row is in."""
    title = catalog.titles.iloc[int(title_of_rows(catalog, [row])[0])]
    return int(title["first_shot"]), int(title["first_shot"] + title["num_shots"])
