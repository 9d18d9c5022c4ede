"""Catalogs are merged and extended whole or not at all, with their vectors as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, InputError
from msm.data.catalog import modalities_of
from msm.data.joining import merge_catalogs
from msm.importers.convert import ImportOptions, import_embeddings
from msm.ingest.encoder_places import keep_places, read_places
from tests.data.test_catalog import title


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def catalog_of(folder: Path, *titles, **options) -> Catalog:
    options = {"modalities": modalities_of({"video": 4}), "dtype": "float32", **options}
    return Catalog.write(folder, titles, **options)


def tones(*values: str) -> pd.DataFrame:
    return pd.DataFrame({"tone": values})


def test_a_merged_catalog_has_the_titles_of_all_in_their_order(tmp_path):
    one = catalog_of(tmp_path / "one", title("a", 3, shots=tones("x", "y", "z")), title("b", 2), max_shard_bytes=64)
    other = catalog_of(tmp_path / "other", title("c", 4, labels={"genre": "drama"}))
    (other.path / "media" / "thumbnails" / "c").mkdir(parents=True)
    (other.path / "media" / "thumbnails" / "c" / "0.webp").write_bytes(b"picture")
    merged = merge_catalogs([one.path, other.path], tmp_path / "merged")
    assert list(merged.problems()) == []
    assert [t.title_id for t in merged] == ["a", "b", "c"]
    for source in (one, other):
        for t in source:
            np.testing.assert_array_equal(merged[t.title_id].embeddings, t.embeddings)
            pd.testing.assert_frame_equal(merged[t.title_id].shots[t.shots.columns], t.shots, check_dtype=False)
    assert merged["c"].row["genre"] == "drama"
    assert (merged.path / "media" / "thumbnails" / "c" / "0.webp").read_bytes() == b"picture"
    assert [m["fingerprint"] for m in merged.provenance["merged"]] == [one.fingerprint, other.fingerprint]


def test_vectors_of_merged_catalogs_take_no_second_place_on_the_disk(tmp_path):
    one, other = catalog_of(tmp_path / "one", title("a", 3)), catalog_of(tmp_path / "other", title("b", 2))
    merged = merge_catalogs([one.path, other.path], tmp_path / "merged")
    inodes = [p.stat().st_ino for c in (one, other) for p in c.shard_files]
    assert [p.stat().st_ino for p in merged.shard_files] == inodes


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"titles": [title("a", 2)]}, "title 'a' is in .*one and in .*other"),
        ({"modalities": modalities_of({"audio": 4})}, "other has audio 4 by unknown, but .*one has video 4 by unknown"),
        ({"dtype": "float16"}, "other is float16, but .*one is float32"),
    ],
)
def test_catalogs_that_do_not_fit_together_are_refused_and_nothing_is_left(tmp_path, other, sentence):
    catalog_of(tmp_path / "one", title("a", 3))
    titles = other.pop("titles", [title("b", 2)])
    catalog_of(tmp_path / "other", *titles, **other)
    before = contents(tmp_path)
    with pytest.raises(InputError, match=sentence):
        merge_catalogs([tmp_path / "one", tmp_path / "other"], tmp_path / "merged")
    assert contents(tmp_path) == before


def test_a_catalog_is_not_merged_into_itself(tmp_path):
    one, other = catalog_of(tmp_path / "one", title("a", 3)), catalog_of(tmp_path / "other", title("b", 2))
    with pytest.raises(InputError, match="is or holds"):
        merge_catalogs([one.path, other.path], one.path, replace=True)


# --- titles that join a catalog ----------------------------------------------------------------------


def table(folder: Path, ids: str, genres: list[str], years: list[int], seed: int = 0) -> Path:
    """Three shots a title, four columns each, as a Parquet table."""
    rng = np.random.default_rng(seed)
    rows = [
        {"title_id": i, "shot": s, "genre": g, "year": y, "embedding": rng.standard_normal(4).astype(np.float32)}
        for i, g, y in zip(ids, genres, years, strict=True)
        for s in range(3)
    ]
    folder.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_parquet(folder / f"{ids}.parquet")
    return folder / f"{ids}.parquet"


def test_appended_titles_stand_behind_the_former_ones_which_stay_to_the_byte(tmp_path):
    first = import_embeddings(table(tmp_path / "t", "ab", ["drama", "war"], [1, 2]), tmp_path / "catalog")
    before = first["b"].embeddings
    catalog = import_embeddings(
        table(tmp_path / "t", "cd", ["war", "noir"], [3, 4], seed=1), tmp_path / "catalog", ImportOptions(append=True)
    )
    assert list(catalog.problems()) == []
    assert [t.title_id for t in catalog] == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(catalog["b"].embeddings, before)
    whole = import_embeddings(tmp_path / "t" / "cd.parquet", tmp_path / "alone")
    np.testing.assert_array_equal(catalog["d"].embeddings, whole["d"].embeddings)
    assert catalog.provenance["source"] == "ab.parquet"
    assert [p["source"] for p in catalog.provenance["appended"]] == ["cd.parquet"]


def test_appended_titles_are_told_to_global_in_the_vocabulary_of_the_catalog(tmp_path):
    options = {"global_from": ("genre", "year")}
    table(tmp_path / "t", "ab", ["drama", "war"], [1990, 2010])
    first = import_embeddings(tmp_path / "t" / "ab.parquet", tmp_path / "catalog", ImportOptions(**options))
    table(tmp_path / "t", "cd", ["war|noir", "drama"], [1990, 2010])
    catalog = import_embeddings(tmp_path / "t" / "cd.parquet", tmp_path / "catalog", ImportOptions(append=True))
    assert catalog.provenance["global"] == first.provenance["global"]
    np.testing.assert_array_equal(catalog["a"].global_embedding, first["a"].global_embedding)
    scaled = {"a": catalog["a"].global_embedding, "c": catalog["c"].global_embedding}
    assert scaled["a"][:2].argmax() == 0 and scaled["c"][:2].argmax() == 1  # drama, war; noir is unknown
    assert scaled["c"][2] == pytest.approx(scaled["a"][2])


@pytest.mark.parametrize(
    ("ids", "columns", "options", "sentence"),
    [
        ("bc", {}, {}, r"catalog has 'b' already; only new titles are added"),
        ("cd", {"embedding": "other"}, {}, r"has embedding 4, but the source has other 4; name and order them"),
        (
            "cd",
            {},
            {"global_from": ("genre",)},
            r"has no metadata embeddings; titles that are added must be told the same",
        ),
        ("cd", {}, {"dtype": "float16"}, r"is float32, so --dtype float16 cannot be added"),
    ],
)
def test_titles_that_do_not_fit_leave_the_catalog_as_it_was(tmp_path, ids, columns, options, sentence):
    import_embeddings(table(tmp_path / "t", "ab", ["x", "y"], [1, 2]), tmp_path / "catalog")
    before = contents(tmp_path / "catalog")
    source = table(tmp_path / "t", ids, ["x", "y"], [1, 2])
    pd.read_parquet(source).rename(columns=columns).to_parquet(source)
    with pytest.raises(InputError, match=sentence):
        import_embeddings(source, tmp_path / "catalog", ImportOptions(append=True, **options))
    assert contents(tmp_path / "catalog") == before


def test_append_makes_a_catalog_where_there_is_none(tmp_path):
    source = table(tmp_path / "t", "ab", ["x", "y"], [1, 2])
    assert len(import_embeddings(source, tmp_path / "catalog", ImportOptions(append=True))) == 2


def test_a_merged_catalog_knows_where_the_encoders_of_all_were_found(tmp_path):
    catalogs = [catalog_of(tmp_path / name, title(name, 2)) for name in "abc"]
    keep_places(catalogs[0].path, {"clip": ["/x/clip", "hub/clip"]})
    keep_places(catalogs[1].path, {"clip": ["hub/clip", "/y/clip"], "words": ["words"]})
    (catalogs[2].path / "encoders.json").write_text("[1]")  # not ours
    merged = merge_catalogs([c.path for c in catalogs], tmp_path / "merged")
    assert read_places(merged.path) == {"clip": ["/x/clip", "hub/clip", "/y/clip"], "words": ["words"]}
