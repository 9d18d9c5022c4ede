"""Maps beside a catalog: made once for all who ask, found again, remade when broken, grown by new titles."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, InputError, TitleData
from msm import projection as projections
from msm.data.catalog import modalities_of
from msm.projection import ProjectionOptions
from msm.projection.maps import MapOptions, Source, find_map, list_maps, make_maps
from msm.projection.maps.building import place_new_titles
from msm.projection.maps.store import open_map
from msm.projection.maps.vectors import classes_by, vectors_of
from tests.browser.small_world import DIMS, small_title, train_run

REPO = Path(__file__).parents[2]


@pytest.fixture
def without_umap(monkeypatch) -> list[int]:
    """Principal components in umap's place, and how often they were asked for."""
    made: list[int] = []

    def flat(rows, options, *, classes=None, tell=lambda stage, share: None):
        made.append(len(made))
        reduced = projections.pca.principal_components(rows, options.components, seed=options.seed)
        near = projections.layout.nearest_rows(reduced, min(options.neighbours, len(reduced)))[0]
        return projections.Projection(projections.layout._flat(reduced, options.dims), near[:, 1:], "umap")

    monkeypatch.setattr(projections, "project", flat)
    return made


def titles(*lengths: int, seed: int = 0) -> list[TitleData]:
    rng = np.random.default_rng(seed)
    splits = ["train", "test"]
    return [
        dataclasses.replace(small_title(rng, f"title-{i}", splits[i % 2], n), labels={"genre": f"genre {i % 2}"})
        for i, n in enumerate(lengths)
    ]


def write(path: Path, which: list[TitleData]) -> Catalog:
    return Catalog.write(path, which, modalities=modalities_of(DIMS), replace=True)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return write(tmp_path / "catalog", titles(40, 30, 20))


def test_a_map_is_found_again_by_who_asks_for_the_same_and_made_by_who_asks_for_another(catalog, without_umap):
    (first,) = make_maps(catalog)
    (again,) = make_maps(Catalog.open(catalog.path))
    make_maps(catalog, MapOptions(layout=ProjectionOptions(seed=1)))

    assert len(without_umap) == 2 and first.path == again.path
    pd.testing.assert_frame_equal(first.table, again.table)
    assert list(first.table.columns) == ["title_id", "vectors", "shot", "x", "y", "placed"]
    assert (first.table["title_id"] + first.table["shot"].astype(str)).tolist() == [
        f"{t.title_id}{s}" for t in catalog for s in range(len(t))
    ]
    assert first.facts["options"]["layout"]["seed"] == 0 and 0 < first.trustworthiness <= 1
    assert first.neighbours.shape == (90, 14)


def test_a_map_does_not_make_the_catalog_another_one(catalog, without_umap):
    before = catalog.fingerprint
    make_maps(catalog)

    assert Catalog.open(catalog.path).fingerprint == before


def test_twenty_who_ask_at_once_get_one_computation(catalog, without_umap):
    found, threads = [], []
    for _ in range(20):
        threads.append(threading.Thread(target=lambda: found.append(make_maps(Catalog.open(catalog.path))[0])))
        threads[-1].start()
    for thread in threads:
        thread.join()

    assert len(without_umap) == 1
    assert len({m.facts["points_sha256"] for m in found}) == 1 and len(found) == 20


@pytest.mark.parametrize("suffix", [".json", ".parquet"])
@pytest.mark.parametrize("damage", [b"", b"PAR1 but no more", None])
def test_a_broken_map_gets_its_sentence_and_is_made_again(catalog, without_umap, suffix, damage):
    (found,) = make_maps(catalog)
    path = found.path.with_suffix(suffix)
    path.unlink() if damage is None else path.write_bytes(damage)

    for still in list_maps(catalog.path):
        with pytest.raises(InputError, match=r"damaged|missing"):
            _ = still.table
    (again,) = make_maps(catalog)
    assert len(without_umap) == 2 and len(again.table) == 90


def test_neighbours_that_belong_to_no_map_are_not_believed(catalog, without_umap):
    (found,) = make_maps(catalog)
    np.save(found.path.with_name(f"{found.key}.neighbours.npy"), np.full((90, 3), 5000, dtype=np.uint16))

    assert make_maps(catalog)[0].neighbours is None


def test_facts_that_point_elsewhere_are_no_map(catalog, without_umap):
    (found,) = make_maps(catalog)
    facts = json.loads(found.path.read_text())
    wrong = {
        "is not a map of the format msm-map/1": [],
        "place is 7, but there are 1 sources": {**facts, "place": 7},
        "place is 0.0, but must be a whole number": {**facts, "place": 0.0},
        "format msm-map/1": {**facts, "format": "msm-map/9"},
        "options is None, but must be an object": {**facts, "options": None},
        "options are not those of a map": {**facts, "options": {**facts["options"], "of": "scenes"}},
        "sources[0] is 3, but must be an object": {**facts, "sources": [3]},
    }
    for sentence, content in wrong.items():
        found.path.write_text(json.dumps(content))
        assert list_maps(catalog.path) == []
        with pytest.raises(InputError, match=re.escape(sentence)):
            open_map(found.path)


def test_another_state_of_the_catalog_keeps_its_earlier_map_and_does_not_take_it_for_its_own(catalog, without_umap):
    make_maps(catalog)
    grown = write(catalog.path, titles(40, 30, 20, 25))
    fresh, former = find_map(grown, MapOptions())

    assert fresh is None and former is not None and len(former.table) == 90


def test_a_sampled_map_is_a_map_of_its_own_and_of_few_points_the_usual_one(catalog, without_umap, monkeypatch):
    monkeypatch.setattr(projections.layout, "_umap", lambda rows, *_: projections.layout._flat(rows, 2))
    with pytest.raises(InputError, match="has 50 points, but must have at least 100"):
        MapOptions(sample=50)
    monkeypatch.setattr("msm.projection.maps.options.FEWEST_SAMPLED", 10)
    (whole,) = make_maps(catalog)
    (sampled,) = make_maps(catalog, MapOptions(sample=50))
    assert sampled.key != whole.key and len(sampled.table) == catalog.num_shots
    assert sampled.table["placed"].sum() == sampled.facts["placed"] == catalog.num_shots - 50
    assert open_map(sampled.path).options == MapOptions(sample=50) and "sample" not in whole.facts["options"]
    (same,) = make_maps(catalog, MapOptions(sample=catalog.num_shots))
    assert same.key == whole.key


def test_new_titles_are_placed_while_the_others_stay_where_they_were(catalog, without_umap):
    (before,) = make_maps(catalog)
    copy = dataclasses.replace(titles(40, 30, 20)[1], title_id="copy", name="copy")
    grown = write(catalog.path, [titles(40, 30, 20)[0], *titles(40, 30, 20)[1:], copy])
    placed = place_new_titles(grown, find_map(grown, MapOptions())[1])

    assert len(without_umap) == 1 and placed.facts["placed"] == 30
    np.testing.assert_array_equal(placed.points[:90], before.points)
    np.testing.assert_allclose(placed.points[90:], before.points[40:70], atol=1e-3)
    assert placed.table["placed"].tolist() == [False] * 90 + [True] * 30
    assert find_map(grown, MapOptions())[0].path == placed.path


def test_titles_whose_vectors_have_changed_are_not_taken_for_those_that_were_mapped(catalog, without_umap):
    make_maps(catalog)
    changed = write(catalog.path, titles(40, 30, 20, seed=1))

    with pytest.raises(InputError, match="are not those that were mapped"):
        place_new_titles(changed, find_map(changed, MapOptions())[1])


def test_a_map_of_titles_has_a_point_a_title(catalog, without_umap):
    (found,) = make_maps(catalog, MapOptions(of="titles"))

    assert found.table["title_id"].tolist() == ["title-0", "title-1", "title-2"]
    assert np.isnan(found.trustworthiness) and found.facts["trustworthiness"] is None


def test_a_catalog_of_three_shots_and_one_of_a_single_title_get_a_map_that_says_what_it_is(tmp_path):
    shots = TitleData(title_id="t", split="test", embeddings=np.eye(3))
    three = Catalog.write(tmp_path / "three", [shots], modalities=modalities_of({"text": 3}))
    for options in (MapOptions(), MapOptions(of="titles"), MapOptions(layout=ProjectionOptions(dims=3))):
        (found,) = make_maps(three, options)
        assert found.facts["method"] == "pca" and "too few for UMAP" in found.facts["why"]
        assert np.isfinite(found.points).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [({"of": "scenes"}, "shots or titles"), ({"by": "mood"}, "no label 'mood'"), ({"by": "text"}, "no label")],
)
def test_what_cannot_be_mapped_is_refused_in_a_sentence(catalog, options, said):
    with pytest.raises(InputError, match=said):
        make_maps(catalog, MapOptions(**options))


def test_a_label_becomes_classes_a_title_s_own_those_of_its_shots(catalog):
    assert classes_by(catalog, "shots", "genre").tolist() == [0] * 40 + [1] * 30 + [0] * 20
    assert classes_by(catalog, "titles", "genre").tolist() == [0, 1, 0]
    assert set(classes_by(catalog, "shots", "scene")) >= {0, 1, 2}


def test_what_is_mapped_is_centred_on_the_training_shots_and_of_unit_length(catalog):
    with vectors_of(catalog, "shots", None, lambda share: None) as rows:
        read = rows[0:90]
        part = rows[35:50]
    np.testing.assert_allclose(np.linalg.norm(read, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(part, read[35:50], rtol=1e-5)
    fused = np.concatenate([t.embeddings / np.linalg.norm(t.embeddings, axis=1, keepdims=True) for t in catalog])
    learned = np.r_[np.ones(40), np.zeros(30), np.ones(20)].astype(bool)
    about = fused - fused[learned].mean(axis=0)
    np.testing.assert_allclose(read, about / np.linalg.norm(about, axis=1, keepdims=True), atol=1e-5)


def test_contextual_embeddings_of_a_run_are_mapped_and_belong_to_its_weights(catalog, without_umap, tmp_path):
    run = tmp_path / "runs" / "mine"
    train_run(catalog, run, steps=2)
    (found,) = make_maps(catalog, runs=[run])
    make_maps(catalog, MapOptions(of="titles"), [run])

    assert found.run == "mine" and len(found.table) == 90
    assert find_map(catalog, MapOptions(), (Source.of(run),))[0].key == found.key
    fresh, former = find_map(catalog, MapOptions(), (Source(run="mine", weights="others"),))
    assert fresh is None and former.key == found.key
    with pytest.raises(InputError, match="not a run with weights"):
        make_maps(catalog, runs=[tmp_path / "nobody"])


MAKER = """
import sys, time
from pathlib import Path
from msm import Catalog, projection
from msm.projection.maps import make_maps

def slow(rows, options, **more):
    print("begun", flush=True)
    time.sleep(60)

projection.project = slow
make_maps(Catalog.open(sys.argv[1]))
"""


@pytest.mark.fault
def test_a_killed_maker_leaves_nothing_broken_and_the_next_goes_on(catalog, without_umap):
    maker = subprocess.Popen([sys.executable, "-c", MAKER, str(catalog.path)], cwd=REPO, stdout=subprocess.PIPE)
    assert maker.stdout is not None and maker.stdout.readline() == b"begun\n"
    told: list[str] = []
    waiting = threading.Thread(
        target=make_maps, args=(catalog,), kwargs={"tell": lambda stage, share: told.append(stage)}
    )
    waiting.start()
    while "wait" not in told:
        time.sleep(0.05)
    assert not without_umap
    (catalog.path / "maps" / f".{make_key(catalog)}.parquet.tmp-1-aa").write_bytes(b"half a file")
    os.kill(maker.pid, signal.SIGKILL)
    maker.wait()
    waiting.join(30)

    assert len(without_umap) == 1 and len(list_maps(catalog.path)) == 1
    assert not list((catalog.path / "maps").glob(".*tmp*"))


def make_key(catalog: Catalog) -> str:
    from msm.projection.maps.options import map_key

    return map_key(catalog.fingerprint, MapOptions(), (Source(),))


@pytest.mark.slow
def test_the_verb_draws_finds_and_says_how_far_to_trust(catalog, tmp_path):
    def msm(*words: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "msm", "--progress-file", str(tmp_path / "progress.json"), "map", *words]
        return subprocess.run(command, cwd=REPO, capture_output=True, text=True)

    drawn = msm(str(catalog.path), "--json")
    facts = json.loads(drawn.stdout)
    assert facts["method"] == "umap" and facts["trustworthiness"] > 0.7 and facts["run"] is None
    assert json.loads((tmp_path / "progress.json").read_text())["done"] == 100
    found = msm(str(catalog.path))
    assert "90 shots of the raw embeddings, trustworthiness 0." in found.stdout and "seed 0" in found.stdout
    assert len(list_maps(catalog.path)) == 1

    wrong = msm(str(catalog.path), "--of", "scenes")
    assert wrong.returncode == 2 and "shots or titles" in wrong.stderr and "Traceback" not in wrong.stderr
    assert msm(str(catalog.path), "--place", "--seed", "9").returncode == 2
