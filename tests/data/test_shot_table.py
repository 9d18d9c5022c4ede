"""shots.parquet is written in parts, and reads as if all titles had been put together in memory."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import InputError
from msm.data import shot_table
from msm.data.shot_table import ShotTableWriter

LABELS = {
    "tone": st.one_of(st.none(), st.sampled_from(["calm", "tense"])),
    "scene": st.one_of(st.none(), st.integers(0, 9)),
    "score": st.floats(0, 1),
    "cut": st.booleans(),
}


@st.composite
def titles(draw) -> list[pd.DataFrame]:
    """Some titles, each with its own number of shots and its own labels."""
    frames = []
    for number in range(draw(st.integers(1, 6))):
        names = draw(st.sets(st.sampled_from(sorted(LABELS))))
        rows = draw(st.integers(1, 9))
        labels = {name: draw(st.lists(LABELS[name], min_size=rows, max_size=rows)) for name in sorted(names)}
        frames.append(pd.DataFrame({"title_id": f"t{number}", "shot": range(rows), **labels}))
    return frames


@settings(max_examples=60, deadline=None)
@given(titles())
def test_a_table_written_in_parts_reads_as_one_written_at_once(tmp_path_factory, frames):
    folder = tmp_path_factory.mktemp("table")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shot_table, "ROW_GROUP", 4)
        write(folder / "parts.parquet", frames)
    write(folder / "whole.parquet", frames)
    parts, whole = pd.read_parquet(folder / "parts.parquet"), pd.read_parquet(folder / "whole.parquet")
    pd.testing.assert_frame_equal(parts, whole, check_dtype=False)
    groups = pq.ParquetFile(folder / "parts.parquet").metadata
    assert all(groups.row_group(g).num_rows <= 4 for g in range(groups.num_row_groups - 1))
    assert sorted(p.name for p in folder.iterdir()) == ["parts.parquet", "whole.parquet"]


def write(path: Path, frames: list[pd.DataFrame]) -> None:
    writer = ShotTableWriter(path)
    for frame in frames:
        writer.add(frame)
    writer.finish()


def test_a_label_that_is_text_in_one_title_and_a_number_in_another_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(shot_table, "ROW_GROUP", 2)
    frames = [pd.DataFrame({"shot": range(5), "tone": value}) for value in ("calm", 3)]
    with pytest.raises(InputError, match=r"a label cannot be written to shots\.parquet: .*tone"):
        write(tmp_path / "shots.parquet", frames)
