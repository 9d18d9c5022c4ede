"""A shot whose scene is not known is in no scene: it is not in one with the other unknown shots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from msm.data.scenes import UNKNOWN, position_in_scene, scene_numbers
from msm.interpret.surprise import scene_starts
from msm.masking import choose_hidden
from msm.recipes.recipe import MaskConfig
from msm.search.filters import Filters, allowed_rows
from msm.search.quality import measure
from msm.search.spaces import RawSpace

UNKNOWN_VALUES = {
    "numbers": [0, 0, -1, -1, 1, 1, -1, 2],
    "halves": [0.0, 0.0, np.nan, -1.0, 1.0, 1.0, np.nan, 2.0],
    "words": ["a", "a", "", "-1", "b", "b", None, "c"],
}
NUMBERS = [0, 0, UNKNOWN, UNKNOWN, 1, 1, UNKNOWN, 2]


@pytest.mark.parametrize("values", UNKNOWN_VALUES.values(), ids=UNKNOWN_VALUES)
def test_an_unknown_scene_has_no_number_and_breaks_no_count(values):
    assert scene_numbers(pd.DataFrame({"scene": values})).tolist() == NUMBERS


def test_a_scene_that_goes_on_after_an_unknown_shot_is_another_one():
    assert scene_numbers(pd.DataFrame({"scene": ["a", "", "a"]})).tolist() == [0, UNKNOWN, 1]


def test_where_no_label_tells_every_scene_is_unknown_and_marks_are_preferred_to_names():
    assert scene_numbers(pd.DataFrame({"text": ["", ""]})).tolist() == [UNKNOWN, UNKNOWN]
    both = pd.DataFrame({"scene_start": [0, None, 1, 0], "scene": ["a", "b", "c", "d"]})
    assert scene_numbers(both).tolist() == [0, 0, 1, 1]


def test_an_unknown_shot_has_no_place_in_a_scene_and_ends_the_one_before():
    assert position_in_scene(np.array(NUMBERS)).tolist() == ["first", "last", "", "", "first", "last", "", "only"]


def test_an_unknown_shot_starts_no_scene():
    starts = scene_starts(pd.DataFrame({"scene": UNKNOWN_VALUES["words"]}))
    assert starts is not None and np.flatnonzero(starts).tolist() == [0, 4, 7]
    assert scene_starts(pd.DataFrame({"scene": ["", "-1", None]})) is None


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Two titles of the same eight shots, every third of a scene that is not known."""
    embeddings = np.random.default_rng(0).standard_normal((8, 3))
    shots = pd.DataFrame({"scene": UNKNOWN_VALUES["words"]})
    titles = [TitleData(title_id=t, split="test", embeddings=embeddings, shots=shots) for t in ("one", "two")]
    return Catalog.write(tmp_path / "catalog", titles, modalities=modalities_of({"video": 3}))


@pytest.mark.parametrize(
    ("asked", "left_out"), [([0], [0, 1]), ([2], []), ([2, 3, 6], []), ([6, 4], [4, 5]), ([8 + 5], [8 + 4, 8 + 5])]
)
def test_not_the_same_scene_leaves_out_the_scene_of_a_known_shot_and_nothing_for_an_unknown_one(
    catalog, asked, left_out
):
    allowed = allowed_rows(catalog, Filters(not_same_scene=True), asked)
    assert np.flatnonzero(~allowed).tolist() == left_out


def test_unknown_shots_are_hidden_one_by_one_and_not_as_one_scene():
    scenes = torch.full((1, 40), UNKNOWN)
    scenes[0, :10] = 0
    valid = torch.ones(1, 40, dtype=torch.bool)
    cfg = MaskConfig(policy="scene", ratio=0.25)
    drawn = [choose_hidden(valid, cfg, torch.Generator().manual_seed(i), scenes=scenes)[0] for i in range(40)]

    assert all(1 <= int(h.sum()) <= 25 for h in drawn)
    assert all(h[:10].all() or not h[:10].any() for h in drawn)
    assert any(0 < int(h[10:].sum()) < 30 for h in drawn)


def test_where_no_scene_is_known_leaving_the_scene_out_of_a_search_leaves_nothing_out(tmp_path):
    rng = np.random.default_rng(0)
    titles = [
        TitleData(
            title_id=f"title-{i}",
            split="test",
            embeddings=rng.standard_normal((12, 3)),
            shots=pd.DataFrame({"scene": [""] * 12, "place": [f"place {s % 3}" for s in range(12)]}),
        )
        for i in range(3)
    ]
    catalog = Catalog.write(tmp_path / "catalog", titles, modalities=modalities_of({"video": 3}))
    spaces = {"raw": RawSpace(catalog)}
    by_scene, plain = (measure(spaces, "place", leave_out=out) for out in ("scene", "nothing"))

    assert by_scene["columns"] == plain["columns"] and by_scene["num_scored"] == plain["num_scored"]
