"""The interface of a term of an objective, and what a term is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn

from msm.data.schema import Modality
from msm.models.encoder import ShotEncoder
from msm.objectives.loss import Loss
from msm.objectives.losses import LOSSES
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.recipes.objective import ObjectiveConfig
from msm.recipes.recipe import Recipe

HIDDEN_ONLY = frozenset({"hidden_features", "target"})


@dataclass(frozen=True)
class Context:
    """What a term may use when it is made."""

    recipe: Recipe
    model: ShotEncoder
    modalities: Sequence[Modality]

    @property
    def cfg(self) -> ObjectiveConfig:
        """The objective's part of the recipe."""
        return self.recipe.objective

    @cached_property
    def loss(self) -> Loss:
        """The loss function that the recipe names."""
        return LOSSES.get(self.cfg.loss)(self.cfg)

    @property
    def in_shot_space(self) -> bool:
        """Whether the main term compares the model's own prediction with the shot, so that no read-out is needed."""
        return self.cfg.target == "shot" and not self.loss.against_batch and not self.cfg.standardise


class Term(nn.Module):
    """One summand of an objective.

    needs           the attributes of `Outputs` that `forward` reads. Where all terms need only the hidden shots, a model
                    may skip the others
    in_first_stage  the term is trained in the first of two stages, in which no other is
    target_std      deviation between shots of the latents that the term predicted last; None where it predicts no latents
    """

    needs: frozenset[str] = frozenset({"hidden_features"})
    in_first_stage = False
    target_std: float | None = None

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        """The term's weight in a recipe; None where the recipe does not use the term."""
        raise NotImplementedError

    @classmethod
    def make(cls, context: Context) -> Term:
        """Build the term. Raises InputError where the catalog's modalities do not allow it."""
        raise NotImplementedError

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        """(), the unweighted loss."""
        raise NotImplementedError

    def before_step(self, model: ShotEncoder, step: int) -> None:
        """Called before the forward pass of a step."""

    def after_step(self, model: ShotEncoder, step: int) -> None:
        """Called after the optimisers have changed the model's weights."""
