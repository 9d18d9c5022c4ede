"""What a training does before its first step, and what it says of it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import torch

from msm.data.catalog import Catalog
from msm.data.space import Space
from msm.data.stratified import sample_facts, stratified
from msm.errors import InputError
from msm.evaluation.kept_space import Estimate, estimated_on, space_of
from msm.io import files
from msm.masking.policies import POLICIES
from msm.models.encoder import ShotEncoder
from msm.objectives.objective import make_objective
from msm.recipes.recipe import Recipe
from msm.runs.folder import RunFolder, versions
from msm.training.sampler import WindowSampler
from msm.training.step import mask_batch

VALIDATION_TITLES = 64  # enough to choose a step by; the report at the end uses every title
LONG_SHOTS = 200_000  # of which it is said beforehand that they are read

Note = Callable[[str], None]


def start_run(
    catalog: Catalog,
    path: str | Path,
    recipe: Recipe,
    *,
    device: torch.device,
    replace: bool = False,
    validation_titles: int = VALIDATION_TITLES,
    on_note: Note = lambda sentence: None,
    keep: bool = True,
) -> RunFolder:
    """Check the catalog, estimate the space of the baselines, and create the run folder.

    What is known of the catalog already (`Catalog.validate`, `msm.evaluation.kept_space`) is not read again. Raises InputError
    before anything is written if the catalog is invalid or has no training titles.

    validation_titles  with more validation titles than these, a stratified and seeded sample of them is validated on
    on_note            called with a sentence for each thing that was done, and before what takes long
    keep               what is estimated, beside the catalog
    """
    files.refuse_existing(Path(path), replace=replace)
    _check_writable(Path(path))
    checked = _check_catalog(catalog, on_note)
    train, validation = catalog.split("train"), catalog.split("validation")
    if not train:
        raise InputError("there is no title in the train split, so there is nothing to learn from")
    _try_recipe(recipe, catalog)
    on_note(checked)  # not before: what is refused is one sentence
    found = _estimate(catalog, recipe.fusion, on_note, keep)
    validated = sample_facts(stratified(validation, validation_titles), validation)
    on_note(_of_validation(validated))
    info = {
        "catalog": {
            "path": str(catalog.path),
            "fingerprint": catalog.fingerprint,
            "shot_dim": catalog.shot_dim,
            "global_dim": catalog.global_dim,
            **({"global": told} if (told := catalog.global_meaning) else {}),
            "modalities": [asdict(m) for m in catalog.modalities],
            "train_titles": len(train),
            "train_shots": sum(t.num_shots for t in train),
        },
        "bandwidth": found.space.bandwidth,
        "estimated_on": found.facts,
        "validation": validated,
        "device": str(device),
        "versions": versions(),
        "seed": recipe.seed,
        "steps_done": 0,
        "best": None,
    }
    return RunFolder.create(path, recipe, info, baselines=found.space.baselines, replace=replace)


def make_sampler(recipe: Recipe, catalog: Catalog, space: Space) -> WindowSampler:
    """The sampler of training windows that a recipe describes."""
    return WindowSampler(
        catalog,
        space,
        max_shots=recipe.window or recipe.model.max_shots,
        batch_windows=recipe.batch_windows,
        seed=recipe.seed,
        time_reversal=recipe.time_reversal,
        with_scenes=POLICIES.get(recipe.mask.policy).needs_scenes,
        with_times=recipe.model.times,
    )


def make_model(recipe: Recipe, catalog: Catalog) -> ShotEncoder:
    """The model of a recipe for the shots of a catalog, before its weights are initialised."""
    return ShotEncoder(catalog.shot_dim, catalog.global_dim, recipe.model, [m.dim for m in catalog.modalities])


def _try_recipe(recipe: Recipe, catalog: Catalog) -> None:
    """Mask the first batch to check that the recipe fits the catalog; InputError where it does not."""
    unfitted = Space(catalog.modalities, recipe.fusion, mean=np.zeros(catalog.shot_dim, np.float32), bandwidth=1.0)
    sampler = make_sampler(changed(recipe, batch_windows=1), catalog, unfitted)
    make_objective(recipe, make_model(recipe, catalog), catalog.modalities, torch.Generator())
    mask_batch(sampler.batch(0), recipe, torch.Generator(), 0, catalog.modalities, torch.device("cpu"))


def _check_writable(path: Path) -> None:
    """OSError where no run folder can be made, before anything is said or read."""
    place = next(p for p in (path.parent.absolute(), *path.absolute().parents) if p.exists())
    try:
        handle, name = tempfile.mkstemp(dir=place, prefix=".msm.tmp-")
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), str(path)) from None
    os.close(handle)
    Path(name).unlink()


def _check_catalog(catalog: Catalog, on_note: Note) -> str:
    """What is to be said of a sound catalog; InputError for any other."""
    known = catalog.coverage is not None
    if not known and catalog.num_shots > LONG_SHOTS:
        on_note(f"checking {catalog.num_shots:,} shots of {catalog.path}, which was not checked before")
    began = time.perf_counter()
    catalog.validate()
    how = "known to be sound" if known else f"checked in {time.perf_counter() - began:.1f} s"
    return f"catalog: {len(catalog):,} titles, {catalog.num_shots:,} shots, {catalog.shot_dim} wide; {how}"


def _estimate(catalog: Catalog, fusion: str, on_note: Note, keep: bool) -> Estimate:
    """The space of the catalog, and a sentence of what it was estimated on."""
    began = time.perf_counter()
    say = "estimating the training mean and the parameters of the baselines"
    found = space_of(catalog, fusion, lambda: on_note(say), keep=keep)
    how = "kept beside the catalog" if found.kept else f"estimated in {time.perf_counter() - began:.1f} s"
    on_note(f"statistics: {estimated_on(found.facts)}; {how}")
    return found


def _of_validation(facts: dict[str, int]) -> str:
    if not facts["sampled"]:
        return f"validation: {facts['titles']} titles"
    return f"validation: a sample of {facts['titles']} of {facts['of']:,} titles, by length, seed {facts['seed']}"
