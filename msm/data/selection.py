"""What is chosen in the workbench, as a value: one link holds it, and a notebook reads it from there.

    from msm import Catalog
    from msm.data.selection import Selection
    chosen = Selection.from_link("http://localhost:8501/map?title=harbour-lights&shots=harbour-lights:3-9;kites:4")
    chosen.table(Catalog.open("sample_data/catalog"))      # a row a shot

Pages write it and read it through `workbench.session.state`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog
from msm.data.ranges import MOST_NAMED, format_ranges, parse_ranges
from msm.errors import InputError
from msm.io import files

NOTHING = "none"  # what a link says for "it was cleared", as against "nobody chose yet"
LONGEST = 1500  # characters of shots in a link; browsers and chat programs cut longer ones
FOLDER = ".selections"  # among the runs: the shots of longer ones, a file a selection
MOST_FILES = 200  # of these that are kept, the newest; a link to an older one says that it is gone
MOST_SHOTS = 10_000_000  # a number in a link stays below

Shots = tuple[tuple[str, tuple[int, ...]], ...]  # (title, its shots ascending), …


@dataclass(frozen=True, kw_only=True)
class Selection:
    """title, run, hidden, shots, catalog, modality, look; None for what nobody chose.

    hidden    shots of the title that the model must restore
    shots     picked out of the whole catalog (a lasso, a search): (title id, shots) by title
    catalog   its name, where it is not the one that the app was started on
    modality  the only one that is hidden of the hidden shots, or as `msm.masking.parts` writes it; None = whole shots
    look      the shot of the title that somebody points at
    """

    title: str | None = None
    run: str | None = None
    hidden: tuple[int, ...] | None = None
    shots: Shots = ()
    catalog: str | None = None
    modality: str | None = None
    look: int | None = None

    @classmethod
    def from_link(cls, link: str, runs: str | Path = "sample_data/runs") -> Selection:
        """From the address of any page. `runs` is the app's folder of runs: the shots of a large lasso lie there."""
        return cls.from_query(dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)), Path(runs) / FOLDER)

    @classmethod
    def from_query(cls, query: Mapping[str, str], folder: Path | None = None) -> Selection:
        """From what stands behind the `?`; other words are passed over. InputError for shots that cannot be read."""
        hidden = query.get("hidden")
        return cls(
            title=query.get("title"),
            run=query.get("run"),
            hidden=None if hidden is None else () if hidden == NOTHING else tuple(parse_ranges(hidden, MOST_SHOTS)),
            shots=read_shots(query["shots"], folder) if query.get("shots") else (),
            catalog=query.get("catalog"),
            modality=query.get("modality"),
            look=int(query["look"]) if re.fullmatch(r"[0-9]{1,7}", query.get("look", "")) else None,
        )

    def to_query(self, folder: Path | None = None) -> dict[str, str]:
        """What to put behind the `?`. With a folder, many shots are written there and named by their hash."""
        query = {"title": self.title, "run": self.run, "catalog": self.catalog, "modality": self.modality}
        if self.look is not None:
            query["look"] = str(self.look)
        if self.hidden is not None:
            query["hidden"] = _ranges(self.hidden) or NOTHING
        if self.shots:
            query["shots"] = write_shots(self.shots, folder)
        return {name: value for name, value in query.items() if value}

    @classmethod
    def of_rows(cls, rows: Iterable[int], titles: pd.DataFrame) -> Selection:
        """Of rows of a catalog in embedding order."""
        return cls(shots=shots_of_rows(rows, titles))

    def rows(self, titles: pd.DataFrame) -> np.ndarray:
        """(n,) the shots as rows of a catalog, ascending; InputError for a title or a shot that is not there."""
        return rows_of_shots(self.shots, titles)

    def table(self, catalog: Catalog) -> pd.DataFrame:
        """A row a shot: all that shots.parquet says of it, with its `row`."""
        rows = self.rows(catalog.titles)
        parts = []
        for title_id, shots in self.shots:
            parts.append(catalog[title_id].shots.iloc[list(shots)])
        whole = pd.concat(parts, ignore_index=True) if parts else catalog.read_shots(0, 0)
        first = catalog.titles.set_index("title_id")["first_shot"]
        whole["row"] = whole["title_id"].map(first).astype(int) + whole["shot"] if len(whole) else []
        return whole.sort_values("row", ignore_index=True) if len(rows) else whole


def shots_of_rows(rows: Iterable[int], titles: pd.DataFrame) -> Shots:
    """Rows of a catalog by title. titles: title_id, first_shot, num_shots, in file order."""
    ordered = np.unique(np.fromiter(rows, dtype=np.int64))
    first = titles["first_shot"].to_numpy()
    which = np.searchsorted(first, ordered, side="right") - 1
    ids = titles["title_id"].astype(str).to_numpy()
    return tuple((ids[t], tuple((ordered[which == t] - first[t]).tolist())) for t in np.unique(which))


def rows_of_shots(shots: Shots, titles: pd.DataFrame) -> np.ndarray:
    """The inverse of `shots_of_rows`, (n,) int64. InputError for a title or a shot that is not there."""
    places = {
        str(t): (f, n) for t, f, n in zip(*(titles[c] for c in ("title_id", "first_shot", "num_shots")), strict=True)
    }
    rows = []
    for title_id, numbers in shots:
        if title_id not in places:
            raise InputError(f"the title {title_id[:80]!r} is not in this catalog")
        first, count = places[title_id]
        if numbers and numbers[-1] >= count:
            raise InputError(f"there is no shot {numbers[-1]}: {title_id} has {count}")
        rows.append(first + np.array(numbers, dtype=np.int64))
    return np.unique(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int64)


def write_shots(shots: Shots, folder: Path | None = None) -> str:
    """`harbour-lights:3-9,12;kites:4`; too long for a link, `@` and the name of a file in the folder."""
    text = ";".join(f"{quote(title_id, safe='')}:{_ranges(numbers)}" for title_id, numbers in shots)
    if len(text) <= LONGEST or folder is None:
        return text
    name = _name(text)
    path = folder / f"{name}.txt"
    if path.exists():
        path.touch()  # a link that is still followed stays among the newest
    else:
        folder.mkdir(parents=True, exist_ok=True)
        with files.whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        _forget_oldest(folder)
    return f"@{name}"


def read_shots(text: str, folder: Path | None = None) -> Shots:
    """The inverse of `write_shots`; InputError for anything that it would not write."""
    by_title: dict[str, set[int]] = {}
    named, most = 0, MOST_SHOTS if text.startswith("@") else MOST_NAMED
    if text.startswith("@"):
        text = _from_file(text[1:], folder)
    for part in text.split(";"):
        title_id, colon, ranges = part.rpartition(":")
        if not colon or not title_id:
            raise InputError(f"{part[:80]!r} is not the shots of a title; write for example harbour-lights:3-9")
        shots = parse_ranges(ranges, MOST_SHOTS)
        named += len(shots)
        if named > most:
            raise InputError(f"more than {most} shots are named; name fewer")
        by_title.setdefault(unquote(title_id), set()).update(shots)
    return tuple((title_id, tuple(sorted(numbers))) for title_id, numbers in by_title.items() if numbers)


def _forget_oldest(folder: Path) -> None:
    by_age = []
    for path in folder.glob("*.txt"):
        with suppress(OSError):  # another server may be forgetting too
            by_age.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(by_age)[:-MOST_FILES]:
        path.unlink(missing_ok=True)


def _from_file(name: str, folder: Path | None) -> str:
    if not re.fullmatch(r"[0-9a-f]{16}", name):
        raise InputError(f"{name[:80]!r} is not the name of a selection")
    try:
        if folder is None:
            raise FileNotFoundError
        text = (folder / f"{name}.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"the selection {name} is not kept here any more") from None
    except (OSError, ValueError):
        raise InputError(f"the selection {name} cannot be read") from None
    if _name(text) != name:
        raise InputError(f"the selection {name} is damaged")
    return text


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _ranges(shots: Iterable[int]) -> str:
    return format_ranges(shots).replace(" ", "")
