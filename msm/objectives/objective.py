"""The terms of an objective, and which of them a recipe asks for.

A term is a module with `forward(asked, made) -> Tensor`, one number. Where what is compared does not lie in the shots'
own space (a teacher's latents, standardised targets, contrastive scores), a read-out to the shot (`read_out`) is
trained along with the cosine distance, behind a stop-gradient: it changes nothing in the encoder, and every run can
predict shots. The sources have no such head; they throw theirs away after training.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from msm.data.schema import Modality
from msm.models.encoder import ShotEncoder
from msm.models.transformer import init_weights
from msm.objectives.latents import Copy, FirstStageLatents, TeacherLatents
from msm.objectives.losses import Asked, Made, cosine_distance, make_loss
from msm.objectives.shot_losses import ShotContrast, ShotLoss, SpanBoundary, WindowContrast
from msm.objectives.views import ShotOrder, ViewContrast
from msm.recipes.recipe import Recipe

__all__ = ["Objective", "make_objective"]


class Objective(nn.Module):
    """The terms of a recipe with their weights, in one stage or two.

    In the first of two stages (VideoPrism) the contrastive term stands alone.
    """

    def __init__(self, terms: dict[str, tuple[float, nn.Module]], recipe: Recipe, modalities: Sequence[Modality]):
        super().__init__()
        self.modalities = tuple(modalities)
        self.weights = {name: weight for name, (weight, _) in terms.items()}
        self.terms = nn.ModuleDict({name: term for name, (_, term) in terms.items()})
        self.recipe = recipe

    def forward(self, asked: Asked, made: Made, step: int) -> dict[str, Tensor]:
        """Each term of this step's stage, unweighted."""
        first = step < self.recipe.first_stage_steps
        names = ["contrastive"] if first else [name for name, weight in self.weights.items() if weight]
        return {name: self.terms[name](asked, made) for name in names}

    @property
    def reads_hidden_alone(self) -> bool:
        """Whether what the model makes of the hidden shots is all that any term reads."""
        return not any(isinstance(term, SpanBoundary | FirstStageLatents) for term in self.terms.values())

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        if len(losses) == 1:  # also the first stage, whose weight is then the learning rate's business
            return next(iter(losses.values()))
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()

    def before_step(self, model: ShotEncoder, step: int) -> None:
        for term in self.terms.values():
            if isinstance(term, FirstStageLatents) and step == self.recipe.first_stage_steps:
                term.freeze(model)

    def after_step(self, model: ShotEncoder, step: int) -> None:
        for term in self.terms.values():
            if isinstance(term, TeacherLatents):
                term.follow(model, (step + 1) / self.recipe.steps)

    @property
    def target_std(self) -> float | None:
        """Deviation between shots of the latents that were last predicted: near 0 is a collapse."""
        stds = [term.target_std for term in self.terms.values() if isinstance(term, Copy)]
        return stds[0] if stds and stds[0] == stds[0] else None


def make_objective(
    recipe: Recipe, model: ShotEncoder, modalities: Sequence[Modality], rng: torch.Generator
) -> Objective:
    """The terms that a recipe asks for, their own weights drawn from `rng`.

    InputError where the catalog's modalities do not allow them.
    """
    cfg = recipe.objective
    loss = make_loss(cfg)
    scaled = cfg.loss in ("l2", "smooth_l1")
    in_shot_space = cfg.target == "shot" and cfg.loss != "nce" and not cfg.standardise
    read_out = ShotLoss(cosine_distance, cfg, modalities, scaled=False, stop_gradient=True)
    direct = ShotLoss(loss, cfg, modalities, scaled=scaled)

    terms: dict[str, tuple[float, nn.Module]] = {}
    if cfg.target == "teacher":
        terms["teacher"] = 1.0, TeacherLatents(model, cfg, loss)
    elif cfg.target == "first_stage":
        terms["first_stage"] = 1.0, FirstStageLatents(model)
    elif cfg.loss == "nce":
        terms["nce"] = 1.0, ShotContrast(model.feature_width, model.shot_dim, cfg.temperature)
    elif cfg.standardise:
        projection = nn.Linear(model.feature_width, model.shot_dim)
        terms["shot"] = 1.0, ShotLoss(loss, cfg, modalities, scaled=scaled, projection=projection)
    else:
        terms["shot"] = 1.0, direct
    if not in_shot_space:
        terms["read_out"] = 1.0, read_out
    if cfg.span_boundary:
        compare = direct if in_shot_space else read_out
        terms["span_boundary"] = cfg.span_boundary, SpanBoundary(model.cfg.width, recipe.mask.length, compare)
    if cfg.shot_contrast:
        terms["shot_contrast"] = cfg.shot_contrast, WindowContrast(cfg.temperature)
    if cfg.contrastive or cfg.first_stage:
        terms["contrastive"] = (
            cfg.contrastive,
            ViewContrast(model.cfg.width, cfg, modalities, whole_shots=model.head.whole_shots),
        )
    if cfg.shot_order:
        terms["shot_order"] = cfg.shot_order, ShotOrder(model.cfg.width, model.cfg.max_shots)

    objective = Objective(terms, recipe, modalities)
    init_weights(objective, model.cfg.depth, rng)
    return objective
