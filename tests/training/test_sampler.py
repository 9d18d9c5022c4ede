"""Which windows and scenes a training gets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from msm import Catalog, InputError, Recipe, TitleData
from msm.data.catalog import modalities_of
from msm.evaluation.space import fit_space
from msm.training.trainer import make_sampler, start_run, train

SCENES = Recipe().with_settings(
    ["mask.policy=scene", "steps=2", "model.width=8", "model.depth=1", "model.heads=1", "validate_every=2"]
)


def labelled(path, **labels) -> Catalog:
    """Two titles of eight shots, one to train on, with these labels."""
    rng = np.random.default_rng(0)
    times = {"start_s": np.arange(8.0), "end_s": np.arange(1.0, 9.0)}
    titles = [
        TitleData(
            title_id=split, split=split, embeddings=rng.normal(size=(8, 4)), shots=pd.DataFrame({**times, **labels})
        )
        for split in ("train", "validation")
    ]
    return Catalog.write(path / "catalog", titles, modalities=modalities_of({"video": 4}))


def scenes_of(catalog: Catalog) -> list[int]:
    space = fit_space(catalog.split("train"), [], catalog.modalities, "joint")
    scenes = make_sampler(SCENES, catalog, space).batch(0).scenes
    assert scenes is not None
    return scenes[0].tolist()


def test_scenes_are_masked_where_the_catalog_marks_only_their_beginnings(tmp_path):
    catalog = labelled(tmp_path, scene_start=[1, 0, 0, 1, 0, 0, 0, 1])
    assert scenes_of(catalog) == [0, 0, 0, 1, 1, 1, 1, 2]
    cpu = torch.device("cpu")
    run = train(start_run(catalog, tmp_path / "run", SCENES, device=cpu), catalog, device=cpu)
    assert all(np.isfinite(line["loss"]) for line in run.metrics())


@pytest.mark.parametrize("unknown", ["-1", "", "-1.0"])
def test_a_text_label_that_means_unknown_is_no_scene(tmp_path, unknown):
    scenes = scenes_of(labelled(tmp_path, scene=["a", "a", unknown, unknown, "b", "b", "b", unknown]))
    assert [s == -1 for s in scenes] == [False, False, True, True, False, False, False, True]
    assert len({*scenes} - {-1}) == 2


def test_scenes_without_a_label_are_refused(tmp_path):
    with pytest.raises(InputError, match="no label `scene` or `scene_start`"):
        scenes_of(labelled(tmp_path, place=["here"] * 8))
