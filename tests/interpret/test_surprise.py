"""Surprise, influence of visible shots, predictions with less context, nearest shots, and the guessing game."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from msm import Run
from msm.cli import main
from msm.data.fusion import unit
from msm.data.windows import split_windows
from msm.errors import InputError
from msm.inference.candidates import catalog_pool, most_telling, nearest_shots, title_pool, with_title
from msm.interpret.guess import ALIKE, deal, what_is_seen
from msm.interpret.influence import influence
from msm.interpret.surprise import (
    agreement,
    count_passes,
    peaks_at_scenes,
    predict_in_turns,
    scene_starts,
    surprise,
    turns_of,
    weighted_neighbours,
)
from msm.interpret.what_if import context_curve, stretch_around
from msm.recipes.presets import preset
from msm.training.trainer import start_run, train

SMALL = ["model.width=32", "model.depth=2", "model.heads=2", "batch_windows=8", "optim.lr=0.01"]


def trained(talks, folder, name: str, settings: list[str]) -> Run:
    recipe = preset(name).with_settings([*SMALL, *settings])
    cpu = torch.device("cpu")
    return Run.open(train(start_run(talks, folder / name, recipe, device=cpu), talks, device=cpu).path)


@pytest.fixture(scope="module")
def run(talks, tmp_path_factory):
    return trained(talks, tmp_path_factory.mktemp("surprise"), "mediafm", ["steps=60", "validate_every=30"])


@pytest.fixture(scope="module")
def copier(talks, tmp_path_factory):
    """A run that reads its immediate neighbours and nothing else, by construction."""
    made = trained(
        talks, tmp_path_factory.mktemp("copier"), "neighbour", ["steps=2", "validate_every=2", "model.start=distance"]
    )
    head = made.model.neighbour
    head.reset()
    with torch.no_grad():
        head.log_bandwidths.fill_(np.log(0.02))
        head.trust.zero_()
        head.sharpening.zero_()
    return made


@pytest.fixture(scope="module")
def title(talks):
    return max(talks.split("test"), key=len)


# ---- surprise -----------------------------------------------------------------------------------
@pytest.mark.parametrize("max_shots", [512, 16])
def test_exact_surprise_is_that_of_hiding_each_shot_by_hand(run, title, max_shots, monkeypatch):
    monkeypatch.setattr(run.model, "cfg", run.model.cfg.__class__(**{**vars(run.model.cfg), "max_shots": max_shots}))
    steps = []
    found = surprise(run, title, progress=lambda done, total: steps.append((done, total)))
    by_hand = [run.fill_in(title, [i]) for i in range(len(title))]

    np.testing.assert_allclose(found.predicted, np.concatenate([f.predicted for f in by_hand]), atol=2e-6)
    np.testing.assert_allclose(found.table["surprise"], [1 - f.centred_cosine for f in by_hand], atol=1e-5)
    copies = {n: [1 - f.table[n].iloc[0] for f in by_hand] for n in ("distance_weighted", "kriging")}
    best = min(copies, key=lambda name: np.mean(copies[name]))
    np.testing.assert_allclose(found.table["copy_surprise"], copies[best], atol=1e-5)
    assert set(found.table["baseline"]) == {best}
    assert found.exact and steps[-1] == (len(title), len(title))


def test_the_grouped_form_ranks_the_shots_as_the_exact_one(talks, run):
    pooled = {True: [], False: []}
    for some in talks.split("test"):
        for exact, curves in pooled.items():
            curves.append(surprise(run, some, exact=exact).table["surprise"].to_numpy())

    assert agreement(*(np.concatenate(pooled[exact]) for exact in (True, False))) > 0.9


@pytest.mark.parametrize(("num_shots", "max_shots"), [(2, 512), (30, 512), (62, 512), (500, 512), (1100, 512)])
def test_shots_hidden_together_are_far_apart_and_take_a_tenth_of_the_passes(num_shots, max_shots):
    turns = turns_of(num_shots, max_shots, exact=False)

    assert count_passes(turns_of(num_shots, max_shots, exact=True), max_shots) == num_shots
    for start, stop in split_windows(num_shots, max_shots):
        assert len(np.unique(turns[start:stop])) % 2 or stop - start < 5  # of two views in turn an even step hides one
        for number in np.unique(turns[start:stop]):
            assert (np.diff(np.flatnonzero(turns[start:stop] == number)) >= 5).all()
    if num_shots >= 60:
        assert count_passes(turns, max_shots) * 10 <= num_shots


def test_predictions_do_not_depend_on_the_batch_size(run, title, monkeypatch):
    shots = run.space.fuse(title.embeddings)
    together = predict_in_turns(run.model, shots, np.arange(len(shots)))
    monkeypatch.setattr("msm.interpret.surprise.MAX_NUMBERS", 1)

    np.testing.assert_allclose(together, predict_in_turns(run.model, shots, np.arange(len(shots))), atol=2e-6)


def test_the_weighted_mean_of_the_others_does_not_read_the_shot_itself():
    shots = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    changed = shots.copy()
    changed[3] += 100

    np.testing.assert_allclose(
        weighted_neighbours(shots, 2.0)[3], weighted_neighbours(changed, 2.0)[3], rtol=1e-5, atol=1e-6
    )


def test_peaks_are_counted_against_random_shots():
    starts = np.zeros(21, dtype=bool)
    starts[[0, 7, 14]] = True
    curve = np.zeros(21)
    curve[[7, 13]] = 1.0  # one opens a scene, one closes one
    table = pd.DataFrame({"shot": np.arange(21), "surprise": curve, "starts_scene": starts.tolist()})

    found = peaks_at_scenes(table)

    assert (found.count, found.opening, found.beside) == (2, 1, 2)
    assert found.opening_by_chance == pytest.approx(2 * 2 / 20)
    assert found.beside_by_chance == pytest.approx(2 * 4 / 20)
    assert peaks_at_scenes(table.assign(starts_scene=None)) is None


def test_without_scene_labels_scene_starts_are_unknown(title):
    assert scene_starts(title.shots) is None
    assert list(scene_starts(title.shots.assign(scene=[0] * 3 + [1] * (len(title) - 3)))[:5]) == [1, 0, 0, 1, 0]


# ---- influence ----------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["leave_one_out", "gradient"])
def test_a_shot_that_the_model_ignores_has_no_influence_and_a_neighbour_has(copier, title, method):
    hidden, shot = [8], 8
    table = influence(copier, title, hidden, shot, method=method).set_index("offset")["influence"]

    assert table[abs(table.index) > 2].abs().max() < 1e-5
    assert table[abs(table.index) == 1].abs().max() > 0.01


def test_leave_one_out_is_what_hiding_that_shot_too_changes(run, title):
    hidden, shot = [5, 9, 10], 9
    table = influence(run, title, hidden, shot).set_index("shot")

    def near(where):
        return run.fill_in(title, where).table.set_index("shot")["centred_cosine"][shot]

    assert set(table.index) == set(range(len(title))) - set(hidden)
    assert table["influence"][11] == pytest.approx(near(hidden) - near([*hidden, 11]), abs=1e-5)
    assert table["moved"].min() >= -1e-6


def test_the_influence_on_a_visible_shot_is_refused(run, title):
    with pytest.raises(InputError, match="shot 4 is not hidden"):
        influence(run, title, [5], 4)
    with pytest.raises(InputError, match="leave_one_out, gradient"):
        influence(run, title, [5], 5, method="magic")


# ---- less of the film ---------------------------------------------------------------------------
def test_the_context_curve_ends_at_the_fill_in_itself(run, title):
    hidden = [4, 9, 10, 15]
    curve = context_curve(run, title, hidden)
    whole = run.fill_in(title, hidden)

    assert curve["centred_cosine"].iloc[-1] == pytest.approx(whole.centred_cosine, abs=1e-5)
    assert curve["best_baseline"].iloc[-1] == pytest.approx(whole.best_baseline, abs=1e-5)
    assert list(curve["reach"]) == sorted(curve["reach"]) and (curve["num_hidden"] == 4).all()
    assert (np.diff(curve["visible"]) > 0).all()


def test_a_stretch_holds_so_many_visible_shots_on_each_side():
    hidden = np.zeros(20, dtype=bool)
    hidden[[8, 9, 10, 12]] = True

    assert stretch_around(hidden, 9, 2, 512) == (6, 14)
    assert stretch_around(hidden, 9, 50, 512) == (0, 20)
    start, stop = stretch_around(hidden, 9, 50, 6)
    assert stop - start == 6 and start <= 9 < stop


# ---- nearest shots ------------------------------------------------------------------------------
def test_the_nearest_shots_and_the_rank_are_those_of_a_full_search(talks, run, title):
    fill, pool = run.fill_in(title, [9]), catalog_pool(talks, run.space)
    truth = int(title.row["first_shot"]) + 9
    table, rank = nearest_shots(fill.predicted[0], pool, run.space, 5, truth)
    everything = unit(run.space.fuse(talks.read_rows(0, talks.num_shots)) - run.space.mean)
    similarity = everything @ unit(fill.predicted[0] - run.space.mean)

    assert list(table["row"]) == list(np.argsort(-similarity, kind="stable")[:5])
    assert rank == (similarity >= similarity[truth]).sum() and pool.whole
    own = title_pool(fill.shots, int(title.row["first_shot"]), run.space, talks.num_shots)
    assert nearest_shots(fill.predicted[0], own, run.space, 5, truth)[1] == fill.table["rank"].iloc[0]


def test_candidates_of_a_large_catalog_are_a_sample_and_the_whole_title(talks, run, title):
    fill = run.fill_in(title, [9])
    own = title_pool(fill.shots, int(title.row["first_shot"]), run.space, talks.num_shots)
    sample = catalog_pool(talks, run.space, most=50)
    both = with_title(sample, own)

    assert not sample.whole and len(sample.rows) == 50
    assert set(own.rows) <= set(both.rows) and (np.diff(both.rows) > 0).all()
    np.testing.assert_allclose(both.vectors[np.isin(both.rows, own.rows)], own.vectors)


def test_the_shot_shown_first_agrees_with_the_overall_result(run, title):
    fill = run.fill_in(title, range(2, len(title), 4))

    assert most_telling(fill) in fill.hidden


# ---- guess --------------------------------------------------------------------------------------
def test_a_round_is_reproducible_and_the_order_of_its_choices_random(run, title):
    fill = run.fill_in(title, range(1, len(title), 2))
    rounds = [deal(fill, number) for number in range(60)]

    assert deal(fill, 7) == rounds[7]
    assert {r.shot for r in rounds} == set(fill.hidden[: len(rounds)])  # each has its turn before one is repeated
    places = np.bincount([r.choices.index(r.shot) for r in rounds], minlength=5)
    assert (places > 0).sum() >= 3  # not always first, not always last


def test_choices_are_hidden_shots_that_do_not_look_alike(run, title):
    fill = run.fill_in(title, range(1, len(title), 2))
    seen = what_is_seen(fill.shots, fill.space)
    round_ = deal(fill, 3)

    assert set(round_.choices) <= set(fill.hidden) and {round_.shot, round_.model, round_.copy} <= set(round_.choices)
    between = seen[list(round_.choices)] @ seen[list(round_.choices)].T
    assert between[~np.eye(len(between), dtype=bool)].max() < ALIKE


def test_too_few_different_hidden_shots_are_no_game(run, title):
    assert deal(run.fill_in(title, [3, 4]), 0) is None


# ---- the verb -----------------------------------------------------------------------------------
def test_the_command_prints_the_curve_and_the_agreement_of_the_fast_form(talks, run, title, capsys):
    with pytest.raises(SystemExit) as left:
        main(["surprise", str(run.path), str(talks.path), "--title", title.title_id, "--exact", "--json"])
    printed = json.loads(capsys.readouterr().out)

    assert left.value.code == 0
    assert printed["exact"] and printed["passes"] == len(title) == len(printed["shots"])
    assert printed["agreement"] > 0.8 and printed["fast_passes"] < len(title)
    with pytest.raises(SystemExit):
        main(["surprise", str(run.path), str(talks.path), "--title", title.title_id])
    assert "every k-th shot together" in capsys.readouterr().out
