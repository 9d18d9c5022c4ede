"""Reconstructions where only some modalities of a shot are hidden."""

import numpy as np
import pytest
import torch

from msm import Run, baselines
from msm.data.told import Told
from msm.errors import InputError
from msm.masking.parts import format_parts, parse_parts, simplest
from msm.metrics.fast import block_cosines, rank_of_truth
from msm.metrics.similarity import centred_cosine, cosine
from msm.metrics.similarity import rank_of_truth as slow_rank
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe
from msm.training.trainer import start_run, train


def trained(talks, path, recipe: Recipe) -> Run:
    small = ["steps=6", "validate_every=6", "batch_windows=4", "model.width=16", "model.depth=1", "model.heads=2"]
    cpu = torch.device("cpu")
    return Run.open(train(start_run(talks, path, recipe.with_settings(small), device=cpu), talks, device=cpu).path)


@pytest.fixture(scope="module", params=["mediafm", "neighbour"])
def run(request, talks, tmp_path_factory):
    """A run that was trained with partly hidden shots, with a linear and with a neighbour head."""
    recipe = preset("neighbour") if request.param == "neighbour" else Recipe().with_settings(["mask.policy=modality"])
    return trained(talks, tmp_path_factory.mktemp("by-modality") / request.param, recipe)


@pytest.fixture(scope="module")
def whole_shots_only(talks, tmp_path_factory):
    return trained(
        talks, tmp_path_factory.mktemp("by-modality") / "whole", preset("neighbour").with_settings(["mask.parts=0"])
    )


@pytest.fixture(scope="module")
def learned_otherwise(talks, tmp_path_factory):
    return trained(talks, tmp_path_factory.mktemp("by-modality") / "mediafm", Recipe())


def changed(title, shot, columns):
    """The same title with other values in these columns of one shot."""
    embeddings = title.embeddings.copy()
    embeddings[shot, columns] = embeddings[shot, columns][::-1] * 1.7 + 0.3

    class Changed(type(title)):
        @property
        def embeddings(self):
            return embeddings

    return Changed(title.catalog, title.index)


def test_a_hidden_sound_does_not_leak_but_the_picture_beside_it_is_seen(talks, run):
    title = talks.split("test")[0]
    fill = run.fill_in(title, [5], modalities=["audio"])
    # Unit length of the whole shot mixes the blocks, so a change of one is undone there by hand.
    other = fill.shots.copy()
    other[5, 8:] = other[5, 8:][::-1]
    parts = np.zeros((len(other), 2), dtype=bool)
    parts[5, 1] = True
    np.testing.assert_allclose(run.predict(other, parts, Told.of(title)), fill.predicted, atol=1e-6)

    seen = run.fill_in(changed(title, 5, slice(0, 8)), [5], modalities=["audio"])
    assert not np.allclose(seen.predicted, fill.predicted, atol=1e-4)


def test_only_the_hidden_modality_is_scored_of_the_model_and_of_the_baselines(talks, run):
    title = talks.split("test")[0]
    fill = run.fill_in(title, [3, 4, 9], modalities=["audio"])
    table, sound = fill.table, slice(8, 12)
    truth, mean = fill.shots[[3, 4, 9]][:, sound], fill.space.mean[sound]

    expected = centred_cosine(fill.predicted[:, sound], truth, mean)
    np.testing.assert_allclose(table["centred_cosine"], expected, atol=1e-6)
    np.testing.assert_allclose(table["centred_audio"], expected, atol=1e-6)
    assert table["centred_video"].isna().all() and table["best_video"].isna().all()
    assert table["best_baseline"].mean() == pytest.approx(table[list(baselines.NAMES)].mean().max())
    assert fill.columns.tolist() == [[False] * 8 + [True] * 4] * 3


def test_the_sound_of_one_shot_and_the_picture_of_another_may_be_hidden_and_each_is_scored_by_that(talks, run):
    title = talks.split("test")[0]
    mixed = run.fill_in(title, [3, 4, 9], modalities={"audio": [3], "video": [9]})
    mean, truth = mixed.space.mean, mixed.shots
    rows = {3: slice(8, 12), 4: slice(0, 12), 9: slice(0, 8)}

    assert mixed.parts == {"audio": [3], "video": [9]} and mixed.modalities == ()
    for row, (shot, lost) in enumerate(rows.items()):
        predicted, true = mixed.predicted[row : row + 1, lost], truth[shot : shot + 1, lost]
        line = mixed.table.iloc[row]
        assert line["centred_cosine"] == pytest.approx(centred_cosine(predicted, true, mean[lost])[0], abs=1e-6)
        assert line["rank"] == slow_rank(predicted, truth[:, lost], np.array([shot]), mean[lost])[0]
        picks = mixed.candidates(len(truth)).query("shot == @shot")
        assert picks["is_truth"].to_numpy().argmax() + 1 == pytest.approx(line["rank"], abs=1)
    assert mixed.table["centred_audio"].isna().tolist() == [False, False, True]
    assert mixed.table["centred_video"].isna().tolist() == [True, False, False]


def test_no_hidden_part_leaks_where_shots_have_different_hidden_parts(talks, run):
    title = talks.split("test")[0]
    mixed = run.fill_in(title, [3, 9], modalities={"audio": [3], "video": [9]})
    parts = np.zeros((len(mixed.shots), 2), dtype=bool)
    parts[3, 1] = parts[9, 0] = True
    other = mixed.shots.copy()
    other[3, 8:], other[9, :8] = 5.0, -5.0

    np.testing.assert_allclose(run.predict(other, parts, Told.of(title)), mixed.predicted, atol=1e-6)
    seen = mixed.shots.copy()
    seen[3, :8] += 0.5
    assert not np.allclose(run.predict(seen, parts, Told.of(title)), mixed.predicted, atol=1e-4)


def test_a_modality_hidden_in_every_shot_is_one_choice_for_all(talks, run):
    title = talks.split("test")[0]
    by_shot = run.fill_in(title, [3, 4], modalities={"audio": [3, 4, 7]})

    np.testing.assert_array_equal(by_shot.predicted, run.fill_in(title, [3, 4], modalities=["audio"]).predicted)
    assert by_shot.modalities == ("audio",) and by_shot.parts == {"audio": None}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", {}),
        ("audio", {"audio": None}),
        ("audio;video", {"audio": None, "video": None}),
        ("audio:3-5,9;video:7", {"audio": [3, 4, 5, 9], "video": [7]}),
    ],
)
def test_hidden_parts_survive_writing_and_parsing(text, parts):
    assert parse_parts(text, 10) == parts and format_parts(parts) == text


def test_hidden_parts_are_written_in_the_shortest_form():
    assert simplest({"audio": [3, 4, 9]}, [3, 4]) == {"audio": None}
    assert simplest({"audio": [3], "video": [9]}, [3]) == {"audio": None}
    assert simplest({"audio": [3], "video": [9]}, [4]) == {}
    assert simplest({"audio": None, "video": [4]}, [3, 4]) == {"audio": [3, 4], "video": [4]}
    for wrong in ("audio:", ":3", "audio:5-3", "audio:10", "audio:x"):
        with pytest.raises(InputError):
            parse_parts(wrong, 10)


def test_hiding_all_modalities_is_hiding_the_whole_shot(talks, run):
    title = talks.split("test")[0]
    named, whole = run.fill_in(title, [3, 4], modalities=["audio", "video"]), run.fill_in(title, [3, 4])

    np.testing.assert_array_equal(named.predicted, whole.predicted)
    assert named.modalities == whole.modalities == ()


def test_a_run_not_trained_with_partly_hidden_shots_is_shown_none_of_them(
    talks, run, whole_shots_only, learned_otherwise
):
    title = talks.split("test")[0]
    assert run.sees_rest
    for other in (whole_shots_only, learned_otherwise):
        of_sound = other.fill_in(title, [3, 4], modalities=["audio"])
        assert not other.sees_rest
        np.testing.assert_array_equal(of_sound.predicted, other.fill_in(title, [3, 4]).predicted)
        np.testing.assert_allclose(of_sound.table["centred_audio"], of_sound.table["centred_cosine"])


def test_a_modality_that_no_hidden_shot_has_cannot_be_hidden(talks, run):
    title = talks.split("test")[0]

    class Silent(type(title)):
        @property
        def embeddings(self):
            return np.where(np.arange(12) < 8, super().embeddings, 0.0)

    with pytest.raises(InputError, match="none of these shots has any audio"):
        run.fill_in(Silent(title.catalog, title.index), [3, 4], modalities=["audio"])
    with pytest.raises(InputError, match="no modality 'smell': the shots have video, audio"):
        run.fill_in(title, [3], modalities=["smell"])


def test_the_fast_metrics_equal_the_reference_metrics():
    rng = np.random.default_rng(0)
    shots, predicted, mean = rng.normal(size=(20, 12)), rng.normal(size=(3, 12)), rng.normal(size=12)
    where, blocks = np.array([2, 3, 11]), [slice(0, 8), slice(8, 12)]
    truth = shots[where]
    together, apart = block_cosines({"a": predicted - mean}, truth - mean, blocks, np.ones((3, 2), dtype=bool))["a"]

    np.testing.assert_allclose(together, centred_cosine(predicted, truth, mean))
    np.testing.assert_allclose(apart[:, 1], cosine((predicted - mean)[:, 8:], (truth - mean)[:, 8:]))
    np.testing.assert_array_equal(
        rank_of_truth(predicted - mean, shots - mean, where), slow_rank(predicted, shots, where, mean)
    )
    silent = block_cosines({"a": np.zeros((3, 12))}, truth, blocks, np.tile([True, False], (3, 1)))["a"]
    assert not silent[0].any() and not silent[1].any()
