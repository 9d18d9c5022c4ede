"""Terms that compare in the shots' own space.

Shape letters: B windows, S shots of a window, M modalities, H hidden shots, C candidates, D width of a shot, V width of
the features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.data.schema import Modality
from msm.models.encoder import whole_shots
from msm.objectives.losses import Asked, Loss, Made, info_nce, standardise
from msm.recipes.recipe import ObjectiveConfig, modality_weights


class ShotLoss(nn.Module):
    """Predicted against true, at the hidden shots: whole, or each modality's block by itself with its weight.

    stop_gradient  the term reads the features and leaves the encoder alone: the read-out
    """

    def __init__(
        self,
        loss: Loss,
        cfg: ObjectiveConfig,
        modalities: Sequence[Modality],
        *,
        scaled: bool,
        projection: nn.Module | None = None,
        stop_gradient: bool = False,
    ):
        super().__init__()
        self.loss, self.scaled, self.standardised = loss, scaled, cfg.standardise and not stop_gradient
        self.projection, self.stop_gradient = projection, stop_gradient
        self.modalities = tuple(modalities)
        names = [m.name for m in modalities]
        self.weights = modality_weights(cfg.weights, names) if cfg.weights else None

    def forward(self, asked: Asked, made: Made) -> Tensor:
        features = made.hidden_features  # (H, V): nobody asks for the others
        features = features.detach() if self.stop_gradient else features
        predicted = (self.projection or made.model.predict)(features)
        return self.compare(predicted, asked, made)

    def compare(self, predicted: Tensor, asked: Asked, made: Made) -> Tensor:
        """(H, D) predictions of the hidden shots against the truth."""
        shots = asked.truth[asked.where]
        truth = made.as_target(shots)
        if self.weights is None and asked.hidden.ndim == 2:
            return self.loss(predicted, self._as_target(truth, truth.shape[-1]))
        total, count = predicted.new_zeros(()), 0.0
        for weight, rows, columns in self._questions(asked, shots):
            if weight and rows.any():
                weight *= int(rows.sum())
                block = self._as_target(truth[rows][:, columns], truth.shape[-1])
                total = total + weight * self.loss(predicted[rows][:, columns], block)
                count += weight
        return total / count if count else predicted.sum() * 0.0

    def _questions(self, asked: Asked, shots: Tensor) -> Iterator[tuple[float, Tensor, slice]]:
        """Weight, rows (H,) bool and columns of what is compared by itself: whole shots, and each modality's block.

        shots  (H, D) the true ones
        """
        whole = whole_shots(asked.hidden)[asked.where]  # (H,)
        if self.weights is None:
            yield 1.0, whole, slice(None)
        for i, m in enumerate(self.modalities):
            rows = shots[:, m.columns].any(dim=-1)  # by itself, a missing modality is nothing to predict
            if asked.hidden.ndim == 3:
                rows &= asked.hidden[..., i][asked.where]
            if self.weights is None:
                rows &= ~whole
            yield 1.0 if self.weights is None else self.weights[m.name], rows, m.columns

    def _as_target(self, truth: Tensor, shot_dim: int) -> Tensor:
        """Losses that see length are given shots with a deviation of about 1, so that no recipe depends on D."""
        if self.standardised:
            return standardise(truth)
        return truth * shot_dim**0.5 if self.scaled else truth


class ShotContrast(nn.Module):
    """Which of the batch's shots was hidden here? (HERO's masked frame modelling with NCE, section 3.2.)

    HERO's code sets against a true frame the other hidden frames and its own outputs at the visible ones; here it
    is every other shot of the batch as it truly is.
    """

    def __init__(self, width: int, shot_dim: int, temperature: float):
        super().__init__()
        self.projection, self.temperature = nn.Linear(width, shot_dim), temperature

    def forward(self, asked: Asked, made: Made) -> Tensor:
        predicted = self.projection(made.hidden_features)
        number = asked.valid.flatten().cumsum(dim=0).view_as(asked.valid) - 1
        return info_nce(predicted, asked.truth[asked.valid], number[asked.where], self.temperature)


class WindowContrast(nn.Module):
    """Which shot of this window was hidden here, by cosine to the prediction itself (InfoNCE).

    What the rank of the true shot measures. A cosine alone is content with a prediction in the middle of everything.
    """

    def __init__(self, temperature: float):
        super().__init__()
        self.temperature = temperature

    def forward(self, asked: Asked, made: Made) -> Tensor:
        predicted = F.normalize(made.model.predict(made.hidden_features).float(), dim=-1)
        window, place = asked.where.nonzero(as_tuple=True)
        candidates = F.normalize(made.target.float(), dim=-1)  # (B, S, D)
        likeness = predicted.new_full((len(predicted), candidates.shape[1]), float("-inf"))
        for b in range(len(candidates)):  # no gathering of (H, S, D)
            likeness[window == b] = (predicted[window == b] @ candidates[b].T).float()
        likeness = likeness.masked_fill(~asked.valid[window], float("-inf"))
        return F.cross_entropy(likeness / self.temperature, place)


class SpanBoundary(nn.Module):
    """Each hidden shot from the visible ones on both sides of its run and its place in it (SpanBERT, section 3.2).

    Two layers with GELU and norm, then the model's own output, as SpanBERT shares its vocabulary's. Where a run
    begins or ends with the window, [CLS] stands in for the shot that is not there.
    """

    def __init__(self, width: int, longest: int, compare: ShotLoss):
        super().__init__()
        self.place_vectors = nn.Parameter(torch.zeros(longest, width))
        self.first, self.first_norm = nn.Linear(3 * width, width), nn.LayerNorm(width)
        self.second, self.second_norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.compare = compare

    def forward(self, asked: Asked, made: Made) -> Tensor:
        left, right, place = run_boundaries(asked.hidden & asked.valid, asked.valid)
        edges = torch.cat([made.encoded.cls.unsqueeze(1), made.encoded.shots], dim=1)  # (B, 1 + S, W)
        window = asked.where.nonzero()[:, 0]
        before, after = (edges[window, side[asked.where] + 1] for side in (left, right))
        place = place[asked.where].clamp(max=len(self.place_vectors) - 1)
        x = torch.cat([before, after, self.place_vectors[place].to(before.dtype)], dim=-1)
        x = self.first_norm(F.gelu(self.first(x)))
        x = self.second_norm(F.gelu(self.second(x)))
        return self.compare.compare(made.model.predict(x), asked, made)


def run_boundaries(hidden: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The shots just outside each hidden shot's run, −1 where there is none, and the shot's place in the run.

    hidden, valid  (B, S) bool
    returns        left, right, place: (B, S) int; anything at visible shots
    """
    places = torch.arange(hidden.shape[1], device=hidden.device).expand(hidden.shape)
    visible = valid & ~hidden
    left = torch.where(visible, places, -1).cummax(dim=1).values
    end = hidden.shape[1]
    right = torch.where(visible, places, end).flip(1).cummin(dim=1).values.flip(1)
    return left, torch.where(right == end, -1, right), places - left - 1
