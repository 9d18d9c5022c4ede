"""Tell the true shot from the other shots of its window, by the prediction itself (InfoNCE)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context, Term


class WindowContrast(Term):
    """Which shot of this window was hidden here, by cosine to the prediction?

    This is what the rank of the true shot measures. The cosine distance alone is low for a prediction that lies in the
    middle of all shots.
    """

    needs = frozenset({"hidden_features", "target"})

    def __init__(self, temperature: float):
        super().__init__()
        self.temperature = temperature

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return context.cfg.shot_contrast or None

    @classmethod
    def make(cls, context: Context) -> WindowContrast:
        return WindowContrast(context.cfg.temperature)

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        predicted = F.normalize(outputs.model.predict(outputs.hidden_features).float(), dim=-1)
        window, place = batch.where.nonzero(as_tuple=True)
        candidates = F.normalize(outputs.target.float(), dim=-1)  # (B, S, D)
        similarity = predicted.new_full((len(predicted), candidates.shape[1]), float("-inf"))
        for b in range(len(candidates)):  # window by window, since gathering would take (H, S, D)
            similarity[window == b] = (predicted[window == b] @ candidates[b].T).float()
        similarity = similarity.masked_fill(~batch.valid[window], float("-inf"))
        return F.cross_entropy(similarity / self.temperature, place)


term = WindowContrast
