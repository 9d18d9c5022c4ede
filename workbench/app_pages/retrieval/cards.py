"""Shots of a catalog as cards: pictures, colours, films, and the actions of a card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from msm import Catalog
from msm.search.filters import title_of_rows
from workbench.app_pages.retrieval import cached, query
from workbench.components.frames import Gesture
from workbench.session import cache, notes
from workbench.views import search_results as views


class Cards:
    """Makes cards of the shots of one catalog."""

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
        """The film of a title; None where the catalog has none."""
        return self.catalog[title_id].film

    def of(self, table: pd.DataFrame, labels: pd.DataFrame, **more: Any) -> list[dict[str, Any]]:
        return views.cards(
            table, labels, picture=self.picture, colour=self.colour, plays=lambda t: self.film(t) is not None,
            remarks=notes.of_rows(self.catalog), **more,
        )  # fmt: skip

    def of_rows(self, rows: Sequence[int], **more: Any) -> list[dict[str, Any]]:
        table, labels = cached.labels_of(self.catalog, tuple(rows))
        return self.of(table.assign(score=float("nan")), labels, **more)

    def apply(self, gesture: Gesture) -> None:
        """Carry out the action of a gesture on a card."""
        if gesture.action == "ask":
            query.search_for(self.catalog, [gesture.row])
        elif gesture.action == "like":
            query.add(self.catalog, gesture.row)
        elif gesture.action == "unlike":
            query.exclude(self.catalog, gesture.row)
        elif gesture.action == "drop":
            query.remove(self.catalog, gesture.row)
        elif gesture.action == "play":
            query.play(gesture.row)
        elif gesture.action == "lab":
            query.to_lab(self.catalog, gesture.row)


def bounds(catalog: Catalog, row: int) -> tuple[int, int]:
    """(first row, row after the last) of the title that holds a row."""
    title = catalog.titles.iloc[int(title_of_rows(catalog, [row])[0])]
    return int(title["first_shot"]), int(title["first_shot"] + title["num_shots"])
