"""The attentive probe of a task: one learned query over the shots of an example, and a linear layer on what it gathers.

Small enough for a CPU: the shots are reduced to principal components, and an example of more shots is read at evenly spaced ones.

Shape letters: I examples, L shots of the longest, c components, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.evaluation.probes.linear import kendall_tau
from msm.evaluation.probes.rows import sample
from msm.evaluation.probes.scores import macro_ap
from msm.evaluation.tasks.columns import Columns
from msm.evaluation.tasks.splits import hold_out

COMPONENTS, MOST_SHOTS, MOST_ROWS, MOST_FITTED = 96, 48, 2000, 4000
EPOCHS, FEWEST_STEPS, BATCH, RATE = 20, 150, 128, 0.02
DECAYS = (0.03, 0.3, 3.0)  # of AdamW, for the linear layer alone


@dataclass(frozen=True)
class Spans:
    """Examples as rows of an embedding of shots."""

    x: np.ndarray  # (R, d)
    first: np.ndarray  # (I,) first row
    stop: np.ndarray  # (I,) one past the last

    def take(self, examples: np.ndarray) -> Spans:
        return Spans(self.x, self.first[examples], self.stop[examples])

    def __len__(self) -> int:
        return len(self.first)


class AttentiveProbe(nn.Module):
    """softmax(query · shot) over the shots of an example, then a linear layer; at first the mean of the shots."""

    def __init__(self, width: int, outputs: int, generator: torch.Generator):
        super().__init__()
        self.query = nn.Parameter(0.02 * torch.randn(width, generator=generator))
        self.out = nn.Linear(width, outputs)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, shots: Tensor, valid: Tensor) -> Tensor:
        """shots (B, L, c), valid (B, L) bool, True = a real shot → (B, K)."""
        weights = (shots @ self.query).masked_fill(~valid, -torch.inf).softmax(dim=1)
        return self.out(torch.einsum("bl,blc->bc", weights, shots))


def attentive(
    spans: Spans, truth: np.ndarray, title: np.ndarray, scored: Spans, generator: torch.Generator
) -> np.ndarray:
    """Fit an attentive probe and return its scores of other examples, as `msm.evaluation.tasks.linear.linear` does.

    generator  of a CPU: the same state gives the same scores
    """
    rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
    kept = sample(np.arange(len(spans)), MOST_FITTED, rng)
    spans, truth, title = spans.take(kept), truth[kept], title[kept]
    numbers = truth.dtype != bool
    held = hold_out(title)
    best = DECAYS[1]
    if held.any() and (~held).sum() >= 4:
        inside, outside = np.flatnonzero(~held), np.flatnonzero(held)
        scores = []
        for decay in DECAYS:
            found = _fit_and_score(spans.take(inside), truth[inside], spans.take(outside), decay, generator, rng)
            scores.append(_quality(truth[outside], found, numbers))
        best = DECAYS[int(np.argmax(scores))]
    return _fit_and_score(spans, truth, scored, best, generator, rng)


def _quality(truth: np.ndarray, scores: np.ndarray, numbers: bool) -> float:
    if numbers:
        return kendall_tau(truth[:, 0], scores[:, 0])
    present = truth.any(axis=0) & ~truth.all(axis=0)
    return macro_ap(truth[:, present], scores[:, present]) if present.any() else 0.0


def _fit_and_score(
    spans: Spans,
    truth: np.ndarray,
    scored: Spans,
    decay: float,
    generator: torch.Generator,
    rng: np.random.Generator,
) -> np.ndarray:
    rows = np.unique(np.concatenate([np.arange(a, b) for a, b in zip(spans.first, spans.stop, strict=True)]))
    columns = Columns.fit(spans.x[sample(rows, MOST_ROWS, rng)], COMPONENTS)
    target = truth.astype(np.float32)
    offset, spread = target.mean(axis=0), np.ones(truth.shape[1], np.float32)
    if truth.dtype != bool:
        spread = np.maximum(target.std(axis=0), 1e-6)
    else:
        p = np.clip(offset, 1e-6, 1 - 1e-6)
        offset = np.log(p / (1 - p))
    shots, valid = _padded(spans, columns)
    probe = AttentiveProbe(shots.shape[2], truth.shape[1], generator)
    _train(probe, shots, valid, torch.from_numpy(target), offset, spread, truth.dtype != bool, decay, generator)
    with torch.inference_mode():
        found = probe(*_padded(scored, columns)).numpy().astype(np.float64)
    return found * spread + offset if truth.dtype != bool else found  # log odds above the class's own, as it began


def _train(
    probe: AttentiveProbe,
    shots: Tensor,
    valid: Tensor,
    target: Tensor,
    offset: np.ndarray,
    spread: np.ndarray,
    numbers: bool,
    decay: float,
    generator: torch.Generator,
) -> None:
    about, scale = torch.from_numpy(np.float32(offset)), torch.from_numpy(np.float32(spread))
    groups: list[dict[str, Any]] = [
        {"params": [probe.query], "weight_decay": 0.0},
        {"params": list(probe.out.parameters())},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, weight_decay=decay)
    batches = -(-len(shots) // BATCH)
    epochs = max(EPOCHS, -(-FEWEST_STEPS // batches))
    steps = epochs * batches
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(shots), generator=generator).split(BATCH):
            out = probe(shots[batch], valid[batch])
            if numbers:
                loss = F.mse_loss(out, (target[batch] - about) / scale)
            else:
                loss = F.binary_cross_entropy_with_logits(out + about, target[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()


def _padded(spans: Spans, columns: Columns) -> tuple[Tensor, Tensor]:
    """(I, L, c) and (I, L) bool; of a long example evenly spaced shots."""
    rows = [
        np.unique(np.linspace(a, b - 1, min(b - a, MOST_SHOTS)).round().astype(int))
        for a, b in zip(spans.first.tolist(), spans.stop.tolist(), strict=True)
    ]
    used, where = np.unique(np.concatenate(rows), return_inverse=True)
    x = columns(spans.x[used])
    x /= columns.spread
    lengths = np.array([len(r) for r in rows])
    valid = np.arange(lengths.max())[None, :] < lengths[:, None]
    shots = np.zeros((*valid.shape, x.shape[1]), dtype=np.float32)
    shots[valid] = x[where]
    return torch.from_numpy(shots), torch.from_numpy(valid)
