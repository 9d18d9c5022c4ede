"""The three real sets, each imported with one command; skipped where the data is not at hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, cli


@pytest.fixture(scope="module")
def imported(real_data, tmp_path_factory):
    """Name of a set → its catalog, made by `msm import SET OUT` and nothing more."""

    def run(name: str) -> Catalog:
        out = tmp_path_factory.mktemp("real") / name
        with pytest.raises(SystemExit) as ended:
            cli.main(["import", str(real_data / name), str(out)])
        assert ended.value.code == 0
        return Catalog.open(out)

    made = {name: run(name) for name in ("scene_shots", "screenplays", "series")}
    return made.__getitem__


@pytest.mark.parametrize(
    ("name", "titles", "shots", "width", "dtype"),
    [
        ("scene_shots", 29, 9_950, 768, "float32"),
        ("screenplays", 81, 11_618, 384, "float16"),
        ("series", 422, 26_773, 384, "float16"),
    ],
)
def test_every_title_and_shot_arrives_sound(imported, name, titles, shots, width, dtype):
    catalog = imported(name)
    assert (len(catalog), catalog.num_shots, catalog.shot_dim, catalog.dtype) == (titles, shots, width, dtype)
    assert list(catalog.problems()) == []


def test_splits_are_those_of_the_sources(imported, real_data):
    table = pd.read_csv(real_data / "scene_shots" / "titles.csv").set_index("title_id")["split"]
    assert {t.title_id: t.split for t in imported("scene_shots")} == table.to_dict()
    counts = imported("series").titles.groupby("split")["num_shots"].sum()
    assert counts.to_dict() == {"train": 19_484, "validation": 2_973, "test": 4_316}
    scripts = (
        pd.read_parquet(real_data / "screenplays" / "scenes.parquet").groupby("title", sort=False)["split"].first()
    )
    assert {t.name: t.split for t in imported("screenplays")} == scripts.to_dict()


def test_vectors_are_those_of_the_sources_bit_by_bit(imported, real_data):
    with np.load(real_data / "scene_shots" / "sintel.npz") as arrays:
        expected = np.hstack([arrays["colour"], arrays["visual"]])
    np.testing.assert_array_equal(imported("scene_shots")["sintel"].embeddings, expected)
    for name, npy in (("screenplays", "scenes.npy"), ("series", "windows.npy")):
        vectors = np.load(real_data / name / npy)
        np.testing.assert_array_equal(imported(name).read_rows(0, len(vectors)), vectors.astype(np.float32))


def test_four_titles_lack_visual_and_no_shot_lacks_colour(imported):
    catalog = imported("scene_shots")
    assert [m.name for m in catalog.modalities] == ["colour", "visual"]
    without = {t.title_id for t in catalog if not t.present[:, 1].any()}
    assert without == {"valkaama", "fires-beneath-water", "route-66", "sita-sings-the-blues"}
    assert all(t.present[:, 0].all() for t in catalog)


def test_labels_are_kept_where_they_belong(imported):
    shots, scripts, series = imported("scene_shots"), imported("screenplays"), imported("series")
    assert (shots.title_labels, scripts.title_labels) == (["collection", "num_scenes"], ["genres", "year"])
    assert series.title_labels == ["series", "season", "episode"]
    assert shots.shot_labels == ["start_frame", "end_frame", "scene_start", "scene"]
    assert (scripts.shot_labels, series.shot_labels) == (["words"], ["scene", "speakers", "emotions", "words"])
    scenes = {t.title_id: t.shots["scene"].max() + 1 for t in shots}
    assert scenes == dict(zip(shots.titles["title_id"], shots.titles["num_scenes"], strict=True))
    assert scripts["10-things-i-hate-about-you"].name == "10 Things I Hate About You"
