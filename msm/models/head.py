"""The base class of every head: from the encoder's output to predictions of the hidden shots.

A head is one module or package in `msm/models/heads`, named as `model.head` has it, that defines `HEAD`, a subclass of
`Head`. It stands in the state dict under that name. A head that needs a certain recipe raises InputError in its constructor.

Shape letters: B windows, S shots of a window, H hidden shots, N shots of a title, D width of a shot embedding, W width of the
encoder, V width of the features that the output layer reads, C width of a contextual embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from msm import metrics
from msm.baselines import Parameters
from msm.data.space import Space
from msm.models.packing import Part
from msm.recipes.model import ModelConfig

if TYPE_CHECKING:
    from msm.models.encoder import ShotEncoder
    from msm.models.transformer import Block


class Encoded(NamedTuple):
    """The encoder's output for a batch of windows."""

    shots: Tensor  # (B, S, W), zero where a shot was dropped
    cls: Tensor  # (B, W)
    from_global: Tensor  # (B, W)
    estimate: Any = None  # as `Head.estimate` returned it


class PartlyHidden(NamedTuple):
    """Which modalities are hidden of each shot, and which it has, where some shots are hidden in part."""

    hidden: Tensor  # (B, S, M) bool
    present: Tensor  # (B, S, M) bool; of a hidden modality it says nothing


def present_modalities(shots: Tensor, modality_dims: Sequence[int]) -> Tensor:
    """(…, D) fused shots → (…, M) bool: the modalities that each shot has."""
    return torch.stack([block.any(dim=-1) for block in shots.split(list(modality_dims), dim=-1)], dim=-1)


class Case(Protocol):
    """One title with some of its shots hidden, as `msm.evaluation.protocol.Case` has it."""

    @property
    def shots(self) -> np.ndarray:
        """(N, D) fused."""
        ...

    @property
    def hidden(self) -> np.ndarray:
        """(N,) bool."""
        ...

    @property
    def protocol(self) -> str:
        """What was hidden; a mean over cases counts each protocol alike."""
        ...


Predict = Callable[[Sequence[Case]], list[np.ndarray]]  # of each case its predictions (H, D)


def mean_by_protocol(predictions: Sequence[np.ndarray], cases: Sequence[Case], space: Space) -> dict[str, float]:
    """The mean centred cosine of predictions (H, D) of each case, by what was hidden."""
    found: dict[str, list[np.ndarray]] = {}
    for predicted, case in zip(predictions, cases, strict=True):
        cosines = metrics.centred_cosine(predicted, case.shots[case.hidden], space.mean)
        found.setdefault(case.protocol, []).append(cosines)
    return {protocol: float(np.concatenate(cosines).mean()) for protocol, cosines in found.items()}


class Estimate(Protocol):
    """Windows with a first estimate in the hidden shots' places."""

    def tokens(self, weight: Tensor) -> Tensor:
        """Project every shot by a matrix (W, D), hidden ones as they are estimated → (B, S, W)."""
        ...


class WindowCache(Protocol):
    """The part of a window's forward pass that does not depend on which shots are hidden."""

    def restore(self, hidden: Tensor, global_: Tensor | None = None) -> Tensor:
        """(B, S) bool, or (B, S, M) with whole shots, and (B, G) or None → (H, D), as `ShotEncoder.restore`."""
        ...


class Head(nn.Module):
    """Reads the encodings as they are; subclasses override what they do differently.

    positionwise       a shot's features depend on its own encoding alone, so the others need not be computed
    whole_shots        a visible shot is read whole: one modality of it is never shown alone
    fills_in_first     `estimate` gives the encoder something to read in the hidden shots' places
    tuned              `tune` chooses settings on the validation titles
    encodes_context    the encoder's output is the contextual embedding
    small_operations   a step is many small ones, for which few threads are faster than many
    """

    positionwise = True
    whole_shots = False
    fills_in_first = False
    tuned = False
    encodes_context = True
    small_operations = False

    def __init__(self, cfg: ModelConfig, shot_dim: int, modality_dims: Sequence[int] | None = None):
        super().__init__()
        self.feature_width = cfg.width  # V
        self.contextual_width = cfg.width  # C

    def make_output(self, shot_dim: int) -> nn.Module:
        """The output layer of the model, features (…, V) → shots (…, D)."""
        return nn.Linear(self.feature_width, shot_dim)

    def reset(self) -> None:
        """Set the weights that do not start at random; called after all weights are drawn."""

    def fit(
        self,
        titles: Iterable[np.ndarray],
        ratio: float,
        rng: torch.Generator,
        fitted: Parameters,
        mean: np.ndarray | None = None,
    ) -> None:
        """Start from closed forms, before the first step.

        titles  shots about the training mean, (N, D) each; read only by a head that fits something
        ratio   share of the shots that the training hides
        fitted  the parameters of the baselines, by name
        mean    (D,) that the shots are about, which tells what a shot lacks; None = no shot lacks a modality
        """

    def estimate(
        self, shots: Tensor, hidden: Tensor, valid: Tensor, parts: PartlyHidden | None, times: Tensor | None = None
    ) -> Estimate:
        """Fill in the hidden shots before the encoder reads the window; for a head that `fills_in_first`.

        shots          (B, S, D) about the training mean
        hidden, valid  (B, S) bool
        parts          where some shots are hidden in part; None = all hidden ones are hidden whole
        times          (B, S, 2) seconds at which each shot starts and ends; None = not known
        returns        what the encoder reads instead of the shots; `features` gets it again in `encoded.estimate`
        """
        raise NotImplementedError

    def features(
        self,
        encoded: Encoded,
        hidden: Tensor,
        valid: Tensor,
        order: Tensor | None = None,
        part: Part | None = None,
    ) -> Tensor:
        """Compute (B, S, V), the features of each place, as `ShotEncoder.decode` takes its arguments."""
        return encoded.shots

    def features_of(
        self,
        where: Tensor,
        encoded: Encoded,
        hidden: Tensor,
        valid: Tensor,
        order: Tensor | None = None,
        part: Part | None = None,
    ) -> Tensor:
        """(B, S) bool → (H, V): the features of these places alone."""
        return self.features(encoded, hidden, valid, order, part)[where]

    def transform(self, features: Tensor) -> Tensor:
        """(…, V) → (…, V): what each feature vector goes through just before the output layer."""
        return features

    def tune(self, predict: Predict, cases: Sequence[Case], further: Sequence[Case], space: Space) -> list[np.ndarray]:
        """Choose settings on the validation titles and return each case's predictions (H, D) with them.

        further  cases of training titles that may have a say too
        """
        return predict(cases)

    def sharpen(self, predicted: np.ndarray, shots: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Change predictions of whole hidden shots so that the true one ranks higher among others; for ranks and lists alone.

        predicted  (H, D) about the mean of the training shots
        shots      (N, D) about it; hidden ones are never read
        hidden     (N,)   bool, H of them
        returns    (H, D) about it, of any length; `predicted` itself where the head does not sharpen
        """
        return predicted

    def contextual(
        self,
        encoder: ShotEncoder,
        encoded: Encoded,
        shots: Tensor,
        global_: Tensor | None = None,
        times: Tensor | None = None,
    ) -> Tensor:
        """Compute the contextual embeddings (S, C) of one window.

        encoder  the model that this head is part of
        encoded  of this window, nothing hidden
        shots    (S, D) about the training mean
        global_  (1, G) the title's metadata; None = no information
        times    (1, S, 2) seconds at which each shot starts and ends; None = not known
        """
        return encoded.shots[0]

    def contextual_alone(self, shots: Tensor) -> Tensor:
        """(N, D) about the training mean → (N, C): the contextual embedding of each shot as a title of its own.

        For a head whose contextual embedding is not the encoder's output.
        """
        raise NotImplementedError

    def can_cache(self, hidden: Tensor | None = None) -> bool:
        """Whether `cache_window` can restore these shots, (B, S) or (B, S, M) bool; None = any whole shots."""
        return False

    def cache_window(self, encoder: ShotEncoder, shots: Tensor, times: Tensor | None = None) -> WindowCache:
        """Compute what restoring hidden shots of this window, (S, D) fused, has in common; only where `can_cache`.

        times  (S, 2) seconds at which each shot starts and ends; None = not known
        """
        raise NotImplementedError

    def needs_encoder(self) -> bool:
        """Whether the encoder's output counts in the next pass, asked once before it; in training it may be drawn."""
        return True

    @property
    def reads_encoder(self) -> bool:
        """Whether the encoder's output counts at all in the predictions."""
        return True

    def attention_blocks(self) -> Sequence[Block]:
        """The transformer blocks of the head itself."""
        return ()

    def attention_layer(self) -> nn.Module | None:
        """The module whose output (B, K, H, S) are the head's own weights of the visible shots; None without one."""
        return None
