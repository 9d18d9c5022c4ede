"""Losses, scores and figures are what they were before the modules moved."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.repository.kept_values import KEPT, machine, sample_values, training_values


def kept() -> tuple[bool, dict[str, list[float]]]:
    """Whether this is the machine they were measured on, and the numbers."""
    content = json.loads(KEPT.read_text(encoding="utf-8"))
    return content["machine"] == machine(), {k: [float.fromhex(x) for x in v] for k, v in content["values"].items()}


@pytest.mark.slow
@pytest.mark.parametrize("measure", [training_values, sample_values])
def test_no_loss_no_score_and_no_figure_has_changed(measure):
    """To the bit on the processor they were measured on; on others, whose kernels round otherwise, to 1e-5 of a number or 1e-6."""
    same_machine, expected = kept()
    names = [name for name in expected if name.startswith("train ") == (measure is training_values)]
    found = dict(measure())

    assert sorted(found) == sorted(names)
    for name in names:
        rtol, atol = (0, 0) if same_machine else (1e-5, 1e-6)
        np.testing.assert_allclose(found[name], expected[name], rtol=rtol, atol=atol, err_msg=name)
