"""A plan of an ablation that somebody else wrote: no folder outside, no number without bound, and no traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msm.ablation.plan import PLAN, Plan, make_plan
from msm.errors import InputError


@pytest.fixture
def written(tmp_path: Path) -> dict:
    make_plan(vary=["mask.ratio=.2,.4"], seeds=2).save(tmp_path)
    return json.loads((tmp_path / PLAN).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["../../elsewhere", "/tmp", "..", ".hidden", "", "a/b", "a\0b", 3, None])
def test_a_cell_leads_out_of_no_folder(written, tmp_path, name):
    """Trainings that failed are removed before they begin anew."""
    written["cells"][1]["name"] = name
    refused(written, tmp_path)


@pytest.mark.parametrize("seeds", [10**18, 0, -1, "3", 2.0, True, None])
def test_seeds_are_a_number_that_anyone_could_have_meant(written, tmp_path, seeds):
    refused(written | {"seeds": seeds}, tmp_path)


@pytest.mark.parametrize("part", ["split", "base", "catalog", "cells", "skipped", "knobs"])
def test_parts_of_another_kind_are_refused(written, tmp_path, part):
    refused(written | {part: 3}, tmp_path)


@pytest.mark.parametrize("recipe", [{}, {"steps": 0}, {"steps": "many"}, {"steps": None}])
def test_a_cell_says_how_many_steps_it_has(written, tmp_path, recipe):
    written["cells"][1]["recipe"] = recipe
    refused(written, tmp_path)


def refused(plan: dict, folder: Path) -> None:
    (folder / PLAN).write_text(json.dumps(plan), encoding="utf-8")
    with pytest.raises(InputError, match="is not a plan of an ablation"):
        Plan.load(folder)


def test_a_plan_of_ours_is_read_as_it_was_written(written, tmp_path):
    assert len(Plan.load(tmp_path).jobs) == 2 * len(written["cells"])


def test_a_grid_that_nobody_could_train_is_refused_before_it_is_laid_out():
    values = ",".join(str(n) for n in range(1, 41))
    with pytest.raises(InputError, match="64000 cells"):
        make_plan(vary=[f"{key}={values}" for key in ("steps", "batch_windows", "accumulate")], seeds=1)
    with pytest.raises(InputError, match="steps has 2000 values"):
        make_plan(vary=["steps=" + ",".join(map(str, range(1, 2001)))], seeds=1)
    with pytest.raises(InputError, match="--seeds must be 1 to"):
        make_plan(vary=["steps=1,2"], seeds=10**9)
