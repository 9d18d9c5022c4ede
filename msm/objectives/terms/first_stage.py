"""Predict the latents of the encoder as the first stage left it (VideoPrism, section 2: global-local distillation).

Shape letters: B windows, S shots of a window, W width inside the encoder.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from msm.models.encoder import ShotEncoder, touched_shots
from msm.objectives.frozen_encoder import FrozenEncoder
from msm.objectives.losses import cosine_distance
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context


class FirstStageLatents(FrozenEncoder):
    """From the visible shots, predict every shot's latent, the visible ones' too, and the mean of all latents.

    Two cosine distances, added.

    first_stage_steps  at this step the first stage is over and the copy takes its weights
    """

    needs = frozenset({"features", "encoded"})

    def __init__(self, model: ShotEncoder, first_stage_steps: int):
        super().__init__(model)
        width = model.cfg.width
        self.first_stage_steps = first_stage_steps
        self.projection = nn.Linear(model.feature_width, width)
        self.global_projection = nn.Linear(width, width)

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return 1.0 if context.cfg.target == "first_stage" else None

    @classmethod
    def make(cls, context: Context) -> FirstStageLatents:
        return FirstStageLatents(context.model, context.recipe.first_stage_steps)

    def before_step(self, model: ShotEncoder, step: int) -> None:
        """Copy the weights at the end of the first stage."""
        if step == self.first_stage_steps:
            self.copy.load_state_dict(model.state_dict())

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        with torch.no_grad():
            latents = self.copy.encode(batch.truth, torch.zeros_like(batch.valid), batch.valid, batch.global_).shots
        self.check_spread(latents[batch.valid])
        local = cosine_distance(self.projection(outputs.features[batch.valid]), latents[batch.valid])
        visible = batch.valid & ~touched_shots(batch.masked)
        whole = cosine_distance(
            self.global_projection(mean_of(outputs.encoded.shots, visible)), mean_of(latents, batch.valid)
        )
        return local + whole


def mean_of(latents: Tensor, chosen: Tensor) -> Tensor:
    """(B, S, W), (B, S) bool → (B, W), the mean over the chosen shots."""
    return (latents * chosen.unsqueeze(-1)).sum(dim=1) / chosen.sum(dim=1, keepdim=True).clamp(min=1)


term = FirstStageLatents
