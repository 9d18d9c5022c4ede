"""Attribution of the prediction of one hidden shot to the visible shots.

Leave-one-out hides each visible shot too and predicts again. Gradient × input is its first-order estimate from one backward
pass. Both measure how much nearer to the truth the prediction is thanks to a shot: above 0 the shot helps, below 0 it misleads.

Shape letters: S shots of a window, B sets of hidden shots in a batch, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F

from msm import metrics
from msm.data.catalog import Title
from msm.errors import InputError
from msm.inference.run import Run
from msm.interpret.hidden_shot import HiddenShot
from msm.interpret.surprise import Progress, batch_size

METHODS = ("leave_one_out", "gradient")


def influence(
    run: Run,
    title: Title,
    hidden: Iterable[int],
    shot: int,
    *,
    method: str = "leave_one_out",
    progress: Progress = lambda done, total: None,
) -> pd.DataFrame:
    """Measure the influence of each visible shot in the window of the hidden `shot`, a row a shot.

    hidden  all hidden shots, `shot` among them, else an InputError
    method  leave_one_out | gradient, else an InputError
    returns shot, offset (from the hidden one), influence (change in centred cosine to the truth, or for `gradient` its
            first-order estimate), and for leave_one_out moved (1 − cosine between the predictions with and without it)
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}, but must be one of {', '.join(METHODS)}")
    query = HiddenShot.of(run, title, hidden, shot)
    measure = leave_one_out if method == "leave_one_out" else gradient_times_input
    table = measure(query, progress)
    return table.assign(shot=table["shot"] + query.start, offset=table["shot"] - query.place)


@torch.inference_mode()
def leave_one_out(query: HiddenShot, progress: Progress = lambda done, total: None) -> pd.DataFrame:
    """Hide each visible shot in turn. A row a visible shot: shot (its place in the window), influence, moved."""
    seen, mean = query.seen, query.run.space.mean
    hidden = np.repeat(query.hidden[None], len(seen) + 1, axis=0)  # the first row hides nothing more
    hidden[np.arange(1, len(seen) + 1), seen] = True
    size, parts = batch_size(*query.shots.shape), []
    for first in range(0, len(hidden), size):
        parts.append(query.restore(hidden[first : first + size]).cpu().numpy())
        progress(min(first + size, len(hidden)), len(hidden))
    predicted = np.concatenate(parts)  # (B, D)
    near = metrics.centred_cosine(predicted, np.broadcast_to(query.shots[query.place], predicted.shape), mean)
    moved = 1 - metrics.centred_cosine(predicted, np.broadcast_to(predicted[0], predicted.shape), mean)
    return pd.DataFrame({"shot": seen, "influence": near[0] - near[1:], "moved": moved[1:]})


def gradient_times_input(query: HiddenShot, progress: Progress = lambda done, total: None) -> pd.DataFrame:
    """As `leave_one_out` without `moved`, in one backward pass; the input is a shot relative to the training mean."""
    device = query.run.model.device
    mean = torch.as_tensor(query.run.space.mean, device=device)
    window = torch.as_tensor(query.shots, device=device)[None].requires_grad_()
    with torch.enable_grad():
        predicted = query.restore(query.hidden[None], window)[0]
        near = F.cosine_similarity(predicted - mean, window[0, query.place].detach() - mean, dim=-1)
        (slope,) = torch.autograd.grad(near, window)
    product = (slope[0] * (window[0].detach() - mean)).sum(dim=-1).cpu().numpy()
    progress(1, 1)
    return pd.DataFrame({"shot": query.seen, "influence": product[query.seen]})
