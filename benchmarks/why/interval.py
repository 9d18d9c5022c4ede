"""Means over shots with intervals over titles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from msm import metrics

RESAMPLINGS = 1000


def with_interval(values: np.ndarray, titles: np.ndarray) -> dict[str, float]:
    """(I,) values of shots and (I,) their titles → their mean and its 95 % interval over titles drawn with replacement."""
    sums = pd.DataFrame({"title": titles, "value": values}).groupby("title")["value"].agg(["sum", "size"])
    drawn = metrics.resampled_means(sums[["sum"]].to_numpy(), sums[["size"]].to_numpy(), RESAMPLINGS)[:, 0]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"mean": float(np.mean(values)), "low": float(low), "high": float(high)}
