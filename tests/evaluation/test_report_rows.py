"""The rows of the report: which shots each one sums up, in which order, against which baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from msm import baselines
from msm.evaluation import report
from msm.metrics.fast import block_cosines
from msm.metrics.similarity import cosine, skill

BLOCKS = [slice(0, 3), slice(3, 7)]


@pytest.fixture
def scores() -> pd.DataFrame:
    """Six hidden shots of the titles z and a, in this order; every predictor off by another constant."""
    shots = pd.DataFrame(
        {
            "title_id": ["z", "z", "z", "a", "a", "a"],
            "shot": [1, 2, 5, 0, 1, 4],
            "distance": [1, 2, 1, 1, 3, 9],
            "rank_share": [0.1, 0.5, 0.3, 0.2, 0.9, 0.4],
        }
    )
    truth = np.array([0.9, 0.5, 0.7, 0.8, 0.2, 0.4])
    less = {"model": 0.0} | {name: 0.1 * (i + 1) for i, name in enumerate(baselines.NAMES)}
    tables = [
        shots.assign(
            predictor=name,
            centred_cosine=truth - off,
            cosine=truth - off + 0.05,
            centred_video=truth - off if name != "linear" else truth + 0.1,
            centred_text=np.nan,
        )
        for name, off in less.items()
    ]
    return pd.concat(tables, ignore_index=True)


def test_the_whole_report_is_of_the_model_against_the_best_baseline(scores):
    found = report.report(scores, "test")

    assert found["split"] == "test" and found["best_baseline"] == baselines.NAMES[0]
    assert (found["num_titles"], found["num_hidden"]) == (2, 6)
    assert found["centred_cosine"] == pytest.approx(3.5 / 6) and found["cosine"] == pytest.approx(3.5 / 6 + 0.05)
    assert found["median_rank"] == pytest.approx(0.35)
    assert found["skill"] == pytest.approx(skill(3.5 / 6, 3.5 / 6 - 0.1))
    assert found["intervals"] is None
    assert found["baselines"]["global_mean"]["median_rank"] is None
    assert [found["baselines"][name]["centred_cosine"] for name in baselines.NAMES] == pytest.approx(
        [3.5 / 6 - 0.1 * (i + 1) for i in range(len(baselines.NAMES))]
    )


def test_a_row_of_no_hidden_shot_has_the_same_columns_and_no_number(scores):
    some, none = (report.by_ratio(rows, 0.2) for rows in (scores, scores[:0]))
    assert set(none) == set(some)
    assert {name for name, value in none.items() if value is not None} == {"ratio", "num_hidden"} and not none[
        "num_hidden"
    ]


def test_titles_stand_in_the_order_of_the_file_with_their_names(scores):
    rows = report.by_title(scores, {"z": "The last"})

    assert [(r["title_id"], r["name"], r["num_hidden"]) for r in rows] == [("z", "The last", 3), ("a", "a", 3)]
    assert [r["centred_cosine"] for r in rows] == pytest.approx([0.7, 1.4 / 3])
    assert [r["difference"] for r in rows] == pytest.approx([0.1, 0.1])
    assert [r["median_rank"] for r in rows] == pytest.approx([0.3, 0.4])
    assert rows[0]["skill"] == pytest.approx(0.1 / 0.4) and rows[0]["best_baseline"] == pytest.approx(0.6)


def test_a_row_of_distances_holds_the_shots_that_are_so_far_and_no_others(scores):
    rows = report.by_distance(scores, baselines.NAMES[0], report.DISTANCES)

    assert [(r["distance"], r["num_hidden"]) for r in rows] == [("1", 3), ("2", 1), ("3+", 2)]
    assert [r["centred_cosine"] for r in rows] == pytest.approx([0.8, 0.5, 0.3])
    empty = report.by_distance(scores, baselines.NAMES[0], ((20, None),))[0]
    assert empty["num_hidden"] == 0 and empty["centred_cosine"] is None and empty["difference"] is None


def test_positions_in_a_scene_are_told_where_a_shot_has_one(scores):
    places = {("z", 1): "first", ("z", 2): "last", ("a", 0): "only", ("a", 1): "first"}
    positions = pd.DataFrame([(t, s, p) for (t, s), p in places.items()], columns=["title_id", "shot", "position"])
    rows = report.by_position(scores, positions)

    assert [(r["position"], r["num_hidden"]) for r in rows] == [("first", 2), ("last", 1), ("only", 1)]
    assert [r["centred_cosine"] for r in rows] == pytest.approx([0.55, 0.5, 0.8])
    assert report.by_position(scores, None) == []


def test_a_modality_has_its_own_best_baseline_and_one_that_no_shot_has_is_left_out(scores):
    (name, row), *others = report.by_modality(scores).items()

    assert (name, others) == ("video", [])
    assert row["best_baseline"] == "linear" and row["best_baseline_centred_cosine"] == pytest.approx(3.5 / 6 + 0.1)
    assert row["skill"] == pytest.approx(skill(3.5 / 6, 3.5 / 6 + 0.1))


def test_of_a_modality_that_was_hidden_alone_its_block_is_scored(scores):
    row = report.by_part(scores, "video", rest_shown=True)
    assert (row["modality"], row["rest_shown"], row["best_baseline_name"]) == ("video", True, "linear")
    assert row["centred_cosine"] == pytest.approx(3.5 / 6) and row["best_baseline"] == pytest.approx(3.5 / 6 + 0.1)
    assert report.by_part(scores, "text", rest_shown=False)["best_baseline_name"] is None


def test_runs_of_hidden_shots_say_how_long_they_are_and_why_there_are_none(scores):
    row = report.by_span(scores, 7, 0.2, left_out=1)
    assert (row["length"], row["ratio"], row["titles_left_out"]) == (7, 0.2, 1)
    assert [(r["distance"], r["num_hidden"]) for r in row["by_distance"]] == [("1", 3), ("2", 1), ("3", 1), ("4+", 1)]
    assert "9 shots that hiding 7 in a row takes" in report.by_span(None, 7, 0.2, left_out=2)["skipped"]


def test_a_ratio_names_its_own_best_baseline_and_is_empty_where_it_hid_nothing(scores):
    assert report.by_ratio(scores, 0.4)["best_baseline_name"] == baselines.NAMES[0]
    assert report.by_ratio(scores, 0.4)["median_rank"] == pytest.approx(0.35)
    empty = report.by_ratio(scores[:0], 0.4)
    assert (empty["ratio"], empty["best_baseline_name"], empty["num_hidden"]) == (0.4, None, 0)


def test_the_fast_cosines_are_those_of_the_columns_that_count():
    rng = np.random.default_rng(0)
    truth, guess, other = (rng.standard_normal((5, 7)) for _ in range(3))
    truth[4] = 0
    among = np.array([[1, 1], [1, 0], [0, 1], [0, 0], [1, 1]], dtype=bool)
    columns = np.repeat(among, [3, 4], axis=1)
    found = block_cosines({"model": guess, "copy": other}, truth, BLOCKS, among)

    for name, said in {"model": guess, "copy": other}.items():
        together, apart = found[name]
        np.testing.assert_allclose(together, cosine(said * columns, truth * columns), atol=1e-12)
        np.testing.assert_allclose(apart.T, [cosine(said[:, b], truth[:, b]) for b in BLOCKS], atol=1e-12)
