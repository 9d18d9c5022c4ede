"""The objective part of a recipe: loss, target and auxiliary terms (msm/objectives)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msm.config.fields import described
from msm.config.limits import between, one_of
from msm.config.registry import Registry
from msm.errors import InputError

LOSSES = Registry("msm.objectives.losses", "loss", "loss", order=("cosine", "l2", "smooth_l1", "nce"))
TARGETS = ("shot", "teacher", "first_stage")
VIEWS = ("auto", "modalities", "views")


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """The target of a prediction, its loss, and the weights of auxiliary terms (docs/recipes.md)."""

    loss: str = described(
        "cosine",
        "Loss function: `cosine`; `l2` or `smooth_l1`, for which shots are scaled to a deviation of about 1; or `nce` over all the batch's shots.",
    )
    target: str = described(
        "shot",
        "What the model predicts: the `shot`, the latents of an EMA `teacher`, or the latents of the frozen `first_stage`.",
    )
    standardise: bool = described(False, "Standardise each target to mean 0 and deviation 1 over its own columns.")
    beta: float = described(1.0, "Loss `smooth_l1`: the error at which the square becomes a line.")
    temperature: float = described(0.1, "Temperature of `nce` and of the contrastive terms.")
    weights: str = described(
        "",
        "Weights of the modalities in the loss: empty = one loss over the whole shot; `equal` or `video=2,text=1` = one loss for each modality. A modality that a shot lacks is not part of the loss.",
    )
    span_boundary: float = described(
        0.0, "Weight of predicting each hidden shot also from the visible shots around its run (SpanBERT)."
    )
    shot_order: float = described(
        0.0, "Weight of predicting the original places of 15 % of the shots, which are permuted (HERO)."
    )
    shot_contrast: float = described(
        0.0,
        "Weight of a contrastive loss: the prediction must be nearer to the true shot than to the others of its window.",
    )
    contrastive: float = described(
        0.0, "Weight of a contrastive loss between two views of a window, on stretches of 8 shots."
    )
    contrastive_between: str = described(
        "auto",
        "The two views: `modalities`, one against the others; `views`, two random halves of the shots; `auto`, modalities if there are two and the head is not `neighbour`, which needs whole visible shots.",
    )
    first_stage: float = described(
        0.0, "Share of the steps that train the contrastive loss only, with `objective.target=first_stage`."
    )
    token_shuffling: bool = described(
        False, "Give the decoder its tokens, visible and [MASK], in random order (VideoPrism)."
    )
    teacher_layers: int = described(3, "K: the target is the mean of the teacher's top K layers.")
    teacher_decay: float = described(0.99, "Decay τ of the teacher's moving average at the first step.")
    teacher_decay_end: float = described(0.999, "Decay τ from `objective.teacher_ramp` on.")
    teacher_ramp: float = described(0.3, "Share of the steps over which τ increases.")

    def __post_init__(self) -> None:
        one_of("objective.loss", self.loss, LOSSES.names())
        one_of("objective.target", self.target, TARGETS)
        one_of("objective.contrastive_between", self.contrastive_between, VIEWS)
        between("objective.beta", self.beta, 1e-6, 1e6)
        between("objective.temperature", self.temperature, 1e-3, 1e3)
        for name in ("span_boundary", "shot_order", "shot_contrast", "contrastive"):
            between(f"objective.{name}", getattr(self, name), 0.0, 1e6)
        between("objective.first_stage", self.first_stage, 0.0, 0.95)
        between("objective.teacher_layers", self.teacher_layers, 1, 65_536)
        for name in ("teacher_decay", "teacher_decay_end", "teacher_ramp"):
            between(f"objective.{name}", getattr(self, name), 0.0, 1.0)
        modality_weights(self.weights, ())
        if self.target != "shot":
            for name, is_set in (
                ("loss=nce", self.loss == "nce"),
                ("weights", self.weights),
                ("standardise", self.standardise),
            ):
                if is_set:
                    raise InputError(
                        f"objective.{name} is about shots, so it does not go with objective.target={self.target}"
                    )
        if self.loss == "nce" and (self.weights or self.standardise):
            raise InputError("objective.loss=nce tells whole shots apart, so it goes without weights and standardise")
        if (self.target == "first_stage") != (self.first_stage > 0):
            raise InputError("objective.target=first_stage and objective.first_stage above 0 need each other")


def modality_weights(text: str, names: Iterable[str]) -> dict[str, float]:
    """Parse `video=2,text=1` to {"video": 2.0, "text": 1.0}; a modality that is not named has 0, and `equal` gives 1 to each.

    Raises InputError for other text and, where `names` are given, for a modality that is not one of them.
    """
    known = tuple(names)
    if text == "equal":
        return dict.fromkeys(known, 1.0)
    weights = dict.fromkeys(known, 0.0)
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, number = part.partition("=")
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if not 0 <= weight < float("inf"):
            raise InputError(
                f"objective.weights: {part!r} is not a modality with a weight; write for example video=2,text=1"
            )
        if known and name.strip() not in known:
            raise InputError(f"objective.weights: there is no modality {name.strip()!r}; there is {', '.join(known)}")
        weights[name.strip()] = weight
    if text.strip() and (known or weights) and not any(weights.values()):
        raise InputError("objective.weights gives no modality a weight above 0")
    return weights
