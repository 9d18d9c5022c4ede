"""The neighbour head: its start as a weighted mean, what it must not read, what it learns and what is tuned."""

import dataclasses
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from msm import metrics
from msm.baselines.distance_weighted import weighted_mean
from msm.baselines.linear import interpolate as linear_baseline
from msm.data.catalog import Catalog, TitleData, modalities_of
from msm.data.fusion import unit
from msm.data.space import Space
from msm.data.told import Told
from msm.errors import InputError
from msm.evaluation.evaluate_titles import evaluate_titles
from msm.evaluation.geometry import contextual_sample, geometry
from msm.evaluation.protocol import Case
from msm.inference.predict import contextual_embeddings, predict_hidden
from msm.inference.run import Run
from msm.interpret.surprise import surprise
from msm.models.encoder import ShotEncoder
from msm.models.heads.neighbour import BANDWIDTHS, NeighbourHead
from msm.models.heads.neighbour.contextual import turns
from msm.models.heads.neighbour.mixture import Measured, Mixture, Windows
from msm.models.heads.neighbour.pair_features import HiddenIndex, features_of
from msm.models.heads.neighbour.sharpening import OFF_TITLE, TO_LINE, WANTED, choose_sharpening, sharpen, sharpen_hidden
from msm.objectives.objective import make_objective
from msm.recipes.presets import preset
from msm.recipes.recipe import ModelConfig, Recipe
from msm.training.trainer import start_run, train
from msm.training.validation import further_tuning_titles

SMALL = [
    "model.width=16",
    "model.heads=2",
    "model.max_shots=48",
    "window=24",
    "model.dropout=0",
    "model.start=distance",
]
SMALL += ["mask.policy=independent", "validate_on=random", "batch_windows=8"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def head(sharpness: float = 0.0, shot_dim: int = 12) -> NeighbourHead:
    made = NeighbourHead(ModelConfig(width=16, heads=2, head="neighbour", centred=True, sharpness=sharpness), shot_dim)
    made.reset()
    return made.eval()


def predicted(made: NeighbourHead, shots, hidden, valid) -> torch.Tensor:
    """(B, S, D): the predictions of a head whose encoder says nothing, elsewhere the shots."""
    filled = made.estimate(shots, hidden, valid)
    return filled.scatter(made(filled, torch.zeros(*hidden.shape, 16)))


def windows(lengths=(30, 22), shot_dim=12):
    shots = torch.randn(len(lengths), max(lengths), shot_dim, generator=generator(1))
    valid = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    hidden = valid & (torch.rand(valid.shape, generator=generator(2)) < 0.3)
    return shots * valid.unsqueeze(-1), hidden, valid


def test_the_initial_head_is_the_distance_weighted_mean_of_the_baselines():
    shots, hidden, valid = windows()
    made = head()
    with torch.no_grad():
        made.component_weights.zero_()
        made.component_weights[BANDWIDTHS.index(4.0)] = 1.0
        guess = predicted(made, shots, hidden, valid)
    for row, length in zip(range(2), (30, 22), strict=True):
        there = hidden[row, :length].numpy()
        where, seen = np.flatnonzero(there), np.flatnonzero(~there)
        known = weighted_mean(shots[row, :length].numpy()[seen], seen, where, 4.0)
        np.testing.assert_allclose(guess[row][hidden[row]].numpy(), known, atol=1e-4)


def test_a_gradient_reaches_every_visible_shot_and_no_padding():
    shots, hidden, valid = windows()
    made = head()
    visible = valid & ~hidden
    seen = shots.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(predicted(made, seen, hidden, valid)[hidden].square().sum(), seen)
    assert (gradient.norm(dim=-1) > 0)[visible].all() and not gradient[~visible].any()


def test_what_follows_from_the_shots_has_gradients_only_where_the_shots_require_them():
    shots, made = windows()[0], head()
    weight = torch.rand(30, generator=generator(5))  # so that no two places have the same gradient
    for name in ("in_components", "products", "length", "unit_whitened"):
        given = shots.clone().requires_grad_()
        table = getattr(made.windows(given), name)
        table = table.unsqueeze(-1) if table.ndim == 2 else table
        (gradient,) = torch.autograd.grad((table.cumsum(dim=-1) * weight[:, None]).sum(), given)
        assert (gradient.norm(dim=-1) > 0)[shots.any(dim=-1)].all(), name
    assert not any(t.requires_grad for t in made.windows(shots) if t is not None)


def films_with_slow_and_fast_columns(number: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Four columns of a film's own, four that change every other shot, four of noise."""
    films = []
    for _ in range(number):
        slow = np.repeat(rng.normal(size=(1, 4)), 40, axis=0) + rng.normal(size=(40, 4)) * 0.7
        fast = np.repeat(rng.normal(size=(10, 4)), 4, axis=0)
        films.append(np.concatenate([slow, fast, rng.normal(size=(40, 4))], axis=1).astype(np.float32))
    return films


def test_the_closed_form_predicts_better_than_any_single_bandwidth():
    rng = np.random.default_rng(3)
    made = head()
    made.fit(films_with_slow_and_fast_columns(60, rng), 0.2, generator(), {})
    near: dict[str, list[float]] = {}
    for film in films_with_slow_and_fast_columns(20, rng):
        hidden = rng.random(40) < 0.2
        where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
        guesses = {str(b): weighted_mean(film[seen], seen, where, b) for b in BANDWIDTHS}
        with torch.no_grad():
            valid = torch.ones(1, 40, dtype=torch.bool)
            guess = made.estimate(torch.from_numpy(film)[None], torch.from_numpy(hidden)[None], valid).shots()
        guesses["fitted"] = guess[0].numpy()[where]
        for name, guess in guesses.items():
            near.setdefault(name, []).extend(metrics.cosine(guess, film[where]))
    means = {name: float(np.mean(values)) for name, values in near.items()}
    fitted = means.pop("fitted")
    assert fitted > max(means.values()) + 0.02, (fitted, means)


def test_predictions_do_not_depend_on_hidden_shots_or_padding():
    shots, hidden, valid = windows()
    recipe = preset("neighbour").with_settings(SMALL)
    model = ShotEncoder(12, 0, recipe.model, [8, 4])
    model.init_weights(generator(5))
    for last in (*(m[-1] for m in (*model.neighbour.pair_scores, *model.neighbour.row_gates)),):
        torch.nn.init.normal_(last.weight, generator=generator(6))
    model.eval()
    other = shots + torch.randn(shots.shape, generator=generator(7)) * (hidden | ~valid).unsqueeze(-1)
    with torch.no_grad():
        first = model.restore(shots, hidden, valid)
        torch.testing.assert_close(model.restore(other, hidden, valid), first, atol=1e-5, rtol=1e-4)
        alone = model.restore(shots[1:, :22], hidden[1:, :22], valid[1:, :22])
    torch.testing.assert_close(first[int(hidden[0].sum()) :], alone, atol=1e-5, rtol=1e-4)


def test_pair_features_do_not_change_when_all_shots_are_rotated_alike():
    shots, hidden, valid = windows()
    turn = torch.linalg.qr(torch.randn(12, 12, generator=generator(8))).Q
    at = HiddenIndex.of(hidden, valid)

    def described(shots: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        windows = Windows.of(shots, torch.eye(12), torch.eye(12), torch.ones(12))
        equal = at.visible.unsqueeze(1) / at.visible.sum(dim=1)[:, None, None]
        mix = Mixture(equal.expand(-1, at.place.shape[1], -1), 0.1 * at.gather(shots))
        measured = Measured.of(mix, windows, None, at)
        pairs, row = features_of(measured.rows, measured.whitened_rows, measured.length, windows.similarity(at), at)
        return torch.stack(pairs, dim=-1), row

    for one, other in zip(described(shots), described(shots @ turn), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_predictions_for_a_reversed_title_are_reversed():
    shots, hidden, valid = (t[:1] for t in windows())
    made = head(sharpness=0.5)
    for last in (m[-1] for m in made.pair_scores):
        torch.nn.init.normal_(last.weight, generator=generator(9))
    with torch.no_grad():
        forth = predicted(made, shots, hidden, valid)
        back = predicted(made, shots.flip(1), hidden.flip(1), valid)
    torch.testing.assert_close(back.flip(1), forth, atol=1e-4, rtol=1e-4)


def test_the_prediction_without_any_visible_shot_is_the_training_mean():
    recipe = preset("neighbour").with_settings(SMALL)
    model = ShotEncoder(12, 0, recipe.model, [8, 4])
    model.init_weights(generator())
    model.shot_mean.copy_(torch.arange(12.0))
    model.neighbour.trust.zero_()
    shots = np.random.default_rng(0).normal(size=(5, 12)).astype(np.float32)
    everything = np.ones(5, dtype=bool)
    np.testing.assert_allclose(predict_hidden(model, shots, everything), np.tile(np.arange(12.0), (5, 1)), atol=1e-5)


def test_sharpening_changes_ranks_and_candidates_and_no_cosine(talks, cpu, tmp_path):
    settings = [
        *SMALL,
        "steps=60",
        "validate_every=30",
        "batch_windows=8",
        "fusion=per_modality",
        "model.sharpen=fixed",
    ]
    recipe = preset("neighbour").with_settings(settings)
    run = Run.open(train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu).path)
    title = talks.split("test")[0]

    def measured():
        report = evaluate_titles(run.predict, talks, run.space, "test", lambda done, total: None, sharpen=run.sharpen)
        return report, run.fill_in(title, range(4, 12)), surprise(run, title).table

    run.model.neighbour.sharpening.zero_()
    plain, plain_fill, plain_surprise = measured()
    assert plain["centred_cosine"] > plain["baselines"]["distance_weighted"]["centred_cosine"] + 0.05
    run.model.neighbour.sharpening.copy_(torch.tensor([0.5, 0.3]))
    sharp, sharp_fill, sharp_surprise = measured()
    assert sharp["centred_cosine"] == plain["centred_cosine"] and sharp["cosine"] == plain["cosine"]
    assert sharp["by_modality"] == plain["by_modality"] and sharp_surprise.equals(plain_surprise)
    assert sharp_fill.scores.equals(plain_fill.scores)
    assert sharp_fill.candidates()["centred_cosine"].tolist() != plain_fill.candidates()["centred_cosine"].tolist()
    assert (sharp_fill.table["rank"] == sharp_fill.rank_of(sharp_fill.compared)).all()


def test_of_a_partly_hidden_shot_the_prediction_is_not_sharpened(talks, cpu, tmp_path):
    recipe = preset("neighbour").with_settings([*SMALL, "steps=2", "validate_every=2", "mask.parts=0.5"])
    run = Run.open(train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu).path)
    run.model.neighbour.sharpening.fill_(0.5)
    title = talks.split("test")[0]
    whole, part = run.fill_in(title, [3, 4]), run.fill_in(title, [3, 4], modalities=["audio"])
    assert not np.allclose(whole.compared, whole.predicted, atol=1e-3)
    np.testing.assert_array_equal(part.compared, part.predicted)


def test_a_sharpened_prediction_does_not_depend_on_hidden_shots():
    rng = np.random.default_rng(3)
    shots, hidden, predicted = rng.normal(size=(9, 4)), np.arange(9) % 3 == 0, rng.normal(size=(3, 4))
    changed = np.where(hidden[:, None], 1e6, shots)
    first, second = (sharpen_hidden(predicted, s, hidden, torch.tensor([0.2, 0.1])) for s in (shots, changed))
    np.testing.assert_array_equal(first, second)
    nothing_visible = np.ones(9, dtype=bool)
    everything = rng.normal(size=(9, 4))
    assert sharpen_hidden(everything, shots, nothing_visible, torch.tensor([0.2, 0.1])) is everything


def cases_of_stories(number: int, rng: np.random.Generator) -> tuple[list[Case], Space]:
    """Films with much in common from shot to shot and a little that only neighbours share."""
    space = Space((), "joint", np.zeros(12, dtype=np.float32), 3.0)
    cases = []
    for i in range(number):
        film = 1.5 * rng.normal(size=12) + np.repeat(rng.normal(size=(8, 12)), 5, axis=0) + rng.normal(size=(40, 12))
        cases.append(Case(0, str(i), unit(film).astype(np.float32), rng.random(40) < 0.2, Told()))
    return cases, space


def test_the_chosen_sharpening_ranks_the_true_shot_above_the_baseline_at_the_least_cost_in_cosine():
    cases, space = cases_of_stories(30, np.random.default_rng(4))
    # A cautious guess: near in cosine, in the middle of the title.
    guesses = [unit(weighted_mean(c.shots[~c.hidden], *places(c), 4.0)) for c in cases]

    def scored(shares: tuple[float, float]) -> tuple[float, float]:
        near, rank = [], []
        for guess, c in zip(guesses, cases, strict=True):
            where, seen = np.flatnonzero(c.hidden), np.flatnonzero(~c.hidden)
            parts = (guess, linear_baseline(c.shots[seen], seen, where), c.shots[seen].mean(axis=0))
            said = sharpen(*map(torch.from_numpy, parts), torch.tensor(shares)).numpy()
            near += list(metrics.cosine(said, c.shots[where]))
            rank += list(metrics.rank_of_truth(said, c.shots, where, space.mean) / 40)
        return float(np.mean(near)), float(np.median(rank))

    kernel = [weighted_mean(c.shots[~c.hidden], *places(c), 3.0) for c in cases]
    ranks = [
        metrics.rank_of_truth(k, c.shots, np.flatnonzero(c.hidden), space.mean)
        for k, c in zip(kernel, cases, strict=True)
    ]
    aim = WANTED * float(np.median(np.concatenate(ranks))) / 40
    chosen = choose_sharpening(guesses, cases, space)
    assert scored((0.0, 0.0))[1] > aim >= scored(chosen)[1]
    cheaper = [s for s in product(TO_LINE, OFF_TITLE) if scored(s)[0] > scored(chosen)[0] + 1e-6]
    assert all(scored(s)[1] > aim for s in cheaper)


def test_sharpening_is_also_chosen_on_training_titles_where_validation_titles_are_few(
    talks, cpu, tmp_path, monkeypatch
):
    tuned_on = []
    monkeypatch.setattr(
        "msm.models.heads.neighbour.head.choose_sharpening",
        lambda predictions, cases, space: tuned_on.append(cases) or (0.2, 0.1),
    )
    recipe = preset("neighbour").with_settings([*SMALL, "steps=2", "validate_every=2", "batch_windows=2"])
    run = Run.open(train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu).path)
    titles = {case.title_id for case in tuned_on[-1]}
    validation = {t.title_id for t in talks.split("validation")}
    assert validation < titles and not titles & {t.title_id for t in talks.split("test")}
    torch.testing.assert_close(run.model.neighbour.sharpening, torch.tensor([0.2, 0.1]))


def test_titles_that_lack_a_modality_are_not_tuned_on_where_there_are_others(tmp_path):
    titles = list(speakers_at_random(10, np.random.default_rng(0)))
    for title in titles[:2]:
        title.embeddings[:, 8:] = 0
    catalog = Catalog.write(tmp_path / "c", titles, modalities=modalities_of({"video": 8, "audio": 4}), dtype="float32")
    train, validation = catalog.split("train"), catalog.split("validation")
    assert {t.title_id for t in further_tuning_titles(validation, train)} == {t.title_id for t in train} - {
        "title-00",
        "title-01",
    }
    mute = [t for t in train if t.title_id in ("title-00", "title-01")]
    assert further_tuning_titles(validation, mute) == mute


def places(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return np.flatnonzero(~case.hidden), np.flatnonzero(case.hidden)


def test_old_weights_without_sharpening_get_that_of_their_recipe():
    made = head(sharpness=0.3)
    old = {k: v for k, v in made.state_dict().items() if k != "sharpening"}
    opened = head(sharpness=0.3)
    opened.load_state_dict(old)
    torch.testing.assert_close(opened.sharpening, torch.tensor([0.3, 0.0]))


def test_past_and_future_disagree_most_at_a_scene_boundary():
    rng = np.random.default_rng(5)
    scenes = rng.normal(size=(2, 12))
    film = torch.from_numpy(np.repeat(scenes, 15, axis=0) + 0.3 * rng.normal(size=(30, 12))).float()
    bandwidths = torch.tensor(BANDWIDTHS)
    turned = turns(film, torch.eye(12), bandwidths)
    assert turned.shape == (30, 3 * len(BANDWIDTHS))
    past_and_future = turned[:, BANDWIDTHS.index(2.0)]
    assert past_and_future[[14, 15]].max() < past_and_future[5:10].min() - 0.2
    assert turned[0].abs().max() > 0  # it has a future, though no past
    assert turns(film[:1], torch.eye(12), bandwidths).abs().max() == 0


def test_contextual_embeddings_do_not_depend_on_the_sharpening():
    model = ShotEncoder(12, 0, preset("neighbour").with_settings(SMALL).model, [8, 4])
    model.init_weights(generator(5))
    shots = np.random.default_rng(6).normal(size=(30, 12)).astype(np.float32)
    plain = contextual_embeddings(model, shots)[0]
    model.neighbour.sharpening.fill_(0.5)
    np.testing.assert_array_equal(contextual_embeddings(model, shots)[0], plain)
    assert plain.shape == (30, model.contextual_width)


def test_a_constant_encoder_output_is_no_collapse_where_the_encoder_only_corrects():
    model = ShotEncoder(12, 0, preset("neighbour").with_settings(SMALL).model, [8, 4])
    model.init_weights(generator(5))
    torch.nn.init.zeros_(model.out_norm.weight)
    torch.nn.init.ones_(model.out_norm.bias)
    shots = np.random.default_rng(6).normal(size=(30, 12)).astype(np.float32)
    sample = contextual_sample(model, [shots])
    assert geometry(shots, sample, shots)["alarm"] is None


def test_the_trust_in_the_encoder_is_one_of_the_candidates(talks, cpu, tmp_path):
    recipe = preset("neighbour").with_settings([*SMALL, "steps=4", "validate_every=2", "batch_windows=4"])
    run = Run.open(train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu).path)
    assert float(run.model.neighbour.trust) in (0.0, 0.5, 1.0)


@pytest.mark.parametrize("setting", ["model.centred=false", "mask.unchanged=0.1", "mask.policy=modality"])
def test_recipes_that_the_head_cannot_work_with_are_refused(setting):
    with pytest.raises(InputError, match="neighbour"):
        preset("neighbour").with_settings([setting])


def test_its_contrastive_views_are_halves_of_the_shots():
    settings_of_head = ["model.head=neighbour", "model.centred=true", "objective.contrastive=1"]
    with pytest.raises(InputError, match="visible whole"):
        Recipe().with_settings([*settings_of_head, "objective.contrastive_between=modalities"])
    for settings, apart in ((settings_of_head, False), (settings_of_head[2:], True)):
        recipe = Recipe().with_settings(settings)
        modalities = modalities_of({"video": 8, "audio": 4})
        model = ShotEncoder(12, 0, recipe.model, [8, 4])
        term = make_objective(recipe, model, modalities, torch.Generator()).terms["contrastive"]
        assert term.between_modalities is apart


def test_sharpness_without_the_head_is_refused():
    with pytest.raises(InputError, match="sharpness"):
        dataclasses.replace(preset("mediafm").model, sharpness=0.5)


def test_centred_predictions_are_relative_to_the_mean_for_any_head(talks, cpu, tmp_path):
    settings = ["steps=40", "batch_windows=8", "model.width=32", "model.depth=2", "model.heads=2", "optim.lr=0.01"]
    recipe = preset("mediafm").with_settings([*settings, "validate_every=20", "model.centred=true"])
    run = Run.open(train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu).path)
    title = talks.split("test")[0]
    fill = run.fill_in(title, [3, 7])
    about = torch.from_numpy(fill.predicted) - run.model.shot_mean
    norm = run.model.prediction_norm.expand(2)
    torch.testing.assert_close(about.norm(dim=-1), norm, atol=1e-5, rtol=1e-4)
    assert F.cosine_similarity(about, run.model.shot_mean.expand(2, -1)).abs().max() < 0.9


def test_silence_is_predicted_where_no_visible_shot_has_sound(talks, cpu, tmp_path):
    run = Run.open(
        train(
            start_run(talks, tmp_path / "run", preset("neighbour").with_settings([*SMALL, "steps=1"]), device=cpu),
            talks,
            device=cpu,
        ).path
    )
    mean = run.space.mean[8:]  # of the sound: what the average shot has of it
    mute = talks.split("test")[0].embeddings.copy()
    mute[:, 8:] = 0
    shots = run.space.fuse(mute)
    hidden = np.arange(len(shots)) % 4 == 1
    sound = predict_hidden(run.model, shots, hidden)[:, 8:] - mean
    assert (metrics.cosine(sound, np.broadcast_to(-mean, sound.shape)) > 0.9).all()


def speakers_at_random(num_titles: int, rng: np.random.Generator):
    """Three speakers a title, in video and audio, in an order that cannot be predicted."""
    common = rng.normal(size=12)
    for i in range(num_titles):
        turns = (rng.normal(size=(3, 12)) * 0.8)[rng.integers(0, 3, 30)]
        embeddings = (turns + common + rng.normal(size=turns.shape) * 0.1).astype(np.float32)
        times = np.arange(31) * 2.5
        yield TitleData(
            title_id=f"title-{i:02d}",
            embeddings=embeddings,
            split=("train", "train", "train", "validation", "test")[i % 5],
            shots=pd.DataFrame({"start_s": times[:-1], "end_s": times[1:]}),
        )


def test_the_visible_picture_improves_the_prediction_of_a_hidden_sound(cpu, tmp_path):
    titles = speakers_at_random(30, np.random.default_rng(3))
    catalog = Catalog.write(tmp_path / "c", titles, modalities=modalities_of({"video": 8, "audio": 4}), dtype="float32")
    recipe = preset("neighbour").with_settings([*SMALL, "steps=60", "validate_every=30", "batch_windows=8"])
    run = Run.open(train(start_run(catalog, tmp_path / "run", recipe, device=cpu), catalog, device=cpu).path)
    with_picture, without = [], []
    for title in catalog.split("test"):
        some = range(1, title.num_shots, 4)
        with_picture.append(run.fill_in(title, some, modalities=["audio"]).table["centred_audio"].mean())
        without.append(run.fill_in(title, some).table["centred_audio"].mean())
    assert np.mean(with_picture) > 0.85 and np.mean(without) < 0.75, (with_picture, without)
