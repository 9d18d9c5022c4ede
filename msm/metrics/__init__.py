"""How near a prediction came to the truth: arrays in, numbers out.

`similarity` holds the metrics of the reports, `fast` the same numbers for an interactive page.
"""

from msm.metrics.similarity import centred_cosine, cosine, rank_of_truth, resampled_means, skill

__all__ = ["centred_cosine", "cosine", "rank_of_truth", "resampled_means", "skill"]
