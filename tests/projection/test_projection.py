"""Projection: neighbours that are the true ones, maps that can be trusted as far as they say, and awkward input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness as reference

from msm import InputError
from msm.projection import (
    ProjectionOptions,
    align_parts,
    layout,
    pca,
    place_beside,
    project,
    project_sample,
    trustworthiness,
)
from msm.projection.pca import FITTED_ON, principal_components
from msm.search import neighbour_graph
from msm.search.neighbour_graph import nearest_rows


def clouds(num_rows: int, num_clouds: int = 6, width: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) rows of unit length in clouds that lie well apart, and the cloud of each."""
    rng = np.random.default_rng(seed)
    which = rng.integers(0, num_clouds, num_rows)
    rows = 3 * rng.standard_normal((num_clouds, width))[which] + rng.standard_normal((num_rows, width))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), which


def brute_force(rows: np.ndarray, count: int) -> np.ndarray:
    apart = np.linalg.norm(rows[:, None].astype(float) - rows[None].astype(float), axis=2)
    return np.sort(apart, axis=1)[:, :count]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 3), st.integers(0, 99))
def test_nearest_rows_are_those_of_brute_force_and_each_row_comes_first_even_among_its_copies(size, width, kinds, seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, kinds + 1, (size, width)).astype(np.float32)
    count = min(size, 5)
    near, distances = nearest_rows(rows, count)

    assert (near[:, 0] == np.arange(size)).all()
    assert all(len(set(row)) == count for row in near.tolist())
    np.testing.assert_allclose(distances, brute_force(rows, count), atol=1e-3)


def test_many_rows_are_looked_up_in_cells_and_almost_all_neighbours_are_found(monkeypatch):
    rows, _ = clouds(3000, num_clouds=60, width=20)
    exact, _ = nearest_rows(rows, 10)
    monkeypatch.setattr(neighbour_graph, "EXACT_UP_TO", 100)
    near, distances = nearest_rows(rows, 10)

    found = np.mean([len(set(a) & set(b)) for a, b in zip(exact.tolist(), near.tolist(), strict=True)]) / 10
    assert found > 0.97
    assert np.isfinite(distances).all() and (near[:, 0] == np.arange(3000)).all()


def test_components_of_a_sample_are_as_good_as_those_of_all_rows(monkeypatch):
    rows, _ = clouds(2000)
    monkeypatch.setattr("msm.projection.pca.FITTED_ON", 400)
    sampled = principal_components(rows, 8, seed=0)
    monkeypatch.setattr("msm.projection.pca.FITTED_ON", FITTED_ON)
    whole = principal_components(rows, 8, seed=0)

    assert sampled.var(axis=0).sum() > 0.97 * whole.var(axis=0).sum()


@pytest.mark.parametrize("size", [40, 150])
def test_trustworthiness_is_that_of_scikit_learn(size):
    rows, _ = clouds(size)
    points = rows[:, :2] + 0.1 * np.random.default_rng(1).standard_normal((size, 2)).astype(np.float32)

    measured = trustworthiness(rows, points, seed=0, sample=size, neighbours=5)
    assert measured == pytest.approx(reference(rows, points, n_neighbors=5), abs=1e-4)


def test_of_too_few_rows_nobody_can_say_how_far_to_trust_the_map():
    assert np.isnan(trustworthiness(np.eye(9, dtype=np.float32), np.zeros((9, 2)), seed=0))


@pytest.mark.parametrize("rows", [np.eye(3), np.ones((1, 4)), np.zeros((50, 4)), np.repeat(np.eye(4), 30, axis=0)])
def test_too_few_different_rows_get_their_principal_components_and_a_reason(rows):
    made = project(rows.astype(np.float32), ProjectionOptions())

    assert (made.method, "too few for UMAP" in made.why) == ("pca", True)
    assert made.points.shape == (len(rows), 2) and np.isfinite(made.points).all()
    assert len(made.neighbours) == len(rows)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"dims": 4}, "2 or 3"), ({"neighbours": 1}, "2 to 200"), ({"min_dist": 2.0}, "0 to 1"), ({"seed": -1}, "seed")],
)
def test_options_that_mean_nothing_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        ProjectionOptions(**wrong)


def test_a_new_row_stands_among_its_likes_and_a_copy_on_its_original():
    everything, kinds = clouds(400)
    rows, which = everything[:300], kinds[:300]
    points = np.array([[10, 0], [0, 10], [-10, 0], [0, -10], [20, 20], [-20, 20]], dtype=np.float32)[which]
    points += np.random.default_rng(0).uniform(-1, 1, points.shape).astype(np.float32)
    placed = place_beside(everything[300:], rows, points)
    copies = place_beside(rows[:20], rows, points)

    home = np.stack([points[which == k].mean(axis=0) for k in range(6)])
    assert (np.linalg.norm(placed[:, None] - home[None], axis=2).argmin(axis=1) == kinds[300:]).mean() > 0.95
    np.testing.assert_allclose(copies, points[:20], atol=1e-3)


def flat(reduced, near, distances, options, classes, tell):
    """In the place of UMAP."""
    return layout._flat(reduced, options.dims)


@pytest.mark.parametrize("at_once", [64, 4096])
def test_a_sample_is_laid_out_as_it_would_be_alone_and_the_others_stand_among_it(monkeypatch, at_once):
    monkeypatch.setattr(layout, "_umap", flat)
    monkeypatch.setattr(pca, "AT_ONCE", at_once)
    rows, which = clouds(600)
    rows[500:] = rows[:100]  # copies, in the sample or not
    options = ProjectionOptions(seed=3)
    found, placed = project_sample(rows, 200, options)
    again, _ = project_sample(rows, 200, options)

    assert placed.sum() == 400 and (found.points == again.points).all() and np.isfinite(found.points).all()
    chosen = np.flatnonzero(~placed)
    assert set(found.neighbours.ravel().tolist()) <= set(chosen.tolist())
    alone = project(principal_components(rows, 50, seed=3)[chosen], options)
    np.testing.assert_allclose(found.points[chosen], alone.points, atol=1e-5)
    for copy in range(100):
        if placed[500 + copy] and not placed[copy]:
            np.testing.assert_allclose(found.points[500 + copy], found.points[copy], atol=1e-6)
    cloud = np.concatenate([which[:500], which[:100]])
    assert (cloud[found.neighbours] == cloud[:, None]).mean() > 0.95


@pytest.mark.slow  # imports umap and lets numba compile: ten seconds
class TestByUmap:
    def test_likes_lie_together_the_same_seed_gives_the_same_map_and_epochs_are_told(self):
        rows, which = clouds(400)
        told = []
        made = project(rows, ProjectionOptions(seed=3), tell=lambda stage, share: told.append((stage, share)))
        again = project(rows, ProjectionOptions(seed=3))
        other = project(rows, ProjectionOptions(seed=4))

        assert made.method == "umap" and trustworthiness(rows, made.points, seed=0) > 0.85
        near, _ = nearest_rows(made.points, 6)
        assert (which[near[:, 1:]] == which[:, None]).mean() > 0.95
        np.testing.assert_array_equal(made.points, again.points)
        assert not np.allclose(made.points, other.points)
        assert told[0][0] == "read" and max(s for stage, s in told if stage == "epochs") == 1.0

    def test_copies_and_zeros_get_finite_places_in_three_dimensions(self):
        rows, _ = clouds(120)
        rows = np.concatenate([rows, np.zeros((20, 40), np.float32), np.repeat(rows[:1], 30, axis=0)])
        made = project(rows, ProjectionOptions(dims=3))

        assert made.points.shape == (170, 3) and np.isfinite(made.points).all()

    def test_densmap_keeps_a_dense_cloud_smaller_than_a_loose_one(self):
        rng = np.random.default_rng(0)
        tight, loose = (
            3 * np.eye(2, 20)[i] + scale * rng.standard_normal((150, 20)) for i, scale in enumerate((0.02, 0.3))
        )
        rows = np.concatenate([tight, loose]).astype(np.float32)
        points = project(rows, ProjectionOptions(densmap=True)).points
        small, large = (np.linalg.norm(p - p.mean(axis=0), axis=1).mean() for p in (points[:150], points[150:]))

        assert small < 0.7 * large

    def test_a_label_draws_its_classes_apart_where_the_vectors_do_not(self):
        rows, _ = clouds(300, num_clouds=1)
        classes = np.arange(300) % 2
        near, _ = nearest_rows(project(rows, ProjectionOptions(), classes=classes).points, 6)
        alone, _ = nearest_rows(project(rows, ProjectionOptions()).points, 6)

        together, before = ((classes[n[:, 1:]] == classes[:, None]).mean() for n in (near, alone))
        assert together > 0.9 > before

    def test_aligned_maps_have_a_row_in_about_the_same_place(self):
        rows, _ = clouds(200)
        turned = rows @ np.linalg.qr(np.random.default_rng(5).standard_normal((40, 40)))[0].astype(np.float32)
        told = []
        one, other = align_parts(
            [rows, turned], ProjectionOptions(), tell=lambda stage, share: told.append((stage, share))
        )
        again, _ = align_parts([rows, turned], ProjectionOptions())
        apart = np.linalg.norm(one.points - other.points, axis=1).mean()

        np.testing.assert_array_equal(one.points, again.points)
        assert [stage for stage, _ in told if stage == "epochs"] and told[-1] == ("epochs", 1.0)
        assert min(trustworthiness(r, p.points, seed=0) for r, p in ((rows, one), (turned, other))) > 0.85
        assert apart < 0.25 * np.linalg.norm(one.points - one.points.mean(axis=0), axis=1).mean()
