"""A neighbour head that starts from kriging: it begins as the baseline, and reads nothing that is hidden."""

import copy
from typing import Any

import numpy as np
import pytest
import torch

from msm.baselines import Example, Known, known_modalities, kriging
from msm.baselines.title_mean import predict as title_mean
from msm.data.fusion import unit
from msm.data.space import Space
from msm.data.told import Told
from msm.evaluation.protocol import Case
from msm.inference.predict import predict_hidden
from msm.metrics import centred_cosine
from msm.models.encoder import ShotEncoder
from msm.models.head import PartlyHidden
from msm.models.heads.neighbour import NeighbourHead
from msm.models.heads.neighbour import kriging as in_batches
from msm.recipes.presets import preset
from msm.recipes.recipe import ModelConfig

WIDTH = 60  # more than the 48 components, so that there is a rest
SMALL = ["model.width=16", "model.heads=2", "model.max_shots=96", "window=48", "model.dropout=0", "model.start=kriging"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def films(lengths, seed: int = 0) -> list[np.ndarray]:
    """Random walks with noise about a mean of their own, of unit length, each column slower than the next."""
    rng = np.random.default_rng(seed)
    made = []
    for length in lengths:
        steps = rng.normal(size=(length, WIDTH)) * np.geomspace(1, 0.1, WIDTH)
        walk = rng.normal(size=WIDTH) + np.cumsum(0.3 * steps, axis=0) + rng.normal(size=steps.shape)
        made.append(unit(walk).astype(np.float32))
    return made


TRAIN = films([70] * 6)
MEAN = np.concatenate(TRAIN).mean(axis=0)
FITTED = kriging.fit(TRAIN, [], MEAN)
DIMS = [25, 20, 15]
BLOCKS = tuple(slice(sum(DIMS[:i]), sum(DIMS[: i + 1])) for i in range(len(DIMS)))


@pytest.fixture(scope="module")
def head() -> NeighbourHead:
    made = NeighbourHead(ModelConfig(width=16, heads=2, head="neighbour", centred=True, start="kriging"), WIDTH)
    made.reset()
    made.fit([t - MEAN for t in TRAIN], 0.2, generator(), {"kriging": FITTED})
    torch.nn.init.zeros_(made.departure)
    return made.eval()


@pytest.fixture(scope="module")
def trained(head) -> ShotEncoder:
    """A model whose weights all have an effect, as after a training, on shots of three modalities."""
    model = ShotEncoder(WIDTH, 0, preset("neighbour").with_settings(SMALL).model, DIMS)
    model.init_weights(generator(5))
    model.shot_mean.copy_(torch.from_numpy(MEAN))
    own = model.neighbour
    own.fit(
        [t - MEAN for t in TRAIN], 0.2, generator(), {"kriging": FITTED, "known_modalities": told_parameters(TRAIN)}
    )
    for last in (
        *(m[-1] for m in (*own.pair_scores, *own.row_gates, *own.part_scores, *own.part_gates)),
        own.correction,
    ):
        torch.nn.init.normal_(last.weight, std=0.3, generator=generator(6))
    torch.nn.init.normal_(own.departure, std=0.3, generator=generator(7))
    return model.eval()


def lacking(lengths, share: float, seed: int) -> list[np.ndarray]:
    """`films` of which a share of the shots lacks one modality."""
    rng = np.random.default_rng(seed)
    made = films(lengths, seed)
    for title in made:
        for shot in np.flatnonzero(rng.random(len(title)) < share):
            title[shot, BLOCKS[rng.integers(len(BLOCKS))]] = 0.0
    return made


def told_parameters(titles, settings=None) -> dict[str, Any]:
    """Those of `known_modalities`, with settings of each modality unless the validation titles are to choose them."""
    found = known_modalities.fit(titles, [], MEAN, BLOCKS, FITTED)
    return found if settings is None else {**found, "settings": [list(s) for s in settings]}


def baseline(shots: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    where, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    return kriging.predict(Example(shots[seen], seen, where, MEAN), **FITTED)


def drawn(num_shots: int, ratio: float, seed: int) -> np.ndarray:
    """(N,) bool with a hidden and a visible shot."""
    hidden = np.random.default_rng(seed).random(num_shots) < ratio
    hidden[seed % num_shots], hidden[(seed + 1) % num_shots] = True, False
    return hidden


@pytest.mark.parametrize("lengths", [(90, 33, 2), (64, 64), (3,), (180,)])
@pytest.mark.parametrize("ratio", [0.05, 0.2, 0.5, 0.8, 0.95])
@torch.inference_mode()
def test_a_head_that_does_not_depart_is_the_kriging_of_the_baselines(head, lengths, ratio):
    titles = films(lengths, seed=3)
    longest = max(lengths)
    shots, hidden = torch.zeros(len(titles), longest, WIDTH), torch.zeros(len(titles), longest, dtype=torch.bool)
    for i, title in enumerate(titles):
        shots[i, : len(title)] = torch.from_numpy(title - MEAN)
        hidden[i, : len(title)] = torch.from_numpy(drawn(len(title), ratio, seed=i))
    valid = torch.arange(longest) < torch.tensor(lengths)[:, None]
    filled = head.estimate(shots, hidden, valid)
    found = filled.scatter(head(filled, torch.zeros(len(titles), longest, 16)))
    for i, title in enumerate(titles):
        where = hidden[i, : len(title)].numpy()
        np.testing.assert_allclose(found[i][hidden[i]].numpy() + MEAN, baseline(title, where), atol=1e-5)


def untrained(parameters) -> ShotEncoder:
    model = ShotEncoder(WIDTH, 0, preset("neighbour").with_settings(SMALL).model, DIMS)
    model.init_weights(generator())
    model.shot_mean.copy_(torch.from_numpy(MEAN))
    model.neighbour.fit(
        [t - MEAN for t in TRAIN], 0.2, generator(), {"kriging": FITTED, "known_modalities": parameters}
    )
    return model.eval()


def told_baseline(shots: np.ndarray, hidden: np.ndarray, parameters) -> np.ndarray:
    """(N, D), (N, M) bool → (H, D), the shots of which some modalities are hidden, by `known_modalities`."""
    where, seen = np.flatnonzero(hidden.any(axis=1)), np.flatnonzero(~hidden.any(axis=1))
    known = Known(shots[where], ~hidden[where], BLOCKS)
    return known_modalities.predict(Example(shots[seen], seen, where, MEAN, known), **parameters, kriging=FITTED)


@pytest.mark.parametrize("place", range(len(DIMS)))
@pytest.mark.parametrize("lacks", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
@torch.inference_mode()
def test_an_untrained_head_that_is_told_a_modality_is_the_baseline_that_is_told_it(place, lacks, ratio):
    settings = [(4.0, 0.2, 0.75, 0.3, 0.5), (8.0, 0.1, 1.25, 1.0, 1.0), (32.0, 0.5, 0.0, 3.0, 0.0)]
    parameters = told_parameters(lacking([70] * 6, 0.2, seed=0), settings)
    model = untrained(parameters)
    for seed, length in enumerate((40, 96)):
        (shots,) = lacking([length], lacks, seed=seed + 5)
        hidden = np.zeros((length, len(DIMS)), dtype=bool)
        hidden[:, place] = drawn(length, ratio, seed) & (shots != 0).reshape(length, -1)[:, BLOCKS[place]].any(axis=1)
        others = np.arange(len(DIMS)) != place
        hidden[:, place] &= np.stack([shots[:, b].any(axis=1) for b in BLOCKS], axis=1)[:, others].any(axis=1)
        one = torch.from_numpy(shots)[None], torch.from_numpy(hidden)[None]
        found = model.restore(*one, torch.ones(1, length, dtype=torch.bool)).numpy() + MEAN
        np.testing.assert_allclose(found, told_baseline(shots, hidden, parameters), atol=2e-5)


@torch.inference_mode()
def test_any_set_of_modalities_of_a_shot_may_be_known():
    parameters = told_parameters(TRAIN, [(6.0, 0.2, share, 1.0, 0.5) for share in (0.5, 1.0, 0.75)])
    model, length = untrained(parameters), 60
    windows = films([length] * 3, seed=8)
    hidden = np.random.default_rng(1).random((3, length, len(DIMS))) < 0.3
    hidden &= ~hidden.all(axis=-1, keepdims=True)
    found = model.restore(
        torch.from_numpy(np.stack(windows)), torch.from_numpy(hidden), torch.ones(3, length, dtype=torch.bool)
    )
    expected = [told_baseline(shots, parts, parameters) for shots, parts in zip(windows, hidden, strict=True)]
    np.testing.assert_allclose(found.numpy() + MEAN, np.concatenate(expected), atol=2e-5)


@torch.inference_mode()
def test_weights_from_before_the_start_at_known_modalities_predict_as_they_did(trained):
    old = {k: v for k, v in trained.state_dict().items() if ".known_modalities." not in k}
    model = ShotEncoder(WIDTH, 0, trained.cfg, DIMS)
    model.load_state_dict(old)
    (shots,), hidden = films([60], seed=9), np.zeros((60, len(DIMS)), dtype=bool)
    hidden[::4, 1] = True
    one = torch.from_numpy(shots)[None], torch.from_numpy(hidden)[None]
    valid = torch.ones(1, 60, dtype=torch.bool)
    assert not model.neighbour.known_modalities.fitted
    start = model.neighbour.estimate(
        model.about_mean(one[0]), one[1].any(dim=-1), valid, PartlyHidden(one[1], torch.ones_like(one[1]))
    )
    by_kriging = baseline(shots, hidden.any(axis=1))[:, BLOCKS[1]]
    np.testing.assert_allclose(start.shots()[0][::4, BLOCKS[1]].numpy() + MEAN[BLOCKS[1]], by_kriging, atol=1e-5)
    assert not np.allclose(model.eval().restore(*one, valid), trained.restore(*one, valid), atol=1e-3)


@pytest.mark.parametrize("ratio", [0.1, 0.4])
@torch.inference_mode()
def test_both_ways_of_solving_have_the_same_posterior_mean(head, ratio):
    shots = torch.from_numpy(np.stack(films([50] * 3, seed=4)) - MEAN)
    hidden = torch.from_numpy(np.stack([drawn(50, ratio, seed) for seed in range(3)]))
    at = in_batches.HiddenIndex.of(hidden, torch.ones_like(hidden))
    scores = (shots * at.visible.unsqueeze(-1)) @ head.components[:, :48]
    own = head.kriging
    table = in_batches.covariance(50, own.decays.numpy(), own.variances.numpy())
    precision = torch.from_numpy(in_batches.PRECISIONS.get(table))
    tables = torch.stack([scores, 0.5 * scores.flip(2)]).double()
    by = in_batches.by_precision(precision, tables, at)
    other = in_batches.by_covariance(torch.from_numpy(table), tables, at)
    torch.testing.assert_close(by.rest[at.real], other.rest[at.real], atol=1e-9, rtol=1e-7)
    for one, two in zip(by.leading, other.leading, strict=True):
        torch.testing.assert_close(one[at.real], two[at.real], atol=1e-9, rtol=1e-7)
    alone = in_batches.by_covariance(torch.from_numpy(table), tables[1:], at)
    torch.testing.assert_close(other.leading[1], alone.leading[0], atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize("ratio", [0.2, 0.7])
def test_a_trained_head_reads_no_hidden_shot(trained, ratio):
    (shots,), hidden = films([80], seed=5), drawn(80, ratio, 1)
    changed = np.where(hidden[:, None], 9.0, shots).astype(np.float32)
    np.testing.assert_array_equal(predict_hidden(trained, shots, hidden), predict_hidden(trained, changed, hidden))


def test_a_trained_head_reads_no_hidden_column_of_a_partly_hidden_shot_and_gives_the_others_back(trained):
    (shots,) = films([40], seed=6)
    hidden = np.zeros((40, len(DIMS)), dtype=bool)
    hidden[[3, 17], 0], hidden[[9, 17, 30], 1], hidden[22] = True, True, True
    columns = np.repeat(hidden, DIMS, axis=1)
    changed = np.where(columns, 9.0, shots).astype(np.float32)
    predicted, again = (predict_hidden(trained, s, hidden) for s in (shots, changed))
    np.testing.assert_array_equal(predicted, again)
    about = (predicted - MEAN) / np.linalg.norm(predicted - MEAN, axis=1, keepdims=True)
    for row, shot in enumerate(np.flatnonzero(hidden.any(axis=1))):
        known = ~columns[shot]
        if known.any():
            true = (shots[shot] - MEAN)[known]
            assert about[row][known] @ true / np.linalg.norm(about[row][known]) / np.linalg.norm(true) > 1 - 1e-5


@torch.inference_mode()
def test_predictions_from_a_cached_window_are_those_of_the_model(trained):
    (shots,) = films([70], seed=8)
    hidden = torch.from_numpy(np.stack([drawn(70, ratio, seed) for seed, ratio in enumerate((0.02, 0.2, 0.6, 0.9))]))
    shots = torch.from_numpy(shots)
    plain = trained.restore(shots.expand(4, -1, -1), hidden, torch.ones_like(hidden))
    again = trained.head.cache_window(trained, shots).restore(hidden)
    torch.testing.assert_close(again, plain, atol=5e-5, rtol=1e-4)


def test_a_gradient_of_a_prediction_reaches_every_visible_shot_and_no_hidden_one(trained):
    (shots,), hidden = films([30], seed=9), drawn(30, 0.3, 2)
    window = torch.from_numpy(shots)[None].requires_grad_()
    there = torch.from_numpy(hidden)[None]
    predicted = trained.restore(window, there, torch.ones_like(there))
    (gradient,) = torch.autograd.grad(predicted.square().sum(), window)
    assert (gradient.norm(dim=-1) > 0)[~there].all() and not gradient[there].any()


@pytest.mark.parametrize("num_shots", [2, 4, 8, 25])
def test_where_shots_only_share_the_mean_of_their_title_the_head_predicts_it(num_shots):
    rng = np.random.default_rng(1)
    titles = [rng.normal(size=8) + 1.5 * rng.normal(size=(num_shots, 8)) for _ in range(600)]
    train, test = titles[20:], titles[:20]
    fitted = kriging.fit(train, [], np.zeros(8))
    made = NeighbourHead(ModelConfig(width=16, heads=2, head="neighbour", centred=True, start="kriging"), 8)
    made.reset()
    made.fit(train, 0.2, generator(), {"kriging": fitted})
    hidden = torch.zeros(1, num_shots, dtype=torch.bool)
    hidden[0, num_shots // 2] = True
    cosines = []
    with torch.inference_mode():
        for shots in test:
            window = torch.from_numpy(shots)[None].float()
            valid = torch.ones_like(hidden)
            found = made.eval()(made.estimate(window, hidden, valid), torch.zeros(1, num_shots, 16))[0]
            mean = title_mean(Example(shots[~hidden[0].numpy()], np.arange(num_shots - 1), np.array([0]), np.zeros(8)))
            cosines.append(torch.nn.functional.cosine_similarity(found, torch.from_numpy(mean.copy()).float()))
    assert float(torch.cat(cosines).mean()) > 0.97


def test_the_share_of_what_was_learned_is_0_where_kriging_is_better_on_validation(trained):
    """The truth of these cases is what kriging predicts, so every departure from it is worse."""
    space = Space((), "joint", MEAN, 3.0, {"kriging": FITTED})
    cases = []
    for seed, title in enumerate(films([40] * 4, seed=11)):
        hidden = drawn(40, 0.3, seed)
        shots = title.copy()
        shots[hidden] = baseline(title, hidden)
        cases.append(Case(0, str(seed), shots, hidden, Told()))
    predict = lambda some: [predict_hidden(trained, c.shots, c.hidden) for c in some]  # noqa: E731
    predictions = trained.head.tune(predict, cases, [], space)
    assert (trained.head.share == 0).all()
    trained.head.share.fill_(1.0)
    for predicted, case in zip(predictions, cases, strict=True):
        truth = case.shots[case.hidden] - MEAN
        np.testing.assert_allclose(unit(predicted - MEAN), unit(truth), atol=1e-4)


def test_a_training_batch_without_the_encoder_has_the_loss_and_gradients_of_one_that_ignores_it(trained):
    model = copy.deepcopy(trained).train()
    shots = torch.from_numpy(np.stack(films([40] * 2, seed=12)))
    hidden = torch.from_numpy(np.stack([drawn(40, 0.3, seed) for seed in (1, 2)]))
    valid, target = torch.ones_like(hidden), shots[hidden]
    losses = set()
    for seed in range(12):
        found = []
        for encode in (model.encode_if_read, model.encode):
            model.zero_grad()
            torch.manual_seed(seed)
            encoded = encode(shots, hidden, valid)
            torch.manual_seed(seed)  # the head draws here where `encode_if_read` was not asked
            predicted = model.predict(model.head.features_of(hidden, encoded, hidden, valid))
            loss = -torch.nn.functional.cosine_similarity(predicted, target, dim=-1).mean()
            loss.backward()
            rest = [p.grad for n, p in model.named_parameters() if n.startswith("neighbour.") and p.grad is not None]
            found.append((loss.item(), torch.cat([g.flatten() for g in rest])))
        (loss, gradient), (same_loss, same_gradient) = found
        assert loss == pytest.approx(same_loss, abs=1e-6)
        torch.testing.assert_close(gradient, same_gradient, atol=1e-6, rtol=1e-4)
        losses.add(round(loss, 5))
    assert len(losses) == 2  # with the encoder and without


def test_a_window_of_which_nothing_is_hidden_needs_no_covariances(trained, monkeypatch):
    shots = torch.from_numpy(films([40], 3)[0])[None]
    valid = torch.ones(1, 40, dtype=torch.bool)
    asked = []
    monkeypatch.setattr(in_batches, "covariance", lambda *given: asked.append(given))
    encoded = trained.encode(shots, ~valid, valid)

    assert not asked
    torch.testing.assert_close(encoded.estimate.shots(), shots - trained.shot_mean)


def test_what_weighs_the_visible_shots_learns_from_the_first_step_on():
    """At a departure of 0 these weights would have no gradient until the departure has one."""
    model = untrained(told_parameters(TRAIN)).train()
    shots = torch.from_numpy(np.stack(films([48] * 2, seed=1)))
    hidden = torch.from_numpy(np.stack([drawn(48, 0.3, seed) for seed in range(2)]))
    model.neighbour._drawn = torch.zeros(())
    found = model.restore(shots, hidden, torch.ones_like(hidden))
    torch.nn.functional.cosine_similarity(found, model.about_mean(shots)[hidden], dim=-1).mean().backward()
    assert model.neighbour.pair_scores[-1][-1].weight.grad.abs().max() > 1e-6


@torch.inference_mode()
def test_weights_from_before_kriging_had_a_share_in_known_modalities_get_none_of_it():
    settings = [(6.0, 0.2, share, 1.0, 0.0) for share in (0.5, 1.0, 0.75)]
    parameters = told_parameters(TRAIN, settings)
    parameters["covariance"] = np.stack([parameters["covariance"][0]] * len(DIMS))
    model = untrained(parameters)
    old = model.state_dict()
    for name, former in (("settings", np.s_[:, :4]), ("covariance", 0)):
        (key,) = (k for k in old if k.endswith(f"known_modalities.{name}"))
        old[key] = old[key][former]
    again = ShotEncoder(WIDTH, 0, model.cfg, DIMS)
    again.load_state_dict(old)
    (shots,), hidden = films([60], seed=9), np.zeros((60, len(DIMS)), dtype=bool)
    hidden[::4, 1] = True
    one = torch.from_numpy(shots)[None], torch.from_numpy(hidden)[None], torch.ones(1, 60, dtype=torch.bool)
    torch.testing.assert_close(again.eval().restore(*one), model.restore(*one), rtol=0, atol=0)


def unlike(seed: int, lengths, effect: float) -> list[np.ndarray]:
    """Shots that say nothing of each other, whose second modality is the size of the first's columns and not their sign."""
    rng = np.random.default_rng(seed)
    made = []
    for length in lengths:
        first = rng.normal(size=(length, DIMS[0]))
        second = effect * (np.abs(first[:, : DIMS[1]]) - 0.8) + 0.2 * rng.normal(size=(length, DIMS[1]))
        made.append(np.concatenate([first, second, rng.normal(size=(length, DIMS[2]))], axis=1).astype(np.float32))
    return made


def level(predicted: np.ndarray, shots: np.ndarray, hidden: np.ndarray, place: int) -> float:
    """Mean centred cosine of the hidden columns of one modality."""
    block, rows = BLOCKS[place], hidden[:, place]
    own = predicted[rows[hidden.any(axis=1)]][:, block]
    return float(centred_cosine(own, shots[rows][:, block], MEAN[block]).mean())


@pytest.mark.parametrize("effect", [1.0, 0.0])
def test_what_no_regression_can_tell_of_a_modality_the_networks_learn_where_there_is_something_to_learn(effect):
    titles = unlike(0, [60] * 32, effect)
    found = known_modalities.fit(titles, [], MEAN, BLOCKS, FITTED)
    parameters = {**found, "settings": [(4.0, 0.2, 1.0, 0.3, 1.0)] * len(DIMS)}
    models = []
    for _ in range(2):
        model = ShotEncoder(WIDTH, 0, preset("neighbour").with_settings(SMALL).model, DIMS)
        model.init_weights(generator())
        model.shot_mean.copy_(torch.from_numpy(MEAN))
        fitted = {"kriging": FITTED, "known_modalities": parameters}
        model.neighbour.fit([t - MEAN for t in titles], 0.2, generator(4), fitted, MEAN)
        models.append(model.eval())
    (shots,), hidden = unlike(9, [96], effect), np.zeros((96, len(DIMS)), dtype=bool)
    hidden[::5, 1] = True
    one = torch.from_numpy(shots)[None], torch.from_numpy(hidden)[None], torch.ones(1, 96, dtype=torch.bool)
    with torch.inference_mode():
        predicted, again = (m.restore(*one).numpy() + MEAN for m in models)
    np.testing.assert_array_equal(predicted, again)
    lead = level(predicted, shots, hidden, 1) - level(told_baseline(shots, hidden, parameters), shots, hidden, 1)
    assert lead > 0.2 if effect else abs(lead) < 0.05


@torch.inference_mode()
def test_windows_of_any_lengths_and_shares_have_the_posterior_means_that_each_has_alone(head):
    """Padded or not, few or most of their shots hidden, whatever else is in the batch."""
    lengths, ratios = [50, 31, 50, 7, 31, 44], [0.1, 0.3, 0.8, 0.5, 0.9, 0.0]
    shots, hidden = torch.zeros(6, 50, len(MEAN)), torch.zeros(6, 50, dtype=torch.bool)
    valid = torch.arange(50) < torch.tensor(lengths)[:, None]
    for i, (film, ratio) in enumerate(zip(films(lengths, seed=6), ratios, strict=True)):
        shots[i, : len(film)] = torch.from_numpy(film - MEAN)
        hidden[i, : len(film)] = torch.from_numpy(drawn(len(film), ratio, i)) if ratio else False

    def posterior(rows, size):
        at = in_batches.HiddenIndex.of(hidden[rows, :size], valid[rows, :size])
        scores = (shots[rows, :size] * at.visible.unsqueeze(-1)) @ head.components[:, :48]
        return head.kriging(scores.unsqueeze(0), at)

    together = posterior(slice(None), 50)
    for i, length in enumerate(lengths):
        count = int(hidden[i].sum())
        alone = posterior(slice(i, i + 1), length)
        for one, two in ((together.leading[0, i], alone.leading[0, 0]), (together.rest[i, :, :length], alone.rest[0])):
            torch.testing.assert_close(one[:count], two[:count], atol=1e-6, rtol=1e-5)
        assert not together.rest[i, :, length:].any()
