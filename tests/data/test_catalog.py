from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msm import Catalog, InputError, TitleData
from msm.data.catalog import deal_splits, modalities_of
from msm.importers.convert import import_embeddings
from msm.io.arrays import to_float32


def title(title_id: str = "a", num_shots: int = 3, width: int = 4, **choices) -> TitleData:
    embeddings = np.random.default_rng(num_shots).standard_normal((num_shots, width)).astype(np.float32)
    return TitleData(**{"title_id": title_id, "split": "train", "embeddings": embeddings, **choices})


ids = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="/\\"), min_size=1, max_size=40).filter(
    lambda i: i not in (".", "..")
)
vectors = st.integers(1, 6).flatmap(
    lambda n: arrays(np.float32, (n, 3), elements=st.floats(0.5, 100, width=32)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(ids, vectors, min_size=1, max_size=4), st.integers(1, 90))
def test_what_is_written_is_what_is_read_however_small_the_shards(tmp_path, contents, max_shard_bytes):
    catalog = Catalog.write(
        tmp_path / "catalog",
        [TitleData(title_id=i, split="test", embeddings=e) for i, e in contents.items()],
        modalities=modalities_of({"video": 3}),
        dtype="float32",
        max_shard_bytes=max_shard_bytes,
        replace=True,
    )
    assert [t.title_id for t in catalog] == list(contents)
    for title_id, embeddings in contents.items():
        np.testing.assert_array_equal(catalog[title_id].embeddings, embeddings)
    assert list(catalog.problems()) == []


def test_times_text_labels_and_metadata_come_back(make_catalog):
    shots = pd.DataFrame({"start_s": [0, 2.5], "end_s": [2.5, 4], "text": ["one", None], "tone": ["calm", "tense"]})
    metadata = np.array([0.6, 0.8], np.float32)
    written = title("film", 2, name="The Film", shots=shots, global_embedding=metadata, labels={"genre": "noir"})

    catalog = make_catalog([written])
    film = catalog["film"]

    assert (film.name, film.split, film.num_shots, film.duration_s) == ("The Film", "train", 2, 4.0)
    assert film.shots["end_s"].tolist() == [2.5, 4.0]
    assert film.shots["text"].tolist()[0] == "one"
    assert (catalog.title_labels, catalog.shot_labels) == (["genre"], ["tone"])
    np.testing.assert_array_equal(film.global_embedding, metadata)


def test_a_title_that_straddles_shards_is_read_whole_and_in_part(make_catalog):
    catalog = make_catalog([title("a", 3), title("b", 10)], dtype="float32", max_shard_bytes=4 * 4 * 4)
    assert len(list(catalog.path.glob("shots-*.npy"))) == 4
    np.testing.assert_array_equal(catalog["b"].embeddings, title("b", 10).embeddings)
    np.testing.assert_array_equal(catalog["b"].rows(4, 7), title("b", 10).embeddings[4:7])


def test_shots_of_one_title_are_read_from_the_row_groups_that_hold_them(make_catalog, monkeypatch):
    monkeypatch.setattr("msm.data.shot_table.ROW_GROUP", 4)
    catalog = make_catalog([title("a", 3), title("b", 6), title("c", 2)])
    assert catalog["b"].shots["title_id"].tolist() == ["b"] * 6
    assert catalog["b"].shots["shot"].tolist() == list(range(6))
    assert catalog["c"].shots["shot"].tolist() == [0, 1]


def test_the_words_of_one_title_do_not_hold_those_of_its_row_group(make_catalog):
    words = [f"{i:04d} " + "word " * 50 for i in range(4000)]
    frame = pd.DataFrame({"text": words})
    catalog = make_catalog([title("a", 2), title("b", 4000, shots=frame)])
    before = pa.total_allocated_bytes()
    kept = [catalog["a"].shots for _ in range(5)]
    assert len(kept) == 5 and pa.total_allocated_bytes() - before < 100_000  # of a megabyte in the group


def test_which_modalities_a_shot_has_is_derived_from_its_zero_blocks(make_catalog):
    embeddings = np.array([[1, 1, 0, 0], [0, 0, 2, 0], [1, 0, 0, 3]], np.float32)
    catalog = make_catalog([title(embeddings=embeddings)], modalities=modalities_of({"video": 2, "text": 2}))
    assert catalog["a"].present.tolist() == [[True, False], [False, True], [True, True]]


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (title("a", 0), "title 'a' has no shots"),
        (title("../a"), "title id '../a' cannot be used"),
        (title("a\x1b[2J"), "cannot be used"),
        (title("é" * 120), "cannot be used"),
        (title(split="dev"), "split is 'dev'"),
        (title(width=5), r"embeddings have shape \(3, 5\)"),
        (title(embeddings=np.array([[1, 2, 3, np.nan]])), "title 'a', shot 0: NaN or infinite value in video"),
        (title(embeddings=np.array([[1, 2, 3, 4], [1, 2, 3, np.inf]])), "title 'a', shot 1: NaN or infinite"),
        (title(embeddings=np.array([[1.0, 2, 3, 4], [0, 0, 0, 0]])), "title 'a', shot 1: all zeros"),
        (title(embeddings=np.array([[1.0, 2, 3, 70_000]])), "shot 0: video is beyond 65504 for float16; use float32"),
        (title(embeddings=np.full((1, 4), 1e-12)), "shot 0: video is too small for float16; use float32"),
        (title(embeddings=np.array([["x"] * 4])), "embeddings have shape"),
        (title(shots=pd.DataFrame({"tone": ["calm"]})), "1 rows of shots for 3 embeddings"),
        (title(shots=pd.DataFrame({"start_s": [0, 2, 4], "end_s": [2, 1, 5]})), "shot 1: a shot from 2.0 s to 1.0 s"),
        (title(shots=pd.DataFrame({"start_s": ["0:01"] * 3})), "shot 0: start_s is '0:01', expected seconds"),
        (title(labels={"num_shots": 9}), "a label cannot be called 'num_shots'"),
        (title(global_embedding=np.array([1.0])), "either every title has a global embedding"),
    ],
)
def test_a_title_that_breaks_a_rule_is_refused_and_nothing_is_left_behind(make_catalog, tmp_path, broken, rule):
    with pytest.raises(InputError, match=rule):
        make_catalog([title("good"), broken], modalities=modalities_of({"video": 4}))
    assert list(tmp_path.iterdir()) == []


def test_two_titles_of_one_id_are_refused(make_catalog):
    with pytest.raises(InputError, match="title 'a' is there twice"):
        make_catalog([title("a"), title("a")])


def test_labels_that_mix_numbers_and_words_are_refused(make_catalog):
    with pytest.raises(InputError, match=r"label cannot be written to titles\.parquet.*year"):
        make_catalog([title("a", labels={"year": 1999}), title("b", labels={"year": "unknown"})])


def test_replacing_never_removes_a_folder_that_is_no_catalog(tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").write_bytes(b"precious")
    with pytest.raises(InputError, match="is no catalog, so it is not replaced"):
        Catalog.write(tmp_path / "holiday", [title()], modalities=modalities_of({"video": 4}), replace=True)
    assert (tmp_path / "holiday" / "photo.jpg").read_bytes() == b"precious"


def test_a_failed_replacement_leaves_the_old_catalog(make_catalog):
    old = make_catalog([title("old")])
    with pytest.raises(InputError):
        make_catalog([title("new"), title("new")], replace=True)
    assert "old" in Catalog.open(old.path)


def change_header(**fields):
    def change(path: Path) -> None:
        header = json.loads((path / "catalog.json").read_text())
        (path / "catalog.json").write_text(json.dumps({**header, **fields}))

    return change


def change_modality(**fields):
    def change(path: Path) -> None:
        header = json.loads((path / "catalog.json").read_text())
        header["modalities"][0] |= fields
        (path / "catalog.json").write_text(json.dumps(header))

    return change


def change_table(name: str, **columns):
    """Each column's new value at row 1; None there is null."""

    def change(path: Path) -> None:
        table = pd.read_parquet(path / name)
        for column, value in columns.items():
            old = table[column].tolist()
            table[column] = pd.Series([*old[:1], value, *old[2:]])
        table.to_parquet(path / name, index=False)

    return change


def drop_column(name: str, column: str):
    return lambda path: pd.read_parquet(path / name).drop(columns=column).to_parquet(path / name, index=False)


def declare_rows(rows: int):
    def change(path: Path) -> None:
        with open(path / "shots-00000.npy", "r+b") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (rows, 7)})

    return change


def cut(name: str):
    return lambda path: os.truncate(path / name, (path / name).stat().st_size // 2)


def zip_shard(path: Path) -> None:
    np.savez(path / "shots.npz", np.ones(3))
    (path / "shots.npz").rename(path / "shots-00000.npy")


def double_column(path: Path) -> None:
    table = pq.read_table(path / "titles.parquet")
    pq.write_table(table.append_column("genre", pa.array(range(5))), path / "titles.parquet")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda p: (p / "catalog.json").unlink(), r"catalog\.json is missing"),
        (cut("catalog.json"), r"catalog\.json is not readable as JSON"),
        (lambda p: (p / "catalog.json").write_text("[]"), "format is None"),
        (change_header(format="msm-catalog/9"), "format is 'msm-catalog/9', expected 'msm-catalog/1'"),
        (change_header(dtype="float64"), "dtype is 'float64'"),
        (change_header(shot_dim="7"), "shot_dim is '7', but must be a whole number from 0 on"),
        (change_header(global_dim="x"), "global_dim is 'x', but must be a whole number"),
        (change_header(global_dim=-1), "global_dim is -1, but must be a whole number"),
        (change_header(modalities=None), r"catalog\.json: modalities is None, but must be a list"),
        (change_header(provenance=3), r"catalog\.json: provenance is 3, but must be an object"),
        (change_header(provenance={"score": float("nan")}), r"catalog\.json is not readable as JSON: NaN is no JSON"),
        (change_header(shot_dim=9), r"the modalities \['video', 'text'\] cover 7 columns, but shot_dim is 9"),
        (change_modality(dim="4"), r"modalities\[0\]\.dim is '4', but must be a width"),
        (change_modality(start=1), "modality 'video' starts at column 1"),
        (change_modality(name=["video"]), r"modalities\[0\]\.name is \['video'\], but must be text"),
        (change_modality(colour="red"), r"modalities\[0\]\.colour is not a known key"),
        (change_header(global_dim=2), r"global\.npy is missing"),
        (lambda p: (p / "titles.parquet").unlink(), r"titles\.parquet is missing"),
        (cut("titles.parquet"), r"titles\.parquet is not readable as Parquet"),
        (drop_column("titles.parquet", "split"), r"titles\.parquet: column 'split' is missing"),
        (double_column, "column 'genre' is there twice"),
        (change_table("titles.parquet", title_id="train-0"), "row 1: title 'train-0' is there twice"),
        (change_table("titles.parquet", title_id="a/b"), r"titles\.parquet, row 1: title id 'a/b' cannot be used"),
        (change_table("titles.parquet", title_id=None), "row 1: title_id is empty"),
        (change_table("titles.parquet", split=None), "row 1: split is empty"),
        (change_table("titles.parquet", split="dev"), "row 1: split is 'dev'"),
        (change_table("titles.parquet", num_shots=-5), "row 1: title 'train-1' has no shots"),
        (change_table("titles.parquet", num_shots=2**62), "row 1: num_shots is 4611686018427387904"),
        (change_table("titles.parquet", num_shots=2.5), "'num_shots' holds double, expected whole numbers"),
        (change_table("titles.parquet", num_shots=4), "row 2: first_shot is 12, but the titles before it end at 11"),
        (lambda p: (p / "shots.parquet").unlink(), r"shots\.parquet is missing"),
        (cut("shots.parquet"), r"shots\.parquet is not readable as Parquet"),
        (drop_column("shots.parquet", "end_s"), r"shots\.parquet: column 'end_s' is missing"),
        (
            lambda p: pd.read_parquet(p / "shots.parquet").iloc[1:].to_parquet(p / "shots.parquet"),
            "it has 24 rows, but the .npy shards hold 25",
        ),
        (cut("shots-00000.npy"), r"shots-00000\.npy is truncated: it declares 700 bytes of data"),
        (declare_rows(2**50), r"shots-00000\.npy is truncated: it declares \d+ bytes of data and holds 700"),
        (declare_rows(-1), r"shots-00000\.npy is not readable as \.npy"),
        (zip_shard, r"shots-00000\.npy is not readable as \.npy"),
        (lambda p: (p / "shots-00000.npy").unlink(), r"titles\.parquet, row 0: num_shots is 7"),
        (
            lambda p: np.save(p / "shots-00000.npy", np.ones((25, 6), np.float32)),
            r"shape \(25, 6\) of float32, but catalog\.json says 7 wide and float32",
        ),
        (
            lambda p: np.save(p / "shots-00000.npy", np.ones((25, 7), np.float16)),
            r"shape \(25, 7\) of float16, but catalog\.json says 7 wide and float32",
        ),
        (
            lambda p: np.save(p / "shots-00000.npy", np.full((25, 7), None), allow_pickle=True),
            "only plain numbers and text are read",
        ),
    ],
)
def test_a_damaged_catalog_is_refused_at_opening_with_file_and_rule(tiny_catalog, damage, sentence):
    damage(tiny_catalog.path)
    with pytest.raises(InputError, match=sentence):
        Catalog.open(tiny_catalog.path)


def poison(row: int, value: float):
    def change(path: Path) -> None:
        shard = np.load(path / "shots-00000.npy", mmap_mode="r+")
        shard[row] = value
        shard.flush()

    return change


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (poison(9, np.nan), "tiny: title 'train-1', shot 2: NaN or infinite value in video"),
        (poison(0, np.inf), "tiny: title 'train-0', shot 0: NaN or infinite value in video"),
        (poison(24, 0), "tiny: title 'test-1', shot 2: all zeros, so it has no modality"),
        (
            change_table("shots.parquet", shot=5),
            "shots.parquet, row 1: title 'train-0', shot 5, expected 'train-0', shot 1",
        ),
        (change_table("shots.parquet", title_id="x"), "shots.parquet, row 1: title 'x', shot 1, expected 'train-0'"),
        (change_table("shots.parquet", end_s=-1.0), "shots.parquet: title 'train-0', shot 1: a shot from"),
        (change_table("shots.parquet", end_s=None), "shots.parquet: title 'train-0', shot 1: a shot from"),
    ],
)
def test_problems_names_file_and_row_of_what_only_reading_shows(tiny_catalog, damage, sentence):
    damage(tiny_catalog.path)
    problems = list(Catalog.open(tiny_catalog.path).problems())
    assert len(problems) == 1
    assert sentence in problems[0]


def test_a_metadata_embedding_with_nan_is_a_problem(make_catalog):
    catalog = make_catalog([title(global_embedding=np.array([1.0, 2.0]))])
    np.save(catalog.path / "global.npy", np.array([[1, np.nan]], np.float32))
    with pytest.raises(InputError, match=r"global\.npy, row 0: NaN or infinite value"):
        Catalog.open(catalog.path).validate()


def test_dealt_splits_depend_on_seed_and_ids_alone():
    names = [f"film-{i}" for i in range(40)]
    dealt = deal_splits(names, seed=3)
    assert dealt == deal_splits(names[::-1], seed=3)
    assert dealt != deal_splits(names, seed=4)
    assert pd.Series(dealt).value_counts().to_dict() == {"train": 32, "validation": 4, "test": 4}


def huge_catalog(path: Path, num_titles: int, num_shots: int, dim: int) -> None:
    """A catalog whose shards are holes: a disk of any size holds it."""
    path.mkdir()
    total, shard_rows = num_titles * num_shots, 2**20
    for number, first in enumerate(range(0, total, shard_rows)):
        rows = min(shard_rows, total - first)
        with open(path / f"shots-{number:05d}.npy", "wb") as file:
            header = {"descr": "<f2", "fortran_order": False, "shape": (rows, dim)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + rows * dim * 2)
    ids = pa.array([f"t{i}" for i in range(num_titles)])
    columns = {"title_id": ids, "name": ids, "split": pa.array(["train"] * num_titles)}
    first = np.arange(num_titles) * num_shots
    counts = {
        "first_shot": first,
        "num_shots": np.full(num_titles, num_shots),
        "duration_s": np.full(num_titles, np.nan),
    }
    pq.write_table(pa.table({**columns, **counts}), path / "titles.parquet")
    codes = pa.array(np.repeat(np.arange(num_titles, dtype=np.int32), num_shots))
    of_shots = {
        "title_id": pa.DictionaryArray.from_arrays(codes, ids),
        "shot": np.tile(np.arange(num_shots), num_titles),
    }
    nothing = pa.nulls(total, pa.float64())
    pq.write_table(
        pa.table({**of_shots, "start_s": nothing, "end_s": nothing}), path / "shots.parquet", row_group_size=65_536
    )
    modalities = [{"name": "video", "start": 0, "dim": dim, "encoder": "none"}]
    fields = {"format": "msm-catalog/1", "shot_dim": dim, "dtype": "float16", "modalities": modalities, "global_dim": 0}
    (path / "catalog.json").write_text(json.dumps({**fields, "provenance": {}}))


@pytest.mark.slow
def test_ten_million_shots_open_in_under_a_second_without_reading_a_vector(tmp_path):
    huge_catalog(tmp_path / "huge", num_titles=20_000, num_shots=500, dim=2304)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        catalog = Catalog.open(tmp_path / "huge")
        seconds.append(time.perf_counter() - start)
    read_before = bytes_read()
    Catalog.open(tmp_path / "huge")
    assert catalog.num_shots == 10_000_000
    assert catalog["t19999"].rows(0, 1).shape == (1, 2304)
    assert bytes_read() - read_before < 30_000_000  # of 46 GB: the tables and the headers
    assert sorted(seconds)[1] < 1.0


def bytes_read() -> int:
    """What this process has asked the kernel to read, mapped pages apart."""
    return int(Path("/proc/self/io").read_text().split("rchar:")[1].split()[0])


def test_a_fingerprint_is_of_what_a_catalog_holds_and_not_of_where_it_came_from(tmp_path):
    def fingerprint(name: str, day: str, **choices) -> str:
        made = Catalog.write(
            tmp_path / name, [title(**choices)], modalities=modalities_of({"video": 4}), provenance={"date": day}
        )
        return made.fingerprint

    assert fingerprint("a", "Monday") == fingerprint("b", "Tuesday")
    assert fingerprint("a2", "Monday") != fingerprint("c", "Monday", num_shots=4)
    assert fingerprint("a3", "Monday") != fingerprint("d", "Monday", split="test")


def test_half_precision_is_widened_to_the_very_same_numbers():
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]

    for halves in (finite, every, finite[::2]):
        widened = to_float32(halves)
        assert widened.dtype == np.float32
        np.testing.assert_array_equal(widened.view(np.uint32), halves.astype(np.float32).view(np.uint32))


def repeated(text: str, rows: int) -> pa.Array:
    """So many rows of one text; on the disk it is there once."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))


def test_a_table_of_kilobytes_that_would_be_gigabytes_is_refused(tiny_catalog, tmp_path):
    path = tiny_catalog.path / "titles.parquet"
    many = pa.concat_tables([pq.read_table(path)] * 200)
    pq.write_table(many.append_column("synopsis", repeated("x" * 2**22, len(many))), path, store_schema=False)
    with pytest.raises(InputError, match=r"titles\.parquet: its rows take more than \d+ MB, and the file has \d+ kB"):
        Catalog.open(tiny_catalog.path)
    table = {"title_id": repeated("a", 1000), "shot": pa.array(range(1000)), "text": repeated("x" * 2**22, 1000)}
    lists = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(3000, np.float32)), 3)
    pq.write_table(pa.table({**table, "embedding": lists}), tmp_path / "bomb.parquet", store_schema=False)
    with pytest.raises(InputError, match=r"bomb\.parquet: its rows take more than"):
        import_embeddings(tmp_path / "bomb.parquet", tmp_path / "made")


def test_labels_that_repeat_themselves_are_read_as_ever(tiny_catalog):
    path = tiny_catalog.path / "shots.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("mood", repeated("calm" * 50, len(table))), path, store_schema=False)
    assert set(Catalog.open(tiny_catalog.path).read_shots(2, 9)["mood"]) == {"calm" * 50}


def test_a_film_is_there_only_where_the_catalog_itself_holds_it(make_catalog, tmp_path):
    catalog = make_catalog([title("noir", 4)])
    noir = catalog["noir"]
    assert noir.film is None and not noir.has_thumbnails and not noir.thumbnail(0).exists()

    film = catalog.path / "media" / "noir.mp4"
    film.parent.mkdir()
    (tmp_path / "elsewhere.mp4").write_bytes(b"film")
    film.symlink_to(tmp_path / "elsewhere.mp4")
    assert noir.film is None

    film.unlink()
    film.write_bytes(b"film")
    assert noir.film == film


def test_a_thumbnail_lies_in_the_folder_of_its_title(make_catalog):
    noir = make_catalog([title("noir", 4)])["noir"]
    noir.thumbnail(3).parent.mkdir(parents=True)

    assert noir.has_thumbnails
    assert noir.thumbnail(3) == noir.catalog.path / "media" / "thumbnails" / "noir" / "3.webp"
