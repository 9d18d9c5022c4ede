"""The content of a catalog as tables: titles, splits and modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from msm import Modality
from msm.data.schema import labels_among
from msm.ingest.report import FilmReport
from workbench.views.formatting import clock

SPLIT_ORDER = ("train", "validation", "test")


def titles_table(titles: pd.DataFrame) -> pd.DataFrame:
    """A row a title for display: Title, Split, Shots, Length, then synopsis, tags and labels.

    titles  columns title_id, name, split, num_shots, duration_s, and any further columns
    """
    headings = title_headings(titles)
    lengths = [clock(s) for s in titles["duration_s"]]
    return titles[list(headings)].assign(duration_s=lengths).rename(columns=headings)


def title_headings(titles: pd.DataFrame) -> dict[str, str]:
    """Column → heading, of the columns that `titles_table` shows."""
    first = {"name": "Title", "split": "Split", "num_shots": "Shots", "duration_s": "Length"}
    others = [str(c) for c in titles if c in labels_among(titles) or c in ("synopsis", "tags", "media")]
    return first | {c: c.replace("_", " ").capitalize() for c in others}


def splits_table(titles: pd.DataFrame) -> pd.DataFrame:
    """A row a split that has titles: Split, Titles, Shots, Hours; NaN hours where no shot has times.

    titles  columns split, num_shots, duration_s
    """
    by_split = titles.groupby("split")
    groups = by_split.agg(Titles=("split", "size"), Shots=("num_shots", "sum"))
    groups = groups.assign(Hours=by_split["duration_s"].sum(min_count=1))
    groups = groups.reindex([s for s in SPLIT_ORDER if s in groups.index])
    return groups.assign(Hours=groups["Hours"].astype(float) / 3600).rename_axis("Split").reset_index()


def films_table(films: Sequence[FilmReport]) -> pd.DataFrame:
    """A row a film that an ingest read, what needs a look first: refused films, those with warnings, the rest.

    Columns Film, Shots, Frames skipped, Words, Lines, Copy, To know (the problem, or all warnings).
    """
    order = sorted(films, key=lambda f: (f.outcome != "failed", not f.warnings))
    return pd.DataFrame(
        {
            "Film": [f.title_id or f.video.rsplit("/", 1)[-1] for f in order],
            "Shots": [f.shots for f in order],
            "Frames skipped": [f.frames_skipped for f in order],
            "Words": [f.words + (f" ({f.encoding})" if f.encoding else "") or "–" for f in order],
            "Lines": [f.lines for f in order],
            "Copy": [f.media or "–" for f in order],
            "To know": ["; ".join(filter(None, [f.problem, *f.warnings])) for f in order],
        }
    )


def modalities_table(modalities: Sequence[Modality], counts: Mapping[str, int] | None, num_shots: int) -> pd.DataFrame:
    """A row a modality: Modality, Columns, Encoder; Shots that have it and their Share in %, once counted."""
    table = pd.DataFrame(
        {
            "Modality": [m.name for m in modalities],
            "Columns": [m.dim for m in modalities],
            "Encoder": [m.encoder for m in modalities],
        }
    )
    if counts is None:
        return table
    shots = pd.Series([counts[m.name] for m in modalities])
    return table.assign(Shots=shots, Share=100 * shots / num_shots)


def present_sentence(counts: Mapping[str, int], num_shots: int) -> str:
    """Which shots of a title have which modality: `Every shot has video and audio. 5 of 12 have text.`"""
    whole = [name for name, n in counts.items() if n == num_shots]
    some = [f"{n} of {num_shots} have {name}." for name, n in counts.items() if 0 < n < num_shots]
    none = [name for name, n in counts.items() if n == 0]
    parts = [f"Every shot has {' and '.join(whole)}."] if whole else []
    return " ".join([*parts, *some, *([f"No shot has {' or '.join(none)}."] if none else [])])
