"""Kriging is the posterior mean of a Gaussian process, whatever way it is computed, and it finds a process that it is fitted on."""

from __future__ import annotations

import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from msm import baselines, metrics
from msm.baselines import Example, kriging
from msm.baselines.kriging import posterior, windows
from msm.baselines.kriging.fit import DECAYS, LAGS, autocovariances, correlate

WIDTH = 12


def process(num_shots, rng, decays=(0.95, -0.8), width=WIDTH, noise=0.5):
    """(num_shots, width): columns that decay in turn with each of `decays`, about the mean 1, and noise."""
    own = np.resize(decays, width)
    shots = rng.normal(size=(num_shots, width))
    for i in range(1, num_shots):
        shots[i] = own * shots[i - 1] + np.sqrt(1 - own**2) * shots[i]
    return (1 + shots + noise * rng.normal(size=shots.shape)).astype(np.float32)


def example_of(shots, hidden, mean):
    return Example(shots[~hidden], np.flatnonzero(~hidden), np.flatnonzero(hidden), mean)


def fitted_on(titles):
    mean = np.concatenate(titles).mean(axis=0)
    return kriging.fit(titles, [], mean), mean


@pytest.fixture(scope="module")
def known():
    """The parameters and the mean of a process with known covariances."""
    rng = np.random.default_rng(0)
    return fitted_on([process(80, rng) for _ in range(40)])


def naive(example, components, decays, variances):
    """The posterior mean, one component at a time and straight from its definition."""
    basis = components.astype(float)
    about = example.visible.astype(float) - example.mean
    rest = about - about @ basis @ basis.T

    def covariances(rows, columns, which):
        distance = np.abs(rows[:, None] - columns)
        return sum(v * float(d) ** distance for d, v in zip(decays, variances[:, which].astype(float), strict=True))

    def mean_of(values, which):
        inverse = np.linalg.inv(covariances(example.seen, example.seen, which))
        return covariances(example.where, example.seen, which) @ inverse @ values

    predicted = mean_of(rest, -1)
    for number in range(basis.shape[1]):
        predicted = predicted + np.outer(mean_of(about @ basis[:, number], number), basis[:, number])
    return example.mean + predicted


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.8, 0.95])
def test_kriging_is_the_posterior_mean_of_a_gaussian_process_computed_by_its_definition(share):
    rng = np.random.default_rng(1)
    titles = [process(30, rng, width=60, decays=rng.uniform(-1, 1, 60)) for _ in range(20)]
    parameters, mean = fitted_on(titles)
    assert parameters["components"].shape == (60, 48)
    shots, hidden = process(40, rng, width=60), rng.random(40) < share
    hidden[[3, 20]] = True, False
    example = example_of(shots, hidden, mean)
    assert_allclose(kriging.predict(example, **parameters), naive(example, **parameters), atol=2e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.floats(0, 1), st.integers(0, 10_000))
def test_the_update_for_hidden_shots_equals_the_solution_from_scratch(known, num_shots, share, seed):
    rng = np.random.default_rng(seed)
    hidden = rng.random(num_shots) < share
    hidden[rng.permutation(num_shots)[:2]] = True, False
    table = posterior.covariance(num_shots, known[0]["decays"], known[0]["variances"])
    scores, rest = rng.normal(size=((~hidden).sum(), len(table) - 1)), rng.normal(size=((~hidden).sum(), 5))
    fast = posterior.by_precision(posterior.precision_matrices(table), hidden, scores, rest)
    plain = posterior.by_covariance(table, np.flatnonzero(hidden), np.flatnonzero(~hidden), scores, rest)
    for a, b in zip(fast, plain, strict=True):
        assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("num_shots", [40, 300, 700])  # one window, two, and several
def test_predictions_do_not_depend_on_what_was_kept_of_the_same_title(known, num_shots):
    """One set of hidden shots after another, hidden shots and visible ones changing places; hidden shots are not read."""
    rng = np.random.default_rng(num_shots)
    shots, hidden, kept = process(num_shots, rng), rng.random(num_shots) < 0.3, {}
    for changes in (0, 1, 1, 5, num_shots // 2, 0):
        changed = rng.permutation(num_shots)[:changes]
        hidden[changed] = ~hidden[changed]
        plain = example_of(np.where(hidden[:, None], np.nan, shots).astype(np.float32), hidden, known[1])
        again = replace(plain, kept=kept)
        assert_allclose(kriging.predict(again, **known[0]), kriging.predict(plain, **known[0]), atol=1e-6)
    assert set(kept) == {"kriging"}


def test_only_windows_with_another_hidden_shot_are_computed_again(known, monkeypatch):
    rng = np.random.default_rng(0)
    shots, hidden, computed = process(700, rng), rng.random(700) < 0.2, []
    real = posterior.by_precision
    monkeypatch.setattr(kriging, "by_precision", lambda *given: computed.append(1) or real(*given))
    kept: dict = {}
    for shot in (None, 5, 350):
        computed.clear()
        if shot is not None:
            hidden[shot] = ~hidden[shot]
        kriging.predict(replace(example_of(shots, hidden, known[1]), kept=kept), **known[0])
        assert len(computed) == {None: 6, 5: 1, 350: 2}[shot]


def test_the_precision_matrix_is_the_inverse_of_the_covariance_matrix(known):
    table = posterior.covariance(90, known[0]["decays"], known[0]["variances"])
    place = np.arange(90)
    inverse = np.linalg.inv(table[:, np.abs(place[:, None] - place)])
    assert_allclose(posterior.precision_matrices(table), inverse, atol=1e-8 * np.abs(inverse).max())


def test_on_a_process_of_a_known_kernel_it_beats_every_other_baseline(known):
    parameters, mean = known
    rng = np.random.default_rng(2)
    sums: dict[str, float] = {}
    for _ in range(20):
        shots, hidden = process(80, rng), rng.random(80) < 0.3
        for name, guess in baselines.predict_all(shots, hidden, mean, 2.0, {"kriging": parameters}).items():
            sums[name] = sums.get(name, 0) + metrics.centred_cosine(guess, shots[hidden], mean).mean() / 20
    assert max(sums, key=lambda name: sums[name]) == "kriging"
    assert sums["kriging"] > sums["distance_weighted"] + 0.1


def test_the_fitted_correlations_are_those_of_the_process(known):
    parameters, mean = known
    rng = np.random.default_rng(3)
    table = posterior.covariance(10, parameters["decays"], parameters["variances"])
    measured = autocovariances([process(80, rng) for _ in range(200)], mean, parameters["components"].astype(float))
    assert_allclose(table[:-1].T / table[:-1, 0], measured[:10, :-1] / measured[0, :-1], atol=0.15)


def test_shot_and_reverse_shot_are_told_apart(known):
    """A component that alternates is read from every second shot."""
    parameters, mean = known
    rng = np.random.default_rng(4)
    pair = rng.normal(size=(2, WIDTH)) * (np.arange(WIDTH) % 2)  # the columns whose decay is negative
    shots = (1 + np.tile(pair - pair.mean(axis=0), (10, 1))).astype(np.float32)
    hidden = np.isin(np.arange(20), [9, 10])
    guess = kriging.predict(example_of(shots, hidden, mean), **parameters)
    assert (metrics.centred_cosine(guess, shots[hidden], mean) > 0.9).all()


def test_where_only_titles_differ_it_is_the_mean_of_the_title_shrunk_to_that_of_all():
    rng = np.random.default_rng(5)
    titles = [rng.normal(size=(1, 6)) + 2 * rng.normal(size=(25, 6)) for _ in range(300)]
    parameters, mean = fitted_on([t.astype(np.float32) for t in titles])
    shots, hidden = titles[0].astype(np.float32), np.arange(25) % 5 == 0
    guess = kriging.predict(example_of(shots, hidden, mean), **parameters)
    expected = mean + (shots[~hidden].mean(axis=0) - mean) * 20 / (20 + 4)
    assert_allclose(guess, np.broadcast_to(expected, guess.shape), atol=0.15)


def test_where_the_visible_shots_say_nothing_it_is_the_mean_of_the_training_shots():
    rng = np.random.default_rng(6)
    parameters, mean = fitted_on([rng.normal(size=(200, 6)).astype(np.float32) for _ in range(100)])
    shots, hidden = rng.normal(size=(100, 6)).astype(np.float32), np.arange(100) % 5 == 0
    assert_allclose(kriging.predict(example_of(shots, hidden, mean), **parameters), np.tile(mean, (20, 1)), atol=0.1)


@settings(max_examples=80, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    width=st.integers(1, 60),
    kind=st.sampled_from(["any", "zero", "equal", "half zero", "twins"]),
    num_shots=st.integers(2, 20),
    seed=st.integers(0, 10_000),
)
def test_odd_titles_get_a_finite_prediction_within_reach_of_their_shots(lengths, width, kind, num_shots, seed):
    """Training titles of one shot, fewer shots than components, narrow shots, missing modalities, equal shots."""
    rng = np.random.default_rng(seed)

    def title(count):
        shots = rng.normal(size=(count, width)).astype(np.float32)
        if kind in ("zero", "equal"):
            shots[:] = 0 if kind == "zero" else 1
        elif kind == "half zero":
            shots[:, : width // 2] = 0
        elif kind == "twins":
            shots[count // 2 :] = shots[0]
        return shots / np.maximum(np.linalg.norm(shots, axis=1, keepdims=True), 1e-9)

    parameters, mean = fitted_on([title(count) for count in lengths])
    assert kriging.fits(width, parameters)
    shots, hidden = title(num_shots), rng.random(num_shots) < 0.5
    hidden[rng.permutation(num_shots)[:2]] = True, False
    guess = kriging.predict(example_of(shots, hidden, mean), **parameters)
    assert guess.shape == (hidden.sum(), width) and guess.dtype == np.float32
    assert np.isfinite(guess).all() and np.linalg.norm(guess, axis=1).max() < 5


@pytest.mark.parametrize("share", [0.2, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("num_shots", [windows.LONGEST + 1, 2 * windows.LONGEST + 7])
def test_a_long_title_in_windows_is_predicted_as_if_in_one_piece(known, share, num_shots, monkeypatch):
    parameters, mean = known
    rng = np.random.default_rng(7)
    shots, hidden = process(num_shots, rng), rng.random(num_shots) < share
    example = example_of(shots, hidden, mean)
    assert len(list(windows.split(example.where, example.seen))) > 1
    cut = kriging.predict(example, **parameters)
    monkeypatch.setattr(windows, "LONGEST", num_shots)
    assert len(list(windows.split(example.where, example.seen))) == 1
    assert_allclose(cut, kriging.predict(example, **parameters), atol=0.1)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 5 * windows.LONGEST), st.floats(0, 1), st.integers(0, 10_000))
def test_every_hidden_shot_is_in_one_window_with_enough_visible_shots(num_shots, share, seed):
    rng = np.random.default_rng(seed)
    hidden = rng.random(num_shots) < share
    hidden[rng.permutation(num_shots)[:2]] = True, False
    where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    predicted = []
    for window in windows.split(where, seen):
        visible = seen[window.visible]
        assert len(visible) >= min(len(seen), windows.LONGEST // 2) or num_shots <= windows.LONGEST
        assert window.wanted.sum() == window.predicted.stop - window.predicted.start
        assert (window.hidden[window.wanted] == where[window.predicted]).all()
        predicted += where[window.predicted].tolist()
    assert predicted == where.tolist()


def test_the_correlation_through_the_spectrum_is_the_sum_of_products():
    columns = np.random.default_rng(8).normal(size=(11, 3))
    by_hand = [(columns[d:] * columns[: 11 - d]).sum(axis=0) for d in range(11)]
    assert_allclose(correlate(columns), by_hand, atol=1e-12)


def test_training_titles_are_read_one_at_a_time():
    """At most the one at hand is alive, however many there are."""
    alive: list[weakref.ref] = []

    class Titles:
        def __iter__(self):
            rng = np.random.default_rng(9)
            for _ in range(6):
                assert sum(ref() is not None for ref in alive) <= 1
                shots = process(LAGS + 20, rng)
                alive.append(weakref.ref(shots))
                yield shots
                del shots

    kriging.fit(Titles(), [], np.ones(WIDTH, dtype=np.float32))
    assert len(alive) == 12


def test_wide_shots_have_the_components_of_a_full_decomposition():
    rng = np.random.default_rng(10)
    shots = (rng.normal(size=(400, 600)) * np.geomspace(1, 0.01, 600)).astype(np.float32)
    basis = kriging.fit([shots], [], shots.mean(axis=0))["components"].astype(float)
    full = np.linalg.svd(shots - shots.mean(axis=0), full_matrices=False)[2][:40].T
    assert_allclose(np.linalg.norm(basis.T @ full, axis=0), 1, atol=1e-2)


def test_precision_matrices_are_kept_up_to_a_number_of_bytes(monkeypatch):
    cache, made = posterior.PrecisionCache(), []
    monkeypatch.setattr(posterior, "precision_matrices", lambda table: made.append(1) or np.zeros((1, 8)))
    monkeypatch.setattr(posterior, "MOST_BYTES", 2 * 64)
    tables = [np.full((1, 2), float(i)) for i in range(3)]
    for table in (*tables[:2], tables[0], tables[2], tables[0]):
        cache.get(table)
    assert len(made) == 3
    cache.get(tables[1])  # the one not asked for the longest went
    assert len(made) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"components": np.zeros((3, 2), np.float16)},
        {"components": np.full((WIDTH, 2), np.nan, np.float16)},
        {"decays": np.full(len(DECAYS), 1.5, np.float32)},
        {"variances": np.zeros((len(DECAYS), WIDTH + 1), np.float32)},
        {"variances": np.ones((3, 3), np.float32)},
        {"decays": None},
        {"more": np.zeros(1, np.float32)},
    ],
)
def test_parameters_from_a_file_that_do_not_belong_together_are_recognised(known, wrong):
    assert kriging.fits(WIDTH, known[0])
    assert not kriging.fits(WIDTH, {**known[0], **wrong})


@pytest.mark.parametrize("num_shots", [2, 3, 60, 256, 257, 400])
def test_all_shots_left_out_in_turn_are_predicted_as_each_alone(known, num_shots):
    parameters, mean = known
    shots = process(num_shots, np.random.default_rng(num_shots))
    together = kriging.leave_one_out(shots, mean, **parameters)
    some = sorted({0, 1, num_shots // 2, num_shots - 1, *range(1, num_shots, 29)})
    alone = [kriging.predict(example_of(shots, np.arange(num_shots) == i, mean), **parameters)[0] for i in some]
    assert_allclose(together[some], alone, atol=2e-5)
