"""Figures and sentences: the same for the same table, and no claim without significance."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.views import palette
from workbench.views.default_selection import hide_at_random, opening_title
from workbench.views.fill_in.filmstrip import scene_around, scene_starts, strip_answer, strip_shots
from workbench.views.fill_in.shot_table import shot_table
from workbench.views.fill_in.timeline import time_ticks, timeline
from workbench.views.fill_in.verdict import clear_difference, interval, verdict
from workbench.views.formatting import clock, number, provenance_lines, signed
from workbench.views.report.comparison import comparison_sentence, comparison_table
from workbench.views.report.track_record import track_record, track_record_sentence
from workbench.views.shot_colors import fingerprint_colors, principal_components

CONFIG = tomllib.loads(
    (Path(__file__).parents[2] / "workbench" / ".streamlit" / "config.toml").read_text(encoding="utf-8")
)


def fill_table(model: list[float], baseline: list[float], distance: int | list[int] = 1, num_shots: int = 100):
    """A fill-in's table with these centred cosines."""
    n = len(model)
    return pd.DataFrame(
        {
            "shot": np.arange(n) * 3,
            "start_s": np.arange(n) * 12.0,
            "distance": distance,
            "centred_cosine": model,
            "best_baseline": baseline,
            "cosine": np.array(model) + 0.1,
            "best_baseline_cosine": np.array(baseline) + 0.1,
            "rank": 2.0,
            "num_shots": num_shots,
            "centred_video": model,
            "centred_text": np.nan,
        }
    )


def many(mean: float, n: int = 40, seed: int = 0) -> list[float]:
    return list(mean + 0.05 * np.random.default_rng(seed).standard_normal(n))


# ---- the palette --------------------------------------------------------------------------------
def linear_rgb(colour: str) -> np.ndarray:
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    a, b = sorted(float(linear_rgb(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (b + 0.05) / (a + 0.05)


# Machado, Oliveira and Fernandes 2009, severity 1.
CONE_LOSS = {
    "none": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip


def oklab(rgb: np.ndarray) -> np.ndarray:
    lms = np.cbrt(
        np.clip(rgb, 0, 1)
        @ np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]).T
    )  # fmt: skip
    return lms @ np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]]).T  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_contrasts_with_light_and_dark_pages(theme):
    page = CONFIG["theme"][theme]["backgroundColor"]

    assert {name: round(contrast(c, page), 1) for name, c in palette.MEANINGS.items() if contrast(c, page) < 3} == {}


@pytest.mark.parametrize("loss", CONE_LOSS)
def test_model_and_baseline_and_truth_can_be_distinguished_with_colour_blindness(loss):
    seen = {n: oklab(CONE_LOSS[loss] @ linear_rgb(palette.MEANINGS[n])) for n in ("model", "baseline", "truth")}

    gaps = {(a, b): np.linalg.norm(seen[a] - seen[b]) for a, b in itertools.combinations(seen, 2)}

    assert min(gaps.values()) > 0.08, gaps


def test_a_number_of_which_nothing_is_left_has_no_sign():
    assert [number(x) for x in (-0.004, -0.006, 0.0, float("nan"))] == ["0.00", "−0.01", "0.00", "–"]
    assert [signed(x) for x in (-0.004, 0.004, 0.006, -0.006)] == ["0.00", "0.00", "+0.01", "−0.01"]


def test_the_theme_and_the_figures_use_the_same_colours():
    theme = CONFIG["theme"]

    assert [theme[f"{c}Color"] for c in ("blue", "orange", "green", "violet")] == list(palette.MEANINGS.values())
    assert [theme[f"{c}TextColor"] for c in ("blue", "orange")] == [palette.MODEL, palette.BASELINE]
    assert theme["chartCategoricalColors"] == [*palette.MEANINGS.values(), palette.OTHER]


# ---- fingerprints -------------------------------------------------------------------------------
def test_shots_with_the_same_embedding_have_the_same_colour_and_others_do_not():
    shots = np.random.default_rng(0).standard_normal((30, 16))
    shots[20] = shots[4]

    colors = fingerprint_colors(shots)

    assert colors[20] == colors[4]
    assert len(set(colors)) == 29


def test_principal_components_are_those_of_a_full_decomposition():
    rows = np.random.default_rng(1).standard_normal((80, 40)) * np.geomspace(4, 0.1, 40)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    left, strength, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)

    found = principal_components(rows, 3)

    np.testing.assert_allclose(np.abs(found), np.abs(left[:, :3] * strength[:3]), atol=1e-3)


@pytest.mark.parametrize("num_shots", [1, 2, 3])
def test_the_shortest_titles_have_colours_too(num_shots):
    colors = fingerprint_colors(np.random.default_rng(0).standard_normal((num_shots, 4)).astype(np.float32))

    assert [len(c) for c in colors] == [7] * num_shots


# ---- the strip ----------------------------------------------------------------------------------
def test_scenes_are_read_from_either_label_and_unknown_ones_are_not_marked():
    assert scene_starts(pd.DataFrame({"scene_start": [1, 0, 0, 1]})) == [0, 3]
    assert scene_starts(pd.DataFrame({"scene": ["a", "a", "b", "b"]})) == [0, 2]
    assert scene_starts(pd.DataFrame({"scene": [-1, -1, -1]})) == []
    assert scene_starts(pd.DataFrame({"tone": ["calm"]})) == []


def test_a_scene_reaches_from_its_mark_to_the_next():
    shots = pd.DataFrame({"scene_start": [1, 0, 0, 1, 0]})

    assert scene_around(shots, 1) == [0, 1, 2]
    assert scene_around(shots, 4) == [3, 4]


def test_a_shot_of_an_unknown_scene_has_no_scene_around_it():
    shots = pd.DataFrame({"scene": [0, 0, -1, -1, 1]})

    assert scene_around(shots, 1) == [0, 1]
    assert scene_around(shots, 2) == []


def test_a_title_without_times_and_text_has_a_strip():
    shots = pd.DataFrame({"start_s": [np.nan, np.nan], "end_s": [np.nan, np.nan]})

    strip = strip_shots("key", "name", shots, np.eye(2))

    assert (strip["starts"], strip["texts"], strip["thumbnails"], strip["scenes"]) == ([None, None], None, None, [])


def test_scores_of_the_filmstrip_carry_every_measure_with_its_baseline_and_no_raw_cosine_alone():
    table = fill_table([0.7, np.nan, 0.2], [0.5, np.nan, 0.3])
    table = table.assign(centred_video=[0.6, 0.5, 0.4], best_video=[0.3, 0.2, 0.1])
    table = table.assign(centred_text=[0.2, 0.2, np.nan], best_text=[0.1, 0.1, np.nan])
    table = table.assign(centred_audio=np.nan, best_audio=np.nan)
    answer = strip_answer(table, "linear")

    assert answer["shots"] == [0, 3, 6]
    assert [m["key"] for m in answer["measures"]] == ["centred", "raw", "video", "text"]  # the sound was not hidden
    assert answer["measures"][0]["model"] == [0.7, None, 0.2]
    assert all(len(m["best"]) == 3 and m["baseline"] for m in answer["measures"])
    assert len(strip_answer(table.assign(centred_text=np.nan), "linear")["measures"]) == 2  # one alone says it already
    assert strip_answer(None) is None


# ---- the verdict --------------------------------------------------------------------------------
def test_a_clear_win_names_the_baseline():
    sentence = verdict(fill_table(many(0.7), many(0.5, seed=1)), "linear")

    assert "better than blending" in sentence
    assert "blending the visible shots on either side" in sentence


def test_a_clear_loss_is_called_one():
    sentence = verdict(fill_table(many(0.4), many(0.6, seed=1)), "nearest_visible")

    assert sentence.startswith("Copying did better: copying the nearest visible shot")


def test_a_difference_that_chance_could_make_is_no_win():
    seesaw = fill_table([0.9, 0.2] * 10, [0.5, 0.5] * 10)  # on average 0.05 better, give or take 0.08

    sentence = verdict(seesaw, "linear")
    assert "about as well as" in sentence and "ahead by 0.05 on average" in sentence
    assert (
        "20 hidden shots in 1 moment" not in sentence
        and "that may be chance (95% interval of the difference: −" in sentence
    )

    hair = fill_table([0.501, 0.505] * 10, [0.5, 0.5] * 10)  # clear, and too small to matter
    assert "the difference is 0.003 on average, and below 0.02 none is counted" in verdict(hair, "linear")


def test_the_verdict_says_that_the_model_learned_from_the_title():
    table = fill_table(many(0.7), many(0.5, seed=1))

    assert "training title" in verdict(table, "linear", "train") and "training title" not in verdict(table, "linear")
    assert "training title" in verdict(fill_table([0.9], [0.5]), "linear", "train")


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("model", [0.9, 0.1])
def test_few_hidden_shots_are_never_called_a_measurement(n, model):
    sentence = verdict(fill_table([model] * n, [0.5] * n), "linear")

    assert "not a measurement" in sentence
    assert "better than" not in sentence


def test_two_scores_stand_in_the_order_of_their_names():
    for model, baseline, order in (
        (0.5, 0.505, "the model and .* equally near"),
        (0.72, 0.5, "the model came nearer"),
        (0.5, 0.72, "came nearer to the truth than the model"),
    ):
        sentence = verdict(fill_table([model], [baseline]), "linear")
        first, second = (baseline, model) if order.endswith("the model") else (model, baseline)
        assert re.search(order, sentence) and f"({number(first)} against {number(second)})" in sentence


def test_thousands_are_separated_in_a_verdict():
    sentence = verdict(fill_table(many(0.7), many(0.4, seed=1), num_shots=5000).assign(rank=3.0), "linear")

    assert "2 other shots of the title’s 5\u202f000 lie nearer" in sentence


def test_a_stretch_of_neighbouring_shots_is_one_moment_however_long():
    stretch = fill_table(many(0.7, 20), many(0.4, 20, seed=1)).assign(shot=np.arange(20))
    several = stretch.assign(shot=np.arange(20) + 10 * (np.arange(20) // 3))

    assert "That is one stretch, not a measurement" in verdict(stretch, "linear")
    assert "better than blending" in verdict(several, "linear")
    assert "better than interpolating" in verdict(several, "kriging")


def test_correlated_errors_of_neighbours_widen_the_interval():
    gap = pd.Series(np.repeat([0.3, -0.1, 0.25, -0.05, 0.2, -0.1], 5))  # six moments that disagree
    alone, together = np.arange(30), np.repeat(np.arange(6), 5)

    assert (clear_difference(gap, alone), clear_difference(gap, together)) == (1, 0)


def test_the_interval_has_its_nominal_coverage():
    rng = np.random.default_rng(0)
    low, high = np.array([interval(pd.Series(rng.normal(0.1, 0.2, 8))) for _ in range(2000)]).T

    assert 0.93 < ((low < 0.1) & (high > 0.1)).mean() < 0.97


def test_a_win_in_the_gaps_says_that_beside_a_visible_shot_copying_does_as_well():
    beside, far = fill_table(many(0.6, 20), many(0.6, 20)), fill_table(many(0.6, 20), many(0.3, 20, seed=1), 4)

    sentence = verdict(pd.concat([beside, far], ignore_index=True), "linear")

    assert "Right beside a visible shot that does as well" in sentence


def test_two_bad_predictions_are_called_bad_though_one_is_better():
    assert "Neither comes close" in verdict(fill_table(many(0.25), many(0.1, seed=1)), "linear")


def test_a_title_that_is_hidden_whole_and_one_that_is_not_hidden_at_all_are_no_measurement():
    everything = fill_table([0.3] * 10, [0.0] * 10, distance=10, num_shots=10)

    assert "Everything is hidden" in verdict(everything, "global_mean")
    assert "Nothing is hidden" in verdict(everything.iloc[:0], "global_mean")


# ---- figures and tables -------------------------------------------------------------------------
def test_the_timeline_joins_each_pair_in_the_colour_of_the_nearer_one():
    figure = timeline(fill_table([0.9, 0.2], [0.5, 0.5]), "linear", duration_s=60)
    won, lost, baseline, model = figure.data

    assert (won.line.color, lost.line.color) == (palette.MODEL, palette.BASELINE)
    assert (list(won.x[:2]), list(lost.x[:2])) == ([0, 0], [12, 12])
    assert (list(model.y), list(baseline.y)) == ([0.9, 0.2], [0.5, 0.5])
    assert list(model.customdata) == [0, 3]


def test_raw_cosine_is_never_drawn_without_its_baseline():
    figure = timeline(fill_table([0.9, 0.2], [0.5, 0.4]), "linear", measure="cosine")

    np.testing.assert_allclose(figure.data[2].y, [0.6, 0.5])
    assert "raw cosine" in figure.layout.yaxis.title.text


def test_a_timeline_without_times_counts_shots():
    figure = timeline(fill_table([0.9, 0.2], [0.5, 0.5]).assign(start_s=np.nan), "linear")

    assert list(figure.data[3].x) == [0, 3]
    assert figure.layout.xaxis.title.text == "shot"


@pytest.mark.parametrize("end_s", [0.0, 9.0, 600.0, 5_400.0, 40_000.0])
def test_the_time_axis_has_a_few_round_ticks(end_s):
    assert 1 <= len(time_ticks(end_s)) <= 11


def test_times_and_numbers_are_formatted_for_reading():
    assert [clock(0), clock(192.7), clock(3723), clock(float("nan"))] == ["00:00", "03:12", "1:02:03", ""]
    assert [number(-0.25), number(0.666), number(float("nan"))] == ["−0.25", "0.67", "–"]


def test_a_single_modality_is_not_shown_twice():
    table = fill_table([0.5], [0.4])

    assert {"video", "text"} <= set(shot_table(table))
    assert "video" not in shot_table(table.drop(columns="centred_text"))


def evaluation(model: float, baseline: float) -> dict:
    baselines = {n: {"centred_cosine": baseline - i / 10, "cosine": 0.5, "median_rank": None} for i, n in enumerate(("linear", "title_mean"))}  # fmt: skip
    return {"centred_cosine": model, "cosine": 0.6, "median_rank": 0.1, "best_baseline": "linear", "baselines": baselines}  # fmt: skip


def test_the_comparison_puts_the_best_first_whoever_it_is():
    assert list(comparison_table(evaluation(0.4, 0.5))["kind"]) == ["best", "model", "other"]
    assert list(comparison_table(evaluation(0.6, 0.5))["kind"]) == ["model", "best", "other"]


def test_the_comparison_names_the_winner_and_calls_a_draw_a_draw():
    assert "the model comes nearer" in comparison_sentence(evaluation(0.6, 0.5))
    assert "better to copy" in comparison_sentence(evaluation(0.4, 0.5))
    assert "no nearer" in comparison_sentence(evaluation(0.505, 0.5))


def measured_set(low: float, high: float) -> dict:
    return {
        "train_shots": 5000,
        "model": {"centred_cosine": 0.5 + (low + high) / 2},
        "baselines": {"linear": {"centred_cosine": 0.4}, "title_mean": {"centred_cosine": 0.5}},
        "best_baseline": "title_mean",
        "difference": {"mean": (low + high) / 2, "low": low, "high": high},
    }


def test_a_data_set_on_which_copying_wins_is_called_lost():
    sets = {
        "sample": measured_set(0.1, 0.2),
        "scene_shots": measured_set(-0.09, -0.07),
        "series": measured_set(-0.01, 0.03),
    }
    table = track_record({"sets": sets})

    assert list(table["Outcome"]) == ["the model wins", "the baseline wins", "no difference seen"]
    assert table["Difference"].iloc[1] == pytest.approx(-0.08) and table["Best baseline"].iloc[1] == 0.5
    assert "wins on 1 of 3 sets" in track_record_sentence(table)
    assert "on 1 the best prediction without a model does better" in track_record_sentence(table)


def test_the_best_recipe_stands_beside_the_published_one_of_the_same_set():
    lead = {"difference": 0.02, "low": 0.01, "high": 0.03}
    best_baseline = {"name": "title_mean", "centred_cosine": 0.5}
    base = {"recipe": {"name": "neighbour"}, "test": {"centred_cosine": 0.52, "best_baseline": best_baseline}}
    ablation = {"split": "test", "catalog": {"train_shots": 5000}, "cells": [{**base, "vs_baseline": lead}]}
    sets = {"scene_shots": measured_set(-0.09, -0.07), "series": measured_set(-0.09, -0.07)}
    table = track_record({"sets": sets, "best": dict.fromkeys(sets, ablation)})

    assert list(table["Recipe"]) == ["mediafm", "neighbour"] * 2
    assert list(table["Outcome"]) == ["the baseline wins", "the model wins"] * 2
    assert "recipe wins on none of 2 sets, and on 2 the best prediction without a model" in track_record_sentence(table)
    assert "our `neighbour` wins on all 2 sets" in track_record_sentence(table)


def test_trainings_older_than_the_best_baseline_are_restated_against_it_without_an_interval():
    lead = {"difference": 0.02, "low": 0.01, "high": 0.03}
    best_baseline = {"name": "distance_weighted", "centred_cosine": 0.45}
    base = {"recipe": {"name": "neighbour"}, "test": {"centred_cosine": 0.47, "best_baseline": best_baseline}}
    ablation = {"split": "test", "catalog": {"train_shots": 5000}, "cells": [{**base, "vs_baseline": lead}]}
    sets = {"series": measured_set(-0.09, -0.07)}
    row = track_record({"sets": sets, "best": {"series": ablation}}).iloc[1]

    assert row["Best baseline"] == 0.5 and row["Difference"] == pytest.approx(-0.03)
    assert row["95 % interval"] == "–" and row["Outcome"] == "not told without an interval"


def test_without_measurements_there_is_no_track_record():
    assert track_record({"sets": {}}).empty


# ---- opening ------------------------------------------------------------------------------------
def test_a_page_opens_on_a_title_that_training_never_saw():
    titles = pd.DataFrame(
        {"title_id": ["a", "b", "c"], "split": ["train", "test", "test"], "num_shots": [120, 900, 100]}
    )

    assert opening_title(titles) == "c"
    assert opening_title(titles[titles["split"] == "train"]) == "a"


@pytest.mark.parametrize("num_shots", [2, 3, 50])
def test_at_random_leaves_one_shot_hidden_and_one_visible_at_least(num_shots):
    for seed in range(50):
        assert 0 < len(hide_at_random(num_shots, seed, ratio=0.5)) < num_shots


def test_provenance_is_printed_without_braces():
    facts = {"kind": "films", "seed": 7, "ingest": {"encoders": {"video": "open/1"}, "fps": None}}
    expected = ["kind: films", "seed: 7", "ingest, encoders, video: open/1", "ingest, fps: null"]
    assert list(provenance_lines(facts)) == expected
