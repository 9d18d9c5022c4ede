"""A predicted vector belongs to the title that it is about, and a filter makes an approximate index look further."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest

from msm import Catalog, InputError, TitleData
from msm.data.catalog import modalities_of
from msm.data.fusion import unit
from msm.search.filters import Filters, allowed_rows
from msm.search.index_store import make_index
from msm.search.query import nearest
from msm.search.spaces import RawSpace
from msm.search.vector_index import build, choose_plan
from msm.search.vector_index import index as index_module
from tests.search.conftest import Plain

NOT_SAME_TITLE, NOT_SAME_SCENE = Filters(not_same_title=True), Filters(not_same_scene=True)


@pytest.fixture
def finder(films: Catalog):
    return make_index(RawSpace(films), save=False)


def vector(finder, row: int) -> np.ndarray:
    return finder.space.read(np.array([row]))[0]


def test_a_vector_about_a_shot_does_not_find_its_title_where_the_same_title_is_left_out(films, finder):
    answer = nearest(finder, vector=vector(finder, 5), about=[5], filters=NOT_SAME_TITLE, k=100, alike=2.0)

    assert answer.candidates == films.num_shots - 24
    assert set(answer.table["title_id"]) == {"beta", "gamma", "delta"}


def test_a_vector_about_a_shot_does_not_find_its_scene_where_the_same_scene_is_left_out(films, finder):
    answer = nearest(finder, vector=vector(finder, 5), about=[5], filters=NOT_SAME_SCENE, k=100, alike=2.0)

    assert answer.candidates == films.num_shots - 4
    assert not {4, 5, 6, 7} & set(answer.rows) and {3, 8} <= set(answer.rows)


def test_a_vector_about_shots_of_two_titles_leaves_both_out(finder):
    answer = nearest(finder, vector=vector(finder, 5), about=[5, 30], filters=NOT_SAME_TITLE, k=100, alike=2.0)
    assert set(answer.table["title_id"]) == {"gamma", "delta"}


def test_the_shot_that_a_vector_is_about_may_be_found_and_the_shots_of_a_question_may_not(finder):
    expected = nearest(finder, vector=vector(finder, 5), about=[5], k=3)
    asked = nearest(finder, like=[5], unlike=[6], k=100, alike=2.0)

    assert expected.rows[0] == 5 and expected.table["score"].iloc[0] == pytest.approx(1.0, abs=1e-5)
    assert not {5, 6} & set(asked.rows)


def test_a_shot_not_to_be_like_does_not_leave_its_own_title_out(finder):
    answer = nearest(finder, like=[5], unlike=[30], filters=NOT_SAME_TITLE, k=100, alike=2.0)
    assert set(answer.table["title_id"]) == {"beta", "gamma", "delta"}


@pytest.fixture
def scattered() -> Plain:
    """Vectors without clusters, so that a search that stops early misses neighbours."""
    return Plain(unit(np.random.default_rng(1).standard_normal((4000, 48))).astype(np.float32))


@pytest.fixture(autouse=True)
def one_thread():
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    yield
    faiss.omp_set_num_threads(before)


def recall(index, vectors: Plain, allowed: np.ndarray, k: int = 10) -> float:
    queries = vectors.rows[:40]
    _, rows = index.search(queries, k, allowed)
    where = np.flatnonzero(allowed)
    found = []
    for query, row in zip(queries, rows, strict=True):
        best = where[np.argsort(-(vectors.rows[where] @ query))[:k]]
        found.append(len(set(best.tolist()) & set(row.tolist())) / k)
    return float(np.mean(found))


@pytest.mark.parametrize(("kind", "narrow"), [("hnsw", {"effort": 16}), ("ivf", {"probes": 4})])
def test_a_filter_that_leaves_a_tenth_costs_no_recall(monkeypatch, scattered, kind, narrow):
    monkeypatch.setattr(index_module, "EXACT_UP_TO", 0)
    plan = replace(choose_plan(scattered.num, scattered.dim, kind), candidates=12, **narrow)
    index, _ = build(scattered, np.arange(scattered.num), plan, np.random.default_rng(0))
    index.plan = plan  # as narrow as it was asked for, whatever the trial of the build widened
    everything = np.ones(scattered.num, dtype=bool)
    few = np.random.default_rng(2).random(scattered.num) < 0.1

    assert recall(index, scattered, few) >= recall(index, scattered, everything) - 0.02


def test_what_a_filter_leaves_decides_how_far_a_search_looks(monkeypatch, scattered):
    asked = []
    for name in ("SearchParametersHNSW", "SearchParametersIVF"):
        real = getattr(faiss, name)
        monkeypatch.setattr(index_module.faiss, name, lambda real=real, **how: asked.append(how) or real(**how))
    monkeypatch.setattr(index_module, "EXACT_UP_TO", 0)
    for kind in ("hnsw", "ivf"):
        plan = replace(choose_plan(scattered.num, scattered.dim, kind), effort=20, lists=64, probes=6, candidates=20)
        index, _ = build(scattered, np.arange(scattered.num), plan, np.random.default_rng(0))
        index.plan = plan
        asked.clear()
        for share in (1, 2, 4, 40):
            index.search(scattered.rows[:1], 5, np.arange(scattered.num) % share == 0)
        if kind == "hnsw":
            assert [how["efSearch"] for how in asked] == [20, 40, 80, 200]  # no further than for a tenth
        else:
            assert [how["nprobe"] for how in asked] == [6, 12, 24, 64]  # no further than every cell


@pytest.fixture
def twins(tmp_path: Path) -> Catalog:
    rows = np.random.default_rng(0).standard_normal((6, 4))[[0, 1, 1, 2, 3, 3]]
    titles = [TitleData(title_id=t, split="test", embeddings=rows) for t in ("one", "two")]
    return Catalog.write(tmp_path / "twins", titles, modalities=modalities_of({"video": 4}), dtype="float32")


def test_near_identical_shots_are_one_answer_and_their_number_is_told(twins):
    finder = make_index(RawSpace(twins), save=False)
    answer = nearest(finder, vector=vector(finder, 1), about=[1], k=12)

    assert len(answer.rows) == 4 and answer.table["copies"].iloc[0] == 3
    assert len(nearest(finder, vector=vector(finder, 1), k=12, alike=2.0).rows) == 12


@pytest.mark.parametrize(("values", "more"), [(8, False), (9, True)])
def test_a_label_of_many_values_is_told_by_the_commonest_eight(tmp_path, values, more):
    rows = np.random.default_rng(0).standard_normal((12, 4))
    genres = [f"genre {i}" for i in range(values)] + ["genre 3"]
    titles = [
        TitleData(title_id=f"t{i}", split="test", embeddings=rows, labels={"genre": genre})
        for i, genre in enumerate(genres)
    ]
    catalog = Catalog.write(tmp_path / "many", titles, modalities=modalities_of({"video": 4}))
    with pytest.raises(InputError, match="no shot has genre=opera; it takes genre 3, genre 0, ") as caught:
        allowed_rows(catalog, Filters(labels=(("genre", "opera"),)))

    assert str(caught.value).endswith(" …") == more and str(caught.value).count("genre ") == 8
