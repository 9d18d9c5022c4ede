"""The choices of a recipe about the shot encoder and its head (msm/models/encoder.py is built by them)."""

from __future__ import annotations

from dataclasses import dataclass

from msm.config.limits import MAX_WINDOW, between, one_of
from msm.config.registry import Registry
from msm.errors import InputError

MASK_TOKENS = ("replaced", "added")
MASK_VECTORS = ("one", "per_modality")
TOKENS = ("kept", "dropped")
HEADS = Registry("msm.models.heads", "head", "HEAD", order=("linear", "transform", "decoder", "neighbour"))
SHARPEN = ("fixed", "chosen")
POSITIONS = ("rotary", "learned", "decay")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shot encoder and its head. The width of a shot comes from the catalog, not from here."""

    width: int = 192  # W, inside the encoder; for thousands of shots, more for millions
    depth: int = 4
    heads: int = 4
    max_shots: int = 512  # longest window the position table covers
    dropout: float = 0.1
    positions: str = "rotary"  # in the attention (Su et al., 2021); "learned": a table; "decay": as ALiBi
    head: str = "linear"  # or "transform": BERT's dense layer before it; "decoder": MAE's; "neighbour": our own
    centred: bool = False  # predict how a shot differs from the mean of the training shots, and compare that
    sharpness: float = 0.0  # neighbour head: share of the line between the visible neighbours in what it says at last
    sharpen: str = "fixed"  # neighbour head: by `sharpness`, or as "chosen" on the validation titles (msm/models/heads/neighbour/sharpening.py)
    use_global: bool = True  # give the model the title's metadata embedding as [GLOBAL], if there is one
    global_dropout: float = 0.0  # probability that a training window goes without it
    tokens: str = "kept"  # hidden shots stay as [MASK], or are "dropped" from the encoder (needs the decoder)
    mask_token: str = "replaced"  # a hidden shot's token becomes [MASK], or [MASK] is "added" to that of a zero shot
    mask_vectors: str = "one"  # one [MASK], or one "per_modality"
    decoder_width: int = 96  # V
    decoder_depth: int = 2

    def __post_init__(self) -> None:
        for name in ("width", "depth", "heads", "max_shots", "decoder_width", "decoder_depth"):
            between(f"model.{name}", getattr(self, name), 1, MAX_WINDOW)
        between("model.dropout", self.dropout, 0.0, 0.9)
        between("model.sharpness", self.sharpness, 0.0, 10.0)
        between("model.global_dropout", self.global_dropout, 0.0, 1.0)
        one_of("model.positions", self.positions, POSITIONS)
        one_of("model.head", self.head, HEADS.names())
        one_of("model.sharpen", self.sharpen, SHARPEN)
        one_of("model.tokens", self.tokens, TOKENS)
        one_of("model.mask_token", self.mask_token, MASK_TOKENS)
        one_of("model.mask_vectors", self.mask_vectors, MASK_VECTORS)
        self._check_heads("width", self.width)
        if self.head == "decoder":
            self._check_heads("decoder_width", self.decoder_width)
        if self.positions == "decay" and self.head == "decoder":
            raise InputError("model.positions=decay is for the encoder's own head; the decoder needs rotary or learned")
        if self.head == "neighbour" and not self.centred:
            raise InputError("model.head=neighbour predicts how a shot differs from the mean: set model.centred=true")
        if (self.sharpness or self.sharpen == "chosen") and self.head != "neighbour":
            raise InputError("model.sharpness and model.sharpen are choices of model.head=neighbour")
        if self.sharpness and self.sharpen == "chosen":
            raise InputError("model.sharpness is a fixed share, so it goes without model.sharpen=chosen")
        if self.head == "neighbour" and (self.mask_token, self.mask_vectors) != ("replaced", "one"):
            raise InputError("model.head=neighbour shows the encoder its own first guess, so it has one [MASK] to add")
        if self.tokens == "dropped" and self.head != "decoder":
            raise InputError(
                f"model.tokens=dropped needs model.head=decoder: the head {self.head!r} reads the tokens that were dropped"
            )

    def _check_heads(self, name: str, width: int) -> None:
        if width % self.heads:
            raise InputError(f"model.{name} ({width}) must be a multiple of model.heads ({self.heads})")
        if self.positions == "rotary" and (width // self.heads) % 2:
            raise InputError(f"rotary positions need an even width per head, not {width // self.heads}")
