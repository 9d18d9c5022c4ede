import numpy as np

from msm.masking import random_hidden


def test_evaluation_hides_by_the_rule_that_anyone_can_repeat():
    expected = np.random.default_rng(4).random(30) < 0.2
    assert (random_hidden(30, 0.2, np.random.default_rng(4)) == expected).all()
