"""The model part of a recipe: the shot encoder and its head (msm/models)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msm.config.fields import described
from msm.config.limits import MAX_WINDOW, between, one_of
from msm.config.registry import Registry
from msm.errors import InputError

MASK_TOKENS = ("replaced", "added")
MASK_VECTORS = ("one", "per_modality")
TOKENS = ("kept", "dropped")
HEADS = Registry("msm.models.heads", "head", "HEAD", order=("linear", "transform", "decoder", "neighbour"))
SHARPEN = ("fixed", "chosen")
STARTS = ("distance", "kriging")
POSITIONS = ("rotary", "learned", "sinusoidal", "decay")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shot encoder and its head. The width of a shot comes from the catalog, not from here."""

    width: int = described(192, "Width of the encoder; a few hundred for thousands of shots, more for millions.")
    depth: int = described(4, "Number of transformer blocks in the encoder.")
    heads: int = described(4, "Number of attention heads.")
    max_shots: int = described(512, "Longest window, in shots; a longer title is divided.")
    dropout: float = described(0.1, "Dropout probability in the encoder.")
    positions: str = described(
        "rotary",
        "Position encoding: `rotary` in the attention (Su et al., 2021), `learned`, a table added to the tokens, `sinusoidal`, a fixed one (Vaswani et al., 2017), or `decay`, attention that decreases with distance (ALiBi).",
    )
    head: str = described(
        "linear",
        "Prediction head: `linear`, one layer; `transform`, with BERT's dense layer, GELU and norm before it; `decoder`, MAE's light transformer; `neighbour`, which starts from the visible shots.",
    )
    start: str = described(
        "distance",
        "Neighbour head: the prediction that training starts from, `distance`, means of the visible shots weighted by distance, or `kriging`, the posterior mean of a Gaussian process, from which it departs as far as that is better on the validation titles.",
    )
    times: bool = described(
        False,
        "Neighbour head: tell it how long each shot lasts and how much time lies between two, hidden ones included; where a title has no times, all shots count as equally long. The baselines are not told, so a lead over them may be that of the lengths alone.",
    )
    centred: bool = described(
        False, "Predict the difference of a shot from the mean of the training shots, and compare that."
    )
    sharpness: float = described(
        0.0,
        "Neighbour head: share of the line between the two visible neighbours in a trained model's prediction; it lowers the cosine slightly and ranks the true shot higher.",
    )
    sharpen: str = described(
        "fixed",
        "Neighbour head: `fixed` sharpens by `model.sharpness`; `chosen` selects the shares on the validation titles (and on training titles if there are fewer than twenty), so that the true shot ranks a twentieth better than with the distance-weighted mean, at the least loss of cosine.",
    )
    use_global: bool = described(
        True, "Give the model the title's metadata embedding as [GLOBAL], if the catalog has one."
    )
    global_dropout: float = described(0.0, "Probability that a training window has no [GLOBAL].")
    tokens: str = described(
        "kept",
        "Tokens of hidden shots: `kept` as [MASK], or `dropped` from the encoder, where visible shots are packed and keep their positions (needs the decoder).",
    )
    mask_token: str = described(
        "replaced",
        "How a hidden shot's token is made: `replaced` by [MASK], or [MASK] `added` to the token of a zero vector.",
    )
    mask_vectors: str = described(
        "one", "Number of [MASK] vectors: `one`, or one `per_modality`, summed where a shot is hidden whole."
    )
    decoder_width: int = described(96, "Width of the decoder.")
    decoder_depth: int = described(2, "Number of transformer blocks in the decoder.")

    def head_class(self) -> Any:
        """The class of the head, a subclass of `msm.models.head.Head`."""
        return HEADS.get(self.head)

    def __post_init__(self) -> None:
        for name in ("width", "depth", "heads", "max_shots", "decoder_width", "decoder_depth"):
            between(f"model.{name}", getattr(self, name), 1, MAX_WINDOW)
        between("model.dropout", self.dropout, 0.0, 0.9)
        between("model.sharpness", self.sharpness, 0.0, 10.0)
        between("model.global_dropout", self.global_dropout, 0.0, 1.0)
        one_of("model.positions", self.positions, POSITIONS)
        one_of("model.head", self.head, HEADS.names())
        one_of("model.sharpen", self.sharpen, SHARPEN)
        one_of("model.start", self.start, STARTS)
        one_of("model.tokens", self.tokens, TOKENS)
        one_of("model.mask_token", self.mask_token, MASK_TOKENS)
        one_of("model.mask_vectors", self.mask_vectors, MASK_VECTORS)
        self._check_heads("width", self.width)
        if self.head == "decoder":
            self._check_heads("decoder_width", self.decoder_width)
        if self.positions == "decay" and self.head == "decoder":
            raise InputError(
                "model.positions=decay is for the encoder's own head; the decoder needs rotary, learned or sinusoidal"
            )
        if self.head == "neighbour" and not self.centred:
            raise InputError("model.head=neighbour predicts how a shot differs from the mean: set model.centred=true")
        if (self.sharpness or self.sharpen == "chosen") and self.head != "neighbour":
            raise InputError("model.sharpness and model.sharpen are choices of model.head=neighbour")
        if self.start != "distance" and self.head != "neighbour":
            raise InputError("model.start is a choice of model.head=neighbour")
        if self.times and self.head != "neighbour":
            raise InputError("model.times is a choice of model.head=neighbour; the other heads read no times")
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
        if self.positions == "sinusoidal" and width % 2:
            raise InputError(f"sinusoidal positions need an even model.{name}, not {width}")
        if self.positions == "rotary" and (width // self.heads) % 2:
            raise InputError(f"rotary positions need an even width per head, not {width // self.heads}")
