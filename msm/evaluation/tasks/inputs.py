"""The embeddings that probes read, side by side: the shot, the shot with its neighbours copied, and what a run makes of it.

Shape letters: N shots of a title, R rows (shots of all titles), D width of a shot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from msm.data.catalog import Title
from msm.data.fusion import fuse
from msm.data.told import Told
from msm.evaluation.embedding_kinds import alone
from msm.inference.predict import contextual_embeddings
from msm.inference.run import Run

WITHOUT_RUN = ("raw", "neighbours")
KINDS = ("raw", "neighbours", "alone", "contextual")
BANDWIDTH = 3.0  # shots, where no run says its own


@dataclass(frozen=True)
class Inputs:
    """Every kind of embedding of the shots of some titles, one title after another."""

    kinds: dict[str, np.ndarray]  # (R, width of the kind) float32
    start: dict[int, int]  # index of a title in the catalog → its first row

    def rows(self, title: np.ndarray, shot: np.ndarray) -> np.ndarray:
        """Rows of shots, (I,) each → (I,)."""
        return np.array([self.start[t] for t in title.tolist()]) + shot


def neighbours_of(shots: np.ndarray, bandwidth: float) -> np.ndarray:
    """(N, D) → (N, D): the mean of the other shots, weighted by exp(−distance / bandwidth)."""
    decay = float(np.exp(-1 / bandwidth))
    x = np.concatenate([shots, np.ones((len(shots), 1), shots.dtype)], axis=1).astype(np.float64)
    both = sum(lfilter([0, decay], [1, -decay], x[::way], axis=0)[::way] for way in (1, -1))
    return (both[:, :-1] / np.maximum(both[:, -1:], 1e-12)).astype(np.float32)


def embed(
    titles: Sequence[Title], run: Run | None, fusion: str, progress: Callable[[int], None] = lambda done: None
) -> Inputs:
    """Embed whole titles in every kind; the model is never given the metadata of a title, which may hold the label.

    fusion  of the raw shots where there is no run, whose recipe says it otherwise
    """
    kinds: dict[str, list[np.ndarray]] = {}
    start, row = {}, 0
    for done, title in enumerate(titles, 1):
        raw = run.space.fuse(title.embeddings) if run else fuse(title.embeddings, title.catalog.modalities, fusion)
        bandwidth = run.space.bandwidth if run and run.space.bandwidth > 0 else BANDWIDTH
        of_title = {"raw": raw, "neighbours": np.concatenate([raw, neighbours_of(raw, bandwidth)], axis=1)}
        if run is not None:
            told = Told(times=title.times)
            of_title |= {"alone": alone(run, raw), "contextual": contextual_embeddings(run.model, raw, told)[0]}
        for kind, x in of_title.items():
            kinds.setdefault(kind, []).append(np.asarray(x, dtype=np.float32))
        start[title.index] = row
        row += len(raw)
        progress(done)
    return Inputs({k: np.concatenate(x) for k, x in kinds.items()}, start)


def pooled(x: np.ndarray, first: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """(R, d), (I,), (I,) → (I, d): the mean of the rows of each example."""
    if (stop - first == 1).all():
        return x[first]
    return np.stack([x[a:b].mean(axis=0) for a, b in zip(first.tolist(), stop.tolist(), strict=True)])
