"""The real shots nearest to the prediction of a hidden shot, beside the true one and those nearest to the best baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msm import baselines
from workbench.views import palette
from workbench.views.formatting import grouped, ordinal
from workbench.views.frames import Frame, column, empty_column, styled, triptych

NO_SHOT = "global_mean"  # the average shot is about equally near to every shot, so its nearest shots mean nothing
POINTS_AT_NONE = "The best guess is the average shot of all titles here, and that is no shot in particular."


def expected_sentence(model_rank: float, baseline_rank: float, among: int, where: str, best_baseline_name: str) -> str:
    """The ranks of the true shot from the prediction and from the best baseline, as a sentence.

    where  "this title" or "the catalog"
    """
    of = f"Of the {grouped(among)} shots of {where}, the real one is"
    if best_baseline_name == NO_SHOT:
        return f"{of} the model’s {_place(model_rank)} choice; without a model none is likelier than another."
    deed = baselines.action(best_baseline_name)
    if model_rank == baseline_rank:
        return f"{of} the {_place(model_rank)} choice both of the model and of {deed}."
    return f"{of} the model’s {_place(model_rank)} choice; {deed} makes it the {_place(baseline_rank)}."


def _place(rank: float) -> str:
    """A rank in words; identical shots share their mean rank, which is rounded up."""
    return ordinal(math.ceil(rank))


def three_columns(truth: Frame, model: Sequence[Frame], baseline: Sequence[Frame], best_baseline_name: str) -> str:
    """Three columns without a style sheet: the true shot, and the nearest shots to prediction and baseline.

    model, baseline  nearest shots, the nearest first
    """
    without = (
        empty_column("Without a model", palette.BASELINE, POINTS_AT_NONE)
        if best_baseline_name == NO_SHOT
        else column(
            f"{baselines.action(best_baseline_name).split()[0].capitalize()} would show",
            palette.BASELINE,
            baseline[0],
            baseline[1:],
        )
    )
    real = column("The real shot", palette.TRUTH, truth)
    return triptych([real, column("The model expected", palette.MODEL, model[0], model[1:]), without])


def expected_html(truth: Frame, model: Sequence[Frame], baseline: Sequence[Frame], best_baseline_name: str) -> str:
    """`three_columns` with the style sheet."""
    return styled(three_columns(truth, model, baseline, best_baseline_name))
