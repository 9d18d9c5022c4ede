"""Whether the shots of a catalog are alike, and what a recipe does about it.

Where all vectors lie in a narrow cone, their mean is most of every prediction: a cosine loss is already small for a model that
predicts the mean alone, and the published recipe may stay there. Relative to the mean of the training shots it does not.

Shape letters: N shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from msm.data.catalog import Catalog
from msm.data.fusion import fuse
from msm.evaluation.geometry import pair_cosine
from msm.recipes.recipe import Recipe

ALIKE = 0.55  # mean cosine of random pairs of shots, from which predictions are relative to the mean
TITLES, SHOTS = 50, 40  # that are measured, spread over the training titles


def random_pairs(catalog: Catalog, fusion: str) -> float:
    """The mean cosine of two random training shots, of a sample; 0 without training titles."""
    titles = [t for t in catalog.split("train") if t.num_shots]
    if not titles:
        return 0.0
    spread = dict.fromkeys(int(i) for i in np.linspace(0, len(titles) - 1, min(TITLES, len(titles))))
    rows = [titles[i].rows(0, min(SHOTS, titles[i].num_shots)) for i in spread]
    return pair_cosine(fuse(np.concatenate(rows), catalog.modalities, fusion))


def centre_if_alike(recipe: Recipe, catalog: Catalog, settings: Iterable[str]) -> tuple[Recipe, str | None]:
    """Set `model.centred` of a preset where the shots are alike and nobody has set it.

    settings  that were made to the preset, `key=value`
    returns   the recipe, and a sentence for the user where the shots are alike; None where they are not, or the recipe is centred
              or has no cosine loss in the space of the shots
    """
    objective = recipe.objective
    if recipe.model.centred or objective.target != "shot" or objective.loss != "cosine" or objective.standardise:
        return recipe, None
    alike = random_pairs(catalog, recipe.fusion)
    if alike < ALIKE:
        return recipe, None
    fact = f"two random shots of {catalog.path} have a cosine of {alike:.2f}"
    if any(s.partition("=")[0].strip() == "model.centred" for s in settings):
        return recipe, f"{fact}; the recipe may collapse to their mean, and model.centred=true prevents that"
    message = f"{fact}, so the recipe predicts their difference from the mean: model.centred=true"
    return recipe.with_values(
        {"model.centred": True}
    ), f"{message} (--set model.centred=false for the published recipe)"
