"""Where one modality of a shot is hidden and the others are known, there is a baseline that is told them too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import baselines, metrics
from msm.baselines import Example, Known, known_modalities, kriging
from msm.evaluation.protocol import hide_at_random
from msm.evaluation.scoring import score_titles
from msm.evaluation.space import fit_space

BLOCKS = (slice(0, 6), slice(6, 10))


def title(rng, num_shots=40, places=4):
    """Shots of a few places in random order, each with a picture and a sound of its own."""
    pictures, sounds = rng.normal(size=(places, 6)), rng.normal(size=(places, 4))
    where = rng.integers(0, places, num_shots)
    shots = np.concatenate([pictures[where], sounds[where]], axis=1) + 0.2 * rng.normal(size=(num_shots, 10))
    return shots.astype(np.float32)


def case(shots, hidden, place, mean):
    known = Known(shots[hidden], np.tile(np.arange(len(BLOCKS)) != place, (hidden.sum(), 1)), BLOCKS)
    return Example(shots[~hidden], np.flatnonzero(~hidden), np.flatnonzero(hidden), mean, known)


def examples(titles, mean, rng):
    for shots in titles:
        hidden = rng.random(len(shots)) < 0.2
        if hidden.any():
            yield Example(shots[~hidden], np.flatnonzero(~hidden), np.flatnonzero(hidden), mean), shots[hidden]


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    titles = [title(rng) for _ in range(30)]
    mean = np.concatenate(titles).mean(axis=0)
    return known_modalities.fit(titles, list(examples(titles[:8], mean, rng)), mean, BLOCKS), mean


@pytest.mark.parametrize("place", [0, 1])
def test_shots_that_look_like_the_known_part_tell_the_hidden_one(fitted, place):
    parameters, mean = fitted
    shots, hidden = title(np.random.default_rng(1)), np.arange(40) % 5 == 0
    told = known_modalities.predict(case(shots, hidden, place, mean), **parameters)
    untold = baselines.predict_all(shots, hidden, mean, 4.0)["distance_weighted"]
    block = BLOCKS[place]
    scores = [metrics.centred_cosine(p[:, block], shots[hidden][:, block], mean[block]).mean() for p in (told, untold)]
    assert scores[0] > 0.9 and scores[0] > scores[1] + 0.2


def test_a_modality_that_follows_from_the_other_is_predicted_though_no_visible_shot_is_like_it():
    rng = np.random.default_rng(2)
    slopes = rng.normal(size=(6, 4))

    def linear(num_shots):
        pictures = rng.normal(size=(num_shots, 6))
        return np.concatenate([pictures, pictures @ slopes], axis=1).astype(np.float32)

    titles = [linear(30) for _ in range(20)]
    mean = np.concatenate(titles).mean(axis=0)
    parameters = known_modalities.fit(titles, list(examples(titles[:8], mean, rng)), mean, BLOCKS)
    shots, hidden = linear(30), np.arange(30) % 5 == 0
    guess = known_modalities.predict(case(shots, hidden, 1, mean), **parameters)[:, BLOCKS[1]]
    assert metrics.centred_cosine(guess, shots[hidden][:, BLOCKS[1]], mean[BLOCKS[1]]).mean() > 0.9


def drifting(rng, num_shots=60):
    """Pictures that change slowly and by themselves, and sounds that do both with them."""
    slow = np.cumsum(rng.normal(size=(num_shots, 6)), axis=0) / 4
    own = rng.normal(size=(num_shots, 6)) / 2
    sounds = (2 * own - slow) @ MIX  # the two parts go into opposite directions: one regression cannot serve both
    return np.concatenate([slow + own, sounds + 0.05 * rng.normal(size=(num_shots, 4))], axis=1).astype(np.float32)


MIX = np.random.default_rng(8).normal(size=(6, 4))


def test_what_kriging_leaves_of_the_known_modality_tells_what_it_leaves_of_the_hidden_one():
    rng = np.random.default_rng(4)
    titles = [drifting(rng) for _ in range(40)]
    mean = np.concatenate(titles).mean(axis=0)
    fields = kriging.fit(titles, [], mean, BLOCKS)
    held_out = list(examples(titles[:8], mean, rng))
    scores = {}
    for name, given_fields in (("with", fields), ("without", None)):
        parameters = known_modalities.fit(titles[8:], held_out, mean, BLOCKS, given_fields)
        found = []
        for seed in range(6):
            shots, hidden = drifting(np.random.default_rng(100 + seed)), np.arange(60) % 5 == 2
            guess = known_modalities.predict(case(shots, hidden, 1, mean), **parameters, kriging=given_fields)
            found.append(
                metrics.centred_cosine(guess[:, BLOCKS[1]], shots[hidden][:, BLOCKS[1]], mean[BLOCKS[1]]).mean()
            )
        scores[name] = float(np.mean(found))
    assert scores["with"] > scores["without"] + 0.02, scores


def test_parameters_from_before_kriging_had_a_share_predict_without_it(fitted):
    parameters, mean = fitted
    covariance = parameters["covariance"][1]
    old = {**parameters, "covariance": covariance, "settings": [s[:4] for s in parameters["settings"]]}
    new = {
        **parameters,
        "covariance": np.stack([covariance] * 2),
        "settings": [(*s[:4], 0.0) for s in parameters["settings"]],
    }
    assert known_modalities.fits(10, old)
    shots, hidden = title(np.random.default_rng(5)), np.arange(40) % 5 == 0
    fields = kriging.fit([title(np.random.default_rng(i)) for i in range(8)], [], mean, BLOCKS)
    for place in (0, 1):
        by_old, by_new = (
            known_modalities.predict(case(shots, hidden, place, mean), **p, kriging=fields) for p in (old, new)
        )
        np.testing.assert_array_equal(by_old, by_new)


def test_it_reads_no_hidden_column_and_returns_the_known_ones(fitted):
    parameters, mean = fitted
    shots, hidden = title(np.random.default_rng(3)), np.arange(40) % 5 == 0
    changed = shots.copy()
    changed[np.ix_(hidden, np.arange(6, 10))] = 1e6
    first, second = (known_modalities.predict(case(s, hidden, 1, mean), **parameters) for s in (shots, changed))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first[:, :6], shots[hidden][:, :6])


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 15), st.integers(0, 10_000), st.sampled_from(["any", "silent", "silent shots", "equal"]))
def test_odd_titles_and_any_hidden_parts_get_a_finite_prediction(fitted, num_shots, seed, kind):
    parameters, mean = fitted
    rng = np.random.default_rng(seed)
    shots = title(rng, num_shots)
    if kind == "equal":
        shots[:] = shots[0]
    elif kind != "any":
        shots[:, BLOCKS[1]] *= 0 if kind == "silent" else rng.integers(0, 2, (num_shots, 1))
    hidden = rng.random(num_shots) < 0.5
    hidden[rng.permutation(num_shots)[:2]] = True, False
    known = Known(shots[hidden], rng.random((hidden.sum(), 2)) < 0.5, BLOCKS)
    example = Example(shots[~hidden], np.flatnonzero(~hidden), np.flatnonzero(hidden), mean, known)
    guess = known_modalities.predict(example, **parameters)
    assert guess.shape == (hidden.sum(), 10) and np.isfinite(guess).all()


def test_with_a_single_modality_there_is_nothing_to_be_told(fitted):
    assert known_modalities.fit([], [], np.zeros(4), [slice(0, 4)]) == {}


def test_it_predicts_only_where_something_is_known(talks):
    space = fit_space(talks.split("train"), talks.split("validation"), talks.modalities, "per_modality")
    titles = talks.split("test")
    whole = score_titles(None, titles, space, seeds=(0,))
    told = score_titles(None, titles, space, seeds=(0,), hide=hide_at_random(0.2), modality=1)
    assert set(told["predictor"]) - set(whole["predictor"]) == {"known_modalities"}
    means = told.groupby("predictor")["centred_audio"].mean()
    assert means["known_modalities"] > means["distance_weighted"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"settings": [[1.0, 0.0, 0.5, 1.0]] * 2},
        {"settings": [[1.0, 0.2, 0.5, "much"]] * 2},
        {"settings": [[1.0, 0.2, 0.5, 1.0]]},
        {"settings": [[1.0, 0.2, 0.5, 1.0, 2.0]] * 2},
        {"settings": [[1.0, 0.2, 0.5, 1.0, 0.5, 0.5]] * 2},
        {"covariance": np.zeros((3, 96, 96), np.float32)},
        {"components": np.zeros((3, 48), np.float16)},
        {"covariance": np.full((96, 96), np.nan, np.float32)},
        {"covariance": None},
    ],
)
def test_parameters_from_a_file_that_do_not_belong_together_are_recognised(fitted, wrong):
    assert known_modalities.fits(10, fitted[0])
    assert not known_modalities.fits(10, {**fitted[0], **wrong})
