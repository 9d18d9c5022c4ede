import json
import os
import shutil

import numpy as np
import pytest
import torch

from benchmarks import train as benchmark
from msm import Catalog, Run, TitleData
from msm.data.catalog import modalities_of
from msm.errors import InputError
from msm.evaluation.report import report
from msm.evaluation.scoring import score_titles
from msm.io.files import temporary_sibling
from msm.recipes.presets import preset
from msm.runs.folder import RunFolder, list_runs
from msm.training import trainer as train_module
from msm.training.sampler import WindowSampler
from msm.training.trainer import Trainer, pick_device, start_run, train

TINY = ["batch_windows=4", "model.width=16", "model.heads=2", "model.max_shots=48", "window=24"]


def losses(run: RunFolder) -> list[float]:
    return [line["loss"] for line in run.metrics()]


def trained(catalog, path, recipe, cpu, **how) -> RunFolder:
    return train(start_run(catalog, path, recipe, device=cpu), catalog, device=cpu, **how)


def test_the_same_seed_gives_the_same_losses_to_the_bit(talks, quick, cpu, tmp_path):
    first, second = (losses(trained(talks, tmp_path / name, quick, cpu)) for name in "ab")
    other = losses(trained(talks, tmp_path / "c", quick.with_settings(["seed=1"]), cpu))
    assert first == second and len(first) == 40
    assert first != other


@pytest.mark.parametrize("stop_at", [1, 20, 33])
def test_a_run_stopped_and_resumed_is_the_run_that_never_stopped(talks, quick, cpu, tmp_path, stop_at):
    whole = trained(talks, tmp_path / "whole", quick, cpu)
    steps = iter(range(1000))
    run = trained(talks, tmp_path / "cut", quick, cpu, should_stop=lambda: next(steps) >= stop_at)
    assert run.info["state"] == "stopped" and run.info["steps_done"] == stop_at

    resumed = train(RunFolder.open(run.path), talks, device=cpu, resume=True)
    assert resumed.info["state"] == "done"
    assert losses(resumed) == losses(whole)
    assert resumed.info["best"] == whole.info["best"]
    for name, weight in resumed.load_weights().items():
        assert torch.equal(weight, whole.load_weights()[name])


def test_a_run_killed_between_checkpoints_goes_on_from_the_last(talks, quick, cpu, tmp_path):
    whole = trained(talks, tmp_path / "whole", quick, cpu)

    def die(line):
        if line["step"] == 27:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(talks, tmp_path / "cut", quick, cpu, on_step=die)
    run = RunFolder.open(tmp_path / "cut")
    assert run.info["state"] == "failed" and len(losses(run)) == 27
    assert losses(train(run, talks, device=cpu, resume=True)) == losses(whole)


def test_a_model_can_learn_one_batch(talks, quick, cpu, tmp_path):
    trainer = Trainer(start_run(talks, tmp_path / "run", quick, device=cpu), talks, cpu)
    one = trainer.sampler.batch(0)
    trainer.sampler.batch = lambda step: one
    lines = [trainer.run_step() for _ in range(40)]
    assert lines[-1]["loss"] < 0.5 * lines[0]["loss"]


def shots_in_rounds(num_titles: int, rng: np.random.Generator):
    """Five pictures that always follow each other in one order: a period that no covariance over shot index has."""
    pictures = rng.normal(size=(5, 12))
    for i in range(num_titles):
        order = (rng.integers(5) + np.arange(rng.integers(16, 36))) % 5
        shots = pictures[order] + 0.3 * rng.normal(size=12) + 0.1 * rng.normal(size=(len(order), 12))
        split = ("train", "train", "train", "validation", "test")[i % 5]
        yield TitleData(title_id=f"title-{i:02d}", split=split, embeddings=shots.astype(np.float32))


@pytest.mark.slow
def test_a_model_that_learned_in_which_order_pictures_follow_beats_every_baseline(quick, cpu, tmp_path):
    shots = shots_in_rounds(40, np.random.default_rng(7))
    catalog = Catalog.write(tmp_path / "c", shots, modalities=modalities_of({"video": 8, "audio": 4}), dtype="float32")
    run = Run.open(trained(catalog, tmp_path / "run", quick.with_settings(["steps=120"]), cpu).path)
    measured = report(score_titles(run.predict, catalog.split("test"), run.space), "test")
    assert measured["best_baseline"] == "kriging" and measured["skill"] > 0.2


def test_an_epoch_visits_every_window_once(talks, quick, cpu, tmp_path):
    trainer = Trainer(start_run(talks, tmp_path / "run", quick, device=cpu), talks, cpu)
    sampler = trainer.sampler
    assert sorted(sampler._order(0)) == list(range(len(sampler.windows)))
    assert sampler._order(0) != sampler._order(1)


def test_a_title_longer_than_a_window_is_cut_and_all_of_it_is_seen(cpu, tmp_path, quick):
    rng = np.random.default_rng(0)
    titles = [
        TitleData(title_id=split, split=split, embeddings=rng.normal(size=(50, 6)))
        for split in ("train", "validation", "test")
    ]
    catalog = Catalog.write(tmp_path / "c", titles, modalities=modalities_of({"video": 6}))
    recipe = quick.with_settings(["model.max_shots=16", "steps=2"])
    trainer = Trainer(start_run(catalog, tmp_path / "run", recipe, device=cpu), catalog, cpu)
    assert len(trainer.sampler.windows) == 4
    starts = {trainer.sampler.batch(step).shots[0, 0, 0].item() for step in range(60)}
    assert trainer.sampler.batch(0).shots.shape[1] == 16 and len(starts) > 20
    trainer.keep_best()
    fill = Run.open(trainer.run.path).fill_in(catalog["test"], range(10, 40))
    assert len(fill.table) == 30 and fill.table["centred_cosine"].notna().all()


def test_batches_hold_little_padding(tmp_path):
    rng = np.random.default_rng(0)
    lengths = rng.integers(60, 512, size=120)
    titles = [
        TitleData(title_id=f"t{i}", split="train", embeddings=rng.normal(size=(n, 2))) for i, n in enumerate(lengths)
    ]
    catalog = Catalog.write(tmp_path / "c", titles, modalities=modalities_of({"video": 2}))
    from msm.evaluation.space import fit_space

    space = fit_space(catalog.split("train"), [], catalog.modalities, "joint")
    sampler = WindowSampler(catalog, space, max_shots=512, batch_windows=8, seed=0)
    valid = [sampler.batch(step).valid for step in range(15)]
    assert sum(v.sum() for v in valid) / sum(v.numel() for v in valid) > 0.8


def test_a_broken_catalog_is_refused_before_anything_is_written(tmp_path, quick, cpu, talks):
    catalog = Catalog.open(talks.path)
    catalog.validate = lambda: (_ for _ in ()).throw(InputError("shot 3: NaN"))
    with pytest.raises(InputError, match="NaN"):
        start_run(catalog, tmp_path / "run", quick, device=cpu)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_run_is_not_overwritten(talks, quick, cpu, tmp_path):
    start_run(talks, tmp_path / "run", quick, device=cpu)
    with pytest.raises(InputError, match="already exists"):
        start_run(talks, tmp_path / "run", quick, device=cpu)


def test_two_trainers_on_one_run_are_refused(talks, quick, cpu, tmp_path):
    run = start_run(talks, tmp_path / "run", quick, device=cpu)
    with run.only_trainer(), pytest.raises(InputError, match="another process"):
        train(run, talks, device=cpu)


def test_what_a_killed_start_left_beside_a_run_goes_when_its_training_goes_on(talks, quick, cpu, tmp_path):
    run = start_run(talks, tmp_path / "run", quick, device=cpu)
    left = temporary_sibling(run.path)
    left.mkdir()
    os.utime(left, (0, 0))

    with run.only_trainer():
        assert not left.exists()


def test_only_a_run_at_rest_is_replaced(talks, quick, cpu, tmp_path):
    precious = tmp_path / "thesis"
    precious.mkdir()
    with pytest.raises(InputError, match="is not a run"):
        start_run(talks, precious, quick, device=cpu, replace=True)
    run = start_run(talks, tmp_path / "run", quick, device=cpu)
    with run.only_trainer(), pytest.raises(InputError, match="another process"):
        start_run(talks, run.path, quick, device=cpu, replace=True)
    start_run(talks, run.path, quick, device=cpu, replace=True)


def test_a_run_is_not_resumed_on_another_catalog(talks, quick, cpu, tmp_path):
    run = start_run(talks, tmp_path / "run", quick, device=cpu)
    rng = np.random.default_rng(0)
    other = Catalog.write(
        tmp_path / "other",
        [TitleData(title_id="a", split="train", embeddings=rng.normal(size=(9, 12)))],
        modalities=talks.modalities,
    )
    with pytest.raises(InputError, match="not the catalog"):
        train(run, other, device=cpu, resume=True)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_its_weights(talks, quick, cpu, tmp_path):
    run = start_run(talks, tmp_path / "run", quick, device=cpu)

    def poison(line):
        if line["step"] == 21:
            with torch.no_grad():
                trainer_model[0].mask_vector.fill_(float("nan"))

    trainer_model = []
    original = Trainer.run_step

    def remember(self):
        trainer_model[:] = [self.model]
        return original(self)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(InputError, match=r"optim\.lr"):
        patch.setattr(Trainer, "run_step", remember)
        train(run, talks, device=cpu, on_step=poison)
    assert RunFolder.open(run.path).info["state"] == "failed"
    assert all(torch.isfinite(w).all() for w in run.load_weights().values())


def test_a_metrics_line_says_what_scripts_rely_on(talks, quick, cpu, tmp_path):
    run = trained(talks, tmp_path / "run", quick, cpu)
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 41))
    assert {"loss", "lr", "grad_norm"} <= set(lines[0])
    assert [line["step"] for line in lines if "validation" in line] == [20, 40]
    assert set(lines[19]["validation"]) >= {"cosine", "centred_cosine", "median_rank", "skill", "baselines"}


def test_a_line_that_is_still_being_written_is_not_read(talks, quick, cpu, tmp_path):
    run = start_run(talks, tmp_path / "run", quick, device=cpu)
    run.append_metrics({"step": 1, "loss": 0.5})
    with open(run.path / "metrics.jsonl", "a") as file:
        file.write('{"step": 2, "lo')
    assert [line["step"] for line in run.metrics()] == [1]


def test_metrics_with_a_damaged_byte_are_refused_by_name(talks, quick, cpu, tmp_path):
    run = start_run(talks, tmp_path / "run", quick, device=cpu)
    (run.path / "metrics.jsonl").write_bytes(b'{"step": 1, "loss": \xff}\n')
    with pytest.raises(InputError, match=r"metrics\.jsonl"):
        run.metrics()


def test_runs_are_listed_by_name_and_other_folders_are_not(talks, quick, cpu, tmp_path):
    start_run(talks, tmp_path / "b", quick, device=cpu)
    start_run(talks, tmp_path / "a", quick, device=cpu)
    (tmp_path / "notes").mkdir()
    assert [p.name for p in list_runs(tmp_path)] == ["a", "b"]
    assert list_runs(tmp_path / "nowhere") == []


@pytest.mark.parametrize("name", ["recipe.json", "run.json", "model.safetensors", "baselines.safetensors"])
def test_a_damaged_run_is_refused_with_the_file(talks, quick, cpu, tmp_path, name):
    run = trained(talks, tmp_path / "run", quick, cpu)
    damaged = run.path / name
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    with pytest.raises(InputError, match=damaged.name):
        Run.open(run.path)


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="no device 'warp'"):
        pick_device("warp")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler on a CPU")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_compiled_training_has_the_losses_of_one_that_is_not(talks, quick, cpu, tmp_path, precision):
    recipe = quick.with_settings(["steps=6", "validate_every=3", "optim.name=adamw", f"precision={precision}"])
    compiled = trained(talks, tmp_path / "compiled", recipe.with_settings(["compile=true"]), cpu)
    eager = trained(talks, tmp_path / "eager", recipe, cpu)
    exact = 1e-5 if precision == "float32" else 2e-3  # a kernel that is one rounds once
    assert losses(compiled) == pytest.approx(losses(eager), abs=exact, rel=exact)
    assert compiled.load_weights().keys() == eager.load_weights().keys()


def test_without_a_compiler_a_compiled_training_is_refused_in_a_sentence(talks, quick, cpu, tmp_path, monkeypatch):
    monkeypatch.setattr("msm.models.transformer.shutil.which", lambda name: None)
    with pytest.raises(InputError, match="needs a C"):
        trained(talks, tmp_path / "run", quick.with_settings(["compile=true"]), cpu)


@pytest.mark.skipif(torch.cuda.is_available(), reason="has what the sentence says is missing")
def test_the_benchmark_of_a_gpu_says_in_a_sentence_that_there_is_none(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train", "--device", "cuda"])
    with pytest.raises(SystemExit, match="no device 'cuda'"):
        benchmark.main()


@pytest.mark.parametrize("num_shots", [1, 2, 3])
def test_validation_titles_of_which_one_draw_hides_nothing_end_no_training(
    make_catalog, quick, cpu, tmp_path, num_shots
):
    rng = np.random.default_rng(0)
    lengths = {"train": 9, "validation": num_shots}
    titles = [
        TitleData(title_id=s, split=s, embeddings=rng.standard_normal((n, 6)).astype(np.float32))
        for s, n in lengths.items()
    ]
    run = trained(make_catalog(titles), tmp_path / "run", quick.with_settings(["steps=2", "validate_every=1"]), cpu)
    assert run.info["state"] == "done" and run.has_weights
    assert all(line["validation"]["num_hidden"] for line in run.metrics())


def test_a_window_of_one_shot_may_run_backwards(talks, quick, cpu, tmp_path):
    run = trained(talks, tmp_path / "run", quick.with_settings(["steps=2", "window=1", "time_reversal=1"]), cpu)
    assert run.info["state"] == "done"


@pytest.mark.parametrize("name", ["mediafm", "neighbour"])
def test_weights_that_are_no_numbers_at_a_validation_end_the_training_in_a_sentence_and_the_best_stay(
    talks, cpu, tmp_path, monkeypatch, name
):
    real = train_module.train_step

    def overflowing(model, *given):
        done = real(model, *given)
        if given[-2] == 2:  # the third step
            with torch.no_grad():
                model.shot_in.weight.fill_(float("inf"))
        return done

    monkeypatch.setattr(train_module, "train_step", overflowing)
    recipe = preset(name).with_settings([*TINY, "steps=6", "validate_every=1"])
    with pytest.raises(InputError, match="no longer a number"):
        trained(talks, tmp_path / "run", recipe, cpu)
    run = RunFolder.open(tmp_path / "run")
    assert run.info["state"] == "failed" and "no longer a number" in run.info["reason"]
    assert run.info["best"]["step"] <= 2 and all(w.isfinite().all() for w in run.load_weights().values())


@pytest.mark.parametrize("silent", [("train", "validation", "test"), ("validation",), ("test",)])
def test_films_without_a_sound_are_trained_on_and_reported_without_that_modality(
    make_catalog, quick, cpu, tmp_path, silent
):
    rng = np.random.default_rng(0)
    titles = []
    for split in ("train", "validation", "test"):
        shots = rng.standard_normal((20, 8)).astype(np.float32)
        shots[:, 5:] *= split not in silent
        titles.append(TitleData(title_id=split, split=split, embeddings=shots))
    catalog = make_catalog(titles, modalities=modalities_of({"video": 5, "audio": 3}))
    run = trained(catalog, tmp_path / "run", quick.with_settings(["steps=2", "validate_every=1"]), cpu)
    opened = Run.open(run.path)
    reported = report(score_titles(opened.predict, catalog.split("test"), opened.space), "test")
    json.dumps(reported, allow_nan=False)
    assert set(run.metrics()[-1]["validation"]["by_modality"]) == {"video"} | (
        {"audio"} if "validation" not in silent else set()
    )
    assert set(reported["by_modality"]) == {"video"} | ({"audio"} if "test" not in silent else set())
