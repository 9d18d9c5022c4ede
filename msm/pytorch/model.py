"""A masked-shot model as an nn.Module with its loss, for any training loop.

Shape letters: B windows, S shots of the longest window, D width of a shot, M modalities, G width of a metadata embedding, H hidden shots,
C width of a contextual embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from msm.errors import InputError
from msm.inference.predict import contextual_embeddings
from msm.models.encoder import ShotEncoder
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.objective import make_objective
from msm.objectives.outputs import Outputs
from msm.pytorch.settings import as_recipe, modalities_of_widths
from msm.recipes.recipe import Recipe


class MaskedShotModel(nn.Module):
    """A shot encoder with the objective of its recipe.

    shot_dim       D
    recipe         name of a preset, or a Recipe; its model and objective are read, its optimiser and steps are not
    generator      torch.Generator on the CPU that draws the initial weights
    modality_dims  columns of each modality, D in all; None = one modality
    global_dim     G; 0 = no metadata

    Recipes that start from statistics of the training shots (`neighbour`) need `fit` before the first step; those with a teacher
    (`data2vec`, `videoprism`) need `after_step` after each step of the optimiser. Gradients of all other losses need nothing else.
    """

    def __init__(
        self,
        shot_dim: int,
        recipe: str | Recipe = "mediafm",
        *,
        generator: torch.Generator,
        modality_dims: Sequence[int] | None = None,
        global_dim: int = 0,
    ):
        super().__init__()
        self.recipe = as_recipe(recipe)
        dims = tuple(modality_dims or (shot_dim,))
        if sum(dims) != shot_dim:
            raise InputError(f"the modalities have {sum(dims)} columns together, but a shot has {shot_dim}")
        self.encoder = ShotEncoder(shot_dim, global_dim, self.recipe.model, dims)
        self.encoder.init_weights(generator)
        self.objective = make_objective(self.recipe, self.encoder, modalities_of_widths(dims), generator)
        self._drawn = torch.Generator().manual_seed(int(torch.randint(2**31, (), generator=generator)))
        self._step = 0

    def fit(self, titles: Iterable[np.ndarray], generator: torch.Generator) -> None:
        """Estimate the training mean, and what the head starts from, on titles (N, D) of fused shots.

        titles  is read twice, so it must start anew each time; InputError where there is none
        """
        total, count = np.zeros(self.encoder.shot_dim), 0
        for title in titles:
            total, count = total + title.sum(axis=0, dtype=np.float64), count + len(title)
        if not count:
            raise InputError("there is no title to fit on")
        mean = (total / count).astype(np.float32)
        self.encoder.shot_mean.copy_(torch.from_numpy(mean))
        fitted = {}
        if getattr(self.recipe.model, "start", "") == "kriging":
            from msm.baselines.kriging import fit

            fitted["kriging"] = fit(titles, [], mean)
        about = (t - mean for t in titles)
        self.encoder.head.fit(about, self.recipe.mask.ratio, generator, fitted)

    def forward(
        self,
        shots: Tensor | PackedSequence,
        hidden: Tensor,
        valid: Tensor | None = None,
        global_embedding: Tensor | None = None,
        shown: Tensor | None = None,
        masked: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Predict hidden shots and compute the recipe's loss.

        shots             (B, S, D) float, fused, of unit length, padded; or a PackedSequence
        hidden            (B, S) bool, True = to be predicted; or (B, S, M), this modality of the shot
        valid             (B, S) bool, False = padding; None = as the PackedSequence says, else no padding
        global_embedding  (B, G) the title's metadata, or None
        shown, masked     what the encoder is given in place of hidden shots, from `MaskedShotCollator`; None = [MASK] for all that is hidden

        Returns `loss` () and `predicted` (H, D), the hidden shots in order. InputError for shapes and kinds that do not fit.
        """
        if isinstance(shots, PackedSequence):
            shots, lengths = pad_packed_sequence(shots, batch_first=True)
            valid = torch.arange(shots.shape[1]) < lengths[:, None]
        valid = torch.ones(shots.shape[:2], dtype=torch.bool) if valid is None else valid
        self._check(shots, hidden, valid)
        device = self.encoder.device
        to = lambda x: None if x is None else x.to(device)  # noqa: E731
        batch = MaskedBatch(
            truth=shots.to(device),
            shown=(shots if shown is None else shown).to(device),
            hidden=hidden.to(device),
            masked=(hidden if masked is None else masked).to(device),
            valid=valid.to(device),
            global_=to(global_embedding),
            rng=self._drawn,
        )
        if self.training:
            self.objective.before_step(self.encoder, self._step)
        outputs = Outputs(
            self.encoder,
            batch,
            shuffled=self.recipe.objective.token_shuffling,
            hidden_only=self.objective.needs_hidden_only,
        )
        loss = self.objective.total(self.objective(batch, outputs, self._step))
        direction = F.normalize(self.encoder.predict(outputs.hidden_features), dim=-1)
        return {"loss": loss, "predicted": self.encoder.origin + direction * self.encoder.prediction_norm}

    def after_step(self) -> None:
        """Tell the objective that the weights have changed, which moves a teacher along."""
        self.objective.after_step(self.encoder, self._step)
        self._step += 1

    @torch.inference_mode()
    def embed(self, shots: Tensor, global_embedding: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Contextual embeddings of a whole title, (S, D) → (S, C), and of the title itself, (W,). InputError for another shape."""
        if shots.ndim != 2 or shots.shape[1] != self.encoder.shot_dim or not len(shots):
            raise InputError(
                f"a title is {tuple(shots.shape)}, but must be (S, {self.encoder.shot_dim}) with at least one shot"
            )
        metadata = None if global_embedding is None else global_embedding.cpu().numpy()
        found, title = contextual_embeddings(self.encoder, shots.float().cpu().numpy(), metadata)
        return torch.from_numpy(found), torch.from_numpy(title)

    def save_pretrained(self, folder: str | Path, **options: Any) -> None:
        """Save the encoder for `ShotEncoder.from_pretrained`."""
        self.encoder.save_pretrained(folder, **options)

    def _check(self, shots: Tensor, hidden: Tensor, valid: Tensor) -> None:
        if shots.ndim != 3 or shots.shape[-1] != self.encoder.shot_dim:
            raise InputError(f"shots are {tuple(shots.shape)}, but must be (B, S, {self.encoder.shot_dim})")
        weights = self.encoder.shot_mean.dtype
        if shots.dtype != weights and not torch.is_autocast_enabled(self.encoder.device.type):
            raise InputError(
                f"shots are {_kind(shots)}, but the model is {str(weights).removeprefix('torch.')}; convert one of them"
            )
        for name, flags in (("hidden", hidden), ("valid", valid)):
            if flags.dtype != torch.bool:
                raise InputError(f"{name} is {_kind(flags)}, but must be bool")
        if shots.shape[1] > (most := self.encoder.cfg.max_shots):
            raise InputError(f"a window has {shots.shape[1]} shots, but max_shots of the model is {most}; divide it")
        if hidden.shape[:2] != shots.shape[:2] or valid.shape != shots.shape[:2]:
            raise InputError(
                f"hidden is {tuple(hidden.shape)} and valid {tuple(valid.shape)}, but shots are {tuple(shots.shape)}"
            )
        if not bool((hidden if hidden.ndim == 2 else hidden.any(dim=-1)).logical_and(valid).any()):
            raise InputError("no shot is hidden, so there is nothing to predict")


def _kind(values: Tensor) -> str:
    return str(values.dtype).removeprefix("torch.")
