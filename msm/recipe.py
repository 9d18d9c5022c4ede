"""Every choice of one training, as frozen dataclasses that refuse bad values where they are made.

A key that a recipe.json lacks has the value that it had before the key existed, so old runs still open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from msm.errors import InputError
from msm.ranges import parse_ranges
from msm.settings import build, keys_of, parse

FUSIONS = ("joint", "per_modality")
POLICIES = (
    "independent",
    "span",
    "block",
    "scene",
    "tube",
    "modality",
    "prefix",
    "suffix",
    "hand_picked",
)
SCHEDULES = ("constant", "linear", "cosine", "curriculum")
MASK_TOKENS = ("replaced", "added")
MASK_VECTORS = ("one", "per_modality")
TOKENS = ("kept", "dropped")
HEADS = ("linear", "transform", "decoder", "neighbour")
SHARPEN = ("fixed", "chosen")
POSITIONS = ("rotary", "learned", "decay")
LOSSES = ("cosine", "l2", "smooth_l1", "nce")
TARGETS = ("shot", "teacher", "first_stage")
VIEWS = ("auto", "modalities", "views")
OPTIMISERS = ("muon", "adamw")
PRECISIONS = ("auto", "float32", "bfloat16")
MAX_WINDOW = 65_536  # shots


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} is {value!r}, but must be {' or '.join(repr(a) for a in allowed)}")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} is {value}, but must lie between {low} and {high}")


@dataclass(frozen=True, kw_only=True)
class MaskConfig:
    """Which shots are hidden in training, and what the model is shown in their place."""

    ratio: float = 0.2  # share of a window's shots
    policy: str = "independent"  # msm.hiding says what each one does
    schedule: str = "constant"  # of the ratio, over the steps
    start_ratio: float = 0.1  # where a schedule other than constant begins; it ends at `ratio`
    span_p: float = 0.2  # span: lengths are geometric with this p …
    length: int = 10  # … and no longer than this; block, tube: the length of each
    modality: str = ""  # policy modality: which one; "" = drawn anew for each shot
    ranges: str = ""  # policy hand_picked: shots of a window, as `40-44, 60`
    other: float = 0.0  # share of the hidden shots that show another shot of the batch instead of [MASK]
    unchanged: float = 0.0  # share that show themselves

    def __post_init__(self) -> None:
        _between("mask.ratio", self.ratio, 0.01, 0.95)
        _one_of("mask.policy", self.policy, POLICIES)
        _one_of("mask.schedule", self.schedule, SCHEDULES)
        _between("mask.start_ratio", self.start_ratio, 0.01, 0.95)
        _between("mask.span_p", self.span_p, 0.01, 1.0)
        _between("mask.length", self.length, 1, MAX_WINDOW)
        _between("mask.other", self.other, 0.0, 1.0)
        _between("mask.unchanged", self.unchanged, 0.0, 1.0)
        if self.other + self.unchanged > 1:
            raise InputError(f"mask.other and mask.unchanged are shares, but sum to {self.other + self.unchanged:g}")
        if self.policy == "hand_picked" and not self.ranges.strip():
            raise InputError("mask.policy=hand_picked needs mask.ranges, for example mask.ranges=40-44,60")
        parse_ranges(self.ranges, MAX_WINDOW)
        if self.policy == "modality" and self.other + self.unchanged:
            raise InputError(
                "mask.policy=modality hides part of a shot, so it goes without mask.other and mask.unchanged"
            )


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
    sharpen: str = "fixed"  # neighbour head: by `sharpness`, or as "chosen" on the validation titles (msm/choices.py)
    use_global: bool = True  # give the model the title's metadata embedding as [GLOBAL], if there is one
    global_dropout: float = 0.0  # probability that a training window goes without it
    tokens: str = "kept"  # hidden shots stay as [MASK], or are "dropped" from the encoder (needs the decoder)
    mask_token: str = "replaced"  # a hidden shot's token becomes [MASK], or [MASK] is "added" to that of a zero shot
    mask_vectors: str = "one"  # one [MASK], or one "per_modality"
    decoder_width: int = 96  # V
    decoder_depth: int = 2

    def __post_init__(self) -> None:
        for name in ("width", "depth", "heads", "max_shots", "decoder_width", "decoder_depth"):
            _between(f"model.{name}", getattr(self, name), 1, MAX_WINDOW)
        _between("model.dropout", self.dropout, 0.0, 0.9)
        _between("model.sharpness", self.sharpness, 0.0, 10.0)
        _between("model.global_dropout", self.global_dropout, 0.0, 1.0)
        _one_of("model.positions", self.positions, POSITIONS)
        _one_of("model.head", self.head, HEADS)
        _one_of("model.sharpen", self.sharpen, SHARPEN)
        _one_of("model.tokens", self.tokens, TOKENS)
        _one_of("model.mask_token", self.mask_token, MASK_TOKENS)
        _one_of("model.mask_vectors", self.mask_vectors, MASK_VECTORS)
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
    token_shuffling: bool = False  # VideoPrism: the decoder gets the visible tokens in random order
    teacher_layers: int = 3  # K: mean of the top layers
    teacher_decay: float = 0.99  # τ at the start …
    teacher_decay_end: float = 0.999  # … and from `teacher_ramp` on
    teacher_ramp: float = 0.3  # share of the steps

    def __post_init__(self) -> None:
        _one_of("objective.loss", self.loss, LOSSES)
        _one_of("objective.target", self.target, TARGETS)
        _one_of("objective.contrastive_between", self.contrastive_between, VIEWS)
        _between("objective.beta", self.beta, 1e-6, 1e6)
        _between("objective.temperature", self.temperature, 1e-3, 1e3)
        for name in ("span_boundary", "shot_order", "shot_contrast", "contrastive"):
            _between(f"objective.{name}", getattr(self, name), 0.0, 1e6)
        _between("objective.first_stage", self.first_stage, 0.0, 0.95)
        _between("objective.teacher_layers", self.teacher_layers, 1, 65_536)
        for name in ("teacher_decay", "teacher_decay_end", "teacher_ramp"):
            _between(f"objective.{name}", getattr(self, name), 0.0, 1.0)
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


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """`muon`: Muon on the hidden matrices, AdamW on the rest; `adamw`: AdamW on everything."""

    name: str = "muon"
    lr: float = 3e-3  # peak, for both: Muon's step is scaled to the size of AdamW's
    weight_decay: float = 0.1
    warmup: float = 0.05  # share of the steps
    final_lr: float = 0.05  # share of the peak that the cosine decays to
    clip_norm: float = 1.0
    average: float = 0.0  # decay of the moving average of the weights that is validated and saved; 0 = the last weights

    def __post_init__(self) -> None:
        _one_of("optim.name", self.name, OPTIMISERS)
        _between("optim.lr", self.lr, 0.0, 10.0)
        _between("optim.weight_decay", self.weight_decay, 0.0, 10.0)
        _between("optim.warmup", self.warmup, 0.0, 1.0)
        _between("optim.final_lr", self.final_lr, 0.0, 1.0)
        _between("optim.clip_norm", self.clip_norm, 1e-6, 1e6)
        _between("optim.average", self.average, 0.0, 0.99999)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every choice of one training. `recipe.json` in a run folder is exactly this."""

    name: str = "mediafm"
    steps: int = 800
    batch_windows: int = 8  # of a step, in all processes together
    accumulate: int = 1  # parts that a process takes its windows in, for less memory; the step stays the same
    seed: int = 0
    fusion: str = "joint"
    precision: str = "auto"  # auto: bfloat16 on a GPU that has it, float32 elsewhere
    validate_every: int = 50  # steps
    checkpoint_every: int = 0  # steps; 0 = every five minutes. At each validation and at a stop in any case
    noise: float = 0.0  # expected length of the Gaussian noise on the shots that the encoder sees, which are 1 long
    window: int = 0  # shots of a training window; 0 = model.max_shots, which is what a trained model sees at once
    time_reversal: float = 0.0  # probability that a training window runs backwards
    mask: MaskConfig = field(default_factory=MaskConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)

    def __post_init__(self) -> None:
        _between("steps", self.steps, 1, 10**9)
        _between("batch_windows", self.batch_windows, 1, 65_536)
        _between("accumulate", self.accumulate, 1, 65_536)
        _between("seed", self.seed, 0, 2**31 - 1)
        _between("validate_every", self.validate_every, 1, 10**9)
        _between("checkpoint_every", self.checkpoint_every, 0, 10**9)
        _between("noise", self.noise, 0.0, 100.0)
        _between("time_reversal", self.time_reversal, 0.0, 1.0)
        _between("window", self.window, 0, self.model.max_shots)
        _one_of("fusion", self.fusion, FUSIONS)
        _one_of("precision", self.precision, PRECISIONS)
        self._check_pairs()

    def _check_pairs(self) -> None:
        """Choices that are fine alone and impossible together."""
        mask, model, objective = self.mask, self.model, self.objective
        by_modality = mask.policy == "modality"
        refused = {
            "model.tokens=dropped leaves out whole shots, so it does not go with mask.policy=modality": (
                model.tokens == "dropped" and by_modality
            ),
            "model.tokens=dropped shows the encoder nothing in a hidden shot's place, so it goes without mask.other "
            "and mask.unchanged": model.tokens == "dropped" and mask.other + mask.unchanged > 0,
            "objective.loss=nce tells whole shots apart, so it does not go with mask.policy=modality": (
                objective.loss == "nce" and by_modality
            ),
            "objective.span_boundary predicts through the head linear or transform, not from a decoder": (
                objective.span_boundary > 0 and model.head == "decoder"
            ),
            "objective.span_boundary predicts whole shots, so it does not go with mask.policy=modality": (
                objective.span_boundary > 0 and by_modality
            ),
            "model.head=neighbour predicts shots, so it goes with objective.target=shot and without loss=nce, "
            "standardise and span_boundary": model.head == "neighbour"
            and (
                objective.target != "shot"
                or objective.loss == "nce"
                or objective.standardise
                or objective.span_boundary > 0
            ),
            "model.head=neighbour would copy a hidden shot that is shown, so it goes without mask.unchanged, mask.other "
            "and mask.policy=modality": model.head == "neighbour" and (by_modality or mask.other + mask.unchanged > 0),
            "objective.token_shuffling shuffles what the decoder gets, so it needs model.head=decoder": (
                objective.token_shuffling and model.head != "decoder"
            ),
            f"objective.teacher_layers ({objective.teacher_layers}) is more than model.depth ({model.depth})": (
                objective.target == "teacher" and objective.teacher_layers > model.depth
            ),
            f"objective.first_stage ({objective.first_stage:g}) of {self.steps} steps leaves no step for a stage": (
                objective.target == "first_stage" and not 0 < self.first_stage_steps < self.steps
            ),
        }
        for sentence, holds in refused.items():
            if holds:
                raise InputError(sentence)

    @property
    def first_stage_steps(self) -> int:
        """How many steps are the contrastive first stage; 0 where there is one stage."""
        return round(self.objective.first_stage * self.steps)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Rebuild a recipe; InputError for a key that no recipe has or a value of the wrong kind."""
        return build(cls, values, "")

    def with_settings(self, settings: Iterable[str]) -> Recipe:
        """Change single choices, each `key=value` with a dotted key, e.g. `mask.ratio=0.4`."""
        values: dict[str, Any] = {}
        for setting in settings:
            key, equals, text = setting.partition("=")
            if not equals:
                raise InputError(f"{setting!r} is not a setting; write key=value, for example mask.ratio=0.4")
            values[key.strip()] = parse(text.strip(), self._kind_of(key.strip()))
        return self.with_values(values)

    def with_values(self, changes: Mapping[str, Any]) -> Recipe:
        """Change single choices, dotted key → value, all at once: only the result has to be possible."""
        values = self.to_dict()
        for key, value in changes.items():
            self._kind_of(key)
            *folders, last = key.split(".")
            place = values
            for name in folders:
                place = place[name]
            place[last] = value
        return Recipe.from_dict(values)

    def _kind_of(self, key: str) -> type:
        """The kind of value that a dotted key has; InputError for a key that no recipe has."""
        place: Any = self.to_dict()
        for name in key.split("."):
            place = place.get(name) if isinstance(place, dict) else None
        if place is None or isinstance(place, dict):
            raise InputError(f"{key!r} is not a recipe key; the keys are {', '.join(self.keys())}")
        return type(place)

    @classmethod
    def keys(cls) -> list[str]:
        """Every dotted key that `with_settings` knows."""
        return keys_of(cls().to_dict(), "")


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
