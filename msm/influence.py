"""Which visible shots a prediction of one hidden shot rests on.

Leave-one-out: each visible shot is hidden too, and the prediction made again. Gradient × input: one pass backwards,
and how fast the answer changes along each shot. Both say how much nearer to the truth the prediction is thanks to a
shot: above 0 it helps, below 0 it misleads. Neither says why.

Shape letters: N shots of a title, S shots of a window, B hidings in a batch, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F

from msm import metrics
from msm.catalog import Title
from msm.errors import InputError
from msm.fill import Run
from msm.predict import split_windows
from msm.surprise import Progress, batch_size

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
    run.check_fits(title.catalog)
    hidden_shots = np.unique(np.fromiter(hidden, dtype=int))
    if shot not in hidden_shots:
        raise InputError(f"shot {shot} is not hidden, so nothing is predicted there")
    if method not in METHODS:
        raise InputError(f"method is {method!r}, but must be one of {', '.join(METHODS)}")
    start, stop = next(w for w in split_windows(title.num_shots, run.model.cfg.max_shots) if w[0] <= shot < w[1])
    window = run.space.fuse(title.rows(start, stop))
    mask = np.zeros(stop - start, dtype=bool)
    mask[hidden_shots[(hidden_shots >= start) & (hidden_shots < stop)] - start] = True
    measure = leave_one_out if method == "leave_one_out" else gradient_times_input
    table = measure(run, window, mask, shot - start, title.global_embedding, progress)
    return table.assign(shot=table["shot"] + start, offset=table["shot"] + start - shot)


def leave_one_out(
    run: Run,
    shots: np.ndarray,
    hidden: np.ndarray,
    place: int,
    global_embedding: np.ndarray | None,
    progress: Progress = lambda done, total: None,
) -> pd.DataFrame:
    """One window: (S, D) fused, (S,) bool → a row a visible shot: shot, influence, moved."""
    seen = np.flatnonzero(~hidden)
    without = np.repeat(hidden[None], len(seen) + 1, axis=0)  # the first row hides nothing more
    without[np.arange(1, len(seen) + 1), seen] = True
    predicted = _predict_at(run, shots, without, place, global_embedding, progress)
    truth = np.broadcast_to(shots[place], predicted.shape)
    near = metrics.centred_cosine(predicted, truth, run.space.mean)
    moved = 1 - metrics.centred_cosine(predicted, np.broadcast_to(predicted[0], predicted.shape), run.space.mean)
    return pd.DataFrame({"shot": seen, "influence": near[0] - near[1:], "moved": moved[1:]})


@torch.inference_mode()
def _predict_at(
    run: Run,
    shots: np.ndarray,
    hidings: np.ndarray,
    place: int,
    global_embedding: np.ndarray | None,
    progress: Progress,
) -> np.ndarray:
    """(S, D), (B, S) bool → (B, D): the prediction of one shot under each hiding."""
    model = run.model.eval()
    window = torch.as_tensor(shots, device=model.device)[None]
    told = None if global_embedding is None else torch.as_tensor(global_embedding, device=model.device)[None]
    size = batch_size(*shots.shape)
    parts = []
    for first in range(0, len(hidings), size):
        mask = torch.as_tensor(hidings[first : first + size], device=model.device)
        where = torch.zeros_like(mask)
        where[:, place] = True
        global_ = None if told is None else told.expand(len(mask), -1)
        restored = model.restore(window.expand(len(mask), -1, -1), mask, torch.ones_like(mask), global_, where)
        parts.append(_finished(run, restored.float()).cpu().numpy())
        progress(min(first + size, len(hidings)), len(hidings))
    return np.concatenate(parts)


def gradient_times_input(
    run: Run,
    shots: np.ndarray,
    hidden: np.ndarray,
    place: int,
    global_embedding: np.ndarray | None,
    progress: Progress = lambda done, total: None,
) -> pd.DataFrame:
    """As `leave_one_out`, (N, D) and (N,), in one pass and without `moved`; the input is a shot about the mean of the training shots."""
    model = run.model.eval()
    mean = torch.as_tensor(run.space.mean, device=model.device)
    window = torch.as_tensor(shots, device=model.device)[None].requires_grad_()
    mask = torch.as_tensor(hidden, device=model.device)[None]
    where = torch.zeros_like(mask)
    where[:, place] = True
    told = None if global_embedding is None else torch.as_tensor(global_embedding, device=model.device)[None]
    with torch.enable_grad():
        predicted = _finished(run, model.restore(window, mask, torch.ones_like(mask), told, where)[0])
        near = F.cosine_similarity(predicted - mean, window[0, place].detach() - mean, dim=-1)
        (slope,) = torch.autograd.grad(near, window)
    product = (slope[0] * (window[0].detach() - mean)).sum(dim=-1).cpu().numpy()
    progress(1, 1)
    seen = np.flatnonzero(~hidden)
    return pd.DataFrame({"shot": seen, "influence": product[seen]})


def _finished(run: Run, restored: torch.Tensor) -> torch.Tensor:
    """(…, D) as the model gives it → as `msm.predict` does: about the origin, of the length found best."""
    return run.model.origin + F.normalize(restored, dim=-1) * run.model.prediction_norm
