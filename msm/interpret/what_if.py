"""Predictions with less context: the score as a function of the number of visible shots on each side.

Shape letters: N shots of a title, H hidden shots, S shots of the longest stretch, B stretches in a batch, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from msm import baselines, metrics
from msm.data.catalog import Title
from msm.data.fusion import unit
from msm.data.told import Told
from msm.inference.predict import as_tensors
from msm.inference.run import Run
from msm.interpret.surprise import Progress, batch_size

REACHES = (1, 2, 4, 8, 16, 32)  # visible shots on each side
MAX_SHOTS = 48  # hidden shots that are predicted; of more, as many evenly spaced ones


def context_curve(
    run: Run, title: Title, hidden: Iterable[int], *, progress: Progress = lambda done, total: None
) -> pd.DataFrame:
    """Predict each hidden shot from the nearest visible shots only, as if the title began and ended there.

    returns  a row a reach: reach (visible shots on each side), visible (on both, on average), centred_cosine,
             best_baseline, best_baseline_name (chosen at each reach, from the same shots), skill, num_hidden.
             The last reach is the first that includes everything the model could see.
    """
    whole = run.fill_in(title, hidden)
    shots, is_hidden = whole.shots, np.zeros(len(whole.shots), dtype=bool)
    is_hidden[whole.hidden] = True
    chosen = whole.hidden[np.linspace(0, len(whole.hidden) - 1, min(MAX_SHOTS, len(whole.hidden))).round().astype(int)]
    rows: list[dict] = []
    for number, reach in enumerate(REACHES):
        stretches = [stretch_around(is_hidden, shot, reach, run.model.cfg.max_shots) for shot in chosen]
        view = Narrowed(run, shots, is_hidden, chosen, stretches, Told.of(run.adapt_title(title)))
        rows.append(_measure(view) | {"reach": reach})
        progress(number + 1, len(REACHES))
        if view.holds_all:
            break
    columns = ["reach", "visible", "centred_cosine", "best_baseline", "best_baseline_name", "skill", "num_hidden"]
    return pd.DataFrame(rows)[columns]


def stretch_around(hidden: np.ndarray, shot: int, reach: int, max_shots: int) -> tuple[int, int]:
    """Find [start, stop) with `reach` visible shots on each side of a hidden one, or as many as the title has.

    A stretch longer than the model's windows is cut to one around the shot.
    """
    before = np.flatnonzero(~hidden[:shot])[-reach:]
    after = shot + 1 + np.flatnonzero(~hidden[shot + 1 :])[:reach]
    start = int(before[0]) if len(before) == reach else 0
    stop = int(after[-1]) + 1 if len(after) == reach else len(hidden)
    if stop - start > max_shots:
        start = min(max(start, shot - max_shots // 2), stop - max_shots)
        stop = start + max_shots
    return start, stop


@dataclass(frozen=True)
class Narrowed:
    """Hidden shots of a title, each with the stretch around it that the model reads."""

    run: Run
    shots: np.ndarray  # (N, D) fused
    hidden: np.ndarray  # (N,) bool
    chosen: np.ndarray  # (H,) int, the hidden shots to predict
    stretches: list[tuple[int, int]]  # H times [start, stop)
    told: Told

    @property
    def holds_all(self) -> bool:
        """Whether every stretch is as long as possible."""
        most = min(len(self.shots), self.run.model.cfg.max_shots)
        return all(stop - start == most for start, stop in self.stretches)


def _measure(view: Narrowed) -> dict:
    space, shots, hidden, chosen = view.run.space, view.shots, view.hidden, view.chosen
    predicted = _predict_stretches(view)
    guesses: dict[str, list[np.ndarray]] = {}
    visible = 0
    for shot, (start, stop) in zip(chosen, view.stretches, strict=True):
        inside = hidden[start:stop]
        row = int(inside[: shot - start].sum())
        visible += int((~inside).sum())
        fitted = space.mean, space.bandwidth, space.baselines
        for name, guess in baselines.predict_all(shots[start:stop], inside, *fitted).items():
            guesses.setdefault(name, []).append(guess[row])
    truth = shots[chosen]
    scores = {n: float(metrics.centred_cosine(np.stack(g), truth, space.mean).mean()) for n, g in guesses.items()}
    best = max(scores, key=lambda name: scores[name])
    near = float(metrics.centred_cosine(predicted, truth, space.mean).mean())
    return {
        "visible": visible / len(chosen),
        "centred_cosine": near,
        "best_baseline": scores[best],
        "best_baseline_name": best,
        "skill": metrics.skill(near, scores[best]),
        "num_hidden": len(chosen),
    }


@torch.inference_mode()
def _predict_stretches(view: Narrowed) -> np.ndarray:
    """(H, D): each chosen shot from its own stretch; stretches are padded to the longest of their batch."""
    model, shots, chosen, stretches = view.run.model.eval(), view.shots, view.chosen, view.stretches
    metadata, times = as_tensors(view.told, model.device)
    size = batch_size(max(stop - start for start, stop in stretches), shots.shape[1])
    parts = []
    for first in range(0, len(chosen), size):
        some = stretches[first : first + size]
        longest = max(stop - start for start, stop in some)
        window = np.zeros((len(some), longest, shots.shape[1]), dtype=np.float32)
        inside, valid, where = (np.zeros((len(some), longest), dtype=bool) for _ in range(3))
        seconds = None if times is None else times.new_zeros(len(some), longest, 2)
        for i, (start, stop) in enumerate(some):
            window[i, : stop - start] = shots[start:stop]
            inside[i, : stop - start] = view.hidden[start:stop]
            valid[i, : stop - start] = True
            if seconds is not None and times is not None:
                seconds[i, : stop - start] = times[0, start:stop]
            where[i, chosen[first + i] - start] = True
        shown, hidden, real, wanted = (torch.as_tensor(a, device=model.device) for a in (window, inside, valid, where))
        global_ = None if metadata is None else metadata.expand(len(some), -1)
        restored = model.restore(shown, hidden, real, global_, wanted, seconds)
        parts.append(restored.float().cpu().numpy())
    return model.origin.cpu().numpy() + unit(np.concatenate(parts)) * float(model.prediction_norm)
