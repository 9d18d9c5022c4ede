"""Predict the latents of a teacher that follows the encoder as a moving average (data2vec, sections 3.2 to 3.4).

Shape letters: B windows, S shots of a window, W width inside the encoder.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.models.encoder import ShotEncoder
from msm.models.packing import Packing
from msm.objectives.frozen_encoder import FrozenEncoder
from msm.objectives.loss import Loss
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context
from msm.recipes.objective import ObjectiveConfig


class TeacherLatents(FrozenEncoder):
    """The mean of the top layers of an EMA teacher that sees every shot.

    Target: the outputs of the feed-forward parts of the top K blocks before their last residual connection, each
    normalised without parameters, and averaged. The blocks are averaged over the steps; the projections and learned
    tokens are shared, as data2vec shares its feature and position encoders.
    """

    def __init__(self, model: ShotEncoder, cfg: ObjectiveConfig, loss: Loss, steps: int):
        super().__init__(model)
        self.cfg, self.loss, self.steps = cfg, loss, steps
        self.projection = nn.Linear(model.feature_width, model.cfg.width)
        self._outputs: list[Tensor] = []
        for block in self.copy.blocks[-cfg.teacher_layers :]:
            block.get_submodule("feed_out").register_forward_hook(
                lambda module, inputs, output: self._outputs.append(output)
            )

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return 1.0 if context.cfg.target == "teacher" else None

    @classmethod
    def make(cls, context: Context) -> TeacherLatents:
        return TeacherLatents(context.model, context.cfg, context.loss, context.recipe.steps)

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        targets = self._latents(batch)[batch.where]
        self.check_spread(targets)
        return self.loss(self.projection(outputs.hidden_features), targets)

    @torch.no_grad()
    def _latents(self, batch: MaskedBatch) -> Tensor:
        """(B, S, W)"""
        self._outputs.clear()
        self.copy.encode(batch.truth, torch.zeros_like(batch.valid), batch.valid, batch.global_)
        layers = [F.layer_norm(output.float(), output.shape[-1:]) for output in self._outputs]
        self._outputs.clear()
        return Packing(F.pad(batch.valid, (2, 0), value=True)).pad(torch.stack(layers).mean(dim=0))[:, 2:]

    @torch.no_grad()
    def after_step(self, model: ShotEncoder, step: int) -> None:
        """One step of the moving average; its decay τ rises from `teacher_decay` to `teacher_decay_end`."""
        done = (step + 1) / self.steps
        ramp = min(1.0, done / self.cfg.teacher_ramp) if self.cfg.teacher_ramp else 1.0
        decay = self.cfg.teacher_decay + (self.cfg.teacher_decay_end - self.cfg.teacher_decay) * ramp
        for (name, own), new in zip(self.copy.named_parameters(), model.parameters(), strict=True):
            own.lerp_(new, 1 - decay if name.startswith(("blocks.", "out_norm.")) else 1.0)


term = TeacherLatents
