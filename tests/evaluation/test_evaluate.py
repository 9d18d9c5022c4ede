import json

import numpy as np
import pandas as pd
import pytest

from msm import Run, baselines
from msm.errors import InputError
from msm.evaluation.evaluate_titles import hide_one_modality
from msm.evaluation.report import by_part, report
from msm.evaluation.scoring import score_fill_in, score_titles
from msm.evaluation.space import fit_space
from msm.training.trainer import start_run, train


@pytest.fixture(scope="module")
def space(talks):
    return fit_space(talks.split("train"), talks.split("validation"), talks.modalities, "per_modality")


@pytest.fixture(scope="module")
def run(talks, tmp_path_factory):
    import torch

    from msm.recipes.recipe import Recipe

    recipe = Recipe().with_settings(["steps=6", "validate_every=6", "model.width=16", "model.depth=1", "model.heads=2"])
    cpu = torch.device("cpu")
    path = tmp_path_factory.mktemp("runs") / "run"
    return Run.open(train(start_run(talks, path, recipe, device=cpu), talks, device=cpu).path)


def test_a_perfect_predictor_has_skill_one_and_ranks_first(talks, space):
    measured = report(score_titles(lambda shots, hidden, _: shots[hidden], talks.split("test"), space), "test")
    assert measured["skill"] == pytest.approx(1, abs=1e-5)
    assert measured["cosine"] == pytest.approx(1, abs=1e-5)
    assert measured["median_rank"] < 0.1


def test_a_predictor_that_says_what_the_best_baseline_says_has_skill_zero(talks, space):
    titles = talks.split("test")
    best = report(score_titles(lambda s, h, g: s[h], titles, space), "test")["best_baseline"]

    def copycat(shots, hidden, _):
        return baselines.predict_all(shots, hidden, space.mean, space.bandwidth, space.baselines)[best]

    assert report(score_titles(copycat, titles, space), "test")["skill"] == pytest.approx(0, abs=1e-6)


def test_the_report_has_the_form_that_scripts_rely_on(talks, run):
    measured = json.loads(json.dumps(report(score_titles(run.predict, talks.split("test"), run.space), "test")))
    assert set(measured) >= {
        "split", "cosine", "centred_cosine", "median_rank", "skill", "baselines", "by_distance", "by_modality",
    }  # fmt: skip
    assert tuple(measured["baselines"]) == baselines.NAMES[:-1]  # nothing is known of shots that are hidden as a whole
    assert all(set(b) == {"cosine", "centred_cosine", "median_rank"} for b in measured["baselines"].values())
    assert set(measured["by_modality"]) == {"video", "audio"}
    assert measured["baselines"]["global_mean"]["centred_cosine"] == 0


def test_the_shares_by_distance_make_up_the_whole(talks, run):
    measured = report(score_titles(run.predict, talks.split("test"), run.space), "test")
    parts = measured["by_distance"]
    assert sum(p["num_hidden"] for p in parts) == measured["num_hidden"]
    weighted = sum(p["num_hidden"] * p["centred_cosine"] for p in parts if p["num_hidden"])
    assert weighted / measured["num_hidden"] == pytest.approx(measured["centred_cosine"])


def test_a_modality_that_the_truth_lacks_is_not_scored(talks, space):
    title = talks.split("test")[0]
    embeddings = title.embeddings
    embeddings[3, 8:] = 0
    shots, hidden = space.fuse(embeddings), np.isin(np.arange(len(embeddings)), [3, 5])
    scores = score_fill_in(shots, hidden, shots[hidden] + 0.1, space)
    audio = scores[scores["predictor"] == "model"].set_index("shot")["centred_audio"]
    assert np.isnan(audio[3]) and np.isfinite(audio[5])


def test_a_title_without_a_modality_is_left_out_of_the_mean(talks):
    train = talks.split("train")
    whole = fit_space(train, [], talks.modalities, "per_modality")

    class Silent:
        def __init__(self, title):
            self.embeddings = title.embeddings
            self.embeddings[:, 8:] = 0

    mixed = fit_space([*train, *map(Silent, train)], [], talks.modalities, "per_modality")
    np.testing.assert_allclose(mixed.mean, whole.mean, atol=1e-6)


def test_the_bandwidth_is_the_one_that_does_best_on_the_validation_titles(talks, space):
    from dataclasses import replace

    def on_validation(b):
        scores = score_titles(None, talks.split("validation"), replace(space, bandwidth=b, baselines={}))
        return scores[scores["predictor"] == "distance_weighted"]["centred_cosine"].mean()

    assert space.bandwidth == max(baselines.BANDWIDTHS, key=on_validation)


def test_a_fill_in_says_for_each_hidden_shot_how_near_it_came(talks, run):
    title = talks.split("test")[0]
    fill = run.fill_in(title, [7, 3, 4])
    table = fill.table
    assert table["shot"].tolist() == [3, 4, 7] and table["start_s"].tolist() == [7.5, 10.0, 17.5]
    assert table["distance"].tolist() == [1, 1, 1] and (table["num_shots"] == title.num_shots).all()
    means = table[list(baselines.NAMES[:-1])].mean()
    assert means.idxmax() == fill.best_baseline_name
    assert fill.best_baseline == pytest.approx(means.max())
    assert fill.skill == pytest.approx((fill.centred_cosine - fill.best_baseline) / (1 - fill.best_baseline))


def test_candidates_are_the_nearest_real_shots_and_their_order_agrees_with_the_rank(talks, run):
    fill = run.fill_in(talks.split("test")[0], [5, 9])
    candidates = fill.candidates(len(fill.shots))
    place = candidates[candidates["is_truth"]].set_index("shot")["place"]
    pd.testing.assert_series_equal(place, fill.table.set_index("shot")["rank"], check_names=False, check_dtype=False)
    assert (candidates.groupby("shot")["centred_cosine"].diff().dropna() <= 0).all()


def test_a_fill_in_does_not_see_what_is_hidden(talks, run):
    title = talks.split("test")[0]
    before = run.fill_in(title, [5, 6]).predicted
    embeddings = title.embeddings
    embeddings[5:7] = 3.0

    class Changed(type(title)):
        @property
        def embeddings(self):
            return embeddings

    after = run.fill_in(Changed(title.catalog, title.index), [5, 6]).predicted
    np.testing.assert_allclose(before, after, atol=1e-6)


def test_everything_may_be_hidden(talks, run):
    title = talks.split("test")[0]
    table = run.fill_in(title, range(title.num_shots)).table
    assert len(table) == title.num_shots and table["centred_cosine"].notna().all()


@pytest.mark.parametrize(
    "hidden, sentence", [([], "no shot is hidden"), ([9999], "no shot 9999"), ([-1], "no shot -1")]
)
def test_a_shot_that_is_not_there_cannot_be_hidden(talks, run, hidden, sentence):
    with pytest.raises(InputError, match=sentence):
        run.fill_in(talks.split("test")[0], hidden)


def test_a_run_for_other_shots_is_refused(run, tmp_path):
    from msm import Catalog, TitleData
    from msm.data.catalog import modalities_of

    rng = np.random.default_rng(0)
    titles = [TitleData(title_id="a", split="test", embeddings=rng.normal(size=(9, 10)))]
    other = Catalog.write(tmp_path / "other", titles, modalities=modalities_of({"video": 10}))
    with pytest.raises(InputError, match="was trained on shots of"):
        run.fill_in(other["a"], [1])


def test_contextual_embeddings_are_one_a_shot_and_depend_on_the_context(talks, run):
    title = talks.split("test")[0]
    contextual = run.contextual(title)
    assert contextual.shape == (title.num_shots, 16)
    alike = np.corrcoef(contextual)
    assert not np.allclose(alike, np.corrcoef(run.space.fuse(title.embeddings)), atol=0.05)


def full_report(predict, catalog, space, **choices):
    from msm.evaluation.evaluate_titles import evaluate_titles

    return evaluate_titles(predict, catalog, space, "test", lambda done, total: None, **choices)


def truth(shots, hidden, _):
    return shots[hidden]


def test_the_interval_of_the_difference_holds_it_and_a_perfect_predictor_is_clearly_ahead(talks, space, run):
    measured = full_report(run.predict, talks, run.space)
    spread = measured["intervals"]["difference"]
    best = measured["baselines"][measured["best_baseline"]]["centred_cosine"]
    assert spread["low"] <= spread["mean"] <= spread["high"]
    assert spread["mean"] == pytest.approx(measured["centred_cosine"] - best)
    perfect = full_report(truth, talks, space)["intervals"]
    assert perfect["difference"]["low"] > 0 and perfect["centred_cosine"]["low"] == pytest.approx(1)
    assert set(perfect["baselines"]) == set(measured["baselines"])


def test_the_interval_is_narrower_with_more_titles(talks, space):
    scores = score_titles(lambda s, h, g: s[h] + 0.5, talks.split("train"), space)
    few = scores[scores["title_id"].isin(scores["title_id"].unique()[:4])]
    wide, narrow = (report(s, "train")["intervals"]["difference"] for s in (few, scores))
    assert narrow["high"] - narrow["low"] < wide["high"] - wide["low"]


def test_two_titles_have_no_interval(talks, space):
    scores = score_titles(truth, talks.split("test")[:2], space)
    assert report(scores, "test")["intervals"] is None


def test_the_bootstrap_draws_whole_titles():
    from msm.metrics.similarity import resampled_means

    sums, counts = np.array([[10.0], [0.0]]), np.array([[10], [90]])
    drawn = np.unique(resampled_means(sums, counts, 200).round(6))
    assert drawn.tolist() == [0.0, 0.1, 1.0]  # both, either, never a part of one


def test_every_title_has_its_row_and_the_rows_make_up_the_whole(talks, run):
    measured = full_report(run.predict, talks, run.space)
    rows = measured["titles"]
    assert [r["title_id"] for r in rows] == [t.title_id for t in talks.split("test")]
    weighted = sum(r["centred_cosine"] * r["num_hidden"] for r in rows) / sum(r["num_hidden"] for r in rows)
    assert weighted == pytest.approx(measured["centred_cosine"])


def test_the_full_report_has_every_ratio_and_agrees_with_the_main_one_at_a_fifth(talks, run):
    measured = full_report(run.predict, talks, run.space, full=True)
    assert [p["ratio"] for p in measured["by_ratio"]] == [0.1, 0.2, 0.4, 0.6, 0.8]
    assert measured["by_ratio"][1]["centred_cosine"] == measured["centred_cosine"]
    assert "by_ratio" not in full_report(run.predict, talks, run.space)
    json.dumps(measured, allow_nan=False)


def test_with_one_modality_hidden_the_others_are_told_and_a_shot_that_lacks_it_stays_visible(space):
    shots, given = np.random.default_rng(0).normal(size=(8, 12)).astype(np.float32), []
    shots[3, 8:] = 0

    def oracle(shots, hidden, told):
        given.append(hidden)
        return shots[hidden.any(axis=1)]

    hidden = np.isin(np.arange(8), [2, 3, 5])
    answer = hide_one_modality(oracle, space, 1)(shots, hidden, None)
    assert np.argwhere(given[0]).tolist() == [[2, 1], [5, 1]]
    np.testing.assert_array_equal(answer, np.stack([shots[2], np.zeros(12), shots[5]]))


def test_a_modality_that_no_shot_has_is_no_part_of_any_verdict(talks, space):
    scores = score_titles(lambda shots, hidden, _: shots[hidden], talks.split("test"), space)
    known = by_part(scores, "audio", True)
    assert known["skill"] == pytest.approx(1, abs=1e-5) and known["rest_shown"]
    assert by_part(scores.assign(centred_audio=np.nan), "audio", True)["num_hidden"] == 0


def test_the_full_report_hides_each_modality_by_itself(talks, run):
    parts = full_report(run.predict, talks, run.space, full=True)["by_part"]
    assert [p["modality"] for p in parts] == ["video", "audio"]
    assert all(p["difference"]["low"] < p["difference"]["mean"] < p["difference"]["high"] for p in parts)


def test_spans_give_the_far_distances_real_numbers(talks, run):
    measured = full_report(run.predict, talks, run.space, full=True)["spans"]
    assert [p["distance"] for p in measured["by_distance"]] == ["1", "2", "3", "4+"]
    hidden = [p["num_hidden"] for p in measured["by_distance"]]
    assert min(hidden) >= 10 and sum(hidden) == measured["num_hidden"] and measured["titles_left_out"] == 0


@pytest.mark.parametrize("num_shots", [9, 20, 35, 200])
def test_spans_are_of_their_length_never_touch_and_leave_shots_visible(num_shots):
    from msm.evaluation.protocol import SPAN, hide_in_spans

    rng = np.random.default_rng(num_shots)
    shares = []
    for _ in range(200):
        hidden = hide_in_spans(num_shots, rng)
        edges = np.flatnonzero(np.diff(np.r_[0, hidden.astype(int), 0]))
        assert (np.diff(edges)[::2] == SPAN).all() and not hidden.all()
        shares.append(hidden.mean())
    assert len(set(shares)) == 1 and shares[0] == pytest.approx(max(7 / num_shots, 0.2), abs=0.5 * SPAN / num_shots)


def small_catalog(path, lengths, scene=None):
    from msm import Catalog, TitleData
    from msm.data.catalog import modalities_of

    rng = np.random.default_rng(0)
    titles = []
    for split in ("train", "test"):
        for i, n in enumerate(lengths):
            shots = None if scene is None else pd.DataFrame({"scene": scene(n)})
            titles.append(
                TitleData(title_id=f"{split}-{i}", split=split, embeddings=rng.normal(size=(n, 6)), shots=shots)
            )
    return Catalog.write(path, titles, modalities=modalities_of({"video": 6}))


def test_a_ratio_that_hides_nothing_of_a_few_short_titles_leaves_the_rest_of_the_report_alone(tmp_path):
    catalog = small_catalog(tmp_path / "short", [2])
    space = fit_space(catalog.split("train"), [], catalog.modalities, "joint")
    tenth, fifth, *_ = full_report(truth, catalog, space, full=True)["by_ratio"]
    assert tenth["num_hidden"] == 0 and tenth["centred_cosine"] is None and fifth["num_hidden"] > 0


def test_titles_too_short_for_a_span_are_left_out_and_it_is_said(tmp_path):
    catalog = small_catalog(tmp_path / "short", [8, 8, 30])
    space = fit_space(catalog.split("train"), [], catalog.modalities, "joint")
    assert full_report(truth, catalog, space, full=True)["spans"]["titles_left_out"] == 2
    catalog = small_catalog(tmp_path / "shorter", [8, 8])
    measured = full_report(truth, catalog, space, full=True)["spans"]
    assert measured["skipped"] == "no title has the 9 shots that hiding 7 in a row takes."


def test_places_in_the_scene_are_told_where_scenes_are_marked(tmp_path):
    marked = small_catalog(tmp_path / "marked", [30, 30, 30], lambda n: np.r_[np.arange(n - 2) // 7, 90, 91])
    space = fit_space(marked.split("train"), [], marked.modalities, "joint")
    measured = full_report(truth, marked, space)
    assert {p["position"] for p in measured["by_position"]} == {"first", "middle", "last", "only"}
    assert sum(p["num_hidden"] for p in measured["by_position"]) == measured["num_hidden"]
    unmarked = small_catalog(tmp_path / "unmarked", [30, 30, 30])
    assert full_report(truth, unmarked, space)["by_position"] == []


def test_scenes_are_numbered_from_either_label():
    from msm.data.scenes import position_in_scene, scene_numbers

    by_start = scene_numbers(pd.DataFrame({"scene_start": [1, 0, 0, 1, 1, 0]}))
    assert by_start.tolist() == [0, 0, 0, 1, 2, 2]
    assert position_in_scene(by_start).tolist() == ["first", "middle", "last", "only", "first", "last"]
    by_name = scene_numbers(pd.DataFrame({"scene": ["a", "a", "", "b", "a", None]}))
    assert by_name.tolist() == [0, 0, -1, 1, 2, -1]
    assert position_in_scene(by_name).tolist() == ["first", "last", "", "only", "only", ""]
    assert scene_numbers(pd.DataFrame({"scene": [3, 3, -1]})).tolist() == [0, 0, -1]


def test_a_part_stays_until_weights_split_or_catalog_change(talks, run):
    from msm.evaluation.evaluate_run import evaluate_run, with_earlier_parts

    whole = evaluate_run(run, talks, full=True)
    again = evaluate_run(run, talks)
    assert again["by_ratio"] == whole["by_ratio"] and run.evaluation == json.loads(json.dumps(again))
    bare = {k: v for k, v in again.items() if k not in ("by_ratio", "spans")}
    for changed in ("weights", "split", "catalog_fingerprint"):
        assert "by_ratio" not in with_earlier_parts({**bare, changed: "another"}, whole)
    assert "by_ratio" in with_earlier_parts(bare, whole)
