"""An index finds what looking at every vector finds, and nothing that a filter forbids."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import InputError
from msm.data.fusion import unit
from msm.search.vector_index import KINDS, build, building, choose_plan, exact_top, shot_ids
from msm.search.vector_index import index as module
from tests.search.conftest import Plain, clustered

APPROXIMATE = [k for k in KINDS if k != "flat"]


@pytest.fixture(autouse=True)
def one_thread():
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # k-means this small loses more by waiting for threads than it wins
    yield
    faiss.omp_set_num_threads(before)


def built(vectors: Plain, kind: str = "flat"):
    plan = choose_plan(vectors.num, vectors.dim, kind)
    return build(vectors, np.arange(vectors.num) + 7, plan, np.random.default_rng(0))


@st.composite
def vectors_with_twins_and_zeros(draw) -> Plain:
    num, dim = draw(st.integers(1, 40)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = rng.standard_normal((num, dim))[rng.integers(0, num, num)]  # drawn with replacement: twins
    rows[rng.random(num) < draw(st.sampled_from([0.0, 0.3]))] = 0
    return Plain(unit(rows).astype(np.float32))


@given(vectors_with_twins_and_zeros(), st.integers(1, 50), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_flat_index_finds_what_brute_force_finds(vectors, k, seed, filtered):
    rng = np.random.default_rng(seed)
    query = unit(rng.standard_normal((2, vectors.dim))).astype(np.float32)
    allowed = rng.random(vectors.num) < 0.5 if filtered else None
    index, _ = built(vectors)
    scores, rows = index.search(query, k, allowed)

    possible = vectors.rows.any(axis=1) & (True if allowed is None else allowed)
    for q, s, r in zip(query, scores, rows, strict=True):
        truth = np.sort(vectors.rows[possible] @ q)[::-1][:k]
        found = r[r >= 0]
        assert len(found) == len(truth) == len(set(found.tolist()))
        np.testing.assert_allclose(s[: len(found)], truth, atol=1e-5)
        np.testing.assert_allclose(vectors.rows[found] @ q, truth, atol=1e-5)
        assert possible[found].all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.004, 0.3])
def test_no_kind_of_index_leaks_a_shot_that_a_filter_forbids(monkeypatch, kind, share):
    monkeypatch.setattr(module, "EXACT_UP_TO", 0)  # so that the index itself has to keep the filter
    vectors = clustered(1500, 24)
    index, _ = built(vectors, kind)
    rng = np.random.default_rng(3)
    for _ in range(5):
        allowed = rng.random(vectors.num) < share
        _, rows = index.search(vectors.rows[rng.integers(0, vectors.num, 8)], 20, allowed)
        assert allowed[rows[rows >= 0]].all()
        assert (rows >= 0).any()


@pytest.mark.parametrize("kind", APPROXIMATE)
def test_what_an_approximate_index_finds_has_its_exact_cosine_in_order(kind):
    vectors = clustered(1500, 400)  # wide enough to be reduced
    index, told = built(vectors, kind)
    queries = vectors.rows[::300]
    scores, rows = index.search(queries, 10)

    assert index.rotation.shape == (400, 256) and 0.5 < told.kept < 1
    np.testing.assert_allclose(scores, np.take_along_axis(queries @ vectors.rows.T, rows, axis=1), atol=1e-5)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert told.recall >= 0.95


@pytest.mark.parametrize("kind", APPROXIMATE)
def test_where_a_filter_leaves_few_shots_each_of_them_is_looked_at(kind):
    vectors = clustered(1500, 24)
    index, _ = built(vectors, kind)
    allowed = np.zeros(1500, dtype=bool)
    allowed[[3, 700, 1499]] = True
    _, rows = index.search(vectors.rows[:1], 10, allowed)

    assert set(rows[0][:3].tolist()) == {3, 700, 1499} and (rows[0][3:] == -1).all()


def test_recall_is_measured_against_every_vector():
    vectors = clustered(1500, 24)
    index, _ = built(vectors, "ivf")
    scores, _ = exact_top([vectors.rows[:600], vectors.rows[600:]], vectors.rows[:50], 11)
    recall, _ = building.measured(index, vectors.rows[:50], scores)
    found, _ = index.search(vectors.rows[:50], 11)

    assert recall == pytest.approx((np.isclose(found, scores, atol=1e-5).sum(axis=1) - 1).mean() / 10, abs=0.02)


@given(st.integers(1, 60), st.integers(1, 12), st.lists(st.integers(0, 60), max_size=4), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_nearest_of_a_stream_have_the_scores_of_one_sort_however_it_is_cut(num, k, cuts, seed):
    vectors = np.random.default_rng(seed).integers(-1, 2, (num, 3)).astype(np.float32)  # few values: many ties
    queries = vectors[:7]
    scores, rows = exact_top([b for b in np.split(vectors, sorted(c for c in cuts if c < num)) if len(b)], queries, k)

    all_scores = queries @ vectors.T
    expected = np.sort(np.pad(all_scores, ((0, 0), (0, k)), constant_values=-np.inf))[:, ::-1][:, :k]
    found = rows >= 0
    assert np.array_equal(scores, expected) and found.sum(axis=1).tolist() == [min(k, num)] * len(queries)
    assert np.array_equal(np.take_along_axis(all_scores, np.maximum(rows, 0), axis=1)[found], scores[found])
    assert all(len(set(r[r >= 0])) == (r >= 0).sum() for r in rows)


def test_a_vector_of_ten_million_is_compared_with_no_more_cells_than_one_of_a_million():
    assert choose_plan(10_000_000, 128).lists == choose_plan(1_000_000, 128).lists


@pytest.mark.parametrize("more", [1, 31, 32, 100])
def test_indexes_of_codes_are_merged_at_every_length_of_a_list_as_in_one_pass(more):
    rows = np.random.default_rng(0).standard_normal((500, 16)).astype(np.float32)
    cells = faiss.IndexFlatIP(16)
    empty = faiss.IndexIVFPQFastScan(cells, 16, 1, 8, 4, faiss.METRIC_INNER_PRODUCT)  # one list, in blocks of 32
    empty.train(rows)
    for have in [
        *range(0, 33),
        *range(96, 140),
        256,
        384,
    ]:  # FAISS's own merging writes beyond its memory at 128, 256 and 384
        index, other, whole = (faiss.clone_index(empty) for _ in range(3))
        for one, part in ((index, rows[:have]), (other, rows[have : have + more]), (whole, rows[: have + more])):
            one.add(part)
        building.merge(index, other, have)

        for found, expected in zip(index.search(rows[:9], 7), whole.search(rows[:9], 7), strict=True):
            assert np.array_equal(found, expected), have
        assert (index.ntotal, other.ntotal) == (have + more, 0)


@pytest.mark.parametrize("kind", APPROXIMATE)
def test_a_search_is_made_to_look_further_until_its_measured_recall_is_enough(monkeypatch, kind):
    vectors = Plain(unit(np.random.default_rng(1).standard_normal((3000, 64))).astype(np.float32))  # no clusters: hard
    narrow = replace(choose_plan(3000, 64, kind), probes=1, effort=4, candidates=12)
    monkeypatch.setattr(building, "ENOUGH", 0.0)
    _, before = build(vectors, np.arange(3000), narrow, np.random.default_rng(0))
    monkeypatch.setattr(building, "ENOUGH", (1 + before.recall) / 2)
    index, after = build(vectors, np.arange(3000), narrow, np.random.default_rng(0))

    assert after.recall >= (1 + before.recall) / 2 > before.recall and index.plan != narrow


@pytest.mark.parametrize("kind", KINDS)
def test_many_queries_at_once_are_answered_as_one_by_one(kind):
    vectors = clustered(1500, 24)
    index, _ = built(vectors, kind)
    scores, rows = index.search(vectors.rows[::100], 10)

    for i, query in enumerate(vectors.rows[::100]):
        alone, found = index.search(query[None], 10)
        np.testing.assert_array_equal(found[0], rows[i])
        np.testing.assert_allclose(alone[0], scores[i], atol=1e-6)


class Card:
    """What faiss-gpu would put on a card: it finds the same, and takes no filter."""

    def __init__(self, inner):
        self.inner, self.asked = inner, 0

    def search(self, queries, k):
        self.asked += 1
        return self.inner.search(queries, k)


def with_a_card(monkeypatch, clone):
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    for name in ("GpuClonerOptions", "StandardGpuResources"):
        monkeypatch.setattr(faiss, name, SimpleNamespace, raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", clone, raising=False)


def test_on_a_gpu_the_same_is_found_and_a_filter_goes_past_the_card(monkeypatch):
    """There is no card here, so a stand-in for faiss-gpu's clone shows who is asked for what."""
    vectors = clustered(1500, 24)
    expected = built(vectors)[0].search(vectors.rows[:5], 10)
    with_a_card(monkeypatch, lambda resources, number, inner, options: Card(inner))
    index, _ = built(vectors)
    index._gpu.asked = 0
    scores, rows = index.search(vectors.rows[:5], 10)
    allowed = np.arange(1500) % 2 == 0
    _, filtered = index.search(vectors.rows[:5], 10, allowed=allowed)

    np.testing.assert_array_equal(rows, expected[1])
    np.testing.assert_allclose(scores, expected[0], atol=1e-6)
    assert index._gpu.asked == 1 and allowed[filtered].all()


def test_what_a_gpu_cannot_hold_stays_where_it_is(monkeypatch):
    def too_large(*_):
        raise RuntimeError("out of memory")

    vectors = clustered(300, 8)
    with_a_card(monkeypatch, too_large)
    index, _ = built(vectors)

    assert index._gpu is None and index.search(vectors.rows[:1], 3)[1][0, 0] == 0


def test_the_kind_follows_the_size():
    kinds = [choose_plan(n, 2304).kind for n in (3, 50_000, 100_000, 300_000, 1_000_000)]

    assert kinds == ["flat", "flat", "hnsw", "ivf", "ivfpq"]
    with pytest.raises(InputError, match="no index of the kind 'tree'; there are flat, hnsw, ivf, ivfpq"):
        choose_plan(10, 4, "tree")


def test_a_shot_keeps_its_number_when_titles_come_and_go():
    before = shot_ids(["b", "c"], [3, 2])
    after = shot_ids(["a", "b", "new", "c"], [7, 3, 1, 4])

    assert after[7:10].tolist() == before[:3].tolist()
    assert after[11:13].tolist() == before[3:].tolist()
    assert len(set(after.tolist())) == 15 and (after >= 0).all()


def test_titles_whose_numbers_would_be_the_same_are_refused(monkeypatch):
    from msm.search.vector_index import ids

    monkeypatch.setattr(ids, "title_number", lambda title: 5)
    with pytest.raises(InputError, match="'a' and another have the same number"):
        shot_ids(["a", "b"], [1, 1])
    with pytest.raises(InputError, match="too long for an index"):
        shot_ids(["a"], [2**20])
