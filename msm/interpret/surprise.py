"""Surprise: how far each shot of a title is from its prediction, with every shot hidden in turn.

Exact: one shot at a time, so a title of N shots takes N forward passes. Grouped: every k-th shot together, which takes k
passes; some shots far from a hidden one are then hidden too, but its neighbours stay visible.

Shape letters: N shots of a title, S shots of a window, B sets of hidden shots in a batch, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from msm import metrics
from msm.baselines import kriging
from msm.baselines.distance_weighted import bandwidth_for
from msm.data import scenes
from msm.data.catalog import Title
from msm.data.fusion import unit
from msm.data.space import Space
from msm.data.told import NOTHING, Told
from msm.data.windows import split_windows
from msm.errors import InputError
from msm.inference.predict import as_tensors
from msm.inference.run import Run
from msm.models.encoder import ShotEncoder

FASTER = 12  # times fewer passes of the grouped form; a little more than the documented ten
LEAST_GROUPS = 5  # with fewer, too much of a short title is hidden at once
MOST_GROUPS = 31  # more groups cost time and agree no better with the exact form
MAX_NUMBERS = 2**25  # of a batch, of shots and pairs of shots, so that it fits into memory

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Surprise:
    """The prediction of a run for each shot of a title."""

    title_id: str
    predicted: np.ndarray  # (N, D) fused
    shots: np.ndarray  # (N, D) fused: the truth
    space: Space
    labels: pd.DataFrame  # N rows: start_s, and the labels that mark scenes
    passes: int  # forward passes
    exact: bool  # each shot was hidden alone

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a shot.

        shot, start_s, surprise (1 − centred cosine of the prediction: 0 = as predicted, 1 = nothing in common),
        copy_surprise (the same of the baseline that predicts this title best), baseline (its name, the same in each row),
        starts_scene (None where unknown)
        """
        mean = self.space.mean
        baseline, copied = self._best_baseline()
        starts = scene_starts(self.labels)
        return pd.DataFrame(
            {
                "shot": np.arange(len(self.shots)),
                "start_s": self.labels["start_s"].to_numpy(),
                "surprise": 1 - metrics.centred_cosine(self.predicted, self.shots, mean),
                "copy_surprise": copied,
                "baseline": baseline,
                "starts_scene": pd.Series(
                    [None] * len(self.shots) if starts is None else starts.tolist(), dtype=object
                ),
            }
        )

    def _best_baseline(self) -> tuple[str, np.ndarray]:
        """The name and the (N,) surprise of the better of the two strongest baselines; of the other where a run lacks one."""
        predicted = {"distance_weighted": weighted_neighbours(self.shots, self._bandwidth())}
        if parameters := self.space.baselines.get("kriging"):
            predicted["kriging"] = kriging.leave_one_out(self.shots, self.space.mean, **parameters)
        surprises = {n: 1 - metrics.centred_cosine(p, self.shots, self.space.mean) for n, p in predicted.items()}
        return min(surprises.items(), key=lambda found: float(np.nanmean(found[1])))

    def _bandwidth(self) -> float:
        """Of the distance-weighted mean where a single shot is hidden."""
        own = self.space.baselines.get("distance_weighted", {}).get("bandwidths")
        return bandwidth_for(np.array([0]), np.arange(1, len(self.shots)), self.space.bandwidth, own)


def surprise(run: Run, title: Title, *, exact: bool = True, progress: Progress = lambda done, total: None) -> Surprise:
    """Hide each shot of a title in turn and predict it.

    exact     one at a time; else every k-th shot together, in a twelfth of the passes (more in titles under 60 shots)
    progress  called with (passes done, passes in all)

    Raises InputError for a title of one shot, which leaves nothing to predict it from.
    """
    title = run.adapt_title(title)
    if title.num_shots < 2:
        raise InputError(f"{title.title_id} has one shot, so nothing is left to expect it from")
    shots = run.space.fuse(title.embeddings)
    turns = turns_of(len(shots), run.model.cfg.max_shots, exact=exact)
    predicted = predict_in_turns(run.model, shots, turns, Told.of(title), progress, plain=exact)
    passes = count_passes(turns, run.model.cfg.max_shots)
    alone = passes == len(shots)
    return Surprise(title.title_id, predicted, shots, run.space, labels_of(title), passes, alone)


def labels_of(title: Title) -> pd.DataFrame:
    """N rows: when each shot starts, and the labels of scenes. Reading all labels would take longer than a short surprise."""
    first, count = (int(title.row[name]) for name in ("first_shot", "num_shots"))
    labels = title.catalog.shot_labels
    wanted = ["start_s", *(c for c in scenes.COLUMNS if c in labels)]
    return title.catalog.read_shots(first, first + count, wanted)


def turns_of(num_shots: int, max_shots: int, *, exact: bool) -> np.ndarray:
    """(N,) int: shots of a window with the same number are hidden together.

    The number of groups is odd: where a title alternates between two views, an even step would hide one of them only.
    """
    turns = np.arange(num_shots)
    for start, stop in split_windows(num_shots, max_shots):
        size = stop - start
        groups = size if exact else min(MOST_GROUPS, max(LEAST_GROUPS, (size // FASTER - 1) | 1))
        turns[start:stop] = np.arange(size) % groups
    return turns


def count_passes(turns: np.ndarray, max_shots: int) -> int:
    """(N,) as `turns_of` returns it → the number of forward passes."""
    return sum(len(np.unique(turns[start:stop])) for start, stop in split_windows(len(turns), max_shots))


@torch.inference_mode()
def predict_in_turns(
    model: ShotEncoder,
    shots: np.ndarray,
    turns: np.ndarray,
    told: Told = NOTHING,
    progress: Progress = lambda done, total: None,
    *,
    plain: bool = True,
) -> np.ndarray:
    """Predict each shot while exactly the shots of its turn are hidden, (N, D).

    shots  (N, D) float32, fused; a title longer than the model's windows is cut
    turns  (N,)   int
    plain  run the whole model for each turn, as an evaluation does; else use a window cache where the head has one
    """
    if model.training:  # setting it in every module takes a tenth of a short title's time
        model.eval()
    device = model.device
    expected = np.zeros_like(shots)
    done, total = 0, count_passes(turns, model.cfg.max_shots)
    for start, stop in split_windows(len(shots), model.cfg.max_shots):
        window = torch.as_tensor(shots[start:stop], device=device)[None]  # (1, S, D)
        here = told.window(start, stop)
        _, seconds = as_tensors(here, device)
        cache = None
        if not plain and model.head.can_cache():
            cache = model.head.cache_window(model, window[0], None if seconds is None else seconds[0])
        numbers = np.unique(turns[start:stop])
        size = batch_size(stop - start, shots.shape[1])
        for first in range(0, len(numbers), size):
            some = numbers[first : first + size]
            in_turn = turns[None, start:stop] == some[:, None]  # (B, S)
            metadata, times = as_tensors(here, device, len(some))
            hidden = torch.as_tensor(in_turn, device=device)
            if cache is not None:
                restored = cache.restore(hidden, metadata)
            else:
                shown = window.expand(len(some), -1, -1)
                restored = model.restore(shown, hidden, torch.ones_like(hidden), metadata, times=times)
            expected[start + np.nonzero(in_turn)[1]] = restored.float().cpu().numpy()
            done += len(some)
            progress(done, total)
    return model.origin.cpu().numpy() + unit(expected) * float(model.prediction_norm)


def batch_size(num_shots: int, shot_dim: int) -> int:
    """How many copies of a window go through the model at once."""
    return max(1, MAX_NUMBERS // (num_shots * max(shot_dim, 4 * num_shots)))


def weighted_neighbours(shots: np.ndarray, bandwidth: float) -> np.ndarray:
    """(N, D) → (N, D): the distance-weighted mean of all other shots, for each shot."""
    place = np.arange(len(shots))
    distance = np.abs(place[:, None] - place[None, :]).astype(np.float32)
    weights = np.exp(-distance / bandwidth)
    np.fill_diagonal(weights, 0)
    return (weights / weights.sum(axis=1, keepdims=True)) @ shots


def agreement(exact: np.ndarray, grouped: np.ndarray) -> float:
    """Spearman's rank correlation of two curves, (N,) each; NaN where one of them is flat."""
    ranks = [pd.Series(curve).rank().to_numpy() for curve in (exact, grouped)]
    if any(r.std() == 0 for r in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def scene_starts(labels: pd.DataFrame) -> np.ndarray | None:
    """(N,) bool from a title's rows of shots.parquet; None where no label marks scenes."""
    numbers = scenes.scene_numbers(labels)
    if (numbers == scenes.UNKNOWN).all():
        return None
    return (numbers != scenes.UNKNOWN) & scenes.scene_begins(numbers)


def peaks(table: pd.DataFrame, count: int) -> np.ndarray:
    """(count,) int: the most surprising shots in descending order, without the first shot of the title.

    table  columns shot, surprise
    """
    later = table[table["shot"] > 0]
    return later.nlargest(count, "surprise")["shot"].to_numpy()


@dataclass(frozen=True)
class PeaksAtScenes:
    """How many of the most surprising shots are at a scene boundary, and how many random shots would be on average."""

    count: int  # of peaks: as many as there are scene boundaries
    opening: int  # peaks that are the first shot of a scene
    opening_by_chance: float  # the same of as many random shots, on average
    beside: int  # peaks that are the first or the last shot of a scene
    beside_by_chance: float


def peaks_at_scenes(table: pd.DataFrame) -> PeaksAtScenes | None:
    """Compare the peaks with the scene boundaries; None where scenes are unknown, or there is only one.

    table  columns shot, surprise, starts_scene
    """
    if table["starts_scene"].isna().any():
        return None
    opens = table["starts_scene"].to_numpy(dtype=bool)
    count = int(opens[1:].sum())
    if not count:
        return None
    beside = opens | np.r_[opens[1:], False]
    top = peaks(table, count)
    by_chance = [count * float(marked[1:].mean()) for marked in (opens, beside)]
    return PeaksAtScenes(count, int(opens[top].sum()), by_chance[0], int(beside[top].sum()), by_chance[1])
