"""The difference between two cells with its interval, given few seeds and many titles: arrays in, estimates out.

A score is a mean over hidden shots, so it moves with the titles that happened to be in the split and with
the seed that the training happened to have. The interval covers both: V = V_seeds + V_titles (two-way clustering;
Cameron, Gelbach & Miller, 2011; what both parts count is not taken off again: simulated, that keeps the promise
of 95 % with few titles too), Student's t with Satterthwaite's degrees of freedom. Three seeds say little about the
noise between seeds, so each cell's is shrunk towards that of the others, half as far as their similarity warrants
(Smyth, 2004, the moderated t of limma). Words are corrected for many comparisons (Holm, 1979).

Shape letters: C cells, S seeds, T titles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from msm.metrics.intervals import LEVEL


@dataclass(frozen=True)
class Estimate:
    """A difference with its 95 % interval, and what that interval speaks for."""

    difference: float
    low: float | None  # None where neither seeds nor titles vary
    high: float | None
    p: float | None
    covers: str  # "titles and seeds", "titles", "seeds" or "nothing"
    by_seed: tuple[float, ...]
    same_titles: tuple[float, float] | None = None  # the interval for other seeds on these very titles


@dataclass(frozen=True)
class SeedNoise:
    """Variance of one training's score between seeds, for each cell, and how well it is known."""

    variance: np.ndarray  # (C,), NaN where nothing is known
    df: np.ndarray  # (C,)
    df_in_all: float  # no comparison may claim more

    def of(self, *cells: int) -> tuple[float, float]:
        """Variance of the sum (or difference) of these cells' scores, and its degrees of freedom."""
        parts = self.variance[list(cells)]
        if not np.isfinite(parts).all():
            return float("nan"), 0.0
        total = float(parts.sum())
        if total == 0:
            return 0.0, self.df_in_all
        return total, min(total**2 / float((parts**2 / self.df[list(cells)]).sum()), self.df_in_all)


def seed_noise(means: np.ndarray) -> SeedNoise:
    """Noise between seeds as residuals of cells × seeds, so that what a seed does to all cells alike is not noise.

    means  (C, S) score of each training, NaN where there is none
    """
    whole = np.isfinite(means).all(axis=1)
    num_whole = int(whole.sum())
    nothing = np.full(len(means), np.nan)
    if num_whole < 2 or means.shape[1] < 2:
        return SeedNoise(nothing, np.zeros(len(means)), 0.0)
    block = means[whole].mean(axis=0)
    variance, df = nothing.copy(), np.zeros(len(means))
    for i, row in enumerate(means):
        there = np.isfinite(row)
        if there.sum() > 1:
            variance[i] = np.var((row - block)[there], ddof=1) * num_whole / (num_whole - 1)
            df[i] = there.sum() - 1
    df_in_all = float((num_whole - 1) * (means.shape[1] - 1))
    return SeedNoise(*_moderated(variance, df, df_in_all), df_in_all)


def _moderated(variance: np.ndarray, df: np.ndarray, df_in_all: float) -> tuple[np.ndarray, np.ndarray]:
    """Shrink variances towards a common one with as many degrees of freedom as their similarity warrants."""
    known = df > 0
    values, own = variance[known], df[known]
    if known.sum() < 3 or not values.any():
        return variance, np.minimum(df, df_in_all)
    values = np.maximum(values, 1e-5 * np.median(values))
    logs = np.log(values) - special.digamma(own / 2) + np.log(own / 2)
    spread = logs.var(ddof=1) - special.polygamma(1, own / 2).mean()
    if spread > 0:
        prior_df = 2 * optimize.brentq(lambda x: special.polygamma(1, x) - spread, 1e-3, 1e6)
        prior = float(np.exp(logs.mean() + special.digamma(prior_df / 2) - np.log(prior_df / 2)))
    else:
        prior_df, prior = df_in_all, float(values.mean())
    prior_df = min(prior_df, df_in_all) / 2  # its estimate from a handful of cells is itself uncertain
    shrunk = np.full(len(variance), prior)  # a cell with one seed has the common noise
    shrunk[known] = (prior_df * prior + own * variance[known]) / (prior_df + own)
    return shrunk, np.where(known, np.minimum(df + prior_df, df_in_all), max(prior_df, 1e-3))


def own_noise(scores: np.ndarray) -> tuple[float, float]:
    """Variance between the seeds of one cell by itself, as when compared with what no seed moves. scores (S,)"""
    return (float(np.var(scores, ddof=1)), len(scores) - 1.0) if len(scores) > 1 else (float("nan"), 0.0)


def estimate(differences: np.ndarray, weights: np.ndarray, noise: tuple[float, float]) -> Estimate:
    """The mean difference over titles and seeds, with its interval.

    differences  (S, T) each title's, each seed's
    weights      (T,)   hidden shots of each title
    noise        variance between seeds of a row's mean and its degrees of freedom, (NaN, 0) where not known
    """
    share = weights / weights.sum()
    by_seed = differences @ share
    mean = float(by_seed.mean())
    variance, df, covers = _variance(differences, share, noise)
    seeds = tuple(float(d) for d in by_seed)
    same = _reach(mean, noise[0] / len(seeds), noise[1]) if noise[1] > 0 else None
    if not covers:
        return Estimate(mean, None, None, None, "nothing", seeds)
    if variance <= 0:  # the two are the same to the bit
        return Estimate(mean, mean, mean, 1.0 if mean == 0 else 0.0, covers, seeds, same)
    low, high = _reach(mean, variance, df)
    p = 2 * float(stats.t.sf(abs(mean) / variance**0.5, df))
    return Estimate(mean, low, high, p, covers, seeds, same)


def _reach(mean: float, variance: float, df: float) -> tuple[float, float]:
    reach = float(stats.t.ppf(0.5 + LEVEL / 2, df)) * variance**0.5
    return mean - reach, mean + reach


def _variance(d: np.ndarray, share: np.ndarray, noise: tuple[float, float]) -> tuple[float, float, str]:
    """Variance of the mean difference, degrees of freedom, and what both cover."""
    num_seeds, num_titles = d.shape
    parts: list[tuple[float, float]] = []
    covers = []
    if num_titles > 1:
        by_title = d.mean(axis=0)
        spread = num_titles / (num_titles - 1) * float((share**2 * (by_title - by_title @ share) ** 2).sum())
        parts.append((spread, max(1 / float((share**2).sum()) - 1, 0.5)))
        covers.append("titles")
    if np.isfinite(noise[0]) and noise[1] > 0:
        parts.append((noise[0] / num_seeds, noise[1]))
        covers.append("seeds")
    if not parts:
        return 0.0, 1.0, ""
    total = sum(v for v, _ in parts)
    if total == 0:
        return 0.0, 1.0, " and ".join(covers)
    df = total**2 / sum(v**2 / f for v, f in parts)
    return total, df, " and ".join(covers)


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction; None stays None and counts as no comparison."""
    known = sorted((value, i) for i, value in enumerate(p) if value is not None)
    adjusted: list[float | None] = [None] * len(p)
    largest = 0.0
    for place, (value, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - place) * value))
        adjusted[i] = largest
    return adjusted


def verdict(difference: float, adjusted_p: float | None) -> str:
    """better, worse, or no difference seen; "not known yet" without a p-value."""
    if adjusted_p is None:
        return "not known yet"
    if adjusted_p >= 1 - LEVEL:
        return "no difference seen"
    return "better" if difference > 0 else "worse"
