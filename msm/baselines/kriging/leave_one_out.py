"""The kriging prediction of every shot of a title from all others, each hidden in turn, in closed form.

With the precision matrix P of consecutive shots, a shot that is hidden alone is predicted as y_i − (P y)_i / P_ii (Dubrule 1983),
so that one matrix serves all of them.
Shape letters: N shots of a title, D width of a shot, R principal components, J terms of a covariance function.
"""

from __future__ import annotations

import numpy as np

from msm.baselines.kriging.posterior import PRECISIONS, covariance
from msm.baselines.kriging.windows import LONGEST, STRIDE


def leave_one_out(
    shots: np.ndarray, mean: np.ndarray, components: np.ndarray, decays: np.ndarray, variances: np.ndarray
) -> np.ndarray:
    """(N, D) → (N, D): what `kriging.predict` says of each shot where it alone is hidden.

    mean  (D,) of the training shots; the other parameters are those of `kriging.predict`
    """
    basis = components.astype(np.float64)
    about = shots.astype(np.float64) - mean
    size = min(len(shots), LONGEST)
    precision = PRECISIONS.get(covariance(size, decays, variances))  # (R + 1, size, size)
    own = np.diagonal(precision, axis1=1, axis2=2)  # (R + 1, size)
    predicted = np.zeros_like(about)
    margin = (LONGEST - STRIDE) // 2
    for start in range(0, len(shots), STRIDE if len(shots) > LONGEST else len(shots)):
        begin = min(max(start - margin, 0), len(shots) - size)
        wanted = slice(start, start + STRIDE) if len(shots) > LONGEST else slice(0, len(shots))
        y = about[begin : begin + size]
        scores = (y @ basis).T[:, :, None]  # (R, size, 1)
        leading = (scores - precision[:-1] @ scores / own[:-1, :, None])[:, :, 0].T
        rest = y - precision[-1] @ y / own[-1][:, None]
        whole = rest + (leading - rest @ basis) @ basis.T
        predicted[wanted] = whole[wanted.start - begin : wanted.stop - begin]
    return (mean + predicted).astype(shots.dtype)
