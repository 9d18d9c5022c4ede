"""Histograms and names of clusters beside a map: what they count, and that a brush and a filter mean the same points."""

from __future__ import annotations

import base64

import numpy as np
import pandas as pd
import pytest

from workbench.views.map.cluster_names import cluster_names, clusters
from workbench.views.map.facets import BINS, OTHERS, bins_of_names, bins_of_range, facet, range_of_bins, usual_facets


def index_of(part: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(part["index"]), np.uint8)


@pytest.mark.parametrize("seed", range(4))
def test_a_brush_over_numbers_and_the_range_it_stands_for_leave_the_same_points(seed):
    rng = np.random.default_rng(seed)
    values = pd.Series(rng.integers(0, 60, 500) / (1 + seed % 2)).mask(pd.Series(rng.random(500) < 0.1))
    one = facet("k", "time", values)
    bins = index_of(one.part)
    assert (bins == 0).sum() == values.isna().sum() and len(one.part["bins"]) == BINS
    for first, last in ((0, 0), (0, BINS - 1), (3, 7), (BINS - 1, BINS - 1)):
        chosen = list(range(first, last + 1))
        low, high = range_of_bins(one.edges, chosen)
        assert (values.between(low, high).to_numpy() == np.isin(bins, np.array(chosen) + 1)).all()
        assert bins_of_range(one.edges, low, high) == chosen


def test_a_category_has_a_row_for_its_frequent_values_and_one_for_the_others():
    values = pd.Series(["b"] * 5 + ["a"] * 3 + [None] * 2 + [f"v{i:02d}" for i in range(20)])
    one = facet("k", "kind", values)
    names = [b["name"] for b in one.part["bins"]]
    assert names[:2] == ["b", "a"] and names[-1] == OTHERS and len(names) == 11
    assert np.bincount(index_of(one.part)).tolist() == [2, 5, 3, *[1] * 8, 12]
    assert bins_of_names(one.names, ["a", "b", "gone"]) == [0, 1] and OTHERS not in one.names


def test_usual_histograms_are_categories_and_numbers_with_time_first():
    labels = pd.DataFrame({
        "genre": list("ab") * 30, "split": list("xy") * 30, "title": list("pq") * 30,
        "length in seconds": np.arange(60.0), "time in the title": np.arange(60.0), "other": np.arange(60.0),
    })  # fmt: skip
    assert usual_facets(labels) == ["genre", "split", "time in the title", "length in seconds"]


def test_clusters_are_named_by_their_label_and_their_words_and_noise_has_no_name():
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [8, 0], [0, 8]])
    which = np.repeat([0, 1, 2], 200)
    points = (centres[which] + rng.normal(0, 0.5, (600, 2))).astype(np.float32)
    labels = pd.DataFrame(
        {"place": np.array(["harbour", "school", "x"])[which], "split": "test", "noise": rng.integers(0, 9, 600)}
    )
    labels.loc[which == 2, "place"] = [f"place {i}" for i in range(200)]
    said = pd.Series(np.where(which == 2, "the lighthouse keeper waits", "the people talk and talk"))
    cluster, _ = clusters((points + 2) / 12)
    assert (np.array([np.bincount(cluster[which == w]).max() for w in range(3)]) > 195).all()

    names = {n["text"]: n for n in cluster_names(points, labels, said)}
    assert any(text.startswith("harbour") for text in names) and any(text.startswith("school") for text in names)
    (third,) = [text for text in names if "lighthouse" in text or "keeper" in text]
    assert not third.startswith(("harbour", "school")) and names[third]["count"] > 195
    assert abs(names[third]["y"] - names[third]["x"]) > 0.4  # written where it lies
    assert cluster_names(points, labels.assign(place="same"), None) == []


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("num_values", [2, 3, 8])
def test_no_two_clusters_of_a_map_have_the_same_name(seed, num_values):
    """Twelve heaps of points that share few places, moods and words; with two values several are alike in all of them."""
    rng = np.random.default_rng(seed)
    heap = np.repeat(np.arange(12), 60)
    points = np.stack([heap % 4, heap // 4], axis=1) * 10.0 + rng.normal(0, 0.4, (720, 2))
    place, mood, word = (rng.integers(0, n, 12)[heap] for n in (num_values, 2, num_values))
    labels = pd.DataFrame({"place": np.char.add("place ", place.astype(str)), "mood": np.where(mood, "calm", "wild")})
    said = pd.Series(
        np.array(["lighthouse", "captain", "whisper", "morning", "thunder", "letters", "garden", "violin"])[word]
    )
    for texts in (None, said):
        names = [n["text"] for n in cluster_names(points.astype(np.float32), labels, texts)]
        assert names and len(set(names)) == len(names), names


def test_a_cluster_whose_name_is_taken_takes_the_next_telling_word_and_a_number_only_where_there_is_none():
    rng = np.random.default_rng(0)
    heap = np.repeat(np.arange(6), [100, 90, 80, 150, 140, 130])
    points = np.stack([heap % 3, heap // 3], axis=1) * 10.0 + rng.normal(0, 0.4, (len(heap), 2))
    dusk = (heap == 1) & (rng.random(len(heap)) < 0.55)
    places = np.array(["harbour", "harbour", "harbour", "school", "mill", "court"])
    labels = pd.DataFrame({"place": places[heap], "hour": np.where(dusk, "dusk", "noon")})
    names = [n["text"] for n in cluster_names(points.astype(np.float32), labels)]
    assert names == ["school", "mill", "court", "harbour", "harbour · dusk", "harbour (2)"]


def test_a_map_of_few_points_has_no_names():
    assert cluster_names(np.zeros((10, 2)), pd.DataFrame({"a": ["x"] * 10})) == []
