"""The configuration of a training as frozen dataclasses, and the presets of the literature.

`Recipe` is the whole, `presets` are the published systems, `hyperparameters` lists all fields with their help text,
`compatibility` refuses combinations that are impossible.
"""

from msm.config.limits import CHOICES, LIMITS, MAX_WINDOW
from msm.recipes.masking import MaskConfig
from msm.recipes.model import ModelConfig
from msm.recipes.objective import ObjectiveConfig, modality_weights
from msm.recipes.optimizer import OptimConfig
from msm.recipes.recipe import Recipe

__all__ = [
    "CHOICES",
    "LIMITS",
    "MAX_WINDOW",
    "MaskConfig",
    "ModelConfig",
    "ObjectiveConfig",
    "OptimConfig",
    "Recipe",
    "modality_weights",
]
