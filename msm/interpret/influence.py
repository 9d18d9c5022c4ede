"""Which visible shots a prediction of one hidden shot rests on.

Leave-one-out: each visible shot is hidden too, and the prediction made again. Gradient × input: one pass backwards,
and how fast the answer changes along each shot. Both say how much nearer to the truth the prediction is thanks to a
shot: above 0 it helps, below 0 it misleads. Neither says why.

Shape letters: S shots of a window, B hidings in a batch, D width of a shot.
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
    """A row a visible shot that the model saw together with the hidden `shot`; shots of other windows told it nothing.

    hidden  all the shots that are hidden, `shot` among them, else an InputError
    method  leave_one_out | gradient
    returns shot, offset (from the hidden one), influence (change in centred cosine to the truth, or for `gradient` its
            first-order estimate), and for leave_one_out moved (1 − cosine between the predictions with and without it)
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}, but must be one of {', '.join(METHODS)}")
    asked = HiddenShot.of(run, title, hidden, shot)
    measure = leave_one_out if method == "leave_one_out" else gradient_times_input
    table = measure(asked, progress)
    return table.assign(shot=table["shot"] + asked.start, offset=table["shot"] - asked.place)


@torch.inference_mode()
def leave_one_out(asked: HiddenShot, progress: Progress = lambda done, total: None) -> pd.DataFrame:
    """A row a visible shot: shot (its place in the window), influence, moved."""
    seen, mean = asked.seen, asked.run.space.mean
    hidings = np.repeat(asked.hidden[None], len(seen) + 1, axis=0)  # the first row hides nothing more
    hidings[np.arange(1, len(seen) + 1), seen] = True
    size, parts = batch_size(*asked.shots.shape), []
    for first in range(0, len(hidings), size):
        parts.append(asked.restore(hidings[first : first + size]).cpu().numpy())
        progress(min(first + size, len(hidings)), len(hidings))
    predicted = np.concatenate(parts)  # (B, D)
    near = metrics.centred_cosine(predicted, np.broadcast_to(asked.shots[asked.place], predicted.shape), mean)
    moved = 1 - metrics.centred_cosine(predicted, np.broadcast_to(predicted[0], predicted.shape), mean)
    return pd.DataFrame({"shot": seen, "influence": near[0] - near[1:], "moved": moved[1:]})


def gradient_times_input(asked: HiddenShot, progress: Progress = lambda done, total: None) -> pd.DataFrame:
    """As `leave_one_out`, in one pass and without `moved`; the input is a shot about the mean of the training shots."""
    device = asked.run.model.device
    mean = torch.as_tensor(asked.run.space.mean, device=device)
    window = torch.as_tensor(asked.shots, device=device)[None].requires_grad_()
    with torch.enable_grad():
        predicted = asked.restore(asked.hidden[None], window)[0]
        near = F.cosine_similarity(predicted - mean, window[0, asked.place].detach() - mean, dim=-1)
        (slope,) = torch.autograd.grad(near, window)
    product = (slope[0] * (window[0].detach() - mean)).sum(dim=-1).cpu().numpy()
    progress(1, 1)
    return pd.DataFrame({"shot": asked.seen, "influence": product[asked.seen]})
