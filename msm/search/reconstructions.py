"""A fill-in as a query: which shots of the whole catalog look like what a run expects in the place of a hidden one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from msm.data.catalog import Catalog, Title
from msm.inference.run import Run
from msm.search.spaces import RawSpace


def fill_space(catalog: Catalog, run: Run) -> RawSpace:
    """The raw space in which a run predicts: fused as its recipe fuses."""
    run.check_fits(catalog)
    return RawSpace(catalog, run.recipe.fusion)


def expected_vector(run: Run, space: RawSpace, title: Title, shot: int, hidden: Sequence[int] = ()) -> np.ndarray:
    """(W,): what the run expects of a shot while it, and `hidden` besides, cannot be seen."""
    fill = run.fill_in(title, {shot, *hidden})
    predicted = fill.predicted[int(np.flatnonzero(fill.hidden == shot)[0])]
    return space.centre(predicted[None])[0]
