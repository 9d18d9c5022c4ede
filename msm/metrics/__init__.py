"""How near a prediction is to the truth: arrays in, numbers out.

`similarity` holds the metrics of reports, `rank` the rule for the rank of the true shot, `fast` the same metrics for an
interactive page, `intervals` the level of confidence intervals.
"""

from msm.metrics.intervals import LEVEL, few_titles_note, middle
from msm.metrics.rank import rank_among
from msm.metrics.similarity import centred_cosine, cosine, rank_of_truth, resampled_means, skill

__all__ = [
    "LEVEL",
    "centred_cosine",
    "cosine",
    "few_titles_note",
    "middle",
    "rank_among",
    "rank_of_truth",
    "resampled_means",
    "skill",
]
