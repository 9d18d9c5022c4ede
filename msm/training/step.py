"""One training step: mask a batch, run the model, compute the loss and update the weights.

Shape letters: B windows, S shots of the longest window, D width of a shot, M modalities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from msm.data.schema import Modality
from msm.errors import InputError
from msm.masking import at_step, choose_hidden, choose_masked
from msm.models.encoder import ShotEncoder
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.objective import Objective
from msm.objectives.outputs import Outputs
from msm.recipes.recipe import Recipe
from msm.training.distributed import ALONE, Processes
from msm.training.fsdp import clip_gradients
from msm.training.sampler import Batch


@dataclass(frozen=True)
class StepReport:
    """Measurements of one training step."""

    loss: float
    terms: dict[str, float]  # each term of the objective, unweighted
    grad_norm: float
    num_hidden: int
    num_shots: int
    target_std: float | None  # deviation between shots of predicted latents; None without latents


def train_step(
    model: ShotEncoder,
    objective: Objective,
    batch: Batch,
    optimizers: Sequence[torch.optim.Optimizer],
    recipe: Recipe,
    rng: torch.Generator,
    step: int,
    processes: Processes = ALONE,
) -> StepReport:
    """Mask, predict, compare, update. Everything random comes from `rng`, the hidden shots first.

    A batch in parts (several processes, or accumulated gradients) has the loss and the gradients of the whole batch: each
    part is weighted by its share of the hidden shots. Terms that compare across the batch, such as contrastive ones,
    then compare within a part. Raises InputError where the loss is no longer a number.
    """
    device = model.device
    masked = mask_batch(batch, recipe, rng, step, objective.modalities, device)

    model.train()
    objective.train()
    objective.before_step(model, step)
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    sums, names, shuffled = torch.zeros(0), [""], recipe.objective.token_shuffling
    dropout_state = torch.get_rng_state()
    for rows in processes.rows(len(batch.valid), recipe.accumulate):
        _restore_dropout(dropout_state, rows, device)
        part = masked.part_of(rows)
        with torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(recipe, device)):
            outputs = Outputs(model, part, shuffled=shuffled, hidden_only=objective.needs_hidden_only)
            losses = objective(part, outputs, step)
        weight = 1.0 if part is masked else float(part.where.sum() / masked.where.sum())
        loss = objective.total(losses) * weight
        loss.backward()
        names = list(losses)
        own = torch.stack([loss.detach(), *(term.detach() * weight for term in losses.values())])
        sums = own if not len(sums) else sums + own
    _zero_gradients_of_encoder(model)
    parameters = [*model.parameters(), *objective.parameters()]
    processes.sum_gradients(parameters)
    norm = clip_gradients(parameters, recipe.optim.clip_norm)
    measured = torch.stack([norm.detach(), masked.where.sum()]).to(sums.dtype)
    total, *terms, grad_norm, num_hidden = torch.cat(
        [processes.sum(sums), measured]
    ).tolist()  # a GPU is waited for once
    if not math.isfinite(grad_norm):
        raise InputError("the loss is no longer a number; try a lower optim.lr")
    for optimizer in optimizers:
        optimizer.step()
    objective.after_step(model, step)
    return StepReport(
        loss=total,
        terms=dict(zip(names, terms, strict=True)) if len(terms) > 1 else {},
        grad_norm=grad_norm,
        num_hidden=int(num_hidden),
        num_shots=int(batch.valid.sum()),
        target_std=objective.target_std,
    )


def _zero_gradients_of_encoder(model: ShotEncoder) -> None:
    """In a batch that the encoder is left out of, its gradient is zero, not missing: the optimisers' averages go on."""
    if model.head.fills_in_first:
        for name, parameter in model.named_parameters():
            if parameter.grad is None and not name.startswith(f"{model.cfg.head}."):
                parameter.grad = torch.zeros_like(parameter)


def _restore_dropout(state: torch.Tensor, rows: slice, device: torch.device) -> None:
    """Seed the dropout of a part: on a CPU as in the whole batch, elsewhere with a seed of the part's own."""
    if device.type == "cpu":
        torch.set_rng_state(state)
    elif rows.start:
        torch.manual_seed(torch.initial_seed() + rows.start)


def mask_batch(
    batch: Batch,
    recipe: Recipe,
    rng: torch.Generator,
    step: int,
    modalities: Sequence[Modality],
    device: torch.device,
) -> MaskedBatch:
    """Choose the hidden shots and what is shown in their place, on the CPU, and move everything to the device."""
    cfg = at_step(step, recipe.steps, recipe.mask)
    present = None
    if cfg.by_modality:
        present = torch.stack([batch.shots[..., m.columns].any(dim=-1) for m in modalities], dim=-1)
    names = [m.name for m in modalities]
    hidden = choose_hidden(batch.valid, cfg, rng, scenes=batch.scenes, present=present, names=names, shots=batch.shots)
    shown, masked = batch.shots, hidden
    if cfg.other + cfg.unchanged:
        masked, other = choose_masked(hidden, cfg, rng)
        real = batch.shots[batch.valid]
        shown = shown.clone()
        shown[other] = real[torch.randint(len(real), (int(other.sum()),), generator=rng)]
    if recipe.noise:
        noise = torch.randn(shown.shape, generator=rng) * (recipe.noise / shown.shape[-1] ** 0.5)
        shown = shown + noise * batch.valid.unsqueeze(-1)
    on_device = batch.to(device)
    truth = on_device.shots
    shown = truth if shown is batch.shots else shown.to(device)
    hidden, masked = hidden.to(device), masked.to(device)
    return MaskedBatch(truth, shown, hidden, masked, on_device.valid, on_device.global_, rng, times=on_device.times)


def uses_bfloat16(recipe: Recipe, device: torch.device) -> bool:
    """Whether the forward pass runs in bfloat16: with precision=auto, on a GPU that supports it."""
    if recipe.precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return recipe.precision == "bfloat16"
