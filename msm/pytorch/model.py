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

from msm.data.told import Told
from msm.errors import InputError
from msm.inference.predict import contextual_embeddings
from msm.models.encoder import ShotEncoder
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.objective import make_objective
from msm.objectives.outputs import Outputs
from msm.pytorch.checks import (
    NOTHING_HIDDEN,
    CheckedTitles,
    check_flags,
    check_metadata,
    check_shown,
    check_times,
    check_title,
    check_widths,
    check_windows,
)
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
        check_widths(shot_dim, global_dim, dims)
        self.encoder = ShotEncoder(shot_dim, global_dim, self.recipe.model, dims)
        self.encoder.init_weights(generator)
        self.objective = make_objective(self.recipe, self.encoder, modalities_of_widths(dims), generator)
        self._drawn = torch.Generator().manual_seed(int(torch.randint(2**31, (), generator=generator)))
        self._step = 0

    def fit(self, titles: Iterable[np.ndarray], generator: torch.Generator) -> None:
        """Estimate the training mean, and what the head starts from, on titles (N, D) of fused shots.

        titles  is read several times, so it must start anew each time

        InputError for a generator, no title, one of another shape, and values that are not finite.
        """
        if iter(titles) is titles:
            raise InputError("titles are read several times, so give a list of arrays")
        titles = CheckedTitles(titles, self.encoder.shot_dim)
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
        times: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Predict hidden shots and compute the recipe's loss.

        shots             (B, S, D) float, fused, of unit length, padded; or a PackedSequence
        hidden            (B, S) bool, True = to be predicted; or (B, S, M), this modality of the shot
        valid             (B, S) bool, False = padding; None = as the PackedSequence says, else no padding
        global_embedding  (B, G) the title's metadata, or None
        shown, masked     what the encoder is given in place of hidden shots, from `MaskedShotCollator`; None = [MASK] for all that is hidden
        times             (B, S, 2) seconds at which each shot starts and ends, read by a recipe with model.times; None = not known

        Returns `loss` () and `predicted` (H, D), the hidden shots in order; of padding nothing is hidden. InputError for shapes and kinds that
        do not fit, a batch without a hidden shot, and values of tensors on the CPU that are not finite; of tensors on a GPU these are not
        looked at, since every step would wait for them.
        """
        if isinstance(shots, PackedSequence):
            shots, lengths = pad_packed_sequence(shots, batch_first=True)
            valid = torch.arange(shots.shape[1]) < lengths[:, None]
        check_windows(self.encoder, shots)
        valid = torch.ones(shots.shape[:2], dtype=torch.bool) if valid is None else valid
        shown, masked = shots if shown is None else shown, hidden if masked is None else masked
        check_flags(self.encoder, shots, hidden, valid, masked)
        if shown is not shots:
            check_shown(self.encoder, shots, shown)
        if global_embedding is not None:
            check_metadata(self.encoder, global_embedding, (len(shots),))
        if times is not None:
            check_times(times, shots.shape[:2])
        batch = self._batch(shots, hidden, valid, global_embedding, shown, masked, times)
        if self.training:
            self.objective.before_step(self.encoder, self._step)
        outputs = Outputs(
            self.encoder,
            batch,
            shuffled=self.recipe.objective.token_shuffling,
            hidden_only=self.objective.needs_hidden_only,
        )
        loss = self.objective.total(self.objective(batch, outputs, self._step))
        if not len(outputs.hidden_features):
            raise InputError(NOTHING_HIDDEN)
        direction = F.normalize(self.encoder.predict(outputs.hidden_features), dim=-1)
        return {"loss": loss, "predicted": self.encoder.origin + direction * self.encoder.prediction_norm}

    def _batch(
        self,
        shots: Tensor,
        hidden: Tensor,
        valid: Tensor,
        metadata: Tensor | None,
        shown: Tensor,
        masked: Tensor,
        times: Tensor | None,
    ) -> MaskedBatch:
        device = self.encoder.device
        valid, hidden, masked = valid.to(device), hidden.to(device), masked.to(device)
        real = valid if hidden.ndim == 2 else valid.unsqueeze(-1)
        return MaskedBatch(
            truth=shots.to(device),
            shown=shown.to(device),
            hidden=hidden & real,
            masked=masked & real,
            valid=valid,
            global_=None if metadata is None else metadata.to(device),
            rng=self._drawn,
            times=None if times is None else times.to(device),
        )

    def after_step(self) -> None:
        """Tell the objective that the weights have changed, which moves a teacher along."""
        self.objective.after_step(self.encoder, self._step)
        self._step += 1

    @torch.inference_mode()
    def embed(
        self, shots: Tensor, global_embedding: Tensor | None = None, times: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Contextual embeddings of a whole title, (S, D) → (S, C), and of the title itself, (W,).

        global_embedding  (G,) the title's metadata, or None
        times             (S, 2) seconds at which each shot starts and ends, or None

        InputError for other shapes and kinds, values that are not finite, and weights that are not float32.
        """
        check_title(self.encoder, shots)
        if times is not None:
            check_times(times, shots.shape[:1])
        if global_embedding is not None:
            check_metadata(
                self.encoder, global_embedding.cpu() if isinstance(global_embedding, Tensor) else global_embedding
            )
        known = (None if x is None else x.float().cpu().numpy() for x in (global_embedding, times))
        found, title = contextual_embeddings(self.encoder, shots.float().cpu().numpy(), Told(*known))
        return torch.from_numpy(found), torch.from_numpy(title)

    def save_pretrained(self, folder: str | Path, **options: Any) -> None:
        """Save the encoder for `ShotEncoder.from_pretrained`."""
        self.encoder.save_pretrained(folder, **options)
