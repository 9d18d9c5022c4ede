"""run.json is refused where a reader could not rely on it."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from msm.errors import InputError
from msm.runs.schema import check_facts

GOOD = {
    "state": "done",
    "bandwidth": 2.0,
    "steps_done": 3,
    "heartbeat": 1.0,
    "best": {"step": 1, "centred_cosine": 0.2},
    "device": "cpu",
    "catalog": {
        "fingerprint": "a",
        "shot_dim": 5,
        "global_dim": 0,
        "modalities": [
            {"name": "video", "start": 0, "dim": 3, "encoder": None},
            {"name": "audio", "start": 3, "dim": 2},
        ],
    },
}


def changed(key: str, value: object) -> dict:
    facts = copy.deepcopy(GOOD)
    *folders, last = key.split(".")
    place = facts
    for name in folders:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[last] = value
    return facts


def test_what_a_training_writes_is_accepted():
    check_facts(Path("run.json"), GOOD)
    check_facts(Path("run.json"), {**GOOD, "best": None})


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("state", "asleep", "state must be one of running, stopped, failed, done"),
        ("bandwidth", float("inf"), "bandwidth is inf, but must be a number"),
        ("steps_done", True, "steps_done is True, but must be a whole number from 0 on"),
        ("best", 3, "best is 3, but must be an object or null"),
        ("best.step", -1, "best.step is -1, but must be a whole number from 0 on"),
        ("catalog", [], "catalog is [], but must be an object"),
        ("catalog.shot_dim", 0, "catalog.shot_dim is 0, but must be a width"),
        ("catalog.shot_dim", 6, "the modalities are 5 wide together, but catalog.shot_dim is 6"),
        ("catalog.modalities", [], "catalog.modalities is [], but must be a list that is not empty"),
        ("catalog.modalities.1.start", 4, "catalog.modalities[1].start is 4, but the one before it ends at 3"),
        ("catalog.modalities.0.colour", 1, "catalog.modalities[0].colour is not a known key"),
    ],
)
def test_a_fact_that_does_not_fit_is_refused_by_name(key, value, expected):
    with pytest.raises(InputError) as refused:
        check_facts(Path("run.json"), changed(key, value))
    assert str(refused.value) == f"run.json: {expected}"
