"""Predictions without a model: what a masked-shot model has to beat. Arrays in, arrays out.

`predict_all` asks every baseline; each is a function of the visible shots and their places.
"""

from msm.baselines.predictors import (
    BANDWIDTHS,
    NAMES,
    distance_to_visible,
    distance_weighted,
    linear,
    nearest_visible,
    predict_all,
)

__all__ = [
    "BANDWIDTHS",
    "NAMES",
    "distance_to_visible",
    "distance_weighted",
    "linear",
    "nearest_visible",
    "predict_all",
]
