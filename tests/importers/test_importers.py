from __future__ import annotations

import os
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm import Catalog, InputError
from msm.data.schema import check_title_id
from msm.importers.convert import FORMATS, ImportOptions, import_embeddings
from msm.importers.format import detect_format
from msm.importers.source import slugs

RNG = np.random.default_rng(0)


def rows(num_shots: int, width: int = 3, kind: type = np.float32) -> np.ndarray:
    return RNG.standard_normal((num_shots, width)).astype(kind)


def imported(source: Path, **options) -> Catalog:
    """The catalog `out` beside the source, checked from end to end."""
    catalog = import_embeddings(source, source.parent / "out", ImportOptions(**options))
    assert list(catalog.problems()) == []
    return catalog


def refused(source: Path, sentence: str, **options) -> None:
    before = sorted(source.parent.iterdir())
    with pytest.raises(InputError, match=sentence):
        import_embeddings(source, source.parent / "out", ImportOptions(**options))
    assert sorted(source.parent.iterdir()) == before


# --- npz ------------------------------------------------------------------------------------------


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    """Two titles, `colour` and `visual`; the second lacks `visual`."""
    folder = tmp_path / "set"
    folder.mkdir()
    frames = np.array([[0, 9], [10, 19], [20, 25], [26, 40]], np.int32)
    scene_start = np.array([1, 0, 1, 0], np.int8)
    np.savez(folder / "b.npz", colour=rows(4, 2), visual=rows(4), frames=frames, scene_start=scene_start)
    np.savez(folder / "a.npz", colour=rows(2, 2), frames=frames[:2], scene_start=scene_start[:2])
    titles = (
        "title_id,name,collection,split,num_shots,visual\nb,Film B,open,test,4,yes\na,Film A,news,train,2,missing\n"
    )
    (folder / "titles.csv").write_text(titles)
    return folder


def test_a_folder_of_npz_keeps_names_splits_labels_and_a_missing_modality(npz):
    catalog = imported(npz)
    assert [(t.title_id, t.name, t.split) for t in catalog] == [("b", "Film B", "test"), ("a", "Film A", "train")]
    assert [(m.name, m.start, m.dim) for m in catalog.modalities] == [("colour", 0, 2), ("visual", 2, 3)]
    assert catalog.title_labels == ["collection"]
    assert catalog["a"].present.tolist() == [[True, False]] * 2
    with np.load(npz / "b.npz") as arrays:
        np.testing.assert_array_equal(catalog["b"].embeddings, np.hstack([arrays["colour"], arrays["visual"]]))
    shots = catalog["b"].shots
    assert shots["start_frame"].tolist() == [0, 10, 20, 26]
    assert shots["scene"].tolist() == [0, 0, 1, 1]
    assert shots["start_s"].isna().all()
    assert len(catalog.provenance["dropped"]) == 2


def test_one_npz_is_one_title(npz):
    catalog = imported(npz / "b.npz")
    assert [t.title_id for t in catalog] == ["b"]
    assert catalog.provenance["splits_seed"] == 0


def test_modalities_can_be_named_and_cut(npz):
    catalog = imported(npz, modalities=("hue=colour[0:1]", "deep=visual"))
    assert [(m.name, m.dim) for m in catalog.modalities] == [("hue", 1), ("deep", 3)]
    with np.load(npz / "a.npz") as arrays:
        np.testing.assert_array_equal(catalog["a"].embeddings[:, 0], arrays["colour"][:, 0])


def test_float16_sources_stay_float16_and_float32_is_not_rounded(npz):
    assert imported(npz).dtype == "float32"
    np.savez(npz / "half.npz", visual=rows(2, 3, np.float16))
    assert imported(npz / "half.npz").dtype == "float16"


def test_asking_for_float16_is_refused_where_it_would_overflow(npz):
    np.savez(npz / "b.npz", colour=np.full((4, 2), 446464.0), visual=rows(4))
    refused(npz, "set: title 'b', shot 0: colour is beyond 65504 for float16; use float32", dtype="float16")
    assert imported(npz)["b"].embeddings[0, 0] == 446464


def save(path: Path, **arrays: np.ndarray) -> None:
    np.savez(path, **arrays)


def cut_in_half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def declare(path: Path, shape: tuple[int, ...], data: bytes = b"") -> None:
    """An .npz whose array `visual` claims a shape that its bytes do not hold."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("visual.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        file.write(data)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda f: (f / "b.npz").unlink(), r"titles\.csv, line 2: there is no file b\.npz"),
        (lambda f: save(f / "c.npz", visual=rows(2)), r"titles\.csv has no row for c\.npz"),
        (lambda f: cut_in_half(f / "b.npz"), r"b\.npz is not readable as \.npz"),
        (lambda f: (f / "b.npz").write_bytes(b""), r"b\.npz is not readable as \.npz"),
        (lambda f: save(f / "b.npz", colour=rows(4, 5)), r"b\.npz: 'colour' is 5 wide, but 2 in the files before it"),
        (
            lambda f: save(f / "b.npz", colour=rows(4, 2), visual=rows(3)),
            r"b\.npz: array 'visual' has 3 rows, but 'colour' has 4",
        ),
        (lambda f: save(f / "b.npz", colour=rows(3, 2)), r"line 2: num_shots is 4, but b\.npz has 3 rows"),
        (lambda f: save(f / "b.npz", colour=rows(0, 2)), r"b\.npz: the title has no shots"),
        (lambda f: save(f / "b.npz", frames=np.ones((4, 2), int)), r"b\.npz has no array that is 2-D and float"),
        (
            lambda f: save(f / "b.npz", colour=np.full((4, 2), np.nan)),
            "set: title 'b', shot 0: NaN or infinite value in colour",
        ),
        (lambda f: save(f / "b.npz", colour=np.zeros((4, 2))), "set: title 'b', shot 0: all zeros"),
        (
            lambda f: save(f / "b.npz", colour=np.full((4, 2), 1e300)),
            r"title 'b', shot 0: colour is beyond 3\.40282e\+38",
        ),
        (lambda f: save(f / "b.npz", colour=np.array([{"a": 1}])), "only plain numbers and text are read"),
        (
            lambda f: declare(f / "b.npz", (2**40, 2)),
            r"b\.npz, array 'visual': it declares 8796093022208 bytes of data and holds 0",
        ),
        (lambda f: declare(f / "b.npz", (-4, 2)), r"b\.npz, array 'visual' is not readable as \.npy"),
        (lambda f: (f / "titles.csv").write_text("name\nB\n"), r"titles\.csv: column 'title_id' is missing"),
        (lambda f: (f / "titles.csv").write_bytes(b"\xff\xfe\x00"), r"titles\.csv is not readable as a table"),
        (
            lambda f: (f / "titles.csv").write_text("title_id\na\nb\na\n"),
            r"titles\.csv, line 4: title_id 'a' is there twice",
        ),
        (
            lambda f: (f / "titles.csv").write_text("title_id,split\na,train\nb,holdout\n"),
            r"titles\.csv, line 3: split is 'holdout'",
        ),
    ],
)
def test_a_damaged_folder_of_npz_is_refused(npz, damage, sentence):
    damage(npz)
    refused(npz, sentence)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(npz):
    with zipfile.ZipFile(npz / "b.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("visual.npy", b"\x93NUMPY" + bytes(2_000_000))
    data = (npz / "b.npz").read_bytes()
    size = (2_000_006).to_bytes(4, "little")
    assert size in data
    (npz / "b.npz").write_bytes(data.replace(size, (2**31).to_bytes(4, "little")))
    refused(npz, r"b\.npz, array 'visual': it declares 2147483648 bytes, but \d+ stored bytes cannot hold them")


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("colour", "--modality 'colour': write NAME=ARRAY"),
        ("x=nothing", r"has no array 'nothing'"),
        ("x=scene_start", r"array 'scene_start' has shape \(\d,\) of int8, expected \(shots, width\) of numbers"),
        ("x=colour[0:9]", "columns 0:9 of 'x', but it is 2 wide"),
        ("x=colour[1:1]", "'x' is 0 wide"),
    ],
)
def test_a_modality_that_is_not_there_is_refused(npz, spec, sentence):
    refused(npz, sentence, modalities=(spec,))


def test_an_array_of_whole_numbers_can_be_a_modality_where_it_is_asked_for(npz):
    assert imported(npz, modalities=("x=frames",)).shot_dim == 2


# --- a table, with vectors beside it or in it ------------------------------------------------------


@pytest.fixture
def table() -> pd.DataFrame:
    """Three titles of two shots, out of order; `words` is the shots', `year` the titles'."""
    return pd.DataFrame(
        {
            "title_id": ["a", "b", "a", "b", "c", "c"],
            "shot": [1, 0, 0, 1, 0, 1],
            "split": ["train", "test", "train", "test", None, None],
            "year": [1999, 2001, 1999, 2001, 2003, 2003],
            "words": [10, 20, 30, 40, 50, 60],
        }
    )


def write_beside(folder: Path, table: pd.DataFrame, vectors: np.ndarray) -> Path:
    folder.mkdir(exist_ok=True)
    np.save(folder / "vectors.npy", vectors)
    table.to_parquet(folder / "rows.parquet", index=False)
    return folder


def write_inside(folder: Path, table: pd.DataFrame, vectors: np.ndarray) -> Path:
    folder.mkdir(exist_ok=True)
    table.assign(embedding=list(vectors)).to_parquet(folder / "rows.parquet", index=False)
    return folder / "rows.parquet"


@pytest.fixture(params=[write_beside, write_inside], ids=["npy+parquet", "parquet"])
def write(request, tmp_path):
    """Writes a table with its vectors in either form and gives the path to import."""
    return lambda table, vectors: request.param(tmp_path / "set", table, vectors)


def test_rows_of_a_title_are_brought_together_in_the_order_of_their_shots(write, table):
    vectors = rows(6)
    catalog = imported(write(table, vectors))
    np.testing.assert_array_equal(catalog["a"].embeddings, vectors[[2, 0]])
    assert catalog["a"].shots["words"].tolist() == [30, 10]
    assert (catalog.title_labels, catalog.shot_labels) == (["year"], ["words"])
    assert [(t.title_id, t.split) for t in catalog] == [("a", "train"), ("b", "test"), ("c", "train")]
    assert catalog.provenance["splits_dealt"] == 1


def test_without_a_shot_column_the_order_of_the_table_is_kept(write, table):
    vectors = rows(6)
    catalog = imported(write(table.drop(columns="shot"), vectors))
    np.testing.assert_array_equal(catalog["a"].embeddings, vectors[[0, 2]])


@pytest.mark.parametrize("scenes", [[0, 0, 0, 1, 0, 0], ["harbour", "inn", "harbour", "inn", None, "inn"]])
def test_a_scene_that_several_shots_share_is_a_label_and_no_order(write, table, scenes):
    vectors = rows(6)
    catalog = imported(write(table.drop(columns="shot").assign(scene=scenes), vectors))
    np.testing.assert_array_equal(catalog["a"].embeddings, vectors[[0, 2]])
    assert "scene" in catalog.shot_labels


def test_shot_numbers_with_gaps_become_a_label(write, table):
    catalog = imported(write(table.assign(shot=[10, 0, 5, 1, 0, 1]), rows(6)))
    assert catalog["a"].shots["source_shot"].tolist() == [5, 10]


def test_titles_by_name_get_ids_and_keep_their_names(write, table):
    named = table.rename(columns={"title_id": "title", "shot": "scene"}).replace(
        {"a": "Alien³", "b": "Alien 3", "c": "…"}
    )
    catalog = imported(write(named, rows(6)))
    assert [(t.title_id, t.name) for t in catalog] == [("alien3", "Alien³"), ("alien-3", "Alien 3"), ("title", "…")]


def test_columns_may_have_other_names(write, table):
    renamed = table.rename(columns={"title_id": "film", "shot": "position"})
    catalog = imported(write(renamed, rows(6)), title_column="film", shot_column="position")
    assert len(catalog) == 3
    assert catalog["a"].shots["words"].tolist() == [30, 10]


def test_times_and_text_stay_with_the_shots_even_where_they_are_constant(write, table):
    timed = table.assign(start_s=table["shot"] * 2.0, end_s=table["shot"] * 2.0 + 2, text="same", tone="calm")
    catalog = imported(write(timed, rows(6)))
    assert catalog["b"].duration_s == 4.0
    assert catalog["b"].shots["text"].tolist() == ["same", "same"]
    assert "tone" in catalog.title_labels


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda t: t.drop(columns="title_id"),
            r"rows\.parquet: column 'title_id' or 'title' is missing; name another with --title-column",
        ),
        (lambda t: t.assign(title_id=["a", None, "a", "b", "c", "c"]), r"rows\.parquet, row 1: title_id is empty"),
        (lambda t: t.replace({"title_id": {"b": "a/b"}}), r"rows\.parquet: title id 'a/b' cannot be used"),
        (lambda t: t.assign(shot=0), r"rows\.parquet, row 2: title 'a', shot 0 is there twice"),
        (lambda t: t.assign(shot=[1, 0, None, 1, 0, 1]), r"rows\.parquet, row 2: shot is 'nan', expected a number"),
        (lambda t: t.assign(shot=["one"] * 6), r"rows\.parquet, row 0: shot is 'one', expected a number"),
        (lambda t: t.assign(split=["train", "test", "test", "test", "test", "test"]), "title 'a' is in several splits"),
        (lambda t: t.assign(split="holdout"), r"rows\.parquet, title 'a': split is 'holdout'"),
        (lambda t: t.assign(start_s=5.0, end_s=1.0), "title 'a', shot 0: a shot from 5.0 s to 1.0 s has no length"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused(write, table, change, sentence):
    changed = change(table)
    refused(write(changed, rows(6)[: len(changed)]), sentence)


def test_an_empty_table_is_refused(tmp_path, table):
    empty = write_lists(tmp_path / "rows.parquet", table.iloc[:0], embedding=pa.array([], pa.list_(pa.float32())))
    refused(empty, r"rows\.parquet has no rows")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_vector_with_nan_or_infinity_is_refused(write, table, bad):
    vectors = rows(6)
    vectors[3, 1] = bad
    refused(
        write(table, vectors), r"title 'b', shot 1: NaN or infinite value|row 3: embedding has a null inside its vector"
    )


def test_a_vector_of_zeros_is_refused(write, table):
    vectors = rows(6)
    vectors[3] = 0
    refused(write(table, vectors), r"title 'b', shot 1: all zeros")


def test_an_npy_of_another_length_than_its_table_is_refused(tmp_path, table):
    refused(write_beside(tmp_path / "set", table, rows(5)), r"rows\.parquet has 6 rows, but vectors\.npy has 5")


def test_an_npy_that_is_no_matrix_is_refused(tmp_path, table):
    refused(write_beside(tmp_path / "set", table, np.ones(6)), r"vectors\.npy: shape is \(6,\)")


def test_a_truncated_npy_is_refused(tmp_path, table):
    folder = write_beside(tmp_path / "set", table, rows(6))
    os.truncate(folder / "vectors.npy", (folder / "vectors.npy").stat().st_size - 1)
    refused(folder, r"vectors\.npy is truncated: it declares 72 bytes of data")


def test_two_tables_beside_an_npy_ask_for_table(tmp_path, table):
    folder = write_beside(tmp_path / "set", table, rows(6))
    table.to_parquet(folder / "other.parquet")
    refused(folder, r"holds other\.parquet, rows\.parquet; name it with --table")
    assert len(imported(folder, table=folder / "rows.parquet")) == 3


def test_one_matrix_can_be_cut_into_modalities(write, table):
    source = write(table, rows(6, 8))
    array = "embedding" if source.suffix else "vectors"
    catalog = imported(source, modalities=(f"video={array}[0:5]", f"text={array}[5:8]"))
    assert [(m.name, m.start, m.dim) for m in catalog.modalities] == [("video", 0, 5), ("text", 5, 3)]


def write_lists(path: Path, table: pd.DataFrame, **columns: pa.Array) -> Path:
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    for name, values in columns.items():
        arrow = arrow.append_column(name, values)
    pq.write_table(arrow, path, row_group_size=2)
    return path


def test_every_list_column_is_a_modality_and_null_is_a_missing_one(tmp_path, table):
    video = pa.array([None, None, [1.0, 2.0], None, [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float32()))
    text = pa.array(rows(6).tolist(), pa.list_(pa.float32(), 3))
    path = write_lists(tmp_path / "rows.parquet", table, video=video, text=text)
    catalog = imported(path)
    assert [m.name for m in catalog.modalities] == ["video", "text"]
    assert catalog["a"].present.tolist() == [[True, True], [False, True]]
    np.testing.assert_array_equal(catalog["c"].embeddings[:, :2], [[3, 4], [5, 6]])


def test_lists_of_differing_width_are_refused_with_their_row(tmp_path, table):
    lists = pa.array([[1.0, 2.0]] * 4 + [[1.0]] + [[1.0, 2.0]], pa.list_(pa.float32()))
    path = write_lists(tmp_path / "rows.parquet", table, embedding=lists)
    refused(path, r"rows\.parquet, row 4: embedding is 1 wide, but 2 in the rows before it")


def test_a_null_inside_a_vector_is_refused(tmp_path, table):
    lists = pa.array([[1.0, 2.0]] * 5 + [[1.0, None]], pa.list_(pa.float32()))
    refused(
        write_lists(tmp_path / "rows.parquet", table, embedding=lists),
        r"rows\.parquet, row 5: embedding has a null inside its vector",
    )


def test_whole_numbers_beyond_float32_are_not_needed_for_quantised_vectors(tmp_path, table):
    lists = pa.array([[1, -127]] * 6, pa.list_(pa.int8()))
    assert imported(write_lists(tmp_path / "rows.parquet", table, embedding=lists)).dtype == "float32"


def test_a_table_without_vectors_is_refused(tmp_path, table):
    table.to_parquet(tmp_path / "rows.parquet")
    refused(tmp_path / "rows.parquet", "column 'embedding', a list of numbers a row, is missing")


def test_a_damaged_page_of_a_table_is_refused(tmp_path, table):
    path = write_lists(tmp_path / "rows.parquet", table, embedding=pa.array(rows(6, 600).tolist()))
    data = bytearray(path.read_bytes())
    data[4000:9000] = bytes(5000)
    path.write_bytes(data)
    refused(path, r"rows\.parquet is damaged")


# --- HDF5 ------------------------------------------------------------------------------------------


@pytest.fixture
def h5(tmp_path: Path) -> Path:
    """Two videos in the benchmarks' layout: frames 0, 15 … 135 looked at, the second with a frame rate."""
    with h5py.File(tmp_path / "videos.h5", "w") as file:
        for name in ("video_10", "video_2"):
            video = file.create_group(name)
            video["features"] = np.arange(10 * 3, dtype=np.float32).reshape(10, 3) + 1
            video["picks"] = np.arange(10) * 15
            video["n_frames"] = 150
            video["change_points"] = [[0, 44], [45, 50], [51, 149]]
            video["gtscore"] = np.linspace(0, 0.9, 10)
            video["user_summary"] = np.r_[np.ones((1, 150)), np.zeros((1, 150))]
            video["video_name"] = f"Clip {name[6:]}"
        file["video_2"]["fps"] = 15.0
    return tmp_path / "videos.h5"


def test_the_summarisation_benchmarks_become_shots_with_importance(h5):
    catalog = imported(h5, modalities=("visual=features",))
    assert [(t.title_id, t.name) for t in catalog] == [("video_2", "Clip 2"), ("video_10", "Clip 10")]
    clip = catalog["video_2"]
    features = np.arange(30).reshape(10, 3) + 1
    expected = [features[:3].mean(0), features[3], features[4:].mean(0)]
    np.testing.assert_allclose(clip.embeddings, expected)
    assert clip.shots["start_s"].tolist() == pytest.approx([0, 3, 51 / 15])
    assert clip.duration_s == 10
    assert clip.shots["importance"].tolist() == pytest.approx([0.1, 0.3, 0.65])
    assert clip.shots["chosen"].tolist() == [0.5] * 3
    assert catalog["video_10"].shots["end_s"].isna().all()


def test_groups_may_be_named_by_any_digits_there_are(h5):
    with h5py.File(h5, "r+") as file:
        for name in ("²", "٣", "video_²"):  # a power, Arabic, and both
            file.copy("video_2", name)
    assert {title.title_id for title in imported(h5)} >= {"²", "٣", "video_²"}


def test_a_group_named_by_more_digits_than_python_reads_is_refused_in_a_sentence(h5):
    with h5py.File(h5, "r+") as file:
        file.copy("video_2", "9" * 5000)
    with pytest.raises(InputError, match="title id '999"):
        imported(h5)


def test_a_shot_holds_its_last_frame_and_without_a_picked_one_takes_the_nearest(h5):
    with h5py.File(h5, "r+") as file:
        del file["video_2"]["change_points"]
        file["video_2"]["change_points"] = [[0, 45], [47, 52], [53, 149]]
    embeddings = imported(h5)["video_2"].embeddings
    np.testing.assert_allclose(embeddings[0], np.array([1, 2, 3]) + 4.5)  # frames 0, 15, 30 and 45
    np.testing.assert_array_equal(embeddings[1], [10, 11, 12])


def test_without_change_points_each_picked_frame_is_a_shot(h5):
    with h5py.File(h5, "r+") as file:
        del file["video_2"]["change_points"]
    shots = imported(h5)["video_2"].shots
    assert len(shots) == 10
    assert shots["end_frame"].tolist()[-2:] == [134, 149]


def replace(name: str, values: object):
    def change(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del file["video_2"][name]
            file["video_2"][name] = values

    return change


def link_outside(path: Path) -> None:
    with h5py.File(path.parent / "secret.h5", "w") as file:
        file["features"] = np.ones((10, 3))
    replace("features", h5py.ExternalLink("secret.h5", "/features"))(path)


def store_outside(path: Path) -> None:
    (path.parent / "secret.bin").write_bytes(np.ones((10, 3), np.float32).tobytes())
    with h5py.File(path, "r+") as file:
        del file["video_2"]["features"]
        file["video_2"].create_dataset(
            "features", (10, 3), "f4", external=[(str(path.parent / "secret.bin"), 0, h5py.h5f.UNLIMITED)]
        )


def declare_terabytes(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["video_2"]["features"]
        file["video_2"].create_dataset("features", (2**30, 1024), "f4", chunks=(1024, 1024), compression="gzip")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (cut_in_half, r"videos\.h5 is truncated or not HDF5"),
        (lambda p: p.write_bytes(b"nonsense" * 100), r"videos\.h5 is truncated or not HDF5"),
        (replace("features", np.ones(10)), r"video 'video_2': features has shape \(10,\)"),
        (
            replace("features", np.ones((10, 4))),
            "video 'video_10': 'features' is 3 wide, but 4 in the videos before it",
        ),
        (replace("features", [["x"]]), "features holds object, but only plain numbers are read"),
        (link_outside, "video 'video_2': features is missing"),
        (store_outside, "features keeps its data in another file"),
        (declare_terabytes, r"features declares 4398046511104 bytes, but 0 stored bytes cannot hold them"),
        (replace("picks", [0, 1]), "picks must be 10 growing frame numbers"),
        (replace("change_points", [[0, 44], [40, 149]]), r"change_points, row 1: \[40, 149\] does not follow"),
        (replace("change_points", [[50, 44]]), r"change_points, row 0"),
        (replace("change_points", np.zeros((0, 2))), r"change_points has shape \(0, 2\)"),
        (replace("gtscore", [1.0]), "gtscore has 1 values for 10 rows of features"),
        (replace("features", np.full((10, 3), np.nan)), "title 'video_2', shot 0: NaN"),
    ],
)
def test_a_damaged_hdf5_is_refused(h5, damage, sentence):
    damage(h5)
    refused(h5, sentence)


# --- what all formats share ------------------------------------------------------------------------


def test_metadata_embeddings_are_made_of_labels_and_their_vocabulary_is_kept(tmp_path, table):
    genres = ["Drama|War", "Drama", "Drama|War", "Drama", "", ""]
    folder = write_beside(tmp_path / "set", table.assign(genres=genres), rows(6))
    catalog = imported(folder, global_from=("genres", "year"))
    assert catalog.provenance["global"]["genres"] == ["Drama", "War"]
    assert catalog.global_dim == 3
    np.testing.assert_allclose(np.linalg.norm(catalog.global_vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(catalog["b"].global_embedding[:2] > 0, [True, False])
    np.testing.assert_allclose(catalog["c"].global_embedding[:2], 0)


def test_a_metadata_column_that_is_no_title_label_is_refused(tmp_path, table):
    folder = write_beside(tmp_path / "set", table, rows(6))
    refused(folder, "--global-from: there is no title label 'words'; there is year", global_from=("words",))


def test_an_import_never_removes_its_own_source(npz):
    with pytest.raises(InputError, match="holds the source"):
        import_embeddings(npz / "b.npz", npz, ImportOptions(replace=True))
    assert (npz / "b.npz").exists()


def test_provenance_names_the_source_and_no_folder_of_this_machine(npz):
    text = str(imported(npz).provenance)
    assert "'source': 'set'" in text
    assert str(npz.parent) not in text


def test_the_same_seed_deals_the_same_splits_and_progress_counts_titles(npz):
    (npz / "titles.csv").unlink()
    heard = []
    first = import_embeddings(npz, npz.parent / "one", ImportOptions(seed=5), lambda *counts: heard.append(counts))
    second = import_embeddings(npz, npz.parent / "two", ImportOptions(seed=5))
    assert first.titles["split"].tolist() == second.titles["split"].tolist()
    assert heard == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("make", "options", "sentence"),
    [
        (lambda p: None, {}, "is missing"),
        (
            lambda p: p.mkdir(),
            {},
            r"no \.npz, \.npy, \.parquet, \.arrow, \.tar or \.h5 is there; say what it is with --format",
        ),
        (lambda p: p.write_text("x"), {}, "say what it is with --format"),
    ],
)
def test_a_source_of_no_known_format_is_refused(tmp_path, make, options, sentence):
    make(tmp_path / "set")
    refused(tmp_path / "set", sentence, **options)


def test_unknown_choices_are_refused_where_they_are_made():
    with pytest.raises(
        InputError, match=r"format is 'csv', but must be one of npz, npy\+parquet, parquet, arrow, webdataset, hdf5"
    ):
        ImportOptions(format="csv")
    with pytest.raises(InputError, match="dtype is 'int8', but must be one of float16, float32"):
        ImportOptions(dtype="int8")


@given(st.lists(st.text(max_size=80), max_size=8))
def test_slugs_are_distinct_ids_whatever_the_names(names):
    made = slugs(names)
    assert len(set(made)) == len(names)
    for slug in made:
        check_title_id(slug)
    assert slugs(names) == made


def test_a_slug_can_be_typed_and_is_guessable():
    assert slugs(["10 Things I Hate About You", "Amélie", "Kill Bill: Vol. 1", "Amelie"]) == [
        "10-things-i-hate-about-you",
        "amelie",
        "kill-bill-vol-1",
        "amelie-2",
    ]


def test_every_file_in_the_folder_of_formats_is_a_format_and_an_npy_is_recognised_before_a_table_beside_it(tmp_path):
    assert FORMATS == ("npz", "npy+parquet", "parquet", "arrow", "webdataset", "hdf5")
    for name, format in (("a.parquet", "parquet"), ("b.npy", "npy+parquet"), ("c.npz", "npz")):
        (tmp_path / name).touch()
        assert detect_format(tmp_path) == format
    assert detect_format(tmp_path / "a.parquet") == "parquet"
