"""Workers that read titles side by side make the catalog that one process makes, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from msm import Catalog, InputError
from msm.importers import parts
from msm.importers.convert import ImportOptions, import_embeddings
from msm.importers.locations import locate_all
from msm.importers.options import open_source
from msm.runner import HERE, Place, Stretch
from msm.runner.pools import HerePool
from tests.importers.test_shards import table, write_arrow, write_parquet, write_shards, write_tar

TWO = Place(workers=2)
WRITERS = {"parquet": write_parquet, "arrow": write_arrow, "webdataset": write_tar}


def assert_same(one: Catalog, other: Catalog) -> None:
    assert one.fingerprint == other.fingerprint
    pd.testing.assert_frame_equal(one.titles, other.titles)
    pd.testing.assert_frame_equal(one.read_shots(), other.read_shots())
    np.testing.assert_array_equal(one.read_rows(0, one.num_shots), other.read_rows(0, other.num_shots))
    assert {**one.provenance, "date": ""} == {**other.provenance, "date": ""}


def write_npz(folder: Path) -> Path:
    """Titles that lack a modality, or have it in 16 bits, or have labels that others have not."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(9):
        rows = {"video": rng.standard_normal((4 + number, 3)).astype(np.float16 if number % 2 else np.float32)}
        if number % 3:
            rows["audio"] = rng.standard_normal((4 + number, 2)).astype(np.float32)
        if number > 4:
            rows["mood"] = np.array(["calm", "tense"])[np.arange(4 + number) % 2]
        np.savez(folder / f"title {number}.npz", **rows)
    return folder


@pytest.mark.parametrize("name", [*WRITERS, "npz"])
def test_a_part_read_by_a_worker_is_that_part_of_the_whole(tmp_path, name):
    if name == "npz":
        source = write_npz(tmp_path / "source")
    else:
        source = write_shards(tmp_path / "source", table(9, 7), (11, 13, 40), WRITERS[name])
    opened = open_source(locate_all([source]), tmp_path / "catalog", name, ImportOptions())
    whole = list(parts.read_here(opened, str(source), name))
    read = parts.ReadTitles((str(source),), str(tmp_path / "catalog"), name, ImportOptions()).begin("")

    for start, stop in ((0, 2), (2, 3), (7, 9), (4, 6), (0, 9)):  # forwards, and once more from the beginning
        found = list(parts._unpacked(read(Stretch(start, stop, stop - start), lambda done: None)))
        assert len(found) == stop - start
        for (vectors, shots), (same_vectors, same_shots) in zip(found, whole[start:stop], strict=True):
            np.testing.assert_array_equal(vectors, same_vectors)
            assert vectors.dtype == same_vectors.dtype
            pd.testing.assert_frame_equal(shots, same_shots, check_dtype=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["parquet", "npz"])
def test_two_workers_write_the_catalog_of_one(tmp_path, name):
    if name == "npz":
        source, options = write_npz(tmp_path / "source"), ImportOptions()
    else:
        source = write_shards(tmp_path / "source", table(9, 7), (11, 13, 40), WRITERS[name])
        options = ImportOptions(global_from=("genre",))
    told: list[tuple[int, int]] = []

    here = import_embeddings(source, tmp_path / "here", options)
    there = import_embeddings(source, tmp_path / "there", options, lambda *done: told.append(done), TWO)

    assert_same(here, there)
    assert told[-1] == (9, 9) and not list(tmp_path.glob(".there*"))


def test_a_table_whose_titles_are_scattered_is_read_by_this_process(tmp_path, monkeypatch):
    source = write_shards(
        tmp_path / "source", table().take(pa.array(np.random.default_rng(1).permutation(30))), (20,), write_parquet
    )
    monkeypatch.setattr(parts.ReadTitles, "begin", None)
    assert_same(import_embeddings(source, tmp_path / "here"), import_embeddings(source, tmp_path / "there", place=TWO))


class Dies(Exception):
    pass


def test_a_killed_import_goes_on_at_the_next_part_and_leaves_the_old_catalog(tmp_path, monkeypatch):
    source = write_shards(tmp_path / "source", table(9, 7), (30,), write_parquet)
    old = import_embeddings(source, tmp_path / "old", ImportOptions(dtype="float16"))
    read: list[int] = []
    real = parts.ReadTitles.begin

    def begin(self, device):
        do = real(self, device)

        def one(part, tell):
            if len(read) == 3:
                raise Dies
            read.append(part.start)
            return do(part, tell)

        return one

    monkeypatch.setattr(parts.ReadTitles, "begin", begin)
    monkeypatch.setattr("msm.runner.place.LocalPool", lambda work, size, devices: HerePool(work.begin("")))
    with pytest.raises(Dies):
        import_embeddings(source, old.path, ImportOptions(replace=True), place=TWO)
    assert_same(Catalog.open(old.path), old)
    first, read[:] = list(read), [-1]

    monkeypatch.setattr(parts.ReadTitles, "begin", real)
    written = import_embeddings(source, old.path, ImportOptions(replace=True), place=TWO)
    assert first == [0, 1, 2]
    assert_same(written, import_embeddings(source, tmp_path / "here"))


@pytest.mark.slow
def test_what_a_worker_finds_wrong_is_one_sentence_with_shard_and_row(tmp_path):
    rows = table(9, 7)
    column = rows.column("video").to_pylist()
    column[50] = [0.0, float("nan"), 0.0, 0.0]
    broken = rows.set_column(rows.schema.get_field_index("video"), "video", pa.array(column, pa.list_(pa.float32(), 4)))
    source = write_shards(tmp_path / "source", broken, (30,), write_parquet)
    said = []
    for place in (HERE, TWO):
        with pytest.raises(InputError) as error:
            import_embeddings(source, tmp_path / "catalog", place=place)
        said.append(str(error.value))

    assert said[0] == said[1] and "row 20" in said[0]
    assert not (tmp_path / "catalog").exists()
