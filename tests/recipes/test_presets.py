"""Every recipe of the literature, trained and evaluated from end to end."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msm import Catalog, Run, TitleData
from msm.data.catalog import modalities_of
from msm.data.told import Told
from msm.errors import InputError
from msm.evaluation.report import report
from msm.evaluation.scoring import score_titles
from msm.inference.predict import predict_hidden
from msm.recipes.presets import CATALOGUE, PRESETS, preset
from msm.recipes.recipe import Recipe
from msm.runs.folder import RunFolder
from msm.training.trainer import Trainer, start_run, train

LITERATURE = ("mediafm", "bert", "spanbert", "mae", "videomae", "lvmae", "bassl", "hero", "videoprism", "data2vec")
QUICK = ["steps=8", "validate_every=4", "model.width=16", "model.depth=3", "model.heads=2", "model.decoder_width=8"]
KNOBS = {
    "scene": ["mask.policy=scene"],
    "modality": ["mask.policy=modality", "model.mask_vectors=per_modality"],
    "suffix": ["mask.policy=suffix"],
    "hand_picked": ["mask.policy=hand_picked", "mask.ranges=3-5"],
    "curriculum": ["mask.schedule=curriculum", "model.positions=learned"],
    "regularised": ["noise=.2", "time_reversal=.5", "optim.average=.9", "model.global_dropout=.5"],
    "auxiliaries": ["objective.contrastive=.1", "objective.shot_order=.1", "objective.span_boundary=.5"],
    "shuffled": ["model.head=decoder", "objective.token_shuffling=true", "objective.weights=video=2,audio=1"],
}
RECIPES = {**PRESETS, **{name: Recipe().with_settings(changes) for name, changes in KNOBS.items()}}


@pytest.fixture(scope="module")
def scened(talks, tmp_path_factory) -> Catalog:
    """The talks, with a label for their scenes."""

    def titles():
        for t in talks:
            shots = t.shots[["start_s", "end_s"]].assign(scene=np.arange(t.num_shots) // 6)
            yield TitleData(
                title_id=t.title_id,
                embeddings=t.embeddings,
                split=t.split,
                shots=shots,
                global_embedding=t.global_embedding,
            )

    path = tmp_path_factory.mktemp("scened") / "catalog"
    return Catalog.write(path, titles(), modalities=talks.modalities, dtype="float32")


@pytest.fixture(scope="module")
def runs(scened, tmp_path_factory):
    """Each recipe trained for a few steps, by name; made when it is first asked for."""
    folder, made = tmp_path_factory.mktemp("presets"), {}

    def run_of(name: str) -> Run:
        if name not in made:
            made[name] = Run.open(trained(scened, folder / name, RECIPES[name].with_settings(QUICK)).path)
        return made[name]

    return run_of


def trained(catalog, path, recipe, **how) -> RunFolder:
    cpu = torch.device("cpu")
    return train(start_run(catalog, path, recipe, device=cpu), catalog, device=cpu, **how)


recipes = pytest.mark.parametrize("name", RECIPES)


def test_the_presets_are_those_of_the_literature():
    table = {
        n: (r.mask.ratio, r.mask.policy, r.objective.loss, r.model.head, r.model.tokens) for n, r in PRESETS.items()
    }
    assert table == {
        "mediafm": (0.2, "independent", "cosine", "linear", "kept"),
        "bert": (0.15, "independent", "cosine", "transform", "kept"),
        "spanbert": (0.15, "span", "cosine", "transform", "kept"),
        "mae": (0.75, "independent", "l2", "decoder", "dropped"),
        "videomae": (0.9, "modality_tube", "l2", "decoder", "kept"),
        "lvmae": (0.5, "semantic", "cosine", "decoder", "dropped"),
        "bassl": (0.15, "independent", "l2", "transform", "kept"),
        "hero": (0.15, "independent", "nce", "transform", "kept"),
        "videoprism": (0.65, "independent", "cosine", "decoder", "dropped"),
        "data2vec": (0.6, "block", "smooth_l1", "linear", "kept"),
        "neighbour": (0.2, "mixed", "cosine", "neighbour", "kept"),
    }
    assert all(recipe.name == name for name, recipe in PRESETS.items())
    assert PRESETS["mediafm"] == Recipe()
    assert all(entry.source and entry.facts and entry.differs for entry in CATALOGUE.values())


def test_an_unknown_recipe_is_refused_with_the_nearest_or_with_all():
    with pytest.raises(InputError, match="there are mediafm, bert"):
        preset("vivid")
    with pytest.raises(InputError, match="did you mean 'mediafm'"):
        preset("mediafn")


@recipes
def test_a_recipe_survives_json_unchanged(name):
    assert Recipe.from_dict(RECIPES[name].to_dict()) == RECIPES[name]


@recipes
def test_every_recipe_trains_and_is_evaluated_in_the_space_of_the_shots(scened, runs, name):
    run = runs(name)
    measured = report(score_titles(run.predict, scened.split("test"), run.space, seeds=(0,)), "test")
    assert -1 < measured["centred_cosine"] < 1 and 0 < measured["median_rank"] < 1
    fill = run.fill_in(scened.split("test")[0], [3, 4, 9])
    assert np.isfinite(fill.predicted).all() and fill.predicted.shape == (3, 12)
    contextual = run.contextual(scened.split("test")[0])
    # A neighbour run's is the shot beside what is expected there; all others' is the encoder's output.
    assert contextual.shape == (scened.split("test")[0].num_shots, 12 + 12 + 24 if name == "neighbour" else 16)


@recipes
def test_no_recipe_lets_a_prediction_see_what_it_predicts(scened, runs, name):
    run, title = runs(name), scened.split("test")[0]
    shots = run.space.fuse(title.embeddings)
    hidden = np.isin(np.arange(len(shots)), [0, 5, 6, 11])
    changed = np.where(hidden[:, None], -7.0, shots).astype(np.float32)
    before, after = (run.predict(s, hidden, Told.of(title)) for s in (shots, changed))
    np.testing.assert_array_equal(before, after)


@pytest.mark.slow
@recipes
def test_a_recipe_stopped_and_resumed_is_the_one_that_never_stopped(scened, runs, tmp_path, name):
    whole = runs(name).folder
    steps = iter(range(100))
    cut = trained(scened, tmp_path / "cut", RECIPES[name].with_settings(QUICK), should_stop=lambda: next(steps) >= 5)
    resumed = train(RunFolder.open(cut.path), scened, device=torch.device("cpu"), resume=True)
    assert [line["loss"] for line in resumed.metrics()] == [line["loss"] for line in whole.metrics()]
    assert resumed.info["best"] == whole.info["best"]
    for tensor, (key, other) in zip(resumed.load_weights().values(), whole.load_weights().items(), strict=True):
        assert torch.equal(tensor, other), key


@pytest.mark.slow
@pytest.mark.parametrize("name", LITERATURE)
def test_every_preset_of_the_literature_learns(talks, tmp_path, name):
    small = [
        "steps=60",
        "optim.lr=0.01",
        "validate_every=60",
        "model.width=32",
        "model.heads=2",
        "model.decoder_width=16",
    ]
    recipe = PRESETS[name].with_settings([*small, "model.depth=3"])
    lines = trained(talks, tmp_path / "run", recipe).metrics()
    stages = [lines[: recipe.first_stage_steps], lines[recipe.first_stage_steps :]]
    for stage in filter(None, stages):
        first, last = (np.mean([line["loss"] for line in part]) for part in (stage[:5], stage[-5:]))
        assert last < 0.9 * first


def test_averaged_weights_are_the_ones_that_are_saved(talks, tmp_path):
    recipe = RECIPES["regularised"].with_settings(QUICK)
    trainer = Trainer(
        start_run(talks, tmp_path / "run", recipe, device=torch.device("cpu")), talks, torch.device("cpu")
    )
    for _ in range(3):
        trainer.run_step()
    trainer.keep_best()
    saved = trainer.run.load_weights()["shot_in.weight"]
    assert torch.equal(saved, trainer.kept.shot_in.weight) and not torch.equal(saved, trainer.model.shot_in.weight)


def test_a_reversed_window_is_the_title_backwards_with_its_scenes(scened, tmp_path):
    def batch(reversal):
        recipe = RECIPES["scene"].with_settings([*QUICK, f"time_reversal={reversal}"])
        run = start_run(scened, tmp_path / f"run-{reversal}", recipe, device=torch.device("cpu"))
        return Trainer(run, scened, torch.device("cpu")).sampler.batch(0)

    ahead, back = batch(0), batch(1)
    for i, num_shots in enumerate(ahead.valid.sum(dim=1).tolist()):
        torch.testing.assert_close(back.shots[i, :num_shots], ahead.shots[i, :num_shots].flip(0))
        assert torch.equal(back.scenes[i, :num_shots], ahead.scenes[i, :num_shots].flip(0))


def test_noise_is_on_what_the_encoder_sees_and_not_on_the_target(talks):
    from msm.evaluation.space import fit_space
    from msm.training.step import mask_batch
    from msm.training.trainer import make_sampler

    recipe = Recipe(noise=0.5)
    space = fit_space(talks.split("train"), [], talks.modalities, "joint")
    batch = make_sampler(recipe, talks, space).batch(0)
    masked = mask_batch(batch, recipe, torch.Generator().manual_seed(0), 0, talks.modalities, torch.device("cpu"))
    assert torch.equal(masked.truth, batch.shots)
    lengths = (masked.shown - masked.truth).norm(dim=-1)
    assert lengths[masked.valid].square().mean().sqrt().item() == pytest.approx(0.5, abs=0.03)
    assert (lengths[~masked.valid] == 0).all()


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (["mask.policy=scene"], "has no label `scene`"),
        (["mask.policy=modality", "mask.modality=smell"], "'smell', but the modalities are video, audio"),
        (["objective.weights=smell=1"], "no modality 'smell'"),
    ],
)
def test_a_recipe_that_does_not_fit_the_catalog_is_refused_before_anything_is_written(
    talks, tmp_path, changes, sentence
):
    with pytest.raises(InputError, match=sentence):
        start_run(talks, tmp_path / "run", Recipe().with_settings(changes), device=torch.device("cpu"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_one_modality_is_enough_for_every_preset(tmp_path):
    rng = np.random.default_rng(0)
    titles = [
        TitleData(title_id=f"{i}", split=("train", "train", "validation")[i % 3], embeddings=rng.normal(size=(n, 6)))
        for i, n in enumerate([2, 3, 30, 5, 2, 9])
    ]
    catalog = Catalog.write(tmp_path / "c", titles, modalities=modalities_of({"text": 6}))
    for name, recipe in PRESETS.items():  # with titles shorter than any span, and one window of two shots
        run = trained(catalog, tmp_path / name, recipe.with_settings([*QUICK, "batch_windows=2"]))
        assert all(np.isfinite(line["loss"]) for line in run.metrics())


def test_a_recipe_from_before_a_key_existed_still_opens():
    recipe = Recipe.from_dict({"mask": {"ratio": 0.3}, "model": {"width": 64}})
    assert recipe.mask.policy == "independent" and recipe.model.tokens == "kept" and recipe.optim.average == 0
    with pytest.raises(InputError, match=r"mask\.colour is not a recipe key"):
        Recipe.from_dict({"mask": {"colour": 1}})


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_bfloat16_runs_through_every_preset(scened, tmp_path, name):
    lines = trained(scened, tmp_path / "run", PRESETS[name].with_settings([*QUICK, "precision=bfloat16"])).metrics()
    assert all(np.isfinite(line["loss"]) for line in lines)


CHOICES = {
    "mask.policy": [
        "independent",
        "mixed",
        "span",
        "block",
        "scene",
        "tube",
        "modality_tube",
        "semantic",
        "modality",
        "prefix",
        "suffix",
    ],
    "mask.ratio": ["0.1", "0.5", "0.9"],
    "mask.other": ["0", "0.2"],
    "model.head": ["linear", "transform", "decoder"],
    "model.tokens": ["kept", "dropped"],
    "model.mask_token": ["replaced", "added"],
    "model.mask_vectors": ["one", "per_modality"],
    "model.positions": ["rotary", "learned", "sinusoidal"],
    "objective.loss": ["cosine", "l2", "smooth_l1", "nce"],
    "objective.target": ["shot", "teacher"],
    "objective.standardise": ["false", "true"],
    "objective.weights": ["", "equal"],
    "objective.span_boundary": ["0", "1"],
    "objective.contrastive": ["0", "1"],
    "noise": ["0", "0.2"],
}


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in CHOICES.items()}))
def test_any_recipe_that_is_not_refused_trains_and_does_not_leak(scened, tmp_path, chosen):
    try:
        recipe = Recipe().with_settings([*QUICK, *(f"{k}={v}" for k, v in chosen.items())])
    except InputError:
        return
    cpu = torch.device("cpu")
    trainer = Trainer(start_run(scened, tmp_path / "run", recipe, device=cpu, replace=True), scened, cpu)
    assert all(np.isfinite(trainer.run_step()["loss"]) for _ in range(2))
    title = scened.split("test")[0]
    shots, hidden = trainer.space.fuse(title.embeddings), np.isin(np.arange(title.num_shots), [0, 5, 6])
    changed = np.where(hidden[:, None], -7.0, shots).astype(np.float32)
    before, after = (predict_hidden(trainer.model, s, hidden, Told.of(title)) for s in (shots, changed))
    np.testing.assert_array_equal(before, after)
