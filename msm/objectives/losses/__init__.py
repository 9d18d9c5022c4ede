"""Loss functions, one module each: its `loss` is a `msm.objectives.loss.Loss`.

A new module is a new value of the recipe's key `objective.loss`, under the module's name.
"""

from msm.objectives.losses.cosine import cosine_distance
from msm.objectives.losses.nce import info_nce
from msm.recipes.objective import LOSSES

__all__ = ["LOSSES", "cosine_distance", "info_nce"]
