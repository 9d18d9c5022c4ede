"""A catalog that was written or checked once isn't read again, and one that changed is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.data import coverage, soundness
from msm.data.catalog import modalities_of
from msm.data.coverage import FILE, FOLDER
from msm.data.joining import merge_catalogs
from tests.conftest import tiny_titles


@pytest.fixture
def refuse_reading(monkeypatch):
    """From now on the vectors of a title may not be read."""

    def refuse():
        def unread(*_):
            raise AssertionError("vectors are read")

        monkeypatch.setattr(Catalog, "read_rows", unread)

    return refuse


def counted(catalog: Catalog) -> list[tuple[int, list[int]]]:
    """What the vectors themselves say."""
    present = [t.present for t in catalog]
    rows = range(len(catalog.modalities))
    return [
        (sum(int(p[:, m].sum()) for p in present), [i for i, p in enumerate(present) if not p[:, m].any()])
        for m in rows
    ]


def with_gaps(catalog_of):
    """A catalog in which one title lacks the text altogether and another in its first shot."""
    titles = list(tiny_titles(modalities_of({"video": 4, "text": 3})))
    titles[1].embeddings[:, 4:] = 0
    titles[2].embeddings[0, 4:] = 0
    return catalog_of(titles, modalities=modalities_of({"video": 4, "text": 3}), dtype="float32")


def test_a_catalog_just_written_is_known_to_be_sound_without_reading_it(make_catalog, refuse_reading):
    catalog = with_gaps(make_catalog)
    expected = counted(catalog)
    refuse_reading()
    found = Catalog.open(catalog.path).validate()
    assert [(c.shots, c.titles_without) for c in found.counts] == expected
    assert expected[1][1] == [1]


def test_what_is_counted_while_writing_is_what_a_check_counts(make_catalog):
    catalog = with_gaps(make_catalog)
    written = catalog.validate()
    (catalog.path / FOLDER / FILE).unlink()
    assert Catalog.open(catalog.path).validate().counts == written.counts


def test_a_check_is_kept_and_a_changed_catalog_is_checked_again(tiny_catalog, refuse_reading):
    (tiny_catalog.path / FOLDER / FILE).unlink()
    Catalog.open(tiny_catalog.path).validate()
    shard = tiny_catalog.shard_files[0]
    vectors = np.load(shard)
    vectors[3, 1] = np.nan
    np.save(shard, vectors)
    with pytest.raises(InputError, match="shot 3: NaN"):
        Catalog.open(tiny_catalog.path).validate()
    vectors[3, 1] = 1
    np.save(shard, vectors)
    Catalog.open(tiny_catalog.path).validate()
    refuse_reading()
    Catalog.open(tiny_catalog.path).validate()


def test_a_merged_catalog_knows_what_its_parts_knew_and_nothing_where_one_did_not(make_catalog, tiny_catalog, tmp_path):
    other = Catalog.write(
        tmp_path / "other",
        (t.data().__class__(**{**vars(t.data()), "title_id": f"more-{t.title_id}"}) for t in tiny_catalog),
        modalities=tiny_catalog.modalities,
        dtype="float32",
    )
    merged = merge_catalogs([tiny_catalog.path, other.path], tmp_path / "merged")
    assert [(c.shots, c.titles_without) for c in merged.validate().counts] == counted(merged)
    (other.path / FOLDER / FILE).unlink()
    assert merge_catalogs([tiny_catalog.path, other.path], tmp_path / "unknown").coverage is None


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["modalities"][0].update(titles_without=[99]),
        lambda entry: entry["modalities"][0].update(name="smell"),
        lambda entry: entry.update(fingerprint="0" * 16),
        lambda entry: entry.clear(),
    ],
)
def test_a_kept_file_that_does_not_fit_counts_as_none(tiny_catalog, change):
    path = tiny_catalog.path / FOLDER / FILE
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    assert Catalog.open(tiny_catalog.path).coverage is None
    assert Catalog.open(tiny_catalog.path).validate().counts[0].shots == 25


def test_a_folder_that_may_not_be_written_is_checked_and_keeps_nothing(tiny_catalog, monkeypatch):
    (tiny_catalog.path / FOLDER / FILE).unlink()

    def refuse(*_):
        raise PermissionError("read-only")

    monkeypatch.setattr(coverage.files, "write_json", refuse)
    opened = Catalog.open(tiny_catalog.path)
    assert opened.validate().counts[0].shots == 25
    assert not (tiny_catalog.path / FOLDER / FILE).exists()


def test_titles_are_checked_in_groups_and_the_first_broken_one_is_named(tiny_catalog, monkeypatch):
    monkeypatch.setattr(soundness, "GROUP_SHOTS", 6)
    shard = tiny_catalog.shard_files[0]
    vectors = np.load(shard)
    vectors[[8, 20]] = np.inf
    np.save(shard, vectors)
    with pytest.raises(InputError, match="'train-1', shot 1: NaN or infinite"):
        Catalog.open(tiny_catalog.path).validate()


def test_everything_is_read_again_where_that_is_asked_for(tiny_catalog, refuse_reading):
    refuse_reading()
    Catalog.open(tiny_catalog.path).validate()
    with pytest.raises(AssertionError, match="vectors are read"):
        Catalog.open(tiny_catalog.path).validate(again=True)


def test_lengths_beyond_the_range_of_their_squares_are_measured():
    vectors = np.array([[3e30, 4e30], [3e-30, 4e-30], [0, 0], [3, 4]], dtype=np.float32)
    seen = coverage.Coverage(modalities_of({"video": 2}))
    seen.see(0, vectors)
    counts = seen.counts[0]
    assert counts.shots == 3
    assert np.allclose([counts.smallest_norm, counts.largest_norm], [5e-30, 5e30])


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_every_kth_row_is_read_across_shards(tmp_path, step):
    modalities = modalities_of({"video": 4, "text": 3})
    catalog = Catalog.write(tmp_path / "cut", tiny_titles(modalities), modalities=modalities, max_shard_bytes=5 * 14)
    assert len(catalog.shard_files) == 5
    whole = catalog.read_rows(0, 25)
    for start in range(9):
        assert np.array_equal(catalog.read_rows(start, 24, step), whole[start:24:step])
