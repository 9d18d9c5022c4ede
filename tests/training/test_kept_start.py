"""What a head finds before the first step is found once for a catalog, and a training that takes it over is the same to the bit."""

from __future__ import annotations

import shutil
from dataclasses import fields

import pytest
import torch

from msm import Catalog
from msm.models.heads.neighbour import NeighbourHead
from msm.recipes.model import ModelConfig
from msm.recipes.presets import preset
from msm.training.kept_start import INDEPENDENT, MOST_KEPT
from msm.training.trainer import Trainer, start_run, train

SMALL = ["steps=2", "batch_windows=4", "model.width=16", "model.heads=2", "model.max_shots=48", "window=24"]


@pytest.fixture
def fitted(talks, tmp_path, cpu, monkeypatch):
    """`fitted(setting, …)` begins a training on a copy of the talks: the tensors of its head, and whether it was fitted."""
    path = tmp_path / "catalog"
    shutil.copytree(talks.path, path, ignore=shutil.ignore_patterns("statistics"))
    catalog, fits, real, number = Catalog.open(path), [], NeighbourHead.fit, 0

    def counted(self, *arguments):
        fits.append(1)
        real(self, *arguments)

    monkeypatch.setattr(NeighbourHead, "fit", counted)

    def begin(*settings: str, name: str = "neighbour", keep: bool = True):
        nonlocal number
        number, before = number + 1, len(fits)
        recipe = preset(name).with_settings([*SMALL, *settings])
        run = start_run(catalog, tmp_path / f"run-{number}", recipe, device=cpu)
        trainer = Trainer(run, catalog, cpu, keep=keep)
        head = {k: t.clone() for k, t in trainer.model.head.state_dict().items()}
        return head, len(fits) > before

    begin.kept = lambda: sorted(path.glob("statistics/start-*.safetensors"))
    return begin


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(t, other[k]) for k, t in one.items())


def test_the_second_training_takes_over_what_the_first_one_found_to_the_bit(fitted):
    first, was_fitted = fitted()
    second, was_fitted_again = fitted()
    assert (was_fitted, was_fitted_again) == (True, False)
    assert same(first, second)
    assert len(fitted.kept()) == 1


def test_what_changes_the_start_is_fitted_anew_and_what_does_not_shares_it(fitted):
    base, _ = fitted()
    shared, anew = (
        ["model.depth=2", "optim.lr=0.01", "steps=3", "model.sharpen=fixed", "model.width=32"],
        ["seed=1", "mask.ratio=0.4", "fusion=per_modality", "model.start=distance"],
    )
    for setting in shared:
        head, was_fitted = fitted(setting)
        assert not was_fitted, setting
        assert torch.equal(head["components"], base["components"])
    for setting in anew:
        assert fitted(setting)[1], setting
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)  # the last digits depend on it
    try:
        assert fitted()[1]
    finally:
        torch.set_num_threads(before)


def test_a_start_that_is_cut_short_or_of_another_head_is_found_again(fitted):
    first, _ = fitted()
    (path,) = fitted.kept()
    whole = path.read_bytes()
    for spoiled in (whole[:100], b"", whole[:-8], b"{}" * 500):
        path.write_bytes(spoiled)
        again, was_fitted = fitted()
        assert was_fitted and same(first, again)
    assert path.read_bytes() == whole


def test_a_dry_run_keeps_nothing_and_a_head_without_a_fit_has_nothing_to_keep(fitted):
    fitted(keep=False)
    fitted("model.heads=2", name="mediafm")
    assert fitted.kept() == []


def test_a_training_says_whether_its_start_was_there(talks, tmp_path, cpu):
    path = tmp_path / "catalog"
    shutil.copytree(talks.path, path, ignore=shutil.ignore_patterns("statistics"))
    catalog, said = Catalog.open(path), []
    for name, recipe in (("one", "neighbour"), ("two", "neighbour"), ("three", "mediafm")):
        run = start_run(catalog, tmp_path / name, preset(recipe).with_settings(SMALL), device=cpu)
        notes: list[str] = []
        train(run, catalog, device=cpu, on_note=notes.append)
        said.append([note for note in notes if note.startswith("start: ")])
    assert [len(notes) for notes in said] == [1, 1, 0]
    assert " found in " in said[0][0] and said[1][0].endswith("kept beside the catalog")


def test_no_more_than_a_few_starts_are_kept(fitted):
    fitted()
    (path,) = fitted.kept()
    for number in range(MOST_KEPT + 3):
        path.with_name(f"start-{number:016x}.safetensors").write_bytes(b"")
    fitted("seed=1")
    assert len(fitted.kept()) == MOST_KEPT


def test_the_settings_that_no_fit_depends_on_exist():
    assert {field.name for field in fields(ModelConfig)} > INDEPENDENT
