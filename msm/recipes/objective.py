"""The choices of a recipe about what a prediction is held against (msm/terms)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msm.config.limits import between, one_of
from msm.config.registry import Registry
from msm.errors import InputError

LOSSES = Registry("msm.objectives.losses", "loss", "loss", order=("cosine", "l2", "smooth_l1", "nce"))
TARGETS = ("shot", "teacher", "first_stage")
VIEWS = ("auto", "modalities", "views")


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """What a prediction is held against, and what else is asked (docs/recipes.md)."""

    loss: str = "cosine"
    target: str = "shot"  # or the latents of an EMA "teacher", or of the frozen "first_stage"
    standardise: bool = False  # each target to mean 0 and deviation 1 over its own columns, as MAE's patches
    beta: float = 1.0  # smooth_l1: where the square becomes a line
    temperature: float = 0.1  # nce and contrastive
    weights: str = ""  # "" = one loss over the whole shot; else one a modality: "equal" or "video=2,text=1"
    span_boundary: float = 0.0  # weight of SpanBERT's objective: each shot of a span from its two boundaries
    shot_order: float = 0.0  # weight of HERO's frame order modelling: where did a displaced shot stand
    shot_contrast: float = 0.0  # weight of telling the true shot from the others of its window, by the prediction
    contrastive: float = 0.0  # weight of telling two views of the same shots from those of others
    contrastive_between: str = "auto"  # modalities where there are two, else random halves of the shots
    first_stage: float = 0.0  # share of the steps that are contrastive alone, before masking begins
    token_shuffling: bool = False  # VideoPrism: the decoder gets its tokens, visible and [MASK], in random order
    teacher_layers: int = 3  # K: mean of the top layers
    teacher_decay: float = 0.99  # τ at the start …
    teacher_decay_end: float = 0.999  # … and from `teacher_ramp` on
    teacher_ramp: float = 0.3  # share of the steps

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
            for name, given in (
                ("loss=nce", self.loss == "nce"),
                ("weights", self.weights),
                ("standardise", self.standardise),
            ):
                if given:
                    raise InputError(
                        f"objective.{name} is about shots, so it does not go with objective.target={self.target}"
                    )
        if self.loss == "nce" and (self.weights or self.standardise):
            raise InputError("objective.loss=nce tells whole shots apart, so it goes without weights and standardise")
        if (self.target == "first_stage") != (self.first_stage > 0):
            raise InputError("objective.target=first_stage and objective.first_stage above 0 need each other")


def modality_weights(text: str, names: Iterable[str]) -> dict[str, float]:
    """`video=2,text=1` as {"video": 2.0, "text": 1.0}, a modality that is not named having 0; `equal` gives 1 to each.

    InputError for what is neither, and, where `names` are given, for a modality that is not among them.
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
