"""What a step asks of the model, and what a prediction is held against.

Shape letters: B windows, S shots of a window, M modalities, H hidden shots, D width of a shot, V width of the features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from msm.models.encoder import Encoded, ShotEncoder, touched_shots, whole_shots
from msm.models.packing import Part
from msm.recipes.recipe import ObjectiveConfig

Loss = Callable[[Tensor, Tensor], Tensor]  # predicted (H, D), target (H, D) → one number


@dataclass(frozen=True)
class Asked:
    """What a step asks: these shots, this hidden."""

    truth: Tensor  # (B, S, D) fused
    shown: Tensor  # (B, S, D) what the encoder is given: the truth, with noise or with other shots in some places
    hidden: Tensor  # (B, S) or (B, S, M) bool, True = to be predicted
    masked: Tensor  # the same shape, True = shown as [MASK]; all that is hidden, but for BERT's 20 %
    valid: Tensor  # (B, S) bool
    global_: Tensor | None  # (B, G)
    rng: torch.Generator  # on the CPU, for whatever a term draws
    part: Part | None = None  # of which batch these windows are a part; None = they are the batch

    @property
    def where(self) -> Tensor:
        """(B, S) bool: the shots to predict."""
        return touched_shots(self.hidden)

    def part_of(self, rows: slice) -> Asked:
        """The same question, of some of its windows."""
        if rows == slice(0, len(self.valid)):
            return self
        most_visible = int((self.valid & ~whole_shots(self.masked)).sum(dim=1).max())
        return Asked(
            truth=self.truth[rows],
            shown=self.shown[rows],
            hidden=self.hidden[rows],
            masked=self.masked[rows],
            valid=self.valid[rows],
            global_=None if self.global_ is None else self.global_[rows],
            rng=self.rng,
            part=Part(rows, len(self.valid), most_visible),
        )


class Made:
    """What the model makes of it, worked out when a term first reads it.

    shuffled  the decoder gets its tokens, visible and [MASK], in random order (VideoPrism, appendix C.2)
    apart     no term reads more than `hidden_features`
    """

    def __init__(self, model: ShotEncoder, asked: Asked, *, shuffled: bool = False, apart: bool = False):
        self.model, self.asked, self.shuffled = model, asked, shuffled
        self.apart = apart and model.head.positionwise

    @cached_property
    def encoded(self) -> Encoded:
        """The encoder's outputs, computed when first asked for."""
        asked = self.asked
        return self.model.encode(asked.shown, asked.masked, asked.valid, asked.global_, asked.part)

    @cached_property
    def target(self) -> Tensor:
        """(B, S, D): the true shots as the model is to say them, whole or about the training mean."""
        return self.as_target(self.asked.truth)

    def as_target(self, shots: Tensor) -> Tensor:
        """(…, D): true shots as the model is to say them."""
        return self.model.about_mean(shots) if self.model.cfg.centred else shots

    @cached_property
    def features(self) -> Tensor:
        """(B, S, V): what the last layer reads."""
        order = shuffled_places(self.asked) if self.shuffled else None
        return self.model.decode(self.encoded, self.asked.masked, self.asked.valid, order, self.asked.part)

    @cached_property
    def hidden_features(self) -> Tensor:
        """(H, V): what the last layer reads at the hidden shots."""
        asked = self.asked
        if not self.apart:
            return self.features[asked.where]
        return self.model.encode_only(asked.where, asked.shown, asked.masked, asked.valid, asked.global_, asked.part)


def shuffled_places(asked: Asked) -> Tensor:
    """(B, S): a random order of each window's places, the hidden ones' among them; padding stays behind, as it is."""
    places = torch.arange(asked.valid.shape[1], device=asked.valid.device)
    draw = torch.rand(asked.valid.shape, generator=asked.rng).to(places.device)
    return draw.where(asked.valid, 2.0 + places).argsort(dim=1)


def cosine_distance(predicted: Tensor, target: Tensor) -> Tensor:
    """1 − cosine, averaged over the hidden shots. (H, D), (H, D) → a number between 0 and 2.

    predicted, target  (hidden shots, D)

    MediaFM sums over the hidden shots. Muon and AdamW do not see the difference, since both divide
    out the gradient's scale; the mean keeps clipping and curves comparable between batches.
    """
    return (1 - F.cosine_similarity(predicted.float(), target.float(), dim=-1)).mean()


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over shots and columns (MAE, BaSSL)."""
    return F.mse_loss(predicted.float(), target.float())


def smooth_l1(beta: float) -> Loss:
    """The square below `beta` and a line above it (data2vec, section 3.4)."""
    return lambda predicted, target: F.smooth_l1_loss(predicted.float(), target.float(), beta=beta)


def info_nce(predicted: Tensor, candidates: Tensor, truth: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of telling the true candidate from all the others by cosine / temperature.

    predicted (H, D), candidates (C, D), truth (H,) the true candidate's place
    """
    with torch.autocast(predicted.device.type, enabled=False):
        likeness = F.normalize(predicted.float(), dim=-1) @ F.normalize(candidates.float(), dim=-1).T
        return F.cross_entropy(likeness / temperature, truth)


def make_loss(cfg: ObjectiveConfig) -> Loss:
    """The loss that the recipe names: (H, D) predicted, (H, D) target → one number."""
    return {"cosine": cosine_distance, "l2": squared_error, "smooth_l1": smooth_l1(cfg.beta), "nce": cosine_distance}[
        cfg.loss
    ]


def standardise(targets: Tensor) -> Tensor:
    """Each shot to mean 0 and deviation 1 over its own columns (MAE, section 3, "normalized pixel values"). (…, D)."""
    return F.layer_norm(targets.float(), targets.shape[-1:], eps=1e-6 / targets.shape[-1])
