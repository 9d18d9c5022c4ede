"""The table of runs: scores, hyperparameters and annotations, filtered, sorted and grouped; the same on the command line."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from msm.cli import main
from msm.errors import InputError
from msm.recipes.presets import preset
from msm.runs.annotation import FILE, annotate
from msm.runs.table import COLUMNS, by_sweep, filter_runs, runs_table, sort_runs, usual_columns
from tests.small_runs import rising, write_run


@pytest.fixture
def folder(tmp_path):
    """Three runs by themselves, one of them archived and one not validated yet, and a sweep of two."""
    write_run(tmp_path, "low", rising(40, to=0.55), heartbeat=100.0)
    write_run(tmp_path, "high", rising(20, to=0.7), preset("bert"), heartbeat=300.0)
    write_run(tmp_path, "old", rising(20, to=0.9), heartbeat=200.0)
    write_run(tmp_path, "young", [], preset("mediafm").with_values({"mask.ratio": 0.4}), state="stopped")
    for seed in (0, 1):
        recipe = preset("mediafm").with_values({"seed": seed, "model.width": 96})
        write_run(tmp_path / "widths" / "runs", f"base-{seed}", rising(20, to=0.6 + seed / 10), recipe)
    annotate(tmp_path / "old", archived=True)
    annotate(tmp_path / "high", add=["good"], note="more noise")
    return tmp_path


def names(table: pd.DataFrame) -> list[str]:
    return sorted(table["name"])


def test_a_row_has_the_best_validation_the_recipe_and_what_was_noted(folder):
    table = runs_table(folder).set_index("name")
    high = table.loc["high"]
    assert (high["skill"], high["centred_cosine"], high["best_step"]) == (pytest.approx(0.4), 0.7, 20)
    assert (high["recipe"], high["mask.ratio"], high["tags"], high["note"]) == ("bert", 0.15, ("good",), "more noise")
    assert high["updated"] == pd.Timestamp(300, unit="s", tz="UTC")
    assert pd.isna(table.loc["young", "skill"]) and table.loc["young", "state"] == "stopped"
    assert table.loc["widths/base-1", "sweep"] == "widths" and "old" not in table.index
    assert names(runs_table(folder, archived=True)) == ["high", "low", "old", "widths/base-0", "widths/base-1", "young"]


def test_a_folder_without_runs_is_a_table_with_the_same_columns(tmp_path):
    table = runs_table(tmp_path / "none")
    assert table.empty and list(table)[: len(COLUMNS)] == COLUMNS and "mask.ratio" in table
    assert by_sweep(sort_runs(filter_runs(table, ["skill>0", "x"]), "-skill")).empty


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        (["skill>=0.39"], ["high", "widths/base-1"]),
        (["mask.ratio=0.4"], ["young"]),
        (["mask.ratio!=0.2", "skill>0"], ["high"]),
        (["recipe=bert"], ["high"]),
        (["recipe~medi", "state=done", "sweep="], ["low"]),
        (["tags=good"], ["high"]),
        (["tag!=good", "sweep=widths"], ["widths/base-0", "widths/base-1"]),
        (["noise"], ["high"]),
        (["LOW"], ["low"]),
        (["seed=1"], ["widths/base-1"]),
        (["model.use_global=true", "sweep~dth"], ["widths/base-0", "widths/base-1"]),
        (["skill>2"], []),
    ],
)  # fmt: skip
def test_conditions_leave_the_runs_that_fulfil_all(folder, conditions, left):
    assert names(filter_runs(runs_table(folder), conditions)) == left


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [("ratio>1", "no column 'ratio'; is mask.ratio meant"), ("nothing=1", "no column 'nothing'"), ("skill>high", "cannot be compared with 'high'")],
)  # fmt: skip
def test_a_condition_that_makes_no_sense_is_refused_in_a_sentence(folder, condition, sentence):
    with pytest.raises(InputError, match=sentence):
        filter_runs(runs_table(folder), [condition])


def test_runs_are_sorted_with_unknown_numbers_last(folder):
    assert list(sort_runs(runs_table(folder), "-skill")["name"])[0::4] == ["high", "young"]
    assert list(sort_runs(runs_table(folder), "skill")["name"])[0::4] == ["low", "young"]


def test_a_sweep_is_a_row_with_its_best_run(folder):
    (row,) = by_sweep(runs_table(folder)).to_dict("records")
    assert (row["sweep"], row["runs"], row["best"]) == ("widths", 2, "widths/base-1")
    assert (row["skill"], row["mean_skill"], row["lowest_skill"]) == pytest.approx((0.4, 0.3, 0.2))


def test_the_usual_columns_are_scores_and_what_differs(folder):
    usual = usual_columns(runs_table(folder))
    assert usual[:2] == ["name", "recipe"] and {"mask.ratio", "model.width", "tags"} <= {*usual}
    assert "model.heads" not in usual and "tags" not in usual_columns(runs_table(folder / "widths" / "runs"))


def test_a_spoiled_folder_is_a_row_that_says_what_is_wrong(folder):
    (folder / "low" / "recipe.json").write_text("{")
    (folder / "high" / FILE).write_text("[]")
    table = runs_table(folder).set_index("name")
    assert "recipe.json" in table.loc["low", "problem"] and FILE in table.loc["high", "problem"]
    assert table.loc["high", "skill"] == pytest.approx(0.4)


# ---- msm runs, msm annotate ----


def msm(*words: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return int(left.value.code or 0)


def test_msm_runs_prints_the_same_table(folder, capsys):
    assert msm("runs", folder, "--json", "--where", "skill>0", "--sort", "name") == 0
    rows = json.loads(capsys.readouterr().out)
    expected = sort_runs(filter_runs(runs_table(folder), ["skill>0"]), "name")
    assert [r["name"] for r in rows] == list(expected["name"])
    assert [r["skill"] for r in rows] == pytest.approx(list(expected["skill"])) and rows[0]["tags"] == ["good"]

    assert msm("runs", folder, "--columns", "name,mask.ratio,tags", "--csv", "--archived") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["name,mask.ratio,tags", "old,0.2,"] and len(lines) == 7

    assert msm("runs", folder, "--by-sweep") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:4] == ["widths", "2", "2", "widths/base-1"]


def test_msm_annotate_writes_what_msm_runs_lists(folder, capsys):
    assert msm("annotate", folder / "low", folder / "high", "--tag", "paper", "--untag", "good", "--archive") == 0
    assert msm("annotate", folder / "low", "--restore", "--note", "keep") == 0
    capsys.readouterr()
    assert msm("runs", folder, "--where", "tags=paper", "--columns", "name,note,archived", "--archived", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "high", "note": "more noise", "archived": True}, {"name": "low", "note": "keep", "archived": False},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "none"),
        ("runs", ".", "--where", "x>1"),
        ("runs", ".", "--columns", "x"),
        ("annotate", ".", "--tag", "a"),
    ],
)
def test_what_cannot_be_listed_is_one_sentence_and_status_2(folder, monkeypatch, capsys, words):
    monkeypatch.chdir(folder)
    assert msm(*words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
