"""A read-out of the shot behind a stop-gradient, for objectives whose main term does not predict shots.

Where the main term compares latents, standardised targets or contrastive scores, the read-out trains the model's last
layer with the cosine distance and changes nothing in the encoder. So every run can predict shots. The sources have no
such layer: they discard theirs after training.
"""

from __future__ import annotations

from torch import Tensor

from msm.objectives.losses import cosine_distance
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context
from msm.objectives.terms.shot import ShotLoss


class ReadOut(ShotLoss):
    """The cosine distance of predictions from detached features."""

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return None if context.in_shot_space else 1.0

    @classmethod
    def make(cls, context: Context) -> ReadOut:
        return ReadOut(cosine_distance, context.cfg, context.modalities)

    def read(self, outputs: Outputs) -> Tensor:
        """(H, V)"""
        return outputs.hidden_features.detach()


term = ReadOut
