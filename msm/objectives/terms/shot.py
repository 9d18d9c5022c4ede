"""The main term of most recipes: predicted against true shots, at the hidden places.

Shape letters: B windows, S shots of a window, M modalities, H hidden shots, D width of a shot, V width of the features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor, nn

from msm.data.schema import Modality
from msm.models.encoder import whole_shots
from msm.objectives.loss import standardise
from msm.objectives.losses import LOSSES, cosine_distance
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context, Term
from msm.recipes.objective import ObjectiveConfig, modality_weights


class ShotLoss(Term):
    """Predicted against true shots: whole, or each modality's columns by themselves with their weight.

    loss         (H, D) predicted, (H, D) target → ()
    sees_length  targets are scaled to a deviation of about 1
    standardise  targets have mean 0 and deviation 1 over their own columns
    projection   from the features to the targets; None uses the model's own last layer
    """

    def __init__(
        self,
        loss: Callable[[Tensor, Tensor], Tensor],
        cfg: ObjectiveConfig,
        modalities: Sequence[Modality],
        *,
        sees_length: bool = False,
        standardise: bool = False,
        projection: nn.Module | None = None,
    ):
        super().__init__()
        self.loss, self.sees_length, self.standardise, self.projection = loss, sees_length, standardise, projection
        self.modalities = tuple(modalities)
        names = [m.name for m in modalities]
        self.weights = modality_weights(cfg.weights, names) if cfg.weights else None

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return 1.0 if context.cfg.target == "shot" and not LOSSES.get(context.cfg.loss).against_batch else None

    @classmethod
    def make(cls, context: Context) -> ShotLoss:
        model, cfg, loss = context.model, context.cfg, context.loss
        projection = nn.Linear(model.feature_width, model.shot_dim) if cfg.standardise else None
        return ShotLoss(
            loss,
            cfg,
            context.modalities,
            sees_length=loss.sees_length,
            standardise=cfg.standardise,
            projection=projection,
        )

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        features = self.read(outputs)  # (H, V)
        predicted = (self.projection or outputs.model.predict)(features)
        return self.compare(predicted, batch, outputs)

    def read(self, outputs: Outputs) -> Tensor:
        """(H, V): the features that the prediction is made from."""
        return outputs.hidden_features

    def compare(self, predicted: Tensor, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        """(H, D) predictions of the hidden shots against the true ones; ()."""
        shots = batch.truth[batch.where]
        truth = outputs.as_target(shots)
        if self.weights is None and batch.hidden.ndim == 2:
            return self.loss(predicted, self._scale(truth, truth.shape[-1]))
        total, count = predicted.new_zeros(()), 0.0
        for weight, rows, columns in self._blocks(batch, shots):
            if weight and rows.any():
                weight *= int(rows.sum())
                block = self._scale(truth[rows][:, columns], truth.shape[-1])
                total = total + weight * self.loss(predicted[rows][:, columns], block)
                count += weight
        return total / count if count else predicted.sum() * 0.0

    def _blocks(self, batch: MaskedBatch, shots: Tensor) -> Iterator[tuple[float, Tensor, slice]]:
        """Weight, rows (H,) bool and columns of what is compared by itself: whole shots, and each modality's columns.

        shots  (H, D) the true ones
        """
        whole = whole_shots(batch.hidden)[batch.where]  # (H,)
        if self.weights is None:
            yield 1.0, whole, slice(None)
        for i, m in enumerate(self.modalities):
            rows = shots[:, m.columns].any(dim=-1)  # a modality that a shot lacks is not predicted
            if batch.hidden.ndim == 3:
                rows &= batch.hidden[..., i][batch.where]
            if self.weights is None:
                rows &= ~whole
            yield 1.0 if self.weights is None else self.weights[m.name], rows, m.columns

    def _scale(self, truth: Tensor, shot_dim: int) -> Tensor:
        """Targets of a loss that depends on length get a deviation of about 1, so that a recipe does not depend on D."""
        if self.standardise:
            return standardise(truth)
        return truth * shot_dim**0.5 if self.sees_length else truth


def shot_space_loss(context: Context) -> ShotLoss:
    """The comparison in shot space that the recipe trains: the main loss where there is one, else the cosine distance."""
    if context.in_shot_space:
        return ShotLoss.make(context)
    return ShotLoss(cosine_distance, context.cfg, context.modalities)


term = ShotLoss
