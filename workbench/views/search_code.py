"""Copy as code: notebook cells that search as the Shot retrieval page does, with its filters."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

from msm.search.filters import Filters
from msm.search.query import ALIKE


@dataclass(frozen=True, kw_only=True)
class SearchState:
    """What a search of the page asks for.

    like, unlike  shots as `msm.data.selection.write_shots` writes them, e.g. "harbour-lights:3-9;kites:4"
    only          the modality by which raw shots are compared; None for all columns
    alike         cosine from which two found shots are shown as one
    """

    catalog: Path
    run: Path | None
    like: str
    unlike: str = ""
    filters: Filters = field(default_factory=Filters)
    k: int = 12
    only: str | None = None
    alike: float = ALIKE

    @property
    def options(self) -> str:
        alike = "" if self.alike == ALIKE else f", alike={self.alike}"
        return f"filters={filters_code(self.filters)}, k={self.k}{alike}"

    @property
    def raw(self) -> str:
        return f"find_index(RawSpace(catalog{'' if self.only is None else f', modality={self.only!r}'}))"


def filters_code(filters: Filters) -> str:
    """The call that makes these filters, without what is at its default."""
    plain = Filters()
    given = {f.name: getattr(filters, f.name) for f in fields(filters)}
    return f"Filters({', '.join(f'{n}={v!r}' for n, v in given.items() if v != getattr(plain, n))})"


def shots_code(state: SearchState) -> str:
    """A cell that searches by shots like these and unlike those, raw and contextual."""
    unlike = f", rows_of_shots(read_shots({state.unlike!r}), catalog.titles)" if state.unlike else ""
    call = f"nearest({{}}, like{unlike and ', unlike'}, {state.options}).table"
    names = "like, unlike" if unlike else "like"
    return f"""\
import pandas as pd

from msm import Catalog{", Run" if state.run else ""}
from msm.data.selection import read_shots, rows_of_shots
from msm.search.filters import Filters
from msm.search.index_store import find_index
from msm.search.query import nearest
from msm.search.spaces import RawSpace
{_contextual_import(state)}
catalog = Catalog.open({str(state.catalog)!r})
{names} = rows_of_shots(read_shots({state.like!r}), catalog.titles){unlike}
found = {{"raw": {call.format(state.raw)}}}
{_contextual(state, call)}pd.concat(found)
"""


def clips_code(state: SearchState, length: int) -> str:
    """A cell that searches for clips like these consecutive shots; the first of `like` is the first of them."""
    call = f"like_clip({{}}, clip, filters={filters_code(state.filters)}, k={state.k}).table"
    return f"""\
import pandas as pd

from msm import Catalog{", Run" if state.run else ""}
from msm.data.selection import read_shots, rows_of_shots
from msm.search.clips import like_clip
from msm.search.filters import Filters
from msm.search.index_store import find_index
from msm.search.spaces import RawSpace
{_contextual_import(state)}
catalog = Catalog.open({str(state.catalog)!r})
first = int(rows_of_shots(read_shots({state.like!r}), catalog.titles)[0])
clip = range(first, first + {length})
found = {{"raw": {call.format(state.raw)}}}
{_contextual(state, call)}pd.concat(found)
"""


def prediction_code(state: SearchState, title_id: str, shot: int, hidden: str) -> str:
    """A cell that searches by the prediction of a hidden shot, and by the real shot; `hidden` as ranges."""
    return f"""\
import pandas as pd

from msm import Catalog, Run
from msm.data.ranges import parse_ranges
from msm.search.filters import Filters
from msm.search.index_store import find_index
from msm.search.query import nearest
from msm.search.reconstructions import predicted_vector, prediction_space

catalog, run = Catalog.open({str(state.catalog)!r}), Run.open({str(state.run)!r})
title, finder = catalog[{title_id!r}], find_index(prediction_space(catalog, run))
row = int(title.row["first_shot"]) + {shot}
vector = predicted_vector(run, finder.space, title, {shot}, parse_ranges({hidden!r}, title.num_shots))
expected = nearest(finder, vector=vector, about=[row], {state.options}).table
pd.concat({{"expected": expected, "real": nearest(finder, [row], {state.options}).table}})
"""


def words_code(state: SearchState, words: str) -> str:
    """A cell that looks for words in the subtitles."""
    return f"""\
from msm import Catalog
from msm.search.filters import Filters
from msm.search.text_query import find_words

catalog = Catalog.open({str(state.catalog)!r})
find_words(catalog, {words!r}, filters={filters_code(state.filters)}, k={state.k}).table
"""


def _contextual_import(state: SearchState) -> str:
    return "from msm.search.contextual_space import contextual_space\n" if state.run else ""


def _contextual(state: SearchState, call: str) -> str:
    space = f"find_index(contextual_space(catalog, Run.open({str(state.run)!r})))"
    return f'found["contextual"] = {call.format(space)}\n' if state.run else ""
