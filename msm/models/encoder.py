"""The shot encoder: a pre-norm transformer over the shots of a window, in the shape of MediaFM.

Source: Netflix, "MediaFM: The Multimodal AI Foundation for Media Understanding at Netflix", 2026: shots projected to the
model's width, a learned [CLS] and a [GLOBAL] made from the title's metadata in front, hidden shots replaced by one learned
[MASK], a BERT-like encoder, and one linear layer back to the width of a shot. `ModelConfig` chooses what other systems do
differently; `msm.models.head` is the base class of the heads.

Shape letters: B windows, S shots of a window, T = S + 2 tokens with [CLS] and [GLOBAL], N tokens of all windows, packed
(msm.models.packing), H hidden shots of all windows, D width of a shot embedding, M modalities, G width of a metadata embedding,
W width inside the encoder, V width of the features that the output layer reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.models import transformer
from msm.models.head import Encoded, Estimate, Head, PartlyHidden, present_modalities
from msm.models.packing import Packing, Part
from msm.models.transformer import Block, Rotating, offsets, position_table, turns, turns_of
from msm.recipes.model import HEADS, ModelConfig

__all__ = ["Encoded", "ShotEncoder", "touched_shots", "whole_shots"]


class ShotEncoder(Rotating):
    """Predicts hidden shots from the visible ones.

    shot_dim       D
    global_dim     G, or 0 where the catalog has no metadata embeddings: [GLOBAL] is then one learned vector, as it is for
                   every title when `cfg.use_global` is false
    modality_dims  columns of each modality, D in all; None = one modality
    """

    fixed_position: Tensor | None
    shot_mean: Tensor
    prediction_norm: Tensor

    def __init__(self, shot_dim: int, global_dim: int, cfg: ModelConfig, modality_dims: Sequence[int] | None = None):
        super().__init__()
        self.cfg, self.shot_dim, self.global_dim = cfg, shot_dim, global_dim
        self.modality_dims = tuple(modality_dims or (shot_dim,))
        self.shot_in = nn.Linear(shot_dim, cfg.width)
        self.global_in = nn.Linear(global_dim, cfg.width) if global_dim and cfg.use_global else None
        self.cls_vector = nn.Parameter(torch.zeros(cfg.width))
        self.global_vector = nn.Parameter(torch.zeros(cfg.width))
        if cfg.mask_vectors == "per_modality":
            self.mask_vectors = nn.Parameter(torch.zeros(len(self.modality_dims), cfg.width))
        else:
            self.mask_vector = nn.Parameter(torch.zeros(cfg.width))
        rotary = cfg.positions == "rotary"
        self.position, fixed = position_table(cfg, cfg.width)
        self.register_buffer("fixed_position", fixed, persistent=False)
        self.register_buffer("turn", turns(cfg.max_shots, cfg.width // cfg.heads) if rotary else None, persistent=False)
        decay = cfg.positions == "decay"
        self.blocks = nn.ModuleList(Block(cfg.width, cfg.heads, cfg.dropout, decay=decay) for _ in range(cfg.depth))
        self.out_norm = nn.LayerNorm(cfg.width)
        # Its weights stand under its own name in the state dict: `decoder.…`, `neighbour.…`.
        self.add_module(cfg.head, HEADS.get(cfg.head)(cfg, shot_dim, self.modality_dims))
        self.shot_out = self.head.make_output(shot_dim)
        # The origin and the length of predictions, from the training data; saved with the weights.
        self.register_buffer("shot_mean", torch.zeros(shot_dim))
        self.register_buffer("prediction_norm", torch.ones(()))

    @classmethod
    def from_pretrained(cls, name: str | Path, **options: Any) -> ShotEncoder:
        """Load a model from a run folder, a folder of `save_pretrained` or a repository of the Hugging Face hub.

        options  revision, token, cache_dir, force_download, local_files_only (as in huggingface_hub), map_location (a device)

        The model is in evaluation mode. InputError where the files are not those of a shot encoder; errors of the hub are those
        of huggingface_hub.
        """
        return _pretrained().load(name, **options)

    def save_pretrained(self, folder: str | Path, **options: Any) -> None:
        """Save config.json, model.safetensors and a model card to a folder, for `from_pretrained`; options as in huggingface_hub."""
        _pretrained().as_pretrained(self).save_pretrained(folder, **options)

    def push_to_hub(self, name: str, **options: Any) -> str:
        """Upload what `save_pretrained` writes to a repository of the hub; returns its address. Options as in huggingface_hub.

        `msm push` uploads a whole run, with its report and a card made from it.
        """
        return _pretrained().as_pretrained(self).push_to_hub(name, **options)

    @property
    def head(self) -> Head:
        """The head that `cfg.head` names."""
        return getattr(self, self.cfg.head)

    @property
    def feature_width(self) -> int:
        """V"""
        return self.head.feature_width

    @property
    def contextual_width(self) -> int:
        """C, of `msm.inference.predict.contextual_embeddings`."""
        return self.head.contextual_width

    @property
    def origin(self) -> Tensor:
        """(D,): the vector that predictions are relative to."""
        return self.shot_mean if self.cfg.centred else torch.zeros_like(self.shot_mean)

    def init_weights(self, rng: torch.Generator) -> None:
        """Draw every weight from `rng`, in a fixed order."""
        transformer.init_weights(self, self.cfg.depth, rng)
        self.head.reset()

    def encode(
        self,
        shots: Tensor,
        hidden: Tensor,
        valid: Tensor,
        global_: Tensor | None = None,
        part: Part | None = None,
        times: Tensor | None = None,
    ) -> Encoded:
        """Encode every shot of the windows from the visible ones.

        shots   (B, S, D)  float, fused, of unit length
        hidden  (B, S)     bool, True = the model must not see this shot; or (B, S, M), this modality of the shot
        valid   (B, S)     bool, True = a real shot, False = padding
        global_ (B, G)     float, the title's metadata; None = no information
        part               of which batch these windows are a part; None = they are the batch
        times   (B, S, 2)  float, seconds at which each shot starts and ends; None = not known
        """
        x, packing, estimate = self._tokens(shots, hidden, valid, global_, part, times)
        x = packing.pad(self._through_blocks(x, packing))  # (B, T, W)
        return Encoded(shots=x[:, 2:], cls=x[:, 0], from_global=x[:, 1], estimate=estimate)

    def encode_if_read(
        self,
        shots: Tensor,
        hidden: Tensor,
        valid: Tensor,
        global_: Tensor | None = None,
        part: Part | None = None,
        times: Tensor | None = None,
    ) -> Encoded:
        """As `encode`, shapes included, for the features of hidden shots alone: encodings (B, S, W) that the head does not read are zero."""
        if self.head.needs_encoder():
            return self.encode(shots, hidden, valid, global_, part, times)
        x = shots.new_zeros(*valid.shape, self.cfg.width)
        return Encoded(shots=x, cls=x[:, 0], from_global=x[:, 0], estimate=self._estimate(shots, hidden, valid, times))

    def encode_only(
        self,
        where: Tensor,
        shots: Tensor,
        hidden: Tensor,
        valid: Tensor,
        global_: Tensor | None = None,
        part: Part | None = None,
        times: Tensor | None = None,
    ) -> Tensor:
        """(B, S) bool, the rest as for `encode` → (H, W): the encodings of these shots only.

        The last block then computes no output for the other shots and only attends to them.
        """
        x, packing, _ = self._tokens(shots, hidden, valid, global_, part, times)
        return self._through_blocks(x, packing, packing.pack(F.pad(where, (2, 0))).nonzero()[:, 0])

    def _tokens(
        self,
        shots: Tensor,
        hidden: Tensor,
        valid: Tensor,
        global_: Tensor | None,
        part: Part | None,
        times: Tensor | None,
    ) -> tuple[Tensor, Packing, Estimate | None]:
        """The stream that the blocks read (N, W), and the head's estimate of the hidden shots."""
        num_shots = shots.shape[1]
        if num_shots > self.cfg.max_shots:
            raise ValueError(f"window of {num_shots} shots, but max_shots is {self.cfg.max_shots}")
        seen = valid if self.cfg.tokens == "kept" else valid & ~whole_shots(hidden)
        most = 2 + part.most_visible if part is not None and self.cfg.tokens == "dropped" else None
        packing = Packing(F.pad(seen, (2, 0), value=True), part, most)  # [CLS] and [GLOBAL] are always there
        estimate = None
        if self.head.fills_in_first:
            estimate = self._estimate(shots, hidden, valid, times)
            x = self.mark_hidden(estimate.tokens(self.token_weight), touched_shots(hidden))[seen]
        else:
            x = self._shot_tokens(shots[seen], hidden[seen])  # (N − 2 B, W)
        return self._behind_front(x, seen, packing, global_), packing, estimate

    @property
    def token_weight(self) -> Tensor:
        """(W, D): the projection of shots to tokens, with a factor so that unit-length input of any D has a deviation of about 1."""
        return self.shot_in.weight * self.shot_dim**0.5

    def mark_hidden(self, tokens: Tensor, hidden: Tensor) -> Tensor:
        """Make tokens of projected shots (B, S, W), of which the hidden ones, (B, S) bool, are estimates; for `encode_tokens`."""
        return tokens + self.shot_in.bias + hidden.unsqueeze(-1) * self.mask_vector

    def _estimate(self, shots: Tensor, hidden: Tensor, valid: Tensor, times: Tensor | None) -> Estimate:
        """As `Head.estimate`, in float32."""
        with torch.autocast(valid.device.type, enabled=False):
            parts = None if hidden.ndim == 2 else PartlyHidden(hidden, present_modalities(shots, self.modality_dims))
            return self.head.estimate(self.about_mean(shots), touched_shots(hidden), valid, parts, times)

    def _behind_front(self, x: Tensor, seen: Tensor, packing: Packing, global_: Tensor | None) -> Tensor:
        """Add the positions to the shots' tokens (N − 2 B, W), and put [CLS] and [GLOBAL] in front → (N, W)."""
        table = self.fixed_position if self.position is None else self.position
        if table is not None:
            x = x + F.embedding(seen.nonzero()[:, 1], table)
        windows = len(seen)
        global_token = self._global_token(global_, windows, packing.part)
        front = torch.stack([self.cls_vector.expand(windows, -1), global_token], dim=1)
        return packing.behind(front.to(x.dtype), x)

    def encode_tokens(self, tokens: Tensor, global_: Tensor | None = None) -> Tensor:
        """Encode windows from given tokens of their shots, without padding: (B, S, W) → (B, S, W)."""
        seen = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
        packing = Packing(F.pad(seen, (2, 0), value=True))
        x = self._behind_front(tokens.flatten(0, 1), seen, packing, global_)
        return self._through_blocks(x, packing).unflatten(0, (len(seen), -1))[:, 2:]

    def _through_blocks(self, x: Tensor, packing: Packing, rows: Tensor | None = None) -> Tensor:
        """(N, W) → (N, W), or only its rows (Q,) → (Q, W)."""
        turn = turns_of(packing, self.turn)
        offset = offsets(packing.keep.shape[1], x.device) if self.cfg.positions == "decay" else None
        *blocks, last = self.blocks
        for block in blocks:
            x = block(x, packing, turn, offset)
        return self.out_norm(last(x, packing, turn, offset, rows))

    def decode(
        self,
        encoded: Encoded,
        hidden: Tensor,
        valid: Tensor,
        order: Tensor | None = None,
        part: Part | None = None,
    ) -> Tensor:
        """Compute (B, S, V), the features that the output layer reads at each place.

        hidden, valid  as `encode` was given them, and part
        order          (B, S) which place's token stands at each place; for the decoder head
        """
        return self.head.features(encoded, hidden, valid, order, part)

    def predict(self, features: Tensor) -> Tensor:
        """(..., V) → (..., D): predicted shots, or with `cfg.centred` their difference from the mean of the training shots.

        Only the direction is meaningful; the length is set by `prediction_norm`.
        """
        return self.shot_out(self.head.transform(features))

    def restore(
        self,
        shots: Tensor,
        hidden: Tensor,
        valid: Tensor,
        global_: Tensor | None = None,
        where: Tensor | None = None,
        times: Tensor | None = None,
    ) -> Tensor:
        """Predict the H hidden shots of all windows, in order, (H, D); shapes as for `encode`.

        where  (B, S) bool, the shots to predict; None = all that are hidden, wholly or in part
        """
        where = touched_shots(hidden) if where is None else where
        if self.head.positionwise:
            return self.predict(self.encode_only(where & valid, shots, hidden, valid, global_))
        encoded = self.encode_if_read(shots, hidden, valid, global_, times=times)
        return self.predict(self.head.features_of(where, encoded, hidden, valid))

    def forward(
        self,
        shots: Tensor,
        hidden: Tensor,
        valid: Tensor,
        global_: Tensor | None = None,
        times: Tensor | None = None,
    ) -> Tensor:
        """Predict the shot at every position, (B, S, D); shapes as for `encode`."""
        return self.predict(self.decode(self.encode(shots, hidden, valid, global_, times=times), hidden, valid))

    def about_mean(self, shots: Tensor) -> Tensor:
        """(…, D) → (…, D): fused shots relative to the mean of the training shots.

        A missing modality is relative to it too: that a shot is silent is part of what is predicted.
        """
        return shots - self.shot_mean

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.cls_vector.device

    def _shot_tokens(self, shots: Tensor, hidden: Tensor) -> Tensor:
        """(…, W): each shot projected; a hidden one is replaced by [MASK], or set to zero and [MASK] added.

        A shot of which one modality is hidden has that block set to zero and the block's [MASK], or its share of the one
        [MASK], added. BaSSL and HERO add their mask embedding before the projection, which gives the same tokens: the
        projection of a vector is a vector.
        """
        by_modality = hidden.ndim == shots.ndim
        if by_modality or self.cfg.mask_token == "added":
            shots = shots.masked_fill(self._columns(hidden) if by_modality else hidden.unsqueeze(-1), 0.0)
        # A factor, so that unit-length input of any D arrives with a deviation of about 1.
        x = self.shot_in(shots * self.shot_dim**0.5)
        whole = self.mask_vector if self.cfg.mask_vectors == "one" else self.mask_vectors.sum(dim=0)
        if not by_modality:
            mark = hidden.unsqueeze(-1)
            return torch.where(mark, whole if self.cfg.mask_token == "replaced" else x + whole, x)
        if self.cfg.mask_vectors == "one":
            part = hidden.float().mean(dim=-1, keepdim=True) * self.mask_vector
        else:
            part = hidden.float() @ self.mask_vectors
        x = x + part
        return torch.where(hidden.all(dim=-1, keepdim=True), whole, x) if self.cfg.mask_token == "replaced" else x

    def _columns(self, hidden: Tensor) -> Tensor:
        """(…, M) → (…, D): the hidden columns."""
        dims = torch.tensor(self.modality_dims, device=hidden.device)
        return hidden.repeat_interleave(dims, dim=-1, output_size=self.shot_dim)

    def _global_token(self, global_: Tensor | None, num_windows: int, part: Part | None) -> Tensor:
        token = self.global_vector.expand(num_windows, -1)
        if self.global_in is None or global_ is None:
            return token
        metadata = self.global_in(global_ * self.global_dim**0.5)
        if self.training and self.cfg.global_dropout:
            # Drawn on the CPU, so that every device leaves it out of the same windows.
            drawn = torch.rand(num_windows, 1) if part is None else torch.rand(part.num_windows, 1)[part.rows]
            withheld = drawn < self.cfg.global_dropout
            metadata = metadata.masked_fill(withheld.to(metadata.device), 0.0)
        return token + metadata


def _pretrained() -> Any:
    """The module that adds huggingface_hub's methods to this class, imported when one is called: it takes a quarter of a second."""
    return import_module("msm.models.pretrained")


def whole_shots(hidden: Tensor) -> Tensor:
    """(B, S) or (B, S, M) → (B, S): the shots that are hidden whole."""
    return hidden if hidden.ndim == 2 else hidden.all(dim=-1)


def touched_shots(hidden: Tensor) -> Tensor:
    """(B, S) or (B, S, M) → (B, S): the shots that are hidden, wholly or in part."""
    return hidden if hidden.ndim == 2 else hidden.any(dim=-1)
