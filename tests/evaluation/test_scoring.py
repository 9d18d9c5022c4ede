"""The scores of a table are those of `msm.metrics`, to the last bit, although what they share is computed once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import metrics
from msm.data.schema import Modality
from msm.data.space import Space
from msm.evaluation.scoring import Truth


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000), count=st.integers(2, 60), widths=st.lists(st.integers(1, 40), min_size=1, max_size=3)
)
def test_every_score_is_that_of_its_definition(seed, count, widths):
    rng = np.random.default_rng(seed)
    ends = np.cumsum(widths)
    modalities = tuple(
        Modality(name=f"m{i}", start=int(e - w), dim=w, encoder="none")
        for i, (e, w) in enumerate(zip(ends, widths, strict=True))
    )
    space = Space(modalities, "per_modality", rng.normal(size=ends[-1]).astype(np.float32) / 9, bandwidth=3.0)
    raw = rng.normal(size=(count, ends[-1]))
    raw[rng.random(count) < 0.2, : widths[0]] = 0  # shots without the first modality
    raw[rng.random(count) < 0.2] = raw[0]  # and shots that are alike
    shots = space.fuse(raw)
    where = np.flatnonzero(rng.random(count) < 0.4)
    predicted = (shots[where] + rng.normal(size=(len(where), ends[-1]))).astype(np.float32)
    predicted[: len(where) // 4] = 0

    truth = Truth.of(shots, where, space)
    scores = truth.score(predicted)

    expected = {
        "cosine": metrics.cosine(predicted, shots[where]),
        "centred_cosine": metrics.centred_cosine(predicted, shots[where], space.mean),
        "rank": metrics.rank_of_truth(predicted, shots, where, space.mean),
    }
    for m in modalities:
        own = shots[where][:, m.columns]
        block = metrics.centred_cosine(predicted[:, m.columns], own, space.mean[m.columns])
        expected[f"centred_{m.name}"] = np.where(own.any(axis=1), block, np.nan)
    assert list(scores) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(scores[name], values, err_msg=name)
    np.testing.assert_array_equal(truth.rank(predicted), expected["rank"])
