"""A table in many files, in any format and order, gives the catalog that one file would give."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import fsspec
import fsspec.implementations.local
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as save_tensors

from msm import Catalog, InputError
from msm.importers import shards
from msm.importers.convert import ImportOptions, import_embeddings

WIDTH = 4
Write = Callable[[Path, pa.Table], None]


def table(num_titles: int = 5, shots: int = 6, seed: int = 0) -> pa.Table:
    """A row a shot of some titles: vectors of two modalities, labels of shots and of titles."""
    rng = np.random.default_rng(seed)
    rows = num_titles * shots
    number = np.repeat(np.arange(num_titles), shots)
    return pa.table(
        {
            "title_id": [f"t{n}" for n in number],
            "shot": np.tile(np.arange(shots), num_titles),
            "split": [("train", "validation", "test")[n % 3] for n in number],
            "genre": [f"genre {n % 2}" for n in number],
            "tone": [f"tone {i % 3}" for i in range(rows)],
            "text": [f"words {i}" if i % 4 else None for i in range(rows)],
            "video": _lists(rng.standard_normal((rows, WIDTH)).astype(np.float32)),
            "audio": _lists(rng.standard_normal((rows, 2)).astype(np.float32)),
        }
    )


def _lists(block: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(block.reshape(-1)), block.shape[1])


def write_parquet(path: Path, rows: pa.Table) -> None:
    pq.write_table(rows, path.with_suffix(".parquet"), row_group_size=5)


def write_arrow(path: Path, rows: pa.Table) -> None:
    with pa.OSFile(str(path.with_suffix(".arrow")), "wb") as file, pa.ipc.new_stream(file, rows.schema) as stream:
        stream.write_table(rows, max_chunksize=4)


def write_tar(path: Path, rows: pa.Table) -> None:
    with tarfile.open(path.with_suffix(".tar"), "w") as tar:
        for i, row in enumerate(rows.to_pylist()):
            vectors = {name: np.array(row.pop(name), np.float32) for name in ("video", "audio")}
            key = f"{path.name}-{i:06d}"
            add(tar, f"{key}.video.npy", npy(vectors["video"]))
            add(tar, f"{key}.safetensors", save_tensors({"audio": vectors["audio"]}))
            add(tar, f"{key}.json", json.dumps(row).encode())


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


WRITERS: dict[str, Write] = {"parquet": write_parquet, "arrow": write_arrow, "tar": write_tar}


def write_shards(folder: Path, rows: pa.Table, bounds: Sequence[int], write: Write) -> Path:
    folder.mkdir()
    for number, (start, stop) in enumerate(zip([0, *bounds], [*bounds, rows.num_rows], strict=True)):
        write(folder / f"part-{number}", rows.slice(start, stop - start))
    return folder


def assert_same_catalogs(one: Catalog, other: Catalog) -> None:
    assert list(other.problems()) == []
    order = ["title_id", "name", "split", "num_shots", "duration_s", *one.title_labels]
    columns = one.titles.set_index("title_id", drop=False)[order]
    pd.testing.assert_frame_equal(
        columns.sort_index(), other.titles.set_index("title_id", drop=False)[order].sort_index()
    )
    assert one.modalities == other.modalities and set(one.shot_labels) == set(other.shot_labels)
    for title in one:
        np.testing.assert_array_equal(title.embeddings, other[title.title_id].embeddings)
        pd.testing.assert_frame_equal(title.shots, other[title.title_id].shots[title.shots.columns], check_dtype=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Catalog:
    """The catalog of the table in one file."""
    folder = tmp_path_factory.mktemp("whole")
    write_parquet(folder / "rows", table())
    return import_embeddings(folder / "rows.parquet", folder / "catalog")


@pytest.mark.parametrize("format", WRITERS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bounds=st.sets(st.integers(1, 29), min_size=1, max_size=5).map(sorted),
    order=st.sampled_from(["as it is", "shots reversed", "scattered"]),
)
def test_however_a_table_is_cut_and_ordered_the_catalog_is_the_same(whole, tmp_path_factory, format, bounds, order):
    rows = table()
    if order == "shots reversed":
        rows = rows.take([6 * t + s for t in range(5) for s in reversed(range(6))])
    elif order == "scattered":
        rows = rows.take(np.random.default_rng(len(bounds)).permutation(rows.num_rows))
    folder = tmp_path_factory.mktemp("shards")
    source = write_shards(folder / "set", rows, bounds, WRITERS[format])
    catalog = import_embeddings(source, folder / "catalog")
    assert_same_catalogs(whole, catalog)
    assert sorted(p.name for p in folder.iterdir()) == ["catalog", "set"]


def test_a_glob_and_a_list_of_files_are_one_table_too(whole, tmp_path):
    source = write_shards(tmp_path / "set", table(), [7, 20], write_parquet)
    by_glob = import_embeddings(source / "part-*.parquet", tmp_path / "glob")
    by_list = import_embeddings([source / f"part-{i}.parquet" for i in range(3)], tmp_path / "list")
    assert_same_catalogs(whole, by_glob)
    assert_same_catalogs(whole, by_list)


def test_shards_follow_each_other_in_the_order_of_their_numbers(tmp_path):
    rows = table().drop(["shot"])
    source = write_shards(tmp_path / "set", rows, range(2, 30, 2), write_parquet)  # part-2 stands before part-10
    catalog = import_embeddings(source, tmp_path / "catalog")
    assert catalog["t3"].shots["tone"].tolist() == [f"tone {i % 3}" for i in range(18, 24)]


def test_values_in_the_names_of_folders_and_files_become_columns(tmp_path):
    rows = table().drop(["split"])
    for season in (1, 2):
        for split, titles in (("train", (0, 1)), ("test", (2, 3))):
            folder = tmp_path / "set" / f"season={season}"
            folder.mkdir(parents=True, exist_ok=True)
            number = titles[season - 1]
            write_parquet(folder / f"{split}-00000-of-00001", rows.slice(6 * number, 6))
    (tmp_path / "set" / "_SUCCESS").touch()
    catalog = import_embeddings(tmp_path / "set", tmp_path / "catalog")
    assert {t.title_id: (t.split, t.row["season"]) for t in catalog} == {
        "t0": ("train", "1"),
        "t1": ("train", "2"),
        "t2": ("test", "1"),
        "t3": ("test", "2"),
    }


def test_a_sample_of_a_tar_may_hold_all_shots_of_a_title(whole, tmp_path):
    rows = table()
    with tarfile.open(tmp_path / "titles.tar", "w") as tar:
        for number in range(5):
            frame = rows.slice(6 * number, 6)
            lists = {c: frame[c].to_pylist() for c in ("tone", "text")}
            facts = {c: frame[c][0].as_py() for c in ("split", "genre")}
            add(tar, f"t{number}.json", json.dumps({**facts, **lists}).encode())
            for name in ("video", "audio"):
                add(tar, f"t{number}.{name}.npy", npy(np.array(frame[name].to_pylist(), np.float32)))
    assert_same_catalogs(whole, import_embeddings(tmp_path / "titles.tar", tmp_path / "catalog"))


def test_a_shot_without_a_modality_in_a_tar_lacks_it(tmp_path):
    with tarfile.open(tmp_path / "shots.tar", "w") as tar:
        for i in range(3):
            add(tar, f"{i}.video.npy", npy(np.ones(3, np.float16)))
            if i != 1:
                add(tar, f"{i}.audio.npy", npy(np.ones(2, np.float16)))
            add(tar, f"{i}.json", json.dumps({"title_id": "a", "shot": i}).encode())
            add(tar, f"{i}.jpg", b"no picture is read")
    catalog = import_embeddings(tmp_path / "shots.tar", tmp_path / "catalog")
    assert catalog.dtype == "float16"
    assert catalog["a"].present.tolist() == [[True, True], [True, False], [True, True]]


def test_splits_and_class_names_of_a_saved_dataset_are_kept(tmp_path):
    datasets = pytest.importorskip("datasets", reason="the dataset is written by the package datasets")
    rows = table().drop(["split"])
    named = datasets.Dataset(rows).cast_column("genre", datasets.ClassLabel(names=["genre 0", "genre 1"]))
    parts = {"train": named.select(range(12)), "validation": named.select(range(12, 30))}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "set", num_shards={"train": 2, "validation": 3})
    catalog = import_embeddings(tmp_path / "set", tmp_path / "catalog")
    assert [(t.title_id, t.split, t.row["genre"]) for t in catalog] == [
        (f"t{n}", "train" if n < 2 else "validation", f"genre {n % 2}") for n in range(5)
    ]
    assert catalog["t4"].shots["tone"].tolist() == ["tone 0", "tone 1", "tone 2"] * 2


# --- shards that do not fit together, and damaged ones ----------------------------------------------


def drop_column(rows: pa.Table) -> pa.Table:
    return rows.drop(["tone"])


def text_for_numbers(rows: pa.Table) -> pa.Table:
    return rows.set_column(
        rows.schema.get_field_index("shot"), "shot", pa.array([f"s{i}" for i in range(rows.num_rows)])
    )


def wider(rows: pa.Table) -> pa.Table:
    wide = _lists(np.ones((rows.num_rows, WIDTH + 1), np.float32))
    return rows.set_column(rows.schema.get_field_index("video"), "video", wide)


def null_inside(rows: pa.Table) -> pa.Table:
    lists = rows["video"].to_pylist()
    lists[3][1] = None
    values = pa.array(lists, pa.list_(pa.float32()))
    return rows.set_column(rows.schema.get_field_index("video"), "video", values)


def all_null(rows: pa.Table) -> pa.Table:
    for name in ("video", "audio"):
        lists = rows[name].to_pylist()
        lists[3] = None
        rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(lists, pa.list_(pa.float32())))
    return rows


def no_title(rows: pa.Table) -> pa.Table:
    ids = rows["title_id"].to_pylist()
    ids[2] = None
    return rows.set_column(0, "title_id", pa.array(ids, pa.string()))


def number_for_vector(rows: pa.Table) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index("video"), "video", pa.array(range(rows.num_rows)))


FAULTS = [
    (drop_column, r"part-1\.\w+: column 'tone' is missing, but .*part-0\.\w+ has it"),
    (text_for_numbers, r"part-1\.\w+: column 'shot' holds string, but int64 in .*part-0"),
    (wider, r"part-1\.\w+, row 0: video is 5 wide, but 4 in the rows before it"),
    (null_inside, r"part-1\.\w+, row 3: video has a null inside its vector"),
    (all_null, r"title 't2', shot 1: all zeros, so it has no modality \(.*part-1\.\w+, row 3\)"),
    (no_title, r"part-1\.\w+, row 2: title_id is empty"),
    (number_for_vector, r"part-1\.\w+: column 'video' holds int64, but fixed_size_list.* in .*part-0"),
]


@pytest.mark.parametrize("write", [write_parquet, write_arrow])
@pytest.mark.parametrize("scattered", [False, True])
@pytest.mark.parametrize(("fault", "sentence"), FAULTS, ids=[f.__name__ for f, _ in FAULTS])
def test_shards_that_do_not_fit_together_are_refused_with_shard_and_row(tmp_path, write, scattered, fault, sentence):
    rows = table()
    shards = [rows.slice(0, 10), fault(rows.slice(10, 9)), rows.slice(19)]
    if scattered:  # the last title starts in the first shard
        shards[0] = pa.concat_tables([shards[0], rows.slice(29, 1)])
        shards[2] = shards[2].slice(0, 10)
    (tmp_path / "set").mkdir()
    for number, shard in enumerate(shards):
        write(tmp_path / "set" / f"part-{number}", shard)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=sentence):
        import_embeddings(tmp_path / "set", tmp_path / "catalog")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("format", WRITERS)
@pytest.mark.parametrize("share", [0.1, 0.4, 0.7])
def test_a_shard_that_is_cut_short_is_named(tmp_path, format, share):
    source = write_shards(tmp_path / "set", table(), [10, 20], WRITERS[format])
    cut = next(source.glob("part-1.*"))
    content = cut.read_bytes()
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"part-1\."):
        import_embeddings(source, tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()


def test_a_stream_that_breaks_off_is_named_with_the_row_before(tmp_path):
    source = write_shards(tmp_path / "set", table(), [10, 20], write_arrow)
    cut = source / "part-1.arrow"
    cut.write_bytes(cut.read_bytes()[:-100])  # inside the third batch, of two rows
    with pytest.raises(InputError, match=r"part-1\.arrow is damaged after row 7: "):
        import_embeddings(source, tmp_path / "catalog")


def test_damage_inside_a_table_is_named_with_the_last_row_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "BATCH_BYTES", 1)  # 64 rows at once, as of a table that is large
    damaged = tmp_path / "rows.parquet"
    pq.write_table(table(shots=60), damaged, row_group_size=100)
    group = pq.read_metadata(damaged).row_group(1)
    vectors = next(group.column(c) for c in range(group.num_columns) if "video" in group.column(c).path_in_schema)
    with open(damaged, "r+b") as file:
        file.seek(vectors.dictionary_page_offset or vectors.data_page_offset)
        file.write(b"\xff" * 40)
    with pytest.raises(InputError, match=r"rows\.parquet is damaged after row \d+: ") as refused:
        import_embeddings(damaged, tmp_path / "catalog")
    assert 60 < int(str(refused.value).split("row ")[1].split(":")[0]) < 100


def test_a_folder_that_cannot_be_listed_to_its_end_is_refused_and_not_read_in_part(tmp_path, monkeypatch):
    (tmp_path / "set").mkdir()
    write_shards(tmp_path / "set" / "a", table(), [10, 20], write_parquet)
    (tmp_path / "set" / "b").mkdir()
    listed = fsspec.implementations.local.LocalFileSystem.ls

    def ls(self, path, *args, **kwargs):
        if str(path).rstrip("/").endswith("/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(self, path, *args, **kwargs)

    monkeypatch.setattr(fsspec.implementations.local.LocalFileSystem, "ls", ls)
    with pytest.raises(InputError, match=r"set cannot be listed: \[Errno 13\] Permission denied: '.*b'"):
        import_embeddings(tmp_path / "set", tmp_path / "catalog")


def test_a_tar_that_is_cut_between_two_members_is_named(tmp_path):
    write_tar(tmp_path / "shots", table())
    with tarfile.open(tmp_path / "shots.tar") as tar:
        end = tar.getmembers()[30].offset
    (tmp_path / "shots.tar").write_bytes((tmp_path / "shots.tar").read_bytes()[:end])
    with pytest.raises(InputError, match=r"shots\.tar .*the end of the archive is missing"):
        import_embeddings(tmp_path / "shots.tar", tmp_path / "catalog")


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"a.video.npy": b"nonsense", "a.json": b"{}"}, r"sample 'a' is not readable as \.npy"),
        ({"a.video.npy": npy(np.ones((2, 3))), "a.audio.npy": npy(np.ones((3, 3)))}, r"matrices with a row a shot"),
        ({"a.video.npy": npy(np.ones(3)), "a.json": b"[1]"}, r"its \.json must hold an object"),
        ({"a.video.npy": npy(np.ones(3)), "a.json": b"{"}, r"not readable as JSON"),
        ({"a.safetensors": b"nonsense"}, r"not readable as safetensors"),
        ({"a.json": b"{}"}, r"holds no sample with a \.npy or \.safetensors"),
        (
            {"a.video.npy": npy(np.ones(3)), "b.video.npy": npy(np.ones(4))},
            r"samples 'a' to 'b' do not fit together: video is 3 wide in one and 4 in another",
        ),
    ],
)
def test_a_sample_that_breaks_a_rule_is_refused_by_its_key(tmp_path, members, sentence):
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        for name, content in members.items():
            add(tar, name, content)
    with pytest.raises(InputError, match=rf"set\.tar.*{sentence}"):
        import_embeddings(tmp_path / "set.tar", tmp_path / "catalog")


def test_shards_are_read_from_another_file_system_by_url(whole, tmp_path):
    fs = fsspec.filesystem("memory")
    for number in range(3):
        with fs.open(f"/bucket/set/part-{number}.parquet", "wb") as file:
            pq.write_table(table().slice(10 * number, 10), file)
    assert_same_catalogs(whole, import_embeddings("memory://bucket/set", tmp_path / "folder"))
    assert_same_catalogs(whole, import_embeddings("memory://bucket/set/part-*.parquet", tmp_path / "glob"))
    with pytest.raises(InputError, match=r"memory://bucket/none is missing"):
        import_embeddings("memory://bucket/none", tmp_path / "catalog")
    np.save(tmp_path / "x.npy", np.ones((2, 2)))
    with fs.open("/bucket/x.npy", "wb") as file:
        file.write((tmp_path / "x.npy").read_bytes())
    with pytest.raises(InputError, match=r"memory:/+bucket/x\.npy: this format is read from a local disk"):
        import_embeddings("memory://bucket/x.npy", tmp_path / "catalog")


def test_nothing_that_matches_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"\*\.parquet matches no file"):
        import_embeddings(tmp_path / "*.parquet", tmp_path / "catalog", ImportOptions())
    with pytest.raises(InputError, match="there-is-no-such-thing://x cannot be opened: Protocol not known"):
        import_embeddings("there-is-no-such-thing://x", tmp_path / "catalog")
