"""A run's prediction of a hidden shot as a query over the whole catalog."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from msm.data.catalog import Catalog, Title
from msm.inference.run import Run
from msm.search.spaces import RawSpace


def prediction_space(catalog: Catalog, run: Run) -> RawSpace:
    """The raw space of a run's predictions: shots fused as in its recipe."""
    run.check_fits(catalog)
    return RawSpace(catalog, run.recipe.fusion)


def predicted_vector(run: Run, space: RawSpace, title: Title, shot: int, hidden: Sequence[int] = ()) -> np.ndarray:
    """(W,) the run's prediction of a shot, with that shot and those of `hidden` masked."""
    fill = run.fill_in(title, {shot, *hidden})
    predicted = fill.compared[int(np.flatnonzero(fill.hidden == shot)[0])]
    return space.centre(predicted[None])[0]
