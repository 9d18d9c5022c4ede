"""The objective of a recipe: a weighted sum of terms, in one stage or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from msm.data.schema import Modality
from msm.models.encoder import ShotEncoder
from msm.models.transformer import init_weights
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import HIDDEN_ONLY, Context, Term
from msm.objectives.terms import TERMS
from msm.recipes.recipe import Recipe

__all__ = ["Objective", "make_objective"]


class Objective(nn.Module):
    """The terms of a recipe with their weights.

    In the first of two stages (VideoPrism) only the terms with `in_first_stage` are trained.
    """

    def __init__(self, terms: dict[str, tuple[float, Term]], recipe: Recipe, modalities: Sequence[Modality]):
        super().__init__()
        self.modalities = tuple(modalities)
        self.weights = {name: weight for name, (weight, _) in terms.items()}
        self.terms = nn.ModuleDict({name: term for name, (_, term) in terms.items()})
        self.recipe = recipe

    def forward(self, batch: MaskedBatch, outputs: Outputs, step: int) -> dict[str, Tensor]:
        """The unweighted loss of each term of this step's stage, ()."""
        first = step < self.recipe.first_stage_steps
        used = {
            name: term
            for name, term in self.named_terms().items()
            if (term.in_first_stage if first else self.weights[name])
        }
        return {name: term(batch, outputs) for name, term in used.items()}

    def named_terms(self) -> dict[str, Term]:
        """The terms by name, in order."""
        return {name: cast(Term, term) for name, term in self.terms.items()}

    @property
    def needs_hidden_only(self) -> bool:
        """Whether no term reads the model's outputs at visible shots."""
        return all(term.needs <= HIDDEN_ONLY for term in self.named_terms().values())

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """The weighted sum, (). A single loss keeps its scale: its weight would only scale the learning rate."""
        if len(losses) == 1:
            return next(iter(losses.values()))
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()

    def before_step(self, model: ShotEncoder, step: int) -> None:
        """Tell every term that a step begins."""
        for term in self.named_terms().values():
            term.before_step(model, step)

    def after_step(self, model: ShotEncoder, step: int) -> None:
        """Tell every term that the weights have changed."""
        for term in self.named_terms().values():
            term.after_step(model, step)

    @property
    def target_std(self) -> float | None:
        """Deviation between shots of the latents that were last predicted, near 0 in a collapse; None without latents."""
        stds = (term.target_std for term in self.named_terms().values())
        return next((std for std in stds if std is not None), None)


def make_objective(
    recipe: Recipe, model: ShotEncoder, modalities: Sequence[Modality], rng: torch.Generator
) -> Objective:
    """Build the terms that a recipe uses and draw their weights from `rng`.

    InputError where the catalog's modalities do not allow them.
    """
    context = Context(recipe, model, modalities)
    terms: dict[str, tuple[float, Term]] = {}
    for name in TERMS.names():
        kind: type[Term] = TERMS.get(name)
        weight = kind.weight_in(context)
        if weight is not None:
            terms[name] = weight, kind.make(context)
    objective = Objective(terms, recipe, modalities)
    init_weights(objective, model.cfg.depth, rng)
    return objective
